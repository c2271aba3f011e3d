#include "test/unit/Catch.h"
#include "test/unit/runtime/FakeKernel.h"

#include "runtime/tensor/Random.h"

#include <cmath>
#include <limits>

using namespace attn;
using namespace attn::test;

namespace {

/// A table in some memory order, and what the launcher says about boxes of it.
struct TableKernel : FakeKernel {
  TableKernel(ElementType element, std::vector<int64_t> shape, std::vector<size_t> order, bool summarised)
      : shape(std::move(shape)) {
    std::vector<FakeDimension> dimensions;
    static const char *names[] = {"P", "Q", "R", "S", "T"};
    for (size_t n = 0; n < this->shape.size(); ++n)
      dimensions.push_back({names[n], extent(names[n])});
    input("table", element, dimensions);
    give(0, this->shape);
    Result<Tensor> ordered = Tensor::createOrdered(element, this->shape, order);
    REQUIRE(ordered);
    given[0] = std::move(*ordered);
    views[0] = given[0].view();
    if (summarised)
      summaries = {0};
  }

  Tensor &table() { return given[0]; }

  /// Minimum and maximum by looking at every element; nothing if one is a NaN.
  std::optional<std::pair<double, double>> byDefinition(const std::vector<int64_t> &low,
                                                        const std::vector<int64_t> &high) {
    double least = std::numeric_limits<double>::infinity(), most = -least;
    std::vector<int64_t> index = low;
    for (;;) {
      double value = given[0].real(given[0].offset(index));
      if (std::isnan(value))
        return std::nullopt;
      least = std::min(least, value);
      most = std::max(most, value);
      size_t n = shape.size();
      while (n-- > 0) {
        if (++index[n] <= high[n])
          break;
        index[n] = low[n];
      }
      if (n == size_t(-1))
        return std::pair(least, most);
    }
  }

  static std::optional<std::pair<double, double>>
  query(const attn_run &run, ElementType element, const std::vector<int64_t> &low, const std::vector<int64_t> &high) {
    if (isFloat(element)) {
      double range[2];
      int64_t unused[2];
      CHECK(attn_table_range_int(&run, 0, low.data(), high.data(), unused) == 0);
      if (!attn_table_range_float(&run, 0, low.data(), high.data(), range))
        return std::nullopt;
      return std::pair(range[0], range[1]);
    }
    int64_t range[2];
    double unused[2];
    CHECK(attn_table_range_float(&run, 0, low.data(), high.data(), unused) == 0);
    if (!attn_table_range_int(&run, 0, low.data(), high.data(), range))
      return std::nullopt;
    return std::pair(double(range[0]), double(range[1]));
  }

  std::vector<int64_t> shape;
};

void fill(Tensor &tensor, Random &random) {
  for (int64_t n = 0; n < tensor.elementCount(); ++n)
    if (isFloat(tensor.element()))
      tensor.setReal(n, random.uniform() < 0.02
                            ? (random.uniform() < 0.5 ? -1 : 1) * std::numeric_limits<double>::infinity()
                            : random.normal() * std::exp2(random.uniform() * 60 - 30));
    else
      tensor.setInteger(n, tensor.element() == ElementType::I64 ? random.integer(-(int64_t(1) << 52), int64_t(1) << 52)
                                                                : int64_t(random.bits()));
}

struct ShapeCase {
  std::vector<int64_t> shape;
  std::vector<size_t> order;
};

const ShapeCase shapes[] = {{{}, {}},
                            {{1}, {0}},
                            {{7}, {0}},
                            {{4099}, {0}},
                            {{100000}, {0}},
                            {{5, 331}, {0, 1}},
                            {{331, 5}, {1, 0}},
                            {{700, 900}, {0, 1}},
                            {{900, 300}, {1, 0}},
                            {{3, 400, 70}, {2, 0, 1}},
                            {{2, 3, 4, 50}, {0, 1, 2, 3}},
                            {{2, 3, 40, 5}, {3, 1, 0, 2}},
                            {{2, 2, 3, 30, 40}, {0, 2, 1, 3, 4}}};

} // namespace

