#include "test/unit/Catch.h"
#include "test/unit/sema/Checked.h"

using namespace attn;
using namespace attn::test;
using Kinds = std::vector<std::string>;

TEST_CASE("rule 7.2: layout parameters", "[layouts]") {
  Checked c("layout l(t: type, s = 2, p: int = 1) { q: t[B, I, D]; k: t[B, J, D]; v: t[B, J, D]; score = dot(q, k) * s "
            "+ p }\n"
            "attention a { w: float; layout l(bf16, w * 3, p = 5) }");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.attention().tensors[0].element == sema::ElementType::BF16);
  CHECK(c.text("score").find("w * 3") != std::string::npos);
  auto kinds = [](const std::string &use) {
    return Checked("layout l(t: type, p: int = 1) { q: t[B, I, D]; k: t[B, J, D]; v: t[B, J, D]; score = dot(q, k) + p "
                   "}\nattention a { " +
                   use + " }")
        .kinds();
  };
  CHECK(kinds("layout l(f32)").empty());
  CHECK(kinds("layout l") == Kinds{"missing-argument"});
  CHECK(kinds("layout l(3)") == Kinds{"element-type-argument"});
  CHECK(kinds("layout l(f32, 1, 2)") == Kinds{"argument-count"});
  CHECK(kinds("layout l(f32, z = 2)") == Kinds{"unknown-argument"});
  CHECK(kinds("layout l(f32, t = f16)") == Kinds{"duplicate-argument"});
  CHECK(kinds("layout l(f32, 1.5)") == Kinds{"not-integer"});
}

TEST_CASE("rules 7.1, 7.4: layouts in layouts", "[layouts]") {
  Checked c("layout inner(t: type) { q: t[B, I, D] }\nlayout outer(u: type = f16) { layout inner(u); k: u[B, J, D]; v: "
            "u[B, J, D] }\n"
            "attention a { layout outer; q = rope(q, i); k = rope(k, j) }");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.attention().tensors[0].element == sema::ElementType::F16);
  CHECK(Checked("layout l { layout m }\nlayout m { layout l }\nattention a { layout l }").kinds() ==
        Kinds{"recursive-layout"});
}

TEST_CASE("rule 2.8: lines of a layout may go unused, an attention's own may not", "[layouts]") {
  CHECK(mha("u: f32[D]\nscore = dot(u, k)").kinds().empty());
  CHECK(mha("u: f32[D]").kinds() == Kinds{"unused-line"});
  CHECK(mha("w: int").kinds() == Kinds{"unused-line"});
  CHECK(mha("W: int").kinds() == Kinds{"unused-line"});
  CHECK(mha("D = 64").kinds().empty());
  CHECK(mha("score = dot(q, k)\nscore = dot(q, k) * 2").kinds() == Kinds{"unused-line"});
  // Only the line at the root of what is unused is told.
  CHECK(mha("x = i\ny = x + 1").kinds() == Kinds{"unused-line"});
  // A tensor that alone binds an extent is used.
  CHECK(mha("t: f32[N]\nmask = j < N").kinds().empty());
}
