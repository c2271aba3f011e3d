#include "test/unit/Catch.h"
#include "test/unit/coordinate/ClassifiedMask.h"
#include "test/unit/coordinate/MaskText.h"

#include <algorithm>
#include <cmath>

using namespace attn;
using namespace attn::test;

namespace {

constexpr Classified empty{false, true}, full{true, false}, mixed{true, true};

const char *const tables = "w: int; p: int; s: int\nt: i32[N]; u: i8[N, N]; f: f32[N]; m: bool[N, N]\n";
/// Everything declared is used.
const char *const uses = "score = dot(q, k) + (t[0] + u[0, 0] + f[0] + int(m[0, 0]) + w + p + s + N)\n";

MaskTile randomTile(MaskText &random, int64_t queries, int64_t keys) {
  int64_t i = random.below(queries), j = random.below(keys);
  int64_t rows = random.below(std::min<int64_t>(64, queries - i)), columns = random.below(std::min<int64_t>(64, keys - j));
  return {i, i + rows, j, j + columns};
}

Table randomTable(MaskText &random, std::vector<int64_t> shape, auto value) {
  Table table{shape, {}};
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  for (int64_t n = 0; n < count; ++n)
    table.values.push_back(value(n));
  return table;
}

/// Tables in which neighbours are often alike, so that much can be decided.
MaskData randomData(MaskText &random, int64_t queries, int64_t keys) {
  MaskData data;
  int64_t n = std::max(queries, keys) - (random.below(4) == 0 ? random.below(8) : 0);
  data.extents = {{"I", queries}, {"J", keys}, {"N", n}};
  int64_t run = 1 + random.below(40), most = 1 + random.below(n);
  data.scalars = {{"w", double(random.below(60) - 10)}, {"p", double(random.below(60) - 20)}, {"s", double(1 + random.below(12))}};
  data.tables["t"] = randomTable(random, {n}, [&](int64_t x) { return double(x / run * 7 % most); });
  data.tables["u"] = randomTable(random, {n, n}, [&](int64_t x) { return double(x % n / run - 2); });
  data.tables["f"] = randomTable(random, {n}, [&](int64_t x) {
    return random.below(100) == 0 ? NAN : random.below(100) == 0 ? INFINITY : float(x / run) / 3 - 1;
  });
  data.tables["m"] = randomTable(random, {n, n}, [&](int64_t x) { return double(x / n / run + x % n / run) == 2; });
  return data;
}

std::string describe(const ClassifiedMask &mask, MaskTile tile) {
  std::string text = mask.codeText() + "i " + std::to_string(tile.firstQuery) + ".." + std::to_string(tile.lastQuery) + ", j " +
                     std::to_string(tile.firstKey) + ".." + std::to_string(tile.lastKey);
  for (const auto &[name, value] : mask.data.extents)
    text += ", " + name + " = " + std::to_string(value);
  for (const auto &[name, value] : mask.data.scalars)
    text += ", " + name + " = " + std::to_string(int64_t(value));
  return text;
}

void checkSound(const ClassifiedMask &mask, MaskTile tile) {
  Classified pairs = mask.byPairs(tile), code = mask.byCode(tile);
  if ((pairs.mayBeVisible && !code.mayBeVisible) || (pairs.mayBeInvisible && !code.mayBeInvisible) ||
      (code.bothKnown && pairs != mixed)) {
    INFO(describe(mask, tile));
    CHECK(code == pairs);
  }
}

void checkExact(const ClassifiedMask &mask, MaskTile tile) {
  Classified pairs = mask.byPairs(tile), code = mask.byCode(tile);
  if (pairs != code) {
    INFO(describe(mask, tile));
    CHECK(code.mayBeVisible == pairs.mayBeVisible);
    CHECK(code.mayBeInvisible == pairs.mayBeInvisible);
  }
}

/// How many of the mixed tiles of a mask are known to be.
double knownFraction(const ClassifiedMask &mask, int64_t rows, int64_t columns) {
  int64_t queries = mask.data.extents.at("I"), keys = mask.data.extents.at("J"), all = 0, known = 0;
  for (int64_t i = 0; i < queries; i += rows)
    for (int64_t j = 0; j < keys; j += columns) {
      MaskTile tile{i, std::min(i + rows, queries) - 1, j, std::min(j + columns, keys) - 1};
      Classified pairs = mask.byPairs(tile), code = mask.byCode(tile);
      CHECK((!code.bothKnown || pairs == mixed));
      all += pairs == mixed;
      known += code.bothKnown;
    }
  REQUIRE(all > 0);
  return double(known) / double(all);
}

/// How many of the tiles of a mask that are empty or full by their pairs are found so.
double foundFraction(const ClassifiedMask &mask, int64_t rows, int64_t columns) {
  int64_t queries = mask.data.extents.at("I"), keys = mask.data.extents.at("J"), decided = 0, found = 0;
  for (int64_t i = 0; i < queries; i += rows)
    for (int64_t j = 0; j < keys; j += columns) {
      MaskTile tile{i, std::min(i + rows, queries) - 1, j, std::min(j + columns, keys) - 1};
      Classified pairs = mask.byPairs(tile), code = mask.byCode(tile);
      CHECK((code.mayBeVisible || !pairs.mayBeVisible));
      CHECK((code.mayBeInvisible || !pairs.mayBeInvisible));
      decided += pairs != mixed;
      found += pairs != mixed && code == pairs;
    }
  REQUIRE(decided > 0);
  return double(found) / double(decided);
}

} // namespace

