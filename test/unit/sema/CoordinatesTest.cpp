#include "test/unit/Catch.h"
#include "test/unit/sema/Checked.h"

using namespace attn;
using namespace attn::test;

TEST_CASE("what a value varies with follows from what it reads", "[coordinates]") {
  Checked c = mha("slopes: f32[H]\nx = slopes * (j - i)\ny = sum(d: q * k)\nz = q + k\nscore = y + x + sum(d: z)\nout "
                  "x, y, o, lse");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.varies("x") == "h i j");
  CHECK(c.varies("y") == "b h i j");
  CHECK(c.varies("z") == "b h i j d");
  CHECK(c.varies("o") == "b h i d");
  CHECK(c.varies("lse") == "b h i");
}

TEST_CASE("rule 3.10: g falls away where h is known", "[coordinates]") {
  Checked c("attention a { layout gqa; x = sum(d: k * k); out o, x }");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.varies("x") == "b g j");
  CHECK(c.varies("score") == "b h i j");
}

TEST_CASE("rule 3.10: setting h sets g", "[coordinates]") {
  Checked c("attention a { layout gqa; p: f32[H, N]; score = sum(n: p * dot(q[h = n], k[h = n])) }");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.text("score") == "sum(n: p[h, n] * dot(q[b, n, i, d], k[b, n // (H // G), j, d]))");
}

TEST_CASE("rule 9.1: reductions over j vary with what decides visibility", "[coordinates]") {
  Checked c = mha("mask = causal\nweight = sigmoid(dot(q, k))\nn = sum(j: 1)\nout o, n");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.varies("n") == "i");
  Checked all = mha("weight = sigmoid(dot(q, k))\nn = sum(j: 1)\nout o, n");
  REQUIRE(all.program);
  CHECK(all.varies("n") == "");
  // The score may be -inf for some keys, and then n counts fewer.
  Checked scored = mha("n = sum(j: 1)\nout o, n");
  REQUIRE(scored.program);
  CHECK(scored.varies("n") == "b h i");
}

TEST_CASE("rule 5.1: dot sums over what both have and nothing binds", "[coordinates]") {
  Checked c = mha("r: f32[N, D]\ns: f32[M, N]\nscore = sum(n: dot(q, r) * dot(k, r))\nout o");
  INFO(c.rendered());
  CHECK(c.kinds() == std::vector<std::string>{"unused-line"});
  Checked both("attention a { q: f32[B, I, D, R]; k: f32[B, J, D, R]; v: f32[B, J, D]; score = dot(q, k) }");
  REQUIRE(both.program);
  CHECK(both.node("score").coordinates.size() == 2);
  CHECK(both.varies("score") == "b i j");
}

TEST_CASE("rule 3.1: a coordinate needs its extent", "[coordinates]") {
  CHECK(mha("score = dot(q, k) + e").kinds() == std::vector<std::string>{"coordinate-without-extent"});
  CHECK(mha("score = dot(q, k) + n").kinds() == std::vector<std::string>{"unknown-name"});
  CHECK(mha("t: f32[N]\nscore = dot(q, k) + sum(n: t * n)").kinds().empty());
}
