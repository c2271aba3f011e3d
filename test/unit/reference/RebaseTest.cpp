#include "test/unit/Catch.h"
#include "test/unit/reference/Run.h"

#include <cmath>

using namespace attn::reference;

TEST_CASE("all right sides of brackets are read outside, at once") {
  Run run("attention a { x: f32[I, J]; y = x[i = j, j = i]; out y }");
  run.tensor("x", {2, 2}, {1, 2, 3, 4});
  CHECK(run.output("y") == std::vector<double>{1, 3, 2, 4});
}

TEST_CASE("setting h sets g") {
  Run run("attention a { q: f32[H, I]; k: f32[G, I]; y = (q + k)[h = H - 1 - h]; out y }");
  run.tensor("q", {4, 1}, {1, 2, 3, 4}).tensor("k", {2, 1}, {10, 20});
  CHECK(run.output("y") == std::vector<double>{24, 23, 12, 11});
}

TEST_CASE("what varies with g alone runs over G") {
  Run run("attention a { q: f32[H, I]; k: f32[G, J]; y = k + 1; z = q * 2; out y, z }");
  run.tensor("q", {4, 1}, {1, 2, 3, 4}).tensor("k", {2, 1}, {10, 20});
  CHECK(run.output("y") == std::vector<double>{11, 21});
  CHECK(run.shape("z") == std::vector<int64_t>{4, 1});
}

TEST_CASE("a mask is read at other coordinates") {
  Run run("attention a { x: f32[I]; y: f32[J]; m = tiled(causal, 2); out m; z = x + y; out z }");
  run.tensor("x", {4}, {0, 0, 0, 0}).tensor("y", {4}, {0, 0, 0, 0});
  CHECK(run.output("m") == std::vector<double>{1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1});
}

TEST_CASE("a coordinate may become a function of the feature another reduction binds") {
  // y[e] = sum of a[d] * c[e, d]; read at e = d it is a matrix-vector product, not its diagonal.
  Run run("attention a { a: f32[D]; c: f32[E, D]; y = sum(d: a * c); z = y[e = d] + a; out z }");
  run.tensor("a", {2}, {1, 10}).tensor("c", {2, 2}, {1, 2, 3, 4});
  CHECK(run.output("z") == std::vector<double>{22, 53});
}

TEST_CASE("chains of shifted reads take time in proportion to their length") {
  std::string lines = "x0 = t[clamp(i, 0, N - 1)];";
  for (int n = 1; n <= 60; ++n)
    lines += "x" + std::to_string(n) + " = x" + std::to_string(n - 1) + "[i = i - 1] + x" + std::to_string(n - 1) +
             "[i = i + 1];";
  Run run("attention a { t: f32[N]; y: f32[I]; " + lines + " z = x60 + y; out z }");
  run.tensor("t", {2}, {1, 1}).tensor("y", {2}, {0, 0});
  CHECK(run.output("z")[0] == 0x1p60);
}

TEST_CASE("relative keys gathered by position, with and without a product") {
  Run run("attention a { layout mha; kr: f32[N, H, D]; half = N // 2; score = dot(q, kr[n = clamp(i - j + half, 0, N - "
          "1)])\n"
          "out score }");
  run.random("q", {1, 2, 4, 3}, 1).random("k", {1, 2, 4, 3}, 2).random("v", {1, 2, 4, 3}, 3).random("kr", {5, 2, 3}, 4);
  const std::vector<double> score = run.output("score"), q = run.input("q"), kr = run.input("kr");
  for (int h = 0; h < 2; ++h)
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 4; ++j) {
        const int n = std::min(std::max(i - j + 2, 0), 4);
        double expected = 0;
        for (int d = 0; d < 3; ++d)
          expected += q[(h * 4 + i) * 3 + d] * kr[(n * 2 + h) * 3 + d];
        CHECK(score[(h * 4 + i) * 4 + j] == Approx(expected).margin(1e-6));
      }
}

TEST_CASE("rotary embedding rotates pairs half a vector apart") {
  Run run("attention a { x: f32[I, D]; y = rope(x, i, 100.0); out y }");
  run.random("x", {3, 4}, 1);
  const std::vector<double> x = run.input("x"), y = run.output("y");
  for (int i = 0; i < 3; ++i)
    for (int d = 0; d < 2; ++d) {
      const double angle = i * std::pow(100.0, -2.0 * d / 4);
      const double a = x[i * 4 + d], b = x[i * 4 + d + 2];
      CHECK(y[i * 4 + d] == Approx(a * std::cos(angle) - b * std::sin(angle)).margin(1e-6));
      CHECK(y[i * 4 + d + 2] == Approx(b * std::cos(angle) + a * std::sin(angle)).margin(1e-6));
    }
}

TEST_CASE("heads talk to each other through their scores") {
  Run run(
      "attention a { q: f32[H, I]; k: f32[H, J]; p: f32[H, N]; score = sum(n: p * (q[h = n] * k[h = n])); out score }");
  run.tensor("q", {2, 1}, {1, 2}).tensor("k", {2, 1}, {3, 5}).tensor("p", {2, 2}, {1, 10, 100, 1000});
  CHECK(run.output("score") == std::vector<double>{103, 10300});
}