TEST_CASE("comparisons of i, j, i - j and chunks, combined, are decided exactly") {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    MaskText random(seed);
    std::string text = random.difference(2);
    INFO("seed " << seed << ": mask = " << text);
    ClassifiedMask mask("w: int; p: int\nscore = dot(q, k) + w + p\nmask = " + text);
    REQUIRE(mask.mistakes() == "");
    for (int n = 0; n < 40; ++n) {
      int64_t queries = 1 + random.below(130), keys = 1 + random.below(130);
      mask.data.extents = {{"I", queries}, {"J", keys}};
      mask.data.scalars = {{"w", double(random.below(80) - 20)}, {"p", double(random.below(80) - 20)}};
      checkExact(mask, randomTile(random, queries, keys));
    }
  }
}

TEST_CASE("whatever the mask, an empty tile has no visible pair, a full one no other, and neither one that ends the run") {
  int refused = 0;
  for (uint64_t seed = 1000; seed < 1600; ++seed) {
    MaskText random(seed);
    std::string text = random.any(3);
    INFO("seed " << seed << ": mask = " << text);
    ClassifiedMask mask(std::string(tables) + uses + "mask = " + text);
    // Some random text holds an index or a divisor that is always wrong.
    if (!mask.mistakes().empty()) {
      ++refused;
      continue;
    }
    for (int n = 0; n < 20; ++n) {
      int64_t queries = 1 + random.below(90), keys = 1 + random.below(90);
      mask.data = randomData(random, queries, keys);
      checkSound(mask, randomTile(random, queries, keys));
    }
  }
  CHECK(refused < 60);
}

TEST_CASE("bounds at the ends of 64 bits") {
  for (const char *text : {"i - j < w", "j <= i + w", "j - w <= i", "0 <= i - j < w", "i // s == j // s", "j < s and i // s > w", "j * w < i",
                           "abs(i - j) <= w", "-w <= i - j", "i - j + w > p"}) {
    INFO(text);
    ClassifiedMask mask("w: int; p: int; s: int\nscore = dot(q, k) + w + p + s\nmask = " + std::string(text));
    mask.data.extents = {{"I", 64}, {"J", 64}};
    for (double w : {-0x1p63, -0x1p62, -0x1p40, -3.0, 0.0, 5.0, 0x1p31, 0x1p41, 0x1p62, 0x1.fffffffffffffp62})
      for (double s : {1.0, 7.0, 0x1p31, 0x1p33, 0x1p62, 0.0, -1.0, -0x1p63}) {
        mask.data.scalars = {{"w", w}, {"p", -w}, {"s", s}};
        for (MaskTile tile : {MaskTile{0, 0, 0, 0}, {0, 15, 0, 15}, {16, 31, 0, 15}, {0, 15, 48, 63}, {5, 60, 7, 9}})
          checkSound(mask, tile);
      }
  }
  ClassifiedMask wide("w: int\nmask = 0 <= i - j < w");
  wide.data.extents = {{"I", 64}, {"J", 64}};
  wide.data.scalars = {{"w", 0x1.fffffffffffffp62}};
  CHECK(wide.byCode({32, 63, 0, 15}) == full);
  CHECK(wide.byCode({0, 15, 16, 31}) == empty);
}

