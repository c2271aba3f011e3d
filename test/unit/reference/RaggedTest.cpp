#include "test/unit/Catch.h"
#include "test/unit/reference/Run.h"

#include <cmath>

using namespace attn::reference;

TEST_CASE("a ragged batch attends within each sequence") {
  Run run(raggedLayout + "attention a { layout ragged; mask = causal_end }");
  const std::vector<double> cuQ{0, 2, 2, 5}, cuK{0, 3, 4, 8};
  run.random("qp", {5, 2, 4}, 1).random("kp", {8, 1, 4}, 2).random("vp", {8, 1, 4}, 3);
  run.tensor("cu_q", {4}, cuQ).tensor("cu_k", {4}, cuK);
  const std::vector<double> o = run.output("op");
  for (size_t b = 0; b < 3; ++b)
    for (int64_t h = 0; h < 2; ++h) {
      const auto firstQ = int64_t(cuQ[b]), firstK = int64_t(cuK[b]);
      const int64_t I = int64_t(cuQ[b + 1]) - firstQ, J = int64_t(cuK[b + 1]) - firstK;
      std::vector<double> q, k, v, actual;
      for (int64_t i = firstQ; i < firstQ + I; ++i)
        for (int64_t d = 0; d < 4; ++d) {
          q.push_back(run.input("qp")[(i * 2 + h) * 4 + d]);
          actual.push_back(o[(i * 2 + h) * 4 + d]);
        }
      for (int64_t j = firstK * 4; j < (firstK + J) * 4; ++j) {
        k.push_back(run.input("kp")[j]);
        v.push_back(run.input("vp")[j]);
      }
      CHECK(agree(actual,
                  naiveAttention(q, k, v, I, J, 4, 4, 0.5, [&](int64_t i, int64_t j) { return j <= i + J - I; }).o));
    }
}

TEST_CASE("sequences that shrink are an error before the run") {
  Run run(raggedLayout + "attention a { layout ragged }");
  run.random("qp", {5, 2, 4}).random("kp", {8, 1, 4}).random("vp", {8, 1, 4});
  run.tensor("cu_q", {3}, {0, 4, 3}).tensor("cu_k", {3}, {0, 4, 8});
  const std::string errors = run.bindErrors();
  INFO(errors);
  CHECK(errors.find("extent I is negative: it is -1 at b = 1") != std::string::npos);
}

TEST_CASE("pages are followed, dequantised, and unused ones never read") {
  Run run("attention a { q: f32[B, H, I, D]; k8: i8[P, S, D]; ks: f32[P, S]; v8: i8[P, S, D]; table: i32[B, M]; len: "
          "i32[B]\n"
          "J = len[b]; page = table[b, j // S]; slot = j % S; k = k8[page, slot] * ks[page, slot]; v = float(v8[page, "
          "slot])\n"
          "out o, lse }");
  std::vector<double> k8, v8, ks;
  for (int n = 0; n < 3 * 2 * 2; ++n) {
    k8.push_back(n % 5 - 2);
    v8.push_back(3 * n % 7 - 3);
  }
  for (int n = 0; n < 3 * 2; ++n)
    ks.push_back(0.25 * (n + 1));
  run.random("q", {2, 1, 1, 2}, 1).tensor("k8", {3, 2, 2}, k8).tensor("ks", {3, 2}, ks).tensor("v8", {3, 2, 2}, v8);
  run.tensor("table", {2, 2}, {2, 0, 1, -77}).tensor("len", {2}, {3, 1});
  const std::vector<double> o = run.output("o");
  const std::vector<std::vector<int>> slots{{4, 5, 0}, {2}};
  for (int b = 0; b < 2; ++b) {
    std::vector<double> q(run.input("q").begin() + b * 2, run.input("q").begin() + b * 2 + 2), k, v;
    for (int slot : slots[b])
      for (int d = 0; d < 2; ++d) {
        k.push_back(k8[slot * 2 + d] * ks[slot]);
        v.push_back(v8[slot * 2 + d]);
      }
    const Naive expected = naiveAttention(q, k, v, 1, int64_t(slots[b].size()), 2, 2, 1 / std::sqrt(2.0),
                                          [](int64_t, int64_t) { return true; });
    CHECK(agree({o[b * 2], o[b * 2 + 1]}, expected.o));
  }
  run.tensor("table", {2, 2}, {2, -77, 1, 0});
  CHECK(run.evaluate().find("k8: index -77 is outside dimension 0 (P) of size 3") != std::string::npos);
}

TEST_CASE("an extent may be a reduction or a sum of others") {
  Run run("attention a { past: f32[P]; new: f32[N]; J = P + N; k = past[j] if j < P else new[j - P]; y = k * 2\n"
          "x: f32[I]; z = sum(j: k) + x; out y, z }");
  run.tensor("past", {2}, {1, 2}).tensor("new", {3}, {3, 4, 5}).tensor("x", {1}, {100});
  CHECK(run.output("y") == std::vector<double>{2, 4, 6, 8, 10});
  CHECK(run.output("z") == std::vector<double>{115});
}
