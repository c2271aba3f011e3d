#include "compiler/library/MaskStatistics.h"

#include "test/unit/library/Specs.h"

#include <functional>

using namespace attn;
using namespace attn::library;

namespace {

struct Case {
  const char *mask;
  const char *declarations;
  std::function<bool(int64_t i, int64_t j)> visible;
};

} // namespace

TEST_CASE("visible pairs and tiles agree with brute force") {
  constexpr int64_t I = 100, J = 131, rows = 16, columns = 32;
  const Case cases[] = {
      {"true", "", [](int64_t, int64_t) { return true; }},
      {"causal", "", [](int64_t i, int64_t j) { return j <= i; }},
      {"window(10)", "", [](int64_t i, int64_t j) { return 0 <= i - j && i - j < 10; }},
      {"not causal", "", [](int64_t i, int64_t j) { return j > i; }},
      {"i // 7 == j // 7", "", [](int64_t i, int64_t j) { return i / 7 == j / 7; }},
      {"(i + j) % 2 == 0", "", [](int64_t i, int64_t j) { return (i + j) % 2 == 0; }},
      {"j < n or causal", "n: int = 20", [](int64_t i, int64_t j) { return j < 20 || j <= i; }},
      {"false", "", [](int64_t, int64_t) { return false; }},
  };
  for (const Case &one : cases) {
    INFO(one.mask);
    auto spec = test::specOf(std::string("attention a { layout mha; ") + one.declarations + "; mask = " + one.mask + " }");
    RunData data = test::dataOf(*spec, {{"B", 2}, {"H", 3}, {"I", I}, {"J", J}, {"D", 4}});
    MaskStatistics found = countMask(spec->program().attentions.front(), data, rows, columns);
    int64_t visible = 0, empty = 0, full = 0, mixed = 0;
    for (int64_t r = 0; r < I; r += rows)
      for (int64_t c = 0; c < J; c += columns) {
        int64_t seen = 0, all = 0;
        for (int64_t i = r; i < std::min(I, r + rows); ++i)
          for (int64_t j = c; j < std::min(J, c + columns); ++j, ++all)
            seen += one.visible(i, j);
        visible += seen;
        ++(seen == 0 ? empty : seen == all ? full : mixed);
      }
    CHECK(found.pairs == 6.0 * I * J);
    CHECK(found.visible == 6.0 * double(visible));
    CHECK(found.empty == 6 * empty);
    CHECK(found.full == 6 * full);
    CHECK(found.mixed == 6 * mixed);
  }
}

TEST_CASE("a mask that reads tables is counted per batch") {
  auto spec = test::specOf("attention a { layout mha; len: i32[B]; mask = j < len[b] }");
  RunData data = test::dataOf(*spec, {{"B", 3}, {"H", 2}, {"I", 10}, {"J", 64}, {"D", 4}}, {{"len", "[0, 40, 64]"}});
  MaskStatistics found = countMask(spec->program().attentions.front(), data, 10, 32);
  CHECK(found.visible == 2 * 10 * (0 + 40 + 64));
  CHECK(found.empty == 2 * 2);
  CHECK(found.full == 2 * 3);
  CHECK(found.mixed == 2 * 1);
}

TEST_CASE("document masks use the minimum and maximum of the slice") {
  auto spec = test::specOf("attention a { layout mha; doc: i32[B, N]; mask = document(doc) }");
  std::string doc = "[[";
  for (int n = 0; n < 128; ++n)
    doc += (n ? "," : "") + std::to_string(n / 32);
  RunData data = test::dataOf(*spec, {{"B", 1}, {"H", 1}, {"I", 128}, {"J", 128}, {"D", 4}}, {{"doc", doc + "]]"}});
  MaskStatistics found = countMask(spec->program().attentions.front(), data, 32, 32);
  CHECK(found.full == 4);
  CHECK(found.empty == 12);
  CHECK(found.mixed == 0);
}

TEST_CASE("a large causal plane is counted without visiting its pairs") {
  auto spec = test::specOf("attention a { layout mha; mask = causal }");
  RunData data = test::dataOf(*spec, {{"B", 1}, {"H", 1}, {"I", 16384}, {"J", 16384}, {"D", 1}});
  MaskStatistics found = countMask(spec->program().attentions.front(), data, 32, 128);
  CHECK(found.visible == 16384.0 * 16385 / 2);
  CHECK(found.keyRanges.front() == std::pair<int64_t, int64_t>(0, 128));
  CHECK(found.keyRanges.back() == std::pair<int64_t, int64_t>(0, 16384));
}
