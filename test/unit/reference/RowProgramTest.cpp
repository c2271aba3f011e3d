#include "test/unit/Catch.h"
#include "test/unit/reference/Run.h"

#include "compiler/reference/RowFunctions.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace attn::reference;

namespace {
const double infinity = std::numeric_limits<double>::infinity();

/// One query; scores s[j], values v[j] where they are used, all keys but key 1 visible.
Run row(const std::string &lines, const std::vector<double> &s, const std::vector<double> &v = {}) {
  Run run("attention a { s: f32[J]; " + std::string(v.empty() ? "" : "v: f32[J]; ") + "score = s; mask = j != 1\n" +
          lines + " }");
  const auto keys = static_cast<int64_t>(s.size());
  run.tensor("s", {keys}, s);
  return v.empty() ? run : run.tensor("v", {keys}, v);
}
const std::vector<double> scores{0.5, 100, -1, 2, 0.25};
const std::vector<double> visibleScores{0.5, -1, 2, 0.25};

/// Puts values at visible keys back among all five.
std::vector<double> spread(const std::vector<double> &visible, double outside = 0) {
  return {visible[0], outside, visible[1], visible[2], visible[3]};
}
} // namespace

TEST_CASE("row functions run over the visible keys only") {
  std::vector<double> expected = visibleScores;
  SECTION("softmax") {
    softmax(expected, std::nullopt);
    CHECK(agree(row("w = softmax(score); out w", scores).output("w"), spread(expected)));
  }
  SECTION("normalize") {
    normalize(expected);
    CHECK(agree(row("w = normalize(score); out w", scores).output("w"), spread(expected)));
  }
  SECTION("sparsemax") {
    sparsemax(expected);
    CHECK(agree(row("w = sparsemax(score); out w", scores).output("w"), spread(expected)));
  }
  SECTION("entmax15") {
    entmax15(expected);
    CHECK(agree(row("w = entmax15(score); out w", scores).output("w"), spread(expected)));
  }
  SECTION("topk") {
    topk(expected, 2);
    CHECK(agree(row("w = topk(score, 2); out w", scores).output("w"), spread(expected, -infinity)));
  }
  SECTION("sum_after is there at every key") {
    CHECK(agree(row("w = sum_after(score); out w", scores).output("w"), {1.25, 1.25, 2.25, 0.25, 0}));
  }
}

TEST_CASE("softmax of topk gives the others no weight") {
  const double e = std::exp(0.5), f = std::exp(2);
  CHECK(agree(row("weight = softmax(topk(score, 2)); out weight", scores).output("weight"),
              {e / (e + f), 0, 0, f / (e + f), 0}));
}

TEST_CASE("reductions over j give weights a whole row to look at") {
  // retention: score / max(abs(sum of scores), 1)
  Run run = row("weight = score / max(abs(sum(j: score)), 1); out o", scores, {1, 1, 2, 3, 4});
  CHECK(agree(run.output("o"), {(0.5 - 2 + 6 + 1) / 1.75}));
}

TEST_CASE("stick breaking multiplies what later keys leave") {
  Run run = row("weight = sigmoid(score) * exp(sum_after(log_sigmoid(-score))); out weight", scores);
  std::vector<double> expected(4);
  double left = 1;
  for (size_t n = 4; n-- > 0;) {
    const double p = 1 / (1 + std::exp(-visibleScores[n]));
    expected[n] = p * left;
    left *= 1 - p;
  }
  CHECK(agree(run.output("weight"), spread(expected)));
}

TEST_CASE("a difference of two softmaxes") {
  Run run = row("weight = softmax(score) - 0.5 * softmax(-score); out o", scores, {1, 9, 2, 3, 4});
  std::vector<double> a = visibleScores, b = visibleScores;
  for (double &x : b)
    x = -x;
  softmax(a, std::nullopt);
  softmax(b, std::nullopt);
  const std::vector<double> v{1, 2, 3, 4};
  double expected = 0;
  for (size_t n = 0; n < 4; ++n)
    expected += (a[n] - 0.5 * b[n]) * v[n];
  CHECK(agree(run.output("o"), {expected}));
}

TEST_CASE("row functions nest") {
  std::vector<double> expected = visibleScores;
  softmax(expected, std::nullopt);
  softmax(expected, std::nullopt);
  CHECK(agree(row("weight = softmax(softmax(score)); out weight", scores).output("weight"), spread(expected)));
}

TEST_CASE("weights of another head are those of that head's row") {
  Run run("attention a { q: f32[H, I]; k: f32[H, J]; p: f32[H, N]; mask = j <= i + h; score = q + k\n"
          "weight = sum(n: p * softmax(score)[h = n]); out weight }");
  run.random("q", {2, 3}, 1).random("k", {2, 3}, 2).random("p", {2, 2}, 4);
  const std::vector<double> weight = run.output("weight"), q = run.input("q"), k = run.input("k"), p = run.input("p");
  for (int h = 0; h < 2; ++h)
    for (int i = 0; i < 3; ++i) {
      std::vector<double> expected(3, 0);
      for (int n = 0; n < 2; ++n) {
        std::vector<double> s;
        for (int j = 0; j < 3 && j <= i + n; ++j)
          s.push_back(q[n * 3 + i] + k[n * 3 + j]);
        softmax(s, std::nullopt);
        for (size_t j = 0; j < s.size(); ++j)
          expected[j] += p[h * 2 + n] * s[j];
      }
      for (int j = 0; j < 3; ++j)
        CHECK(weight[(h * 3 + i) * 3 + j] == Approx(j <= i + h ? expected[j] : 0).margin(1e-6));
    }
}

TEST_CASE("a row function may vary with further coordinates") {
  // One softmax per temperature r, all over the same visible keys.
  Run run("attention a { s: f32[J]; u: f32[R]; mask = j != 1; w = softmax(s * u); y = sum(j: w * s); out y, w }");
  run.tensor("s", {3}, {0, 5, 1}).tensor("u", {2}, {1, 2});
  const std::vector<double> y = run.output("y");
  CHECK(agree(y, {std::exp(1) / (1 + std::exp(1)), std::exp(2) / (1 + std::exp(2))}));
}
