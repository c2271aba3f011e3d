#include "test/unit/Catch.h"

#include "runtime/kernel/Kernel.h"
#include "test/unit/runtime/MatrixUnit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#if defined(__x86_64__)
namespace {

struct Sizes {
  int64_t rows, features, rowStride, columnStride;
};

std::vector<Sizes> everySize() {
  std::vector<Sizes> all;
  for (int64_t rows : {1, 15, 16, 17, 31, 33, 48, 64})
    for (int64_t features : {1, 7, 31, 32, 33, 64, 72}) {
      all.push_back({rows, features, features + 3, 1});
      all.push_back({rows, features, 3 * features + 1, 3});
      all.push_back({rows, features, 1, rows + 2});
    }
  return all;
}

constexpr int64_t width = 64;

/// Random keys, queries and weights.
struct Operands {
  Operands(const Sizes &sizes, int32_t element)
      : sizes(sizes), element(element),
        narrow((sizes.rows - 1) * sizes.rowStride + (sizes.features - 1) * sizes.columnStride + 1),
        queries(sizes.features * width), weights(64 * width), sums(round(sizes.features) * width), rescale(width),
        split(3 * round(sizes.features) * width), products(64 * width),
        scratch(4 * round(sizes.features) * 64 + 4096 + 3 * 64 * width) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    for (int64_t n = 0; n < narrow.count; ++n)
      narrow[n] = stored(normal(random));
    for (int64_t n = 0; n < queries.count; ++n)
      queries[n] = normal(random);
    for (int64_t n = 0; n < weights.count; ++n)
      weights[n] = std::fabs(normal(random));
    for (int64_t n = 0; n < sums.count; ++n)
      sums[n] = 1;
    for (int64_t n = 0; n < width; ++n)
      rescale[n] = n % 3 ? 1.0f : 0.5f;
  }

  static int64_t round(int64_t value) { return (value + 31) / 32 * 32; }
  uint16_t stored(float value) const {
    uint16_t bits;
    (element == ATTN_BF16 ? attn_unpack_rows_bf16 : attn_unpack_rows_f16)(&value, 1, 1, 1, &bits, 1, 1);
    return bits;
  }
  double number(int64_t row, int64_t feature) {
    uint16_t bits = narrow[row * sizes.rowStride + feature * sizes.columnStride];
    int significandBits = element == ATTN_BF16 ? 7 : 10, bias = element == ATTN_BF16 ? 127 : 15;
    int exponent = (bits & 0x7FFF) >> significandBits, significand = bits & ((1 << significandBits) - 1);
    double magnitude = std::ldexp(exponent ? significand + (1 << significandBits) : significand,
                                  std::max(exponent, 1) - bias - significandBits);
    return bits & 0x8000 ? -magnitude : magnitude;
  }
  int32_t contract() {
    areQueriesIrregular = attn_matrix_split_queries(queries.get(), width, sizes.features, element, split.get());
    return attn_matrix_contract(narrow.get(), element, sizes.rowStride, sizes.columnStride, sizes.rows, sizes.features,
                                split.get(), width, width, products.get(), scratch.get());
  }
  int32_t accumulate(int64_t weightParts) {
    return attn_matrix_accumulate(narrow.get(), element, sizes.rowStride, sizes.columnStride, sizes.rows,
                                  sizes.features, weights.get(), weightParts, rescale.get(), width, width, sums.get(),
                                  scratch.get());
  }

  Sizes sizes;
  int32_t element, areQueriesIrregular = 0;
  Guarded<uint16_t> narrow;
  Aligned<float> queries, weights, sums, rescale;
  Aligned<uint16_t> split;
  Aligned<float> products;
  Aligned<uint16_t> scratch;
};

} // namespace

