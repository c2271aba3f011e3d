#include "test/unit/Catch.h"

#include "runtime/kernel/Kernel.h"
#include "test/unit/runtime/MatrixUnit.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#if defined(__x86_64__)
namespace {

constexpr int64_t width = 64;

struct Sizes {
  int64_t rows, features, rowStride, columnStride;
  bool hasAddresses;
};

std::vector<Sizes> everySize() {
  std::vector<Sizes> all;
  for (int64_t rows : {1, 15, 16, 17, 31, 33, 48, 64})
    for (int64_t features : {1, 7, 16, 31, 32, 33, 64, 72}) {
      all.push_back({rows, features, features + 3, 1, false});
      all.push_back({rows, features, features, 1, true});
      all.push_back({rows, features, 1, rows + 2, false});
    }
  return all;
}

/// Random keys or values, queries and weights. Memory past the last row can't be read.
struct Operands {
  explicit Operands(const Sizes &sizes, int64_t count = width)
      : sizes(sizes), count(count),
        numbers((sizes.rows - 1) * sizes.rowStride + (sizes.features - 1) * sizes.columnStride + 1),
        queries(sizes.features * width), weights(64 * width), sums(round(sizes.features) * width), rescale(width),
        products(64 * width), largest(width), split(3 * round(sizes.features) * width),
        parts(3 * round(sizes.features) * 64), scratch(2 * round(sizes.features) * 64 + 3 * 32 * 64) {
    std::fill_n(ahead.get(), ahead.count, 0.0f);
    std::mt19937 random(11);
    std::normal_distribution<float> normal;
    for (int64_t n = 0; n < numbers.count; ++n)
      numbers[n] = normal(random);
    for (int64_t n = 0; n < queries.count; ++n)
      queries[n] = normal(random);
    for (int64_t n = 0; n < weights.count; ++n)
      weights[n] = std::fabs(normal(random));
    std::fill_n(sums.get(), sums.count, 1.0f);
    for (int64_t n = 0; n < width; ++n)
      rescale[n] = n % 3 ? 1.0f : 0.5f;
    // The last address is that of the first row, so that rows are really found by them.
    for (int64_t row = 0; row < sizes.rows; ++row)
      addresses.push_back(numbers.get() + (sizes.rows - 1 - row) * sizes.rowStride);
  }

  static int64_t round(int64_t value) { return (value + 31) / 32 * 32; }
  const float *const *places() const { return sizes.hasAddresses ? addresses.data() : nullptr; }
  const float *first() { return sizes.hasAddresses ? nullptr : numbers.get(); }
  float number(int64_t row, int64_t feature) {
    return sizes.hasAddresses ? addresses[row][feature] : numbers[row * sizes.rowStride + feature * sizes.columnStride];
  }
  int32_t contract(uint64_t visible = ~uint64_t(0)) {
    int32_t areQueriesIrregular =
        attn_matrix_split_queries(queries.get(), width, sizes.features, ATTN_F32, split.get());
    areKeysIrregular =
        attn_matrix_split_keys(first(), places(), sizes.rowStride, sizes.columnStride, sizes.rows, sizes.features,
                               parts.get(), reinterpret_cast<float *>(scratch.get()), ahead.get());
    attn_matrix_contract_floats(parts.get(), sizes.rows, sizes.features, split.get(), width, count, visible,
                                products.get(), largest.get(), ahead.get());
    return areQueriesIrregular;
  }
  int32_t accumulate(uint64_t visible = ~uint64_t(0)) {
    int32_t isIrregular =
        attn_matrix_split_values(first(), places(), sizes.rowStride, sizes.columnStride, sizes.rows, sizes.features,
                                 parts.get(), reinterpret_cast<float *>(scratch.get()), ahead.get());
    attn_matrix_accumulate_floats(parts.get(), sizes.rows, sizes.features, weights.get(), rescale.get(), width, count,
                                  visible, sums.get(), scratch.get(), ahead.get());
    return isIrregular;
  }
  double product(int64_t key, int64_t query, double &magnitude) {
    double sum = magnitude = 0;
    for (int64_t d = 0; d < sizes.features; ++d) {
      double term = double(number(key, d)) * queries[d * width + query];
      sum += term, magnitude += std::fabs(term);
    }
    return sum;
  }

  Sizes sizes;
  int64_t count;
  int32_t areKeysIrregular = 0;
  Guarded<float> numbers;
  std::vector<const float *> addresses;
  Aligned<float> queries, weights, sums, rescale, products, largest;
  Aligned<uint16_t> split, parts, scratch;
  Aligned<float> ahead{64};
};

} // namespace

TEST_CASE("products of floats on the matrix unit are as good as multiply-adds", "[amx_bf16]") {
  MatrixUnit unit;
  if (!unit.isThere)
    return;
  for (const Sizes &s : everySize())
    for (int64_t count : {width, int64_t(20)}) {
      Operands operands(s, count);
      REQUIRE(operands.contract() == 0);
      INFO(s.rows << " x " << s.features << " strides " << s.rowStride << ", " << s.columnStride << ", " << count
                  << " queries");
      double worst = 0;
      for (int64_t query = 0; query < width; ++query) {
        float largest = -std::numeric_limits<float>::infinity();
        for (int64_t key = 0; key < s.rows; ++key) {
          float found = operands.products[key * width + query];
          double magnitude, sum = operands.product(key, query, magnitude);
          if (query < (count + 31) / 32 * 32)
            worst = std::max(worst, std::fabs(sum - found) / magnitude);
          else
            REQUIRE(found == 0);
          largest = std::max(largest, found);
        }
        REQUIRE(operands.largest[query] == largest);
      }
      REQUIRE(worst < std::ldexp(1, -22));
    }
}

