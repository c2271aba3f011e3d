#include "test/unit/Catch.h"
#include "test/unit/sema/Checked.h"

using namespace attn;
using namespace attn::test;
using Kinds = std::vector<std::string>;
using sema::NodeKind;

TEST_CASE("rule 9.4: row functions and what they vary with", "[rows]") {
  Checked c = mha("mask = causal\nweight = softmax(topk(score, 4))\nx = sum_after(score); y = normalize(exp(score)); z "
                  "= max(j: score)\n"
                  "s = sparsemax(score); t = entmax15(score)\nout o, x, y, z, s, t");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.node("x").kind == NodeKind::SumAfter);
  CHECK(c.varies("x") == "b h i j");
  CHECK(c.varies("z") == "b h i");
  CHECK(c.node("weight").kind == NodeKind::Softmax);
  CHECK(c.attention().lse != sema::none);
}

TEST_CASE("rule 9.4: not in score, mask, extents", "[rows]") {
  CHECK(mha("score = softmax(dot(q, k))").kinds() == Kinds{"row-function-place"});
  CHECK(mha("x = sum(j: dot(q, k))\nscore = dot(q, k) - x").kinds() == Kinds{"row-function-place"});
  CHECK(mha("mask = sum(j: 1) > 3").kinds() == Kinds{"row-function-place"});
  CHECK(mha("n = sum(j: 1)\nmask = j < n").kinds() == Kinds{"row-function-place"});
  CHECK(mha("D = sum(j: 1)").kinds().size() == 1);
}

TEST_CASE("rules 9.2, 9.3: mask and score", "[rows]") {
  CHECK(mha("mask = score > 0").kinds() == Kinds{"mask-uses-score"});
  CHECK(mha("x = score\nmask = x > 0\nweight = softmax(x)").kinds() == Kinds{"mask-uses-score"});
  CHECK(mha("mask = i - j").kinds() == Kinds{"mask-type"});
  CHECK(mha("mask = d > 2").kinds() == Kinds{"mask-varies"});
  CHECK(mha("score = causal").kinds() == Kinds{"score-type"});
  CHECK(mha("weight = causal").kinds() == Kinds{"weight-type"});
  Checked warned = mha("score = q * k");
  CHECK(warned.kinds() == Kinds{"score-varies"});
  CHECK(warned.program);
  // A tensor may be the mask or the score.
  CHECK(mha("mask: bool[B, I, J]").kinds().empty());
  CHECK(Checked("attention a { score: f32[B, H, I, J]; v: f32[B, H, J, E] }").kinds().empty());
}

TEST_CASE("rule 2.7: lse belongs to one softmax", "[rows]") {
  CHECK(mha("out lse").kinds().empty());
  CHECK(mha("weight = softmax(score) + softmax(score)\nout lse").kinds().empty());
  CHECK(mha("weight = softmax(score) + softmax(2 * score)\nout lse").kinds() == Kinds{"lse-needs-softmax"});
  CHECK(mha("weight = relu(score)\nout lse").kinds() == Kinds{"lse-needs-softmax"});
}

TEST_CASE("rule 9.5: operands are 32 bits and sinks one per row", "[rows]") {
  Checked c = mha("weight = softmax(-abs(i - j), sink = 1)");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.node("weight").type == sema::ScalarType::Float32);
  CHECK(c.node("weight").operands.size() == 2);
  CHECK(mha("weight = softmax(score, sink = j)").kinds() == Kinds{"sink-varies"});
  CHECK(mha("weight = softmax(topk(score, 2.5))").kinds() == Kinds{"not-integer"});
}

TEST_CASE("score and weight are there only where something uses them", "[rows]") {
  Checked c = mha("weight = sigmoid(dot(q, k))");
  REQUIRE(c.program);
  CHECK(c.attention().score == sema::none);
  CHECK(c.attention().weight != sema::none);
  Checked mean("attention a { v: f32[B, J, E]; o = sum(j: v) / J }");
  INFO(mean.rendered());
  REQUIRE(mean.program);
  CHECK(mean.attention().weight == sema::none);
}
