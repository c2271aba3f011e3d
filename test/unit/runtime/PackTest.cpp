#include "test/unit/Catch.h"

#include "runtime/kernel/Kernel.h"

#include <vector>

namespace {

struct Sizes {
  int64_t rows, columns, width, rowStride, columnStride;
};

std::vector<Sizes> everySize() {
  std::vector<Sizes> all;
  for (int64_t width : {4, 8, 16, 32})
    for (int64_t rows : {1, 2, 3, 4, 5, 7, 8, 15, 16, 29, 31, 32})
      for (int64_t columns : {0, 1, 3, 4, 5, 8, 13, 64})
        if (rows <= width) {
          all.push_back({rows, columns, width, columns + 3, 1});
          all.push_back({rows, columns, width, 2 * columns + 1, 2});
          all.push_back({rows, columns, width, 1, rows + 2});
          all.push_back({rows, columns, width, 0, 1});
        }
  return all;
}

} // namespace

TEST_CASE("packed rows are the scaled columns, padded with the last row") {
  for (const Sizes &s : everySize()) {
    std::vector<float> source(
        size_t((s.rows - 1) * s.rowStride + (s.columns ? s.columns - 1 : 0) * s.columnStride + 1));
    for (size_t n = 0; n < source.size(); ++n)
      source[n] = float(n) + 1;
    std::vector<float> target(size_t(s.columns * s.width) + 1, -1.0f);
    attn_pack_rows_f32(source.data(), s.rowStride, s.columnStride, s.rows, s.columns, target.data(), s.width, 0.5f);
    std::vector<float> wanted(target.size(), -1.0f);
    for (int64_t d = 0; d < s.columns; ++d)
      for (int64_t r = 0; r < s.width; ++r)
        wanted[size_t(d * s.width + r)] =
            source[size_t(std::min(r, s.rows - 1) * s.rowStride + d * s.columnStride)] * 0.5f;
    INFO(s.rows << " x " << s.columns << " width " << s.width << " strides " << s.rowStride << ", " << s.columnStride);
    REQUIRE(target == wanted);
  }
}

TEST_CASE("packed rows of 16 bits are the columns, padded with the last row") {
  for (const Sizes &s : everySize()) {
    std::vector<uint16_t> source(
        size_t((s.rows - 1) * s.rowStride + (s.columns ? s.columns - 1 : 0) * s.columnStride + 1));
    for (size_t n = 0; n < source.size(); ++n)
      source[n] = uint16_t(n + 1);
    std::vector<uint16_t> target(size_t(s.columns * s.width) + 1), wanted(target.size());
    attn_pack_rows_16(source.data(), s.rowStride, s.columnStride, s.rows, s.columns, target.data(), s.width);
    for (int64_t d = 0; d < s.columns; ++d)
      for (int64_t r = 0; r < s.width; ++r)
        wanted[size_t(d * s.width + r)] = source[size_t(std::min(r, s.rows - 1) * s.rowStride + d * s.columnStride)];
    INFO(s.rows << " x " << s.columns << " width " << s.width << " strides " << s.rowStride << ", " << s.columnStride);
    REQUIRE(target == wanted);
  }
}

TEST_CASE("unpacked rows are those rows, and nothing else is written") {
  for (const Sizes &s : everySize()) {
    if (s.rowStride == 0)
      continue;
    std::vector<float> source(size_t(s.columns * s.width));
    for (size_t n = 0; n < source.size(); ++n)
      source[n] = float(n) + 1;
    size_t count = size_t((s.rows - 1) * s.rowStride + (s.columns ? s.columns - 1 : 0) * s.columnStride + 4);
    std::vector<float> target(count, -1.0f), wanted(count, -1.0f);
    attn_unpack_rows_f32(source.data(), s.width, s.rows, s.columns, target.data(), s.rowStride, s.columnStride);
    for (int64_t d = 0; d < s.columns; ++d)
      for (int64_t r = 0; r < s.rows; ++r)
        wanted[size_t(r * s.rowStride + d * s.columnStride)] = source[size_t(d * s.width + r)];
    INFO(s.rows << " x " << s.columns << " width " << s.width << " strides " << s.rowStride << ", " << s.columnStride);
    REQUIRE(target == wanted);
  }
}
