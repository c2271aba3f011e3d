#include "test/unit/Catch.h"
#include "test/unit/reference/Run.h"

#include <cmath>

using namespace attn::reference;

TEST_CASE("any row can be evaluated alone, in any order") {
  Run run("attention a { layout gqa; mask = causal; out o, lse, weight }");
  run.random("q", {2, 4, 6, 3}, 1).random("k", {2, 2, 6, 3}, 2).random("v", {2, 2, 6, 3}, 3);
  Evaluator evaluator(run.attention(), run.binding());
  for (const char *name : {"o", "weight", "lse"}) {
    const uint32_t output = run.outputNumber(name);
    const std::vector<double> all = run.output(name);
    REQUIRE(evaluator.rowCount(output) == 2 * 4 * 6);
    for (int64_t number : {47, 0, 13, 13, 46, 5}) {
      const RowResult result = evaluator.evaluateRow(output, number);
      REQUIRE_FALSE(result.error);
      const auto width = int64_t(result.row.elements.size());
      CHECK(width == int64_t(all.size()) / 48);
      for (int64_t n = 0; n < width; ++n) {
        CHECK(result.row.elements[n] == number * width + n);
        CHECK(result.row.reals[n] == Approx(all[number * width + n]).margin(1e-6));
      }
    }
  }
  CHECK(evaluator.rowName(run.outputNumber("o"), 47) == "b = 1, h = 3, i = 5");
}

TEST_CASE("rows of a ragged batch are counted by batch") {
  Run run(raggedLayout + "attention a { layout ragged }");
  run.random("qp", {5, 2, 4}, 1).random("kp", {8, 1, 4}, 2).random("vp", {8, 1, 4}, 3);
  run.tensor("cu_q", {4}, {0, 2, 2, 5}).tensor("cu_k", {4}, {0, 3, 4, 8});
  Evaluator evaluator(run.attention(), run.binding());
  REQUIRE(evaluator.rowCount(0) == 10);
  CHECK(evaluator.rowName(0, 3) == "b = 0, h = 1, i = 1");
  CHECK(evaluator.rowName(0, 4) == "b = 2, h = 0, i = 0");
  const RowResult result = evaluator.evaluateRow(0, 4);
  REQUIRE_FALSE(result.error);
  CHECK(result.row.elements == std::vector<int64_t>{16, 17, 18, 19});
}

TEST_CASE("one row of a long sequence costs one row") {
  Run run("attention a { layout mha; mask = causal }");
  const int64_t length = 50000;
  run.random("q", {1, 1, length, 8}, 1).random("k", {1, 1, length, 8}, 2).random("v", {1, 1, length, 8}, 3);
  Evaluator evaluator(run.attention(), run.binding());
  const RowResult result = evaluator.evaluateRow(0, length - 1);
  REQUIRE_FALSE(result.error);
  const std::vector<double> q(run.input("q").end() - 8, run.input("q").end());
  const Naive expected = naiveAttention(q, run.input("k"), run.input("v"), 1, length, 8, 8, 1 / std::sqrt(8.0),
                                        [](int64_t, int64_t) { return true; });
  CHECK(agree(result.row.reals, expected.o));
}

TEST_CASE("an error in one row leaves other rows alone") {
  Run run("attention a { x: f32[I]; t: f32[N]; y = x + t[i]; out y }");
  run.random("x", {5}).random("t", {3});
  Evaluator evaluator(run.attention(), run.binding());
  CHECK(evaluator.evaluateRow(0, 3).error);
  CHECK(evaluator.evaluateRow(0, 3).row.elements.empty());
  CHECK_FALSE(evaluator.evaluateRow(0, 2).error);
}
