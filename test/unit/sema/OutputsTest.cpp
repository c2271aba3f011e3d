#include "test/unit/Catch.h"
#include "test/unit/sema/Checked.h"

using namespace attn;
using namespace attn::test;
using Kinds = std::vector<std::string>;
using sema::ElementType;

namespace {

std::string shape(const Checked &c, size_t n) {
  std::string text;
  for (const sema::Dimension &dimension : c.attention().outputs[n].dimensions)
    text += (text.empty() ? "" : " ") + sema::format(c.attention(), dimension.value);
  return text;
}

} // namespace

TEST_CASE("rule 10.4: what an output without a type is", "[outputs]") {
  Checked d = mha("t: f32[N, A]; y = i + j; m = causal; x = t + b\nout y, m, o, lse, x");
  INFO(d.rendered());
  REQUIRE(d.program);
  REQUIRE(d.attention().outputs.size() == 5);
  // The layout's `out o` comes first.
  CHECK(shape(d, 0) == "B H I D");
  CHECK(d.attention().outputs[1].element == ElementType::I64);
  CHECK(shape(d, 1) == "I J");
  CHECK(d.attention().outputs[2].element == ElementType::Bool);
  CHECK(shape(d, 3) == "B H I");
  CHECK(shape(d, 4) == "B A N");
}

TEST_CASE("rules 10.1 to 10.4: wrong outputs", "[outputs]") {
  CHECK(mha("out nothing").kinds() == Kinds{"unknown-output"});
  CHECK(mha("out q").kinds() == Kinds{"output-is-input"});
  CHECK(mha("out lse, lse").kinds() == Kinds{"duplicate-output"});
  CHECK(mha("out o").kinds().empty());
  CHECK(mha("out o, o").kinds() == Kinds{"duplicate-output"});
  CHECK(mha("out o: bf16[B, H, I, D]; out o").kinds() == Kinds{"duplicate-output"});
  CHECK(mha("out o: bf16[B, H, I, D]").kinds().empty());
  CHECK(mha("out lse: f32[B, H]").kinds() == Kinds{"output-varies"});
  CHECK(mha("x = causal\nout x: f32[I, J]").kinds() == Kinds{"output-type"});
  CHECK(mha("x = i\nout x: f32[I]").kinds().empty());
  CHECK(mha("x = i / 2\nout x: i32[I]").kinds() == Kinds{"output-type"});
  CHECK(mha("x = i\nout x: f32[I, 3]").kinds() == Kinds{"output-needs-store"});
  CHECK(mha("x = i\nout x: f32[I, I]").kinds() == Kinds{"output-needs-store"});
}

TEST_CASE("rule 10.5: score and weight as outputs where keys are invisible", "[outputs]") {
  Checked c = mha("mask = causal\nweight = relu(score)\nout o, score, weight");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.text("score") == "dot(q[b, h, i, d], k[b, h, j, d]) / sqrt(D) if j <= i else -inf");
  CHECK(c.node("weight").kind == sema::NodeKind::Select);
  CHECK(c.attention().weight != c.value("weight"));
}

TEST_CASE("rules 10.6, 10.7: stores", "[outputs]") {
  auto store = [](const std::string &type, const std::string &index) {
    return mha("t: i32[B]; y = t[0]\nout p: f32[" + type + "], y\np[" + index + "] = o").kinds();
  };
  CHECK(store("B, I, H * D", "b, i, h * D + d").empty());
  CHECK(store("B, I, H * D", "b, i, d * H + h").empty());
  CHECK(store("B * I * H * D", "((b * I + i) * H + h) * D + d").empty());
  CHECK(store("B, I, H, D", "b, I - 1 - i").empty());
  CHECK(store("N, H, D", "t[b] + i, h, d").front() == "extent-unbound");
  CHECK(store("B * 9, H, D", "t[b] + i, h, d").empty());
  CHECK(store("B, I, H * D", "b, i, h + d") == Kinds{"store-not-proven"});
  CHECK(store("B, I, H * D", "b, i, h * D + d // 2") == Kinds{"store-not-proven"});
  CHECK(store("B, I, D", "b, i, d") == Kinds{"store-not-one-to-one"});
  CHECK(store("B, I, H, D", "b, i, h, d, 0") == Kinds{"too-many-indices"});
  CHECK(mha("p[i] = o").kinds() == Kinds{"store-not-output"});
  CHECK(mha("out p\np[b, i, h, d] = o").kinds() == Kinds{"store-needs-type"});
}

TEST_CASE("rule 10.7: table[b] + i is left to a check before the run", "[outputs]") {
  Checked c("attention a { layout varlen }");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.attention().outputs[0].checkOneToOne);
  Checked d = mha("out p: f32[B, I, H * D]\np[b, i, h * D + d] = o");
  REQUIRE(d.program);
  CHECK_FALSE(d.attention().outputs[1].checkOneToOne);
}

TEST_CASE("rule 2.5: stores and outputs read the last definition", "[outputs]") {
  Checked c("attention a { layout varlen; gate: f32[H]; o = o * gate }");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.text("op").find("gate[h]") != std::string::npos);
}