TEST_CASE("products on the matrix unit are as good as those of floats", "[amx_bf16]") {
  MatrixUnit unit;
  if (!unit.isThere)
    return;
  for (int32_t element : {ATTN_BF16, ATTN_F16})
    for (const Sizes &s : everySize()) {
      Operands operands(s, element);
      REQUIRE(operands.contract() == 0);
      REQUIRE(operands.areQueriesIrregular == 0);
      INFO(s.rows << " x " << s.features << " strides " << s.rowStride << ", " << s.columnStride);
      double worst = 0;
      for (int64_t key = 0; key < s.rows; ++key)
        for (int64_t query = 0; query < width; ++query) {
          double sum = 0, magnitude = 0;
          for (int64_t d = 0; d < s.features; ++d) {
            double product = operands.number(key, d) * operands.queries[d * width + query];
            sum += product, magnitude += std::fabs(product);
          }
          worst = std::max(worst, std::fabs(sum - operands.products[key * width + query]) / magnitude);
        }
      REQUIRE(worst < std::ldexp(1, -22));
    }
}

TEST_CASE("weighted sums on the matrix unit take weights to as many bits as asked for", "[amx_bf16]") {
  MatrixUnit unit;
  if (!unit.isThere)
    return;
  for (int32_t element : {ATTN_BF16, ATTN_F16})
    for (int64_t parts : {1, 2, 3}) {
      if (element == ATTN_F16 && parts == 1)
        continue;
      for (const Sizes &s : everySize()) {
        Operands operands(s, element);
        REQUIRE(operands.accumulate(parts) == 0);
        INFO(s.rows << " x " << s.features << " strides " << s.rowStride << ", " << s.columnStride << ", " << parts
                    << " parts");
        double worst = 0;
        for (int64_t e = 0; e < s.features; ++e)
          for (int64_t query = 0; query < width; ++query) {
            double sum = operands.rescale[query], magnitude = sum;
            for (int64_t key = 0; key < s.rows; ++key) {
              double product = operands.number(key, e) * operands.weights[key * width + query];
              sum += product, magnitude += std::fabs(product);
            }
            worst = std::max(worst, std::fabs(sum - operands.sums[e * width + query]) / magnitude);
          }
        REQUIRE(worst <= std::ldexp(1, parts == 1 ? -8 : parts == 2 ? -13 : -22));
      }
    }
}

TEST_CASE("numbers that the matrix unit can't take are told", "[amx_bf16]") {
  MatrixUnit unit;
  if (!unit.isThere)
    return;
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  for (int32_t element : {ATTN_BF16, ATTN_F16})
    for (const Sizes &s : everySize())
      for (float wrong : {infinity, -infinity, nan})
        for (int64_t at : {int64_t(0), (s.rows - 1) * s.rowStride + (s.features - 1) * s.columnStride}) {
          Operands operands(s, element);
          operands.narrow[at] = operands.stored(wrong);
          INFO(s.rows << " x " << s.features << " strides " << s.rowStride << ", " << s.columnStride);
          REQUIRE(operands.contract() == 1);
          REQUIRE(operands.accumulate(3) == 1);
        }
  // The unit takes what isn't normal for 0, be it one number.
  for (int64_t at : {0, 1000, 64 * 64 - 1}) {
    Operands tiny({64, 64, 64, 1}, ATTN_BF16);
    tiny.narrow[at] = tiny.stored(1e-39f);
    CHECK(tiny.contract() == 1);
    CHECK(tiny.accumulate(3) == 1);
    tiny.narrow[at] = 0;
    CHECK(tiny.contract() == 0);
    CHECK(tiny.accumulate(3) == 0);
  }
  for (float wrong : {infinity, nan, 1e-31f, -1e-39f}) {
    Operands operands({64, 64, 64, 1}, ATTN_BF16);
    operands.queries[777] = wrong;
    operands.contract();
    CHECK(operands.areQueriesIrregular == 1);
    operands.queries[777] = 0;
    operands.contract();
    CHECK(operands.areQueriesIrregular == 0);
  }
}
#endif