TEST_CASE("the usual masks are found wherever they are empty or full") {
  struct Usual {
    const char *lines;
    double least;
  };
  const Usual masks[] = {
      {"mask = causal", 1},
      {"mask = causal_end", 1},
      {"p: int\nmask = causal_from(p)", 1},
      {"w: int\nmask = window(w)", 1},
      {"p: int\nmask = prefix(p) or causal", 1},
      {"s: int; w: int\nmask = j <= i and (j < s or i - j < w)", 1},
      {"s: int\nmask = i // s == j // s", 1},
      {"s: int\nmask = causal and i // s == j // s", 1},
      {"s: int\nmask = causal and i // s != j // s", 1},
      {"w: int; s: int\nmask = abs(i - j) <= w or i < s or j < s", 1},
      {"doc: i32[B, N]\nmask = document(doc)", 1},
      {"doc: i32[B, N]\nmask = causal and document(doc)", 1},
      {"len: i32[B]\nmask = j < len[b]", 1},
      {"bits: bool[B, N, N]\nmask = bits[b, i, j]", 1},
      {"w: int; s: int\nmask = dilated(w, s)", 0.6},
      {"p: int; tree: bool[N, N]\nmask = j < p or tree[i, j - p]", 0.8},
      {"n: int; c: int\nmask = block_diffusion(n, c)", 0.9},
      {"off: i32[N]; doc: i32[T]; pre: i32[M]\nmask = shared_prefix(off, doc, pre)", 0.9},
      {"rows: int; cols: int; kern: int\nmask = natten(rows, cols, kern)", 0.5},
      {"rows: int; cols: int; kern: int\nmask = morton(natten(rows, cols, kern), cols)", 0.3},
      {"m: int\nmask = tiled(causal, m)", 0.3},
  };
  for (const Usual &usual : masks) {
    INFO(usual.lines);
    ClassifiedMask mask(usual.lines);
    REQUIRE(mask.mistakes() == "");
    mask.data.extents = {{"I", 128}, {"J", 128}, {"N", 128}, {"T", 128}, {"M", 4}};
    mask.data.scalars = {{"w", 37}, {"p", 21}, {"s", 24}, {"n", 64}, {"c", 16}, {"m", 32}, {"rows", 16}, {"cols", 8}, {"kern", 3}};
    MaskText random(7);
    mask.data.tables["doc"] = randomTable(random, {128}, [](int64_t x) { return double(x / 32); });
    if (std::string(usual.lines).find("document(doc)") != std::string::npos)
      mask.data.tables["doc"].shape = {1, 128};
    mask.data.tables["len"] = {{1}, {77}};
    mask.data.tables["off"] = {{5}, {0, 32, 64, 96, 128}};
    mask.data.tables["pre"] = {{4}, {0, 0, 2, 2}};
    mask.data.tables["bits"] = randomTable(random, {1, 128, 128}, [](int64_t x) { return double(x / 128 / 20 + x % 128 / 30 == 3); });
    mask.data.tables["tree"] = randomTable(random, {128, 128}, [](int64_t x) { return double(x / 128 / 20 >= x % 128 / 20); });
    double found = foundFraction(mask, 16, 16);
    CHECK(found >= usual.least);
    UNSCOPED_INFO(found);
  }
}

TEST_CASE("a cheap mask has cheap code") {
  CHECK(ClassifiedMask("mask = causal").codeSize() <= 7);
  CHECK(ClassifiedMask("w: int\nmask = window(w)").codeSize() <= 15);
  CHECK(ClassifiedMask("w = 256\nmask = window(w)").codeSize() <= 14);
  CHECK(ClassifiedMask("c = 64\nmask = i // c == j // c").codeSize() <= 30);
  CHECK(ClassifiedMask("mask = true").codeSize() == 0);
}

