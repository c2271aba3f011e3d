#include "test/unit/Catch.h"
#include "test/unit/sema/Checked.h"

using namespace attn;
using namespace attn::test;
using Kinds = std::vector<std::string>;

TEST_CASE("rule 6.1: parameters, names, pipes", "[defs]") {
  Checked c("def f(x, y = 2) { z = x + y; z * z }\n"
            "attention a { layout mha; x1 = f(i); x2 = i |> f(3); x3 = f(y = 3, x = i); out o, x1, x2, x3 }");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.text("x1") == "(i + 2) * (i + 2)");
  CHECK(c.value("x2") == c.value("x3"));
}

TEST_CASE("rule 6.2: an argument keeps the meaning it has at the call", "[defs]") {
  Checked c("def f(x, n) { y = n + 1; x * y }\n"
            "attention a { layout mha; t: f32[N]; x = sum(n: f(t, 7)); out o, x }");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.text("x") == "sum(n: t[n] * 8.0)");
}

TEST_CASE("rule 6.2: a name in a block may be reused", "[defs]") {
  Checked c("def f(x) { x = x + 1; x = x * 2; x }\nattention a { layout mha; y = f(i); out o, y }");
  REQUIRE(c.program);
  CHECK(c.text("y") == "(i + 1) * 2");
}

TEST_CASE("rule 6.3: a tensor parameter binds extents for the body", "[defs]") {
  Checked c("def last(t: f32[N]) = t[N - 1] + sum(n: t)\n"
            "attention a { layout mha; u: f32[M]; w: f32[2 * P + 1]; x = last(u); y = last(w); out o, x, y }");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.text("x") == "u[M - 1] + sum(m: u[m])");
  CHECK(c.varies("y") == "");
  CHECK(Checked("def f(t: f32[N]) = t[0]\nattention a { layout mha; u: i32[M]; score = dot(q, k) + f(u) }").kinds() ==
        Kinds{"tensor-parameter"});
  CHECK(Checked("def f(t: f32[N]) = t[0]\nattention a { layout mha; score = dot(q, k) + f(q) }").kinds() ==
        Kinds{"tensor-parameter"});
  CHECK(Checked("def f(t: f32[N]) = t[0]\nattention a { layout mha; score = dot(q, k) + f(i) }").kinds() ==
        Kinds{"not-tensor"});
  CHECK(Checked("def f(t: f32[I]) = t[i]\nattention a { layout mha; u: f32[J]; score = dot(q, k) + f(u) }").kinds() ==
        Kinds{"tensor-parameter"});
  CHECK(
      Checked("def f(t: f32[N + 1]) = t[N]\nattention a { layout mha; u: f32[M + 1]; x = f(u); out o, x }").text("x") ==
      "u[M]");
}

TEST_CASE("rule 6.4: an extent argument renames the extent and its coordinate", "[defs]") {
  Checked d("def total(x) = sum(d: x) / D\ndef outer(x) = total(x)\n"
            "attention a { layout mha; t: f32[H, R]; y = outer(t, D = R); out o, y }");
  INFO(d.rendered());
  REQUIRE(d.program);
  CHECK(d.text("y") == "sum(r: t[h, r]) / R");
}

TEST_CASE("rules 6.5, 6.6: what a def sees", "[defs]") {
  CHECK(Checked("def f(x) = x + slopes\nattention a { layout mha; slopes: f32[H]; score = f(dot(q, k)) + slopes }")
            .kinds() == Kinds{"unknown-name"});
  CHECK(Checked("def f(x) = x + later\n").kinds() == Kinds{"unknown-name"});
  CHECK(Checked("def f(x) { y = z1 + 1; z1 = 2; y + z1 }\n").kinds() == Kinds{"used-before-definition"});
  CHECK(
      Checked("def f(x, n) = sum(n: x)\nattention a { layout mha; t: f32[N]; score = dot(q, k) + f(t, 1) }").kinds() ==
      Kinds{"hidden-coordinate"});
  CHECK(Checked("def f(h) = h\n").kinds() == Kinds{"coordinate-name"});
  CHECK(Checked("def f(x, x) = x\n").kinds() == Kinds{"duplicate-parameter"});
  CHECK(Checked("def f(N) = N\n").kinds() == Kinds{"capital-name"});
}

TEST_CASE("rules 6.7, 6.8: which def a name means", "[defs]") {
  CHECK(Checked("def f = 1\ndef f = 2\n").kinds() == Kinds{"duplicate-definition"});
  Checked c("def causal = j < i\ndef exp(x) = x + 1\nattention a { layout mha; mask = causal; x = exp(i); out o, x }");
  REQUIRE(c.program);
  CHECK(c.text("mask") == "j < i");
  CHECK(c.text("x") == "i + 1");
}

TEST_CASE("rule 6.9: no recursion", "[defs]") {
  CHECK(Checked("def f(x) = f(x)\nattention a { layout mha; score = f(dot(q, k)) }").kinds() ==
        Kinds{"recursive-definition"});
  CHECK(Checked("def f(x) = g1(x)\ndef g1(x) = f(x)\nattention a { layout mha; score = g1(dot(q, k)) }").kinds() ==
        Kinds{"recursive-definition"});
  // Calling a def on its own result is no recursion.
  CHECK(mha("mask = tiled(tiled(causal, 4), 16)").kinds().empty());
}

TEST_CASE("a mistake in a def is told once, however many call it", "[defs]") {
  Checked c("def f(x) = x + causal\nattention a { layout mha; score = f(dot(q, k)) }\nattention a2 { layout mha; score "
            "= f(dot(q, k)) }");
  CHECK(c.kinds() == Kinds{"not-number"});
  CHECK_FALSE(c.program);
}

TEST_CASE("a mistake that comes to light in the library is told at the call", "[defs]") {
  Checked c = mha("q = rope(slopes, i)\nslopes: f32[H]\nscore = dot(q, k)");
  CHECK(c.kinds() == Kinds{"used-before-definition"});
  Checked d = mha("slopes: f32[H]\nx = rope(slopes, i)\nout o, x");
  REQUIRE(d.kinds() == Kinds{"not-varying"});
  CHECK(d.diagnostics.all()[0].range.text() == "rope(slopes, i)");
  CHECK(d.diagnostics.all()[0].notes.size() >= 1);
}
