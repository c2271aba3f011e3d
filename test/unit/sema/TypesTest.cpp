#include "test/unit/Catch.h"
#include "test/unit/sema/Checked.h"

using namespace attn;
using namespace attn::test;
using sema::ScalarType;
using Kinds = std::vector<std::string>;

namespace {

/// The type of an expression over layout mha with some declarations.
ScalarType typeOf(const std::string &expression) {
  Checked c = mha("t: f32[N]; n8: i8[N]; flag: bool[N]; p: int; f: float; on: bool\nx = " + expression +
                  "\nout o, x, t0, n0, f0\nt0 = t[0]; n0 = n8[0] + int(flag[0]) + int(on); f0 = f + p");
  INFO(expression << "\n" << c.rendered());
  REQUIRE(c.program);
  for (const sema::Definition &definition : c.attention().definitions)
    if (definition.name == "x")
      return c.attention().nodes[definition.value].type;
  FAIL("no x");
  return ScalarType::Bool;
}

Kinds kindsOf(const std::string &expression) {
  return mha("p: int\nx = " + expression + "\nout o, x, p0\np0 = p").kinds();
}

} // namespace

TEST_CASE("rules 8.1, 8.2, 8.6: types of expressions", "[types]") {
  CHECK(typeOf("1") == ScalarType::Int);
  CHECK(typeOf("1.5") == ScalarType::Float64);
  CHECK(typeOf("i + j") == ScalarType::Int);
  CHECK(typeOf("i / 2") == ScalarType::Float64);
  CHECK(typeOf("i // 2") == ScalarType::Int);
  CHECK(typeOf("i % 2.5") == ScalarType::Float64);
  CHECK(typeOf("i ** 2") == ScalarType::Int);
  CHECK(typeOf("i ** -2") == ScalarType::Float64);
  CHECK(typeOf("2 ** p") == ScalarType::Float64);
  CHECK(typeOf("t[0]") == ScalarType::Float32);
  CHECK(typeOf("t[0] * f") == ScalarType::Float32);
  CHECK(typeOf("t[0] ** i") == ScalarType::Float32);
  CHECK(typeOf("f * pi") == ScalarType::Float64);
  CHECK(typeOf("sqrt(D)") == ScalarType::Float64);
  CHECK(typeOf("n8[0]") == ScalarType::Int);
  CHECK(typeOf("float(n8[0])") == ScalarType::Float64);
  CHECK(typeOf("float(n8[0]) * t[0]") == ScalarType::Float32);
  CHECK(typeOf("flag[0]") == ScalarType::Bool);
  CHECK(typeOf("flag[0] & on") == ScalarType::Bool);
  CHECK(typeOf("~on") == ScalarType::Bool);
  CHECK(typeOf("~p") == ScalarType::Int);
  CHECK(typeOf("0 <= i < 5") == ScalarType::Bool);
  CHECK(typeOf("1 if on else 2.5") == ScalarType::Float64);
  CHECK(typeOf("min(i, 2, t[0])") == ScalarType::Float32);
  CHECK(typeOf("abs(i - j)") == ScalarType::Int);
  CHECK(typeOf("relu(i - j)") == ScalarType::Int);
  CHECK(typeOf("round(f)") == ScalarType::Float64);
  CHECK(typeOf("int(f)") == ScalarType::Int);
  CHECK(typeOf("sum(d: q * k)") == ScalarType::Float32);
  CHECK(typeOf("any(n: flag)") == ScalarType::Bool);
  CHECK(typeOf("sum(n: n8)") == ScalarType::Int);
  CHECK(typeOf("score") == ScalarType::Float32);
}

TEST_CASE("rule 8.2: what reads the score is 32 bits, whatever it is made of", "[types]") {
  Checked c = mha("score = -abs(i - j)");
  INFO(c.rendered());
  CHECK(c.kinds().empty());
  REQUIRE(c.program);
  CHECK(c.attention().nodes[c.attention().score].type == ScalarType::Float32);
}

TEST_CASE("rule 8.2: rotary angles are computed in 64 bits", "[types]") {
  Checked c = mha("q = rope(q, i)\nk = rope(k, j)");
  REQUIRE(c.program);
  for (const sema::Node &node : c.attention().nodes)
    if (node.kind == sema::NodeKind::Unary && (node.unary == sema::UnaryOp::Cos || node.unary == sema::UnaryOp::Sin))
      CHECK(node.type == ScalarType::Float64);
}

TEST_CASE("rules 8.4, 8.5, 8.9: what doesn't fit together", "[types]") {
  CHECK(kindsOf("causal + 1") == Kinds{"not-number"});
  CHECK(kindsOf("-causal") == Kinds{"not-number"});
  CHECK(kindsOf("exp(causal)") == Kinds{"not-number"});
  CHECK(kindsOf("not i") == Kinds{"not-bool"});
  CHECK(kindsOf("i and causal") == Kinds{"not-bool"});
  CHECK(kindsOf("1 if i else 2") == Kinds{"not-bool"});
  CHECK(kindsOf("1 if causal else causal") == Kinds{"branch-types"});
  CHECK(kindsOf("causal == 1") == Kinds{"compare-types"});
  CHECK(kindsOf("causal < causal") == Kinds{"compare-types"});
  CHECK(kindsOf("causal == (i < 1)").empty());
  CHECK(kindsOf("1.5 & 2") == Kinds{"bitwise-operands"});
  CHECK(kindsOf("causal & 1") == Kinds{"bitwise-operands"});
  CHECK(kindsOf("causal << 1") == Kinds{"not-number"});
  CHECK(kindsOf("i << 64") == Kinds{"shift-range"});
  CHECK(kindsOf("i & 1 == 0") == Kinds{"bitwise-beside-comparison"});
  CHECK(kindsOf("(i & 1) == 0").empty());
  CHECK(kindsOf("i // 0") == Kinds{"division-by-zero"});
  CHECK(kindsOf("i / 0").empty());
  CHECK(kindsOf("sum(d: causal)") == Kinds{"not-number"});
  CHECK(kindsOf("any(d: q)") == Kinds{"not-bool"});
  CHECK(kindsOf("~1.5") == Kinds{"not-integer"});
}

TEST_CASE("two mistakes in one expression are both told", "[types]") {
  CHECK(kindsOf("(causal + 1) * foo") == Kinds{"not-number", "unknown-name"});
}