TEST_CASE("a tile in which the run may end is mixed") {
  ClassifiedMask late("t: i32[N]\nmask = t[j] > 0 and j <= i");
  late.data.extents = {{"I", 64}, {"J", 64}, {"N", 40}};
  late.data.tables["t"] = {{40}, std::vector<double>(40, 1)};
  CHECK(late.byCode({0, 15, 48, 63}) == mixed);
  CHECK(late.byCode({0, 7, 16, 31}) == empty);
  ClassifiedMask lazy("t: i32[N]\nmask = j <= i and t[j] > 0");
  lazy.data = late.data;
  CHECK(lazy.byCode({0, 15, 48, 63}) == empty);
  CHECK(lazy.byCode({60, 63, 48, 63}) == mixed);
  CHECK(lazy.byCode({60, 63, 0, 31}) == full);
  ClassifiedMask divided("s: int\nmask = j < 16 or i // s == 0");
  divided.data.extents = {{"I", 64}, {"J", 64}};
  divided.data.scalars = {{"s", 0}};
  CHECK(divided.byCode({0, 15, 0, 15}) == full);
  CHECK(divided.byCode({0, 15, 16, 31}) == mixed);
}

TEST_CASE("a tile in which a reduction may end the run is mixed") {
  for (const char *text : {"j <= i and any(n: u[n, j] == 3)", "i < j or all(n: u[n, j] == 3)", "any(n: u[n, j] == 3) if j <= i else false"}) {
    INFO(text);
    ClassifiedMask mask("u: i8[N, M]\nmask = " + std::string(text));
    REQUIRE(mask.mistakes() == "");
    mask.data.extents = {{"I", 64}, {"J", 64}, {"N", 3}, {"M", 40}};
    mask.data.tables["u"] = {{3, 40}, std::vector<double>(120, 1)};
    CHECK(mask.byCode({60, 63, 48, 63}) == mixed);
    CHECK(mask.byCode({60, 63, 32, 63}) == mixed);
    CHECK(mask.byCode({60, 63, 0, 31}) != mixed);
    CHECK(mask.byCode({0, 15, 48, 63}) != mixed);
  }
}

TEST_CASE("whatever the mask: found by longer runs") {
  for (uint64_t seed : {2648, 3399, 4917, 5964, 6669, 6850, 8454}) {
    MaskText random(seed);
    std::string text = random.any(3);
    INFO("seed " << seed << ": mask = " << text);
    ClassifiedMask mask(std::string(tables) + uses + "mask = " + text);
    REQUIRE(mask.mistakes().empty());
    for (int n = 0; n < 20; ++n) {
      int64_t queries = 1 + random.below(90), keys = 1 + random.below(90);
      mask.data = randomData(random, queries, keys);
      checkSound(mask, randomTile(random, queries, keys));
    }
  }
}

TEST_CASE("tiles that hold both are known to, where tables are read apart by i and by j") {
  struct Known {
    const char *mask;
    double least;
  };
  const Known masks[] = {
      {"document(doc)", 1},
      {"document(doc) and causal", 0.6},
      {"causal and not document(doc)", 0.6},
      {"doc[b, i] != doc[b, j] or j > i", 0.6},
      {"doc[b, i // 2] == doc[b, j // 2 + 1]", 1},
      {"doc[b, i] <= doc[b, j]", 1},
      {"doc[b, i] == 2", 1},
      {"bits[b, i, j]", 1},
      {"bits[b, j, i] if doc[b, 0] == 0 else causal", 1},
      {"bits[b, i, i]", 0},
  };
  for (const Known &known : masks) {
    INFO(known.mask);
    ClassifiedMask mask(
        "doc: i32[B, N]; bits: bool[B, N, N]\nscore = dot(q, k) + (doc[b, 0] + int(bits[b, 0, 0]) + N)\nmask = " +
        std::string(known.mask));
    REQUIRE(mask.mistakes() == "");
    mask.data.extents = {{"I", 120}, {"J", 120}, {"N", 128}};
    mask.data.tables["doc"] = {{1, 128}, {}};
    mask.data.tables["bits"] = {{1, 128, 128}, {}};
    for (int64_t x = 0; x < 128; ++x)
      mask.data.tables["doc"].values.push_back(double(x / 37));
    for (int64_t x = 0; x < 128 * 128; ++x)
      mask.data.tables["bits"].values.push_back(double(x / 128 / 20 + x % 128 / 30 == 3));
    CHECK(knownFraction(mask, 12, 16) >= known.least);
  }
}