TEST_CASE("a box's range is that of its elements") {
  auto element = ElementType(GENERATE(range(0, int(ElementType::Bool) + 1)));
  bool summarised = GENERATE(false, true);
  Random random(uint64_t(element) * 2 + summarised);
  for (const ShapeCase &one : shapes) {
    TableKernel kernel(element, one.shape, one.order, summarised);
    fill(kernel.table(), random);
    kernel.body = [&](attn_run &run, int64_t, int64_t, void *) {
      int answered = 0;
      for (int trial = 0; trial < 60; ++trial) {
        std::vector<int64_t> low, high;
        int64_t count = 1;
        for (int64_t size : one.shape) {
          int64_t a = random.integer(0, size),
                  length = random.integer(0, 3) ? random.integer(0, std::min<int64_t>(size, 40)) : size;
          low.push_back(a);
          high.push_back(std::min(size - 1, a + length));
          count *= high.back() - low.back() + 1;
        }
        auto got = TableKernel::query(run, element, low, high);
        if (!summarised && count > 8192) {
          CHECK(!got);
          continue;
        }
        if (!got)
          continue;
        ++answered;
        auto wanted = kernel.byDefinition(low, high);
        REQUIRE(wanted);
        // Where the rim of a box is too much to read, the answer may be that of the blocks around it.
        if (count <= 8192) {
          CHECK(*got == *wanted);
        } else {
          CHECK(got->first <= wanted->first);
          CHECK(got->second >= wanted->second);
        }
      }
      CHECK(answered > 20);
    };
    CHECK(kernel.launch() == ATTN_OK);
    CHECK(kernel.bodyCalls == 1);
  }
}

TEST_CASE("whether a box holds a value between two") {
  auto element = GENERATE(ElementType::I8, ElementType::I32, ElementType::I64, ElementType::Bool);
  bool summarised = GENERATE(false, true);
  Random random(uint64_t(element) + 50);
  TableKernel kernel(element, {3, 40, 25}, {1, 0, 2}, summarised);
  for (int64_t n = 0; n < kernel.table().elementCount(); ++n)
    kernel.table().setInteger(n, element == ElementType::Bool ? random.integer(0, 2) : random.integer(-40, 40) * 3);
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) {
    int answered = 0, held = 0;
    for (int trial = 0; trial < 500; ++trial) {
      std::vector<int64_t> low, high;
      for (int64_t size : kernel.shape) {
        low.push_back(random.integer(0, size));
        high.push_back(std::min(size - 1, low.back() + random.integer(0, 9)));
      }
      int64_t least = random.integer(-130, 130), most = least + random.integer(0, 4);
      int32_t answer = attn_table_holds_int(&run, 0, low.data(), high.data(), least, most);
      bool holds = false;
      for (int64_t a = low[0]; a <= high[0]; ++a)
        for (int64_t b = low[1]; b <= high[1]; ++b)
          for (int64_t c = low[2]; c <= high[2]; ++c) {
            int64_t value = kernel.table().integer(kernel.table().offset(std::vector<int64_t>{a, b, c}));
            holds |= value >= least && value <= most;
          }
      if (answer < 0)
        continue;
      ++answered;
      held += holds;
      CHECK(answer == int32_t(holds));
    }
    CHECK(answered > 400);
    CHECK(held > 5);
    CHECK(held < answered);
    int64_t outside[] = {0, 0, 25}, negative[] = {-1, 0, 0}, origin[] = {0, 0, 0};
    CHECK(attn_table_holds_int(&run, 0, origin, outside, 0, 1) == -1);
    CHECK(attn_table_holds_int(&run, 0, negative, origin, 0, 1) == -1);
  };
  CHECK(kernel.launch() == ATTN_OK);
}

TEST_CASE("long ranges of one row stay exact with a summary") {
  Random random(5);
  TableKernel kernel(ElementType::I32, {8, 65536}, {0, 1}, true);
  for (int64_t b = 0; b < 8; ++b)
    for (int64_t j = 0; j < 65536; ++j)
      kernel.table().setInteger(b * 65536 + j, j / 700 + 1000 * b);
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) {
    for (int trial = 0; trial < 500; ++trial) {
      int64_t b = random.integer(0, 8), low = random.integer(0, 65536), high = random.integer(low, 65536);
      std::vector<int64_t> from{b, low}, to{b, high};
      auto got = TableKernel::query(run, ElementType::I32, from, to);
      REQUIRE(got);
      CHECK(got->first == double(low / 700 + 1000 * b));
      CHECK(got->second == double(high / 700 + 1000 * b));
    }
  };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 1);
}

TEST_CASE("a large matrix answers boxes of every size") {
  TableKernel kernel(ElementType::Bool, {4096, 4096}, {0, 1}, true);
  for (int64_t i = 0; i < 4096; ++i)
    for (int64_t j = 0; j <= i; ++j)
      kernel.table().setInteger(i * 4096 + j, 1);
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) {
    auto whole = TableKernel::query(run, ElementType::Bool, {0, 0}, {4095, 4095});
    REQUIRE(whole);
    CHECK(*whole == std::pair(0.0, 1.0));
    auto below = TableKernel::query(run, ElementType::Bool, {2048, 0}, {4095, 2047});
    REQUIRE(below);
    CHECK(*below == std::pair(1.0, 1.0));
    auto above = TableKernel::query(run, ElementType::Bool, {64, 128}, {95, 191});
    REQUIRE(above);
    CHECK(*above == std::pair(0.0, 0.0));
    auto odd = TableKernel::query(run, ElementType::Bool, {3, 7}, {4090, 4093});
    REQUIRE(odd);
    CHECK(*odd == std::pair(0.0, 1.0));
  };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 1);
}

