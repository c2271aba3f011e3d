#include "test/unit/Catch.h"
#include "test/unit/reference/Run.h"

#include <cmath>
#include <limits>

using namespace attn::reference;

namespace {

/// One (b, h) of a row-major [.., rows, columns] tensor.
std::vector<double> matrix(const std::vector<double> &tensor, int64_t number, int64_t rows, int64_t columns) {
  const auto begin = tensor.begin() + number * rows * columns;
  return {begin, begin + rows * columns};
}

/// Compares o and lse of a run with naive attention; k and v have `groups` heads and one batch fewer or more as given.
void compare(Run &run, int64_t B, int64_t H, int64_t G, int64_t I, int64_t J, int64_t D, int64_t E,
             const std::function<bool(int64_t, int64_t)> &visible) {
  const std::vector<double> o = run.output("o"), lse = run.output("lse");
  for (int64_t b = 0; b < B; ++b)
    for (int64_t h = 0; h < H; ++h) {
      const int64_t g = h / (H / G);
      const Naive expected =
          naiveAttention(matrix(run.input("q"), b * H + h, I, D), matrix(run.input("k"), b * G + g, J, D),
                         matrix(run.input("v"), b * G + g, J, E), I, J, D, E, 1 / std::sqrt(double(D)), visible);
      INFO("b = " << b << ", h = " << h);
      CHECK(agree(matrix(o, b * H + h, I, E), expected.o));
      CHECK(agree(matrix(lse, b * H + h, I, 1), expected.lse));
    }
}

} // namespace

TEST_CASE("multi-head attention is softmax attention") {
  Run run("attention a { layout mha; out o, lse }");
  run.random("q", {2, 3, 5, 4}, 1).random("k", {2, 3, 7, 4}, 2).random("v", {2, 3, 7, 4}, 3);
  compare(run, 2, 3, 3, 5, 7, 4, 4, [](int64_t, int64_t) { return true; });
}

TEST_CASE("grouped queries read the key head h // (H // G)") {
  Run run("attention a { layout gqa; mask = causal; out o, lse }");
  run.random("q", {2, 6, 5, 4}, 1).random("k", {2, 2, 5, 4}, 2).random("v", {2, 2, 5, 4}, 3);
  compare(run, 2, 6, 2, 5, 5, 4, 4, [](int64_t i, int64_t j) { return j <= i; });
}

TEST_CASE("values may be wider than keys") {
  Run run("attention a { q: f32[B, H, I, D]; k: f32[B, H, J, D]; v: f32[B, H, J, E]; mask = window(3); out o, lse }");
  run.random("q", {1, 2, 9, 4}, 1).random("k", {1, 2, 9, 4}, 2).random("v", {1, 2, 9, 6}, 3);
  compare(run, 1, 2, 2, 9, 9, 4, 6, [](int64_t i, int64_t j) { return i - j >= 0 && i - j < 3; });
}

TEST_CASE("more keys than one chunk holds give the same") {
  Run run("attention a { layout mha; mask = (i + j) % 3 != 0; out o, lse }");
  run.random("q", {1, 1, 3, 16}, 1).random("k", {1, 1, 9000, 16}, 2).random("v", {1, 1, 9000, 16}, 3);
  compare(run, 1, 1, 1, 3, 9000, 16, 16, [](int64_t i, int64_t j) { return (i + j) % 3 != 0; });
}

TEST_CASE("a dimension of size 1 for B or H is read everywhere") {
  Run run("attention a { layout mha; bias: f32[B, H, I, J]; score = dot(q, k) + bias; out o }");
  run.random("q", {2, 2, 3, 4}, 1).random("k", {1, 2, 3, 4}, 2).random("v", {2, 1, 3, 4}, 3);
  run.random("bias", {1, 1, 3, 3}, 4);
  const std::vector<double> o = run.output("o");
  const std::vector<double> bias = run.input("bias");
  for (int64_t b = 0; b < 2; ++b)
    for (int64_t h = 0; h < 2; ++h) {
      const std::vector<double> q = matrix(run.input("q"), b * 2 + h, 3, 4), k = matrix(run.input("k"), h, 3, 4),
                                v = matrix(run.input("v"), b, 3, 4);
      for (int64_t i = 0; i < 3; ++i) {
        double sum = 0;
        std::vector<double> expected(4, 0);
        for (int64_t j = 0; j < 3; ++j) {
          double score = bias[i * 3 + j];
          for (int64_t d = 0; d < 4; ++d)
            score += q[i * 4 + d] * k[j * 4 + d];
          sum += std::exp(score);
          for (int64_t d = 0; d < 4; ++d)
            expected[d] += std::exp(score) * v[j * 4 + d];
        }
        for (int64_t d = 0; d < 4; ++d)
          CHECK(o[((b * 2 + h) * 3 + i) * 4 + d] == Approx(expected[d] / sum).epsilon(1e-5));
      }
    }
}

TEST_CASE("a soft cap, a slope and a scalar enter the score in the order written") {
  Run run("attention a { layout mha; s: float; slopes: f32[H]\n"
          "score = softcap(dot(q, k) * s, 2.0) |> alibi(slopes); out score }");
  run.tensor("q", {1, 2, 1, 1}, {3, 3}).tensor("k", {1, 2, 2, 1}, {1, 2, 1, 2}).random("v", {1, 2, 2, 1});
  run.tensor("slopes", {2}, {0.5, -1}).scalar("s", 0.25);
  const std::vector<double> score = run.output("score");
  CHECK(score[0] == Approx(2 * std::tanh(0.375)));
  CHECK(score[1] == Approx(2 * std::tanh(0.75) + 0.5));
  CHECK(score[3] == Approx(2 * std::tanh(0.75) - 1));
}

TEST_CASE("outputs keep their own type") {
  Run run("attention a { layout mha; n = sum(j: 1); even = i % 2 == 0; out o: bf16[B, H, I, D], n, even: bool[I] }");
  run.random("q", {1, 1, 3, 2}, 1)
      .random("k", {1, 1, 3, 2}, 2)
      .tensor("v", {1, 1, 3, 2}, {1.001, 1, 1.001, 1, 1.001, 1});
  CHECK(agree(run.output("o"), {1, 1, 1, 1, 1, 1}, 0)); // 1.001 is nearest to 1 in bfloat16
  CHECK(run.output("even") == std::vector<double>{1, 0, 1});
  for (double n : run.output("n"))
    CHECK(n == 3);
}

TEST_CASE("any number of threads gives bitwise the same") {
  std::vector<double> first;
  for (unsigned threads : {1u, 2u, 7u}) {
    Run run("attention a { layout mha; mask = causal }");
    run.random("q", {2, 3, 11, 8}, 1).random("k", {2, 3, 11, 8}, 2).random("v", {2, 3, 11, 8}, 3);
    REQUIRE(run.evaluate(threads).empty());
    if (first.empty())
      first = run.output("o");
    CHECK(run.output("o") == first);
  }
}