TEST_CASE("products of floats that nobody sees are not formed", "[amx_bf16]") {
  MatrixUnit unit;
  if (!unit.isThere)
    return;
  for (int64_t rows : {20, 40, 64})
    for (uint64_t visible : {0b0001, 0b0110, 0b1000}) {
      Operands all({rows, 64, 64, 1, false}), some({rows, 64, 64, 1, false});
      all.contract();
      some.contract(visible);
      for (int64_t key = 0; key < rows; ++key)
        for (int64_t query = 0; query < width; ++query) {
          bool isVisible = visible >> (query / 32 * 2 + key / 32) & 1;
          REQUIRE(some.products[key * width + query] == (isVisible ? all.products[key * width + query] : 0.0f));
        }
    }
}

TEST_CASE("weighted sums of floats on the matrix unit are as good as multiply-adds", "[amx_bf16]") {
  MatrixUnit unit;
  if (!unit.isThere)
    return;
  for (const Sizes &s : everySize())
    for (int64_t count : {width, int64_t(20)})
      for (bool hidesSome : {false, true}) {
        Operands operands(s, count);
        // The first 32 keys are hidden from the first 32 queries.
        REQUIRE(operands.accumulate(hidesSome ? ~uint64_t(1) : ~uint64_t(0)) == 0);
        INFO(s.rows << " x " << s.features << " strides " << s.rowStride << ", " << s.columnStride << ", " << count
                    << " queries");
        double worst = 0;
        for (int64_t e = 0; e < s.features; ++e)
          for (int64_t query = 0; query < width; ++query) {
            if (query >= (count + 31) / 32 * 32) {
              REQUIRE(operands.sums[e * width + query] == 1);
              continue;
            }
            double sum = operands.rescale[query], magnitude = sum;
            for (int64_t key = hidesSome && query < 32 ? 32 : 0; key < s.rows; ++key) {
              double term = double(operands.number(key, e)) * operands.weights[key * width + query];
              sum += term, magnitude += std::fabs(term);
            }
            worst = std::max(worst, std::fabs(sum - operands.sums[e * width + query]) / magnitude);
          }
        REQUIRE(worst < std::ldexp(1, -22));
      }
}

TEST_CASE("floats that the matrix unit can't take are told or make NaN of what they touch", "[amx_bf16]") {
  MatrixUnit unit;
  if (!unit.isThere)
    return;
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (float wrong : {infinity, -infinity, nan})
    for (const Sizes &s : everySize()) {
      Operands operands(s);
      operands.numbers[operands.numbers.count - 1] = wrong;
      int64_t row = s.hasAddresses ? 0 : s.rows - 1;
      INFO(s.rows << " x " << s.features << " strides " << s.rowStride << ", " << s.columnStride);
      operands.contract();
      operands.accumulate();
      for (int64_t query = 0; query < width; ++query) {
        for (int64_t key = 0; key < s.rows; ++key)
          REQUIRE(std::isnan(operands.products[key * width + query]) == (key == row));
        for (int64_t e = 0; e < s.features; ++e)
          REQUIRE(std::isnan(operands.sums[e * width + query]) == (e == s.features - 1));
      }
    }
  for (float wrong : {infinity, nan, 1e-31f, -1e-39f, 2e18f}) {
    Operands operands({64, 64, 64, 1, false});
    operands.queries[777] = wrong;
    CHECK(operands.contract() == 1);
    operands.queries[777] = 0;
    CHECK(operands.contract() == 0);
  }
  for (float tiny : {1e-31f, -1e-36f}) {
    Operands operands({64, 64, 64, 1, false});
    operands.numbers[1000] = tiny;
    CHECK(operands.accumulate() == 1);
    CHECK(operands.contract() == 0);
    CHECK(operands.areKeysIrregular == 1);
    operands.numbers[1000] = 0;
    CHECK(operands.accumulate() == 0);
    CHECK(operands.contract() == 0);
    CHECK(operands.areKeysIrregular == 0);
  }
}

TEST_CASE("rows are packed and unpacked beside the matrix unit", "[amx_bf16]") {
  MatrixUnit unit;
  if (!unit.isThere)
    return;
  for (int64_t rows : {1, 15, 16, 33, 64})
    for (int64_t columns : {1, 7, 16, 33, 64})
      for (auto [rowStride, columnStride] : {std::pair(columns + 3, int64_t(1)), {int64_t(1), rows + 2}}) {
        Guarded<float> source((rows - 1) * rowStride + (columns - 1) * columnStride + 1), back(source.count);
        Aligned<float> packed(columns * width), ahead(64);
        for (int64_t n = 0; n < source.count; ++n)
          source[n] = float(n + 1), back[n] = -1;
        attn_matrix_pack_rows(source.get(), rowStride, columnStride, rows, columns, packed.get(), width, 0.5f,
                              ahead.get(), rows);
        attn_matrix_unpack_rows(packed.get(), width, rows, columns, back.get(), rowStride, columnStride, ahead.get(),
                                rows);
        INFO(rows << " x " << columns << " strides " << rowStride << ", " << columnStride);
        for (int64_t row = 0; row < width; ++row)
          for (int64_t column = 0; column < columns; ++column) {
            int64_t at = std::min(row, rows - 1) * rowStride + column * columnStride;
            REQUIRE(packed[column * width + row] == 0.5f * source[at]);
            REQUIRE(back[at] == 0.5f * source[at]);
          }
        // Nothing between the rows is written.
        if (columnStride == 1)
          for (int64_t row = 0; row + 1 < rows; ++row)
            REQUIRE(back[row * rowStride + columns] == -1);
      }
}
#endif