TEST_CASE("a NaN inside the box makes it unknown, outside not") {
  auto element = GENERATE(ElementType::F16, ElementType::BF16, ElementType::F32);
  bool summarised = GENERATE(false, true), negative = GENERATE(false, true);
  TableKernel kernel(element, {2000}, {0}, summarised);
  kernel.table().setReal(1000, std::copysign(std::numeric_limits<double>::quiet_NaN(), negative ? -1.0 : 1.0));
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) {
    CHECK(!TableKernel::query(run, element, {0}, {1999}));
    CHECK(!TableKernel::query(run, element, {1000}, {1000}));
    CHECK(TableKernel::query(run, element, {0}, {999}) == std::pair(0.0, 0.0));
    CHECK(TableKernel::query(run, element, {1001}, {1999}) == std::pair(0.0, 0.0));
  };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 1);
}

TEST_CASE("a box outside the tensor, or empty, is unknown") {
  bool summarised = GENERATE(false, true);
  TableKernel kernel(ElementType::I32, {10, 100}, {0, 1}, summarised);
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) {
    for (auto [low, high] :
         std::vector<std::pair<std::vector<int64_t>, std::vector<int64_t>>>{{{-1, 0}, {3, 5}},
                                                                            {{0, 0}, {10, 5}},
                                                                            {{0, 50}, {3, 100}},
                                                                            {{0, 5}, {3, 4}},
                                                                            {{4, 5}, {3, 6}},
                                                                            {{0, INT64_MIN}, {3, INT64_MAX}}})
      CHECK(!TableKernel::query(run, ElementType::I32, low, high));
    CHECK(TableKernel::query(run, ElementType::I32, {0, 0}, {9, 99}));
  };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 1);
}

TEST_CASE("a broadcast dimension has the range of its one element at every index") {
  bool summarised = GENERATE(false, true);
  FakeKernel kernel;
  int b = kernel.extent("B"), n = kernel.extent("N");
  kernel.input("x", ElementType::F32, {{"B", b}});
  int t = kernel.input("t", ElementType::I32, {{"B", b, 1, 0, true}, {"N", n}});
  kernel.give(0, {5});
  kernel.give(t, {1, 40}).setInteger(7, 3);
  if (summarised)
    kernel.summaries = {t};
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) {
    int64_t low[] = {2, 5}, high[] = {4, 9}, beyond[] = {5, 9}, range[2];
    REQUIRE(attn_table_range_int(&run, t, low, high, range) == 1);
    CHECK(range[0] == 0);
    CHECK(range[1] == 3);
    CHECK(attn_table_range_int(&run, t, low, beyond, range) == 0);
  };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 1);
}

TEST_CASE("summaries stay within their memory") {
  static size_t largest;
  attn_context context{};
  context.allocate = [](void *, size_t bytes, size_t alignment) {
    largest = std::max(largest, bytes);
    return std::aligned_alloc(alignment, bytes);
  };
  context.release = [](void *, void *memory, size_t) { std::free(memory); };
  for (auto shape : {std::vector<int64_t>{1 << 20}, {1024, 2048}, {100000, 3}, {50, 50, 50, 2}}) {
    largest = 0;
    std::vector<size_t> order;
    for (size_t n = 0; n < shape.size(); ++n)
      order.push_back(n);
    TableKernel kernel(ElementType::U8, shape, order, true);
    CHECK(kernel.launch(&context) == ATTN_OK);
    CHECK(largest <= 256 * 1024 + 4096);
  }
}

TEST_CASE("several summaries, one of an empty table") {
  FakeKernel kernel;
  int m = kernel.extent("M"), n = kernel.extent("N");
  int a = kernel.input("a", ElementType::I32, {{"M", m}}), c = kernel.input("c", ElementType::I64, {{"N", n}});
  kernel.give(a, {0});
  kernel.give(c, {50000}).setInteger(49999, -9);
  kernel.summaries = {a, c};
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) {
    int64_t low[] = {0}, high[] = {49999}, range[2];
    CHECK(attn_table_range_int(&run, a, low, low, range) == 0);
    REQUIRE(attn_table_range_int(&run, c, low, high, range) == 1);
    CHECK(range[0] == -9);
    CHECK(range[1] == 0);
  };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 1);
}
