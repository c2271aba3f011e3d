#include "test/unit/Catch.h"
#include "test/unit/sema/Checked.h"

using namespace attn;
using namespace attn::test;
using sema::ExtentBinding;
using Kinds = std::vector<std::string>;

namespace {

const sema::Extent &extent(const Checked &c, std::string_view name) {
  return c.attention().extents[c.attention().findExtent(name)];
}

const sema::Dimension &dimension(const Checked &c, std::string_view tensor, size_t n) {
  return c.attention().tensors[c.attention().findTensor(tensor)].dimensions[n];
}

} // namespace

TEST_CASE("rule 3.3: plain dimensions bind an extent", "[extents]") {
  Checked c = mha("D = 64\nt: f32[N + 1]\nscore = dot(q, k) + t[0]");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(extent(c, "B").binding == ExtentBinding::Dimension);
  CHECK(extent(c, "D").binding == ExtentBinding::Computed);
  CHECK(extent(c, "D").fixed == 64);
  CHECK(dimension(c, "q", 3).extent == sema::none);
  CHECK(dimension(c, "q", 2).extent == c.attention().findExtent("I"));
  CHECK(dimension(c, "t", 0).extent == c.attention().findExtent("N"));
  CHECK(dimension(c, "t", 0).offset == 1);
  CHECK(dimension(c, "t", 0).scale == 1);
}

TEST_CASE("rule 3.3: a * X + c binds only what no plain dimension binds", "[extents]") {
  Checked c = mha("t: f32[2 * I + 1]; u: f32[3 * N - 2]\nscore = dot(q, k) + t[0] + u[0]");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(dimension(c, "t", 0).extent == sema::none);
  CHECK(dimension(c, "u", 0).scale == 3);
  CHECK(dimension(c, "u", 0).offset == -2);
}

TEST_CASE("rule 3.3: a scale may be a scalar the caller gives", "[extents]") {
  Checked c("attention a { q3: f32[B, I, H * D]; k3: f32[B, J, H * D]; v3: f32[B, J, H * E]; H: int\n"
            "q = q3[b, i, h * D + d]; k = k3[b, j, h * D + d]; v = v3[b, j, h * E + e] }");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(extent(c, "H").binding == ExtentBinding::Input);
  CHECK(dimension(c, "q3", 2).extent == c.attention().findExtent("D"));
  CHECK(dimension(c, "q3", 2).scaleValue != sema::none);
}

TEST_CASE("rule 3.4: B, H and G dimensions of inputs may be 1", "[extents]") {
  Checked c("attention a { layout gqa }");
  REQUIRE(c.program);
  CHECK(dimension(c, "k", 0).broadcastable);
  CHECK(dimension(c, "k", 1).broadcastable);
  CHECK_FALSE(dimension(c, "k", 2).broadcastable);
}

TEST_CASE("rule 3.6: an extent may vary with b", "[extents]") {
  Checked c("attention a { q: f32[B, I, D]; x: f32[B, N, D]; len: i32[B]; J = len[b]; k = x[b, j]; v = k }");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(extent(c, "J").perBatch);
  CHECK_FALSE(extent(c, "I").perBatch);
  CHECK(mha("J = i").kinds() == Kinds{"extent-varies"});
  CHECK(mha("len: i32[B]\nJ = len").kinds() == Kinds{"per-batch-dimension", "per-batch-dimension"});
  CHECK(Checked(
            "attention a { q: f32[B, I, D]; x: f32[B, N, D]; len: i32[B]; J = len[b]; k = x[b, j]; v = k; out weight }")
            .kinds() == Kinds{"per-batch-dimension"});
}

TEST_CASE("rule 3.7: unbound extents", "[extents]") {
  Checked c("attention a { k: f32[B, J, D]; v: f32[B, J, E]; u: f32[D]; score = dot(u, k); mask = causal_end }");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(extent(c, "I").binding == ExtentBinding::One);
  CHECK(extent(c, "I").fixed == 1);
  // i is 0 there, so it is no dimension of the output.
  CHECK(c.attention().outputs[0].dimensions.size() == 2);
  Checked heads("attention a { k: f32[B, G, J, D]; v: f32[B, G, J, E]; u: f32[D]; score = dot(u, k) }");
  REQUIRE(heads.program);
  CHECK(sema::format(heads.attention(), extent(heads, "H").value) == "G");
  CHECK(Checked("attention a { layout gqa; H = 6; G = 4 }").kinds() == Kinds{"heads-not-divisible"});
  CHECK(Checked("attention a { q: f32[B, I, D]; k: f32[B, J, D]; v: f32[B, J, E]; out x: f32[Z]; x = e }")
            .kinds()
            .front() == "output-varies");
  CHECK(mha("out o, x: f32[Z]\nx = 1").kinds() == Kinds{"extent-unbound"});
}

TEST_CASE("extents must be bound once, by integers, in no circle", "[extents]") {
  CHECK(mha("D = 1; D = 2").kinds() == Kinds{"extent-bound-twice"});
  CHECK(mha("D: int; D = 2").kinds() == Kinds{"extent-bound-twice"});
  CHECK(mha("D = 2.0").kinds() == Kinds{"extent-not-integer"});
  CHECK(mha("I = J; J = I").kinds() == Kinds{"cyclic-extent"});
  CHECK(mha("I = I").kinds() == Kinds{"cyclic-extent"});
  CHECK(mha("D = 2 - 4").kinds() == Kinds{"negative-extent"});
}
