#include "test/unit/Catch.h"
#include "test/unit/reference/Run.h"

#include <cmath>
#include <limits>

using namespace attn::reference;

namespace {
const double infinity = std::numeric_limits<double>::infinity(), nan_ = std::nan("");

/// Three queries, three keys, one feature: scores q[i] * k[j], values v[j].
Run small(const std::string &lines, std::vector<double> q, std::vector<double> k, std::vector<double> v) {
  Run run("attention a { q: f32[I, D]; k: f32[J, D]; v: f32[J, E]; score = dot(q, k); " + lines + " }");
  const auto rows = static_cast<int64_t>(q.size()), keys = static_cast<int64_t>(k.size());
  run.tensor("q", {rows, 1}, q).tensor("k", {keys, 1}, k).tensor("v", {keys, 1}, v);
  return run;
}
} // namespace

TEST_CASE("a row without visible keys gives o = 0 and lse = -inf") {
  Run run = small("mask = j < i; out o, lse", {1, 1, 1}, {0, 0, 0}, {1, 3, 5});
  CHECK(agree(run.output("o"), {0, 1, 2}));
  CHECK(agree(run.output("lse"), {-infinity, 0, std::log(2)}));
}

TEST_CASE("no keys at all is a row without visible keys") {
  Run run("attention a { q: f32[I, D]; k: f32[J, D]; v: f32[J, E]; out o, lse }");
  run.tensor("q", {2, 1}, {1, 1}).tensor("k", {0, 1}, {}).tensor("v", {0, 1}, {});
  CHECK(agree(run.output("o"), {0, 0}));
  CHECK(agree(run.output("lse"), {-infinity, -infinity}));
}

TEST_CASE("no queries is no work") {
  Run run("attention a { q: f32[I, D]; k: f32[J, D]; v: f32[J, E] }");
  run.tensor("q", {0, 1}, {}).tensor("k", {2, 1}, {1, 1}).tensor("v", {2, 1}, {1, 1});
  CHECK(run.output("o").empty());
}

TEST_CASE("a sink is what an empty row's lse is") {
  Run run =
      small("s: float; mask = j < i; weight = softmax(score, sink = s); out o, lse", {0, 0, 0}, {0, 0, 0}, {1, 3, 5});
  run.scalar("s", std::log(2.0));
  CHECK(agree(run.output("o"), {0, 1.0 / 3, 1}));
  CHECK(agree(run.output("lse"), {std::log(2), std::log(3), std::log(4)}));
}

TEST_CASE("invisible keys add nothing, whatever they hold") {
  Run run = small("mask = j <= i; out o, lse", {1, 1, 1}, {0, nan_, infinity}, {7, infinity, nan_});
  CHECK(agree({run.output("o")[0]}, {7}));
  CHECK(agree({run.output("lse")[0]}, {0}));
}

TEST_CASE("a score of -inf hides its key") {
  Run run = small("out o, weight", {1}, {0, -infinity}, {7, nan_});
  CHECK(agree(run.output("o"), {7}));
  CHECK(agree(run.output("weight"), {1, 0}));
}

TEST_CASE("a score that the weight does not use hides nothing") {
  Run run = small("weight = 0.5; out o, score", {1}, {0, -infinity}, {7, 3});
  CHECK(agree(run.output("o"), {5}));
  CHECK(agree(run.output("score"), {0, -infinity}));
}

TEST_CASE("an infinite or NaN score makes its own row NaN and no other") {
  for (double bad : {infinity, nan_}) {
    Run run = small("mask = j <= i; out o, lse", {1, 1, 1}, {0, 0, bad}, {1, 3, 5});
    CHECK(agree(run.output("o"), {1, 2, nan_}));
    CHECK(agree(run.output("lse"), {0, std::log(2), nan_}));
  }
}

TEST_CASE("an infinite score makes a row NaN whatever the weight makes of it") {
  Run run = small("weight = sigmoid(score)", {0, 1}, {0, infinity}, {2, 4});
  CHECK(agree(run.output("o"), {nan_, nan_})); // 0 * inf is NaN
  Run masked = small("mask = j <= i; weight = sigmoid(score)", {1, 1}, {0, infinity}, {2, 4});
  CHECK(agree(masked.output("o"), {1, nan_}));
}

TEST_CASE("only `score` and `weight` know of visibility as outputs") {
  Run run = small("raw = score; mask = j <= i; out o, score, weight, raw", {1, 1}, {2, 2}, {1, 1});
  CHECK(agree(run.output("score"), {2, -infinity, 2, 2}));
  CHECK(agree(run.output("weight"), {1, 0, 0.5, 0.5}));
  CHECK(agree(run.output("raw"), {2, 2, 2, 2}));
}

TEST_CASE("what is invisible is not even evaluated for the outputs `score` and `weight`") {
  Run run("attention a { q: f32[I]; k: f32[J]; t: f32[N]; score = q + k + t[j]; mask = j < N\n"
          "out score, weight }");
  run.tensor("q", {1}, {0}).tensor("k", {3}, {0, 0, 0}).tensor("t", {2}, {1, 1});
  CHECK(agree(run.output("score"), {1, 1, -infinity}));
  CHECK(agree(run.output("weight"), {0.5, 0.5, 0}));
}

TEST_CASE("reductions over no visible keys are neutral") {
  Run run("attention a { x: f32[J]; mask = j < i; total = sum(j: x); high = max(j: x); low = min(j: x)\n"
          "some = any(j: x > 0); every = all(j: x > 0); out total, high, low, some, every }");
  run.tensor("x", {1}, {1});
  CHECK(agree(run.output("total"), {0}));
  CHECK(agree(run.output("high"), {-infinity}));
  CHECK(agree(run.output("low"), {infinity}));
  CHECK(agree(run.output("some"), {0}));
  CHECK(agree(run.output("every"), {1}));
}

TEST_CASE("a score that varies with a feature has its own visible keys at each") {
  Run run("attention a { s: f32[J, D]; v: f32[J]; score = s; o = sum(j: weight * v); out o, weight, lse }");
  run.tensor("s", {2, 2}, {0, -infinity, 0, 0}).tensor("v", {2}, {1, 3});
  CHECK(agree(run.output("o"), {2, 3}));
  CHECK(agree(run.output("weight"), {0.5, 0, 0.5, 1}));
  CHECK(agree(run.output("lse"), {std::log(2), 0}));
}

TEST_CASE("a score may be an int") {
  Run run(
      "attention a { v: f32[J]; I: int; score = i - j; mask = j <= i; o = sum(j: weight * v); out o, score, weight }");
  run.tensor("v", {2}, {1, 3}).scalar("I", 2);
  const double first = std::exp(1) / (1 + std::exp(1));
  CHECK(agree(run.output("weight"), {1, 0, first, 1 - first}));
  CHECK(agree(run.output("o"), {1, 3 - 2 * first}));
  const std::vector<double> score = run.output("score");
  CHECK(score[0] == 0);
  CHECK(score[1] <= -0x1p63);
  CHECK(score[2] == 1);
}

TEST_CASE("an int weight counts visible keys") {
  Run run("attention a { v: f32[J]; I: int; weight = 1; mask = j <= i; o = sum(j: weight * v); out o, weight }");
  run.tensor("v", {2}, {1, 3}).scalar("I", 2);
  CHECK(agree(run.output("o"), {1, 4}));
  CHECK(agree(run.output("weight"), {1, 0, 1, 1}));
}
