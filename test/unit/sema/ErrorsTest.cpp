#include "test/unit/Catch.h"
#include "test/unit/sema/Checked.h"

using namespace attn;
using namespace attn::test;
using Kinds = std::vector<std::string>;

TEST_CASE("several mistakes in one file are all told", "[errors]") {
  Checked c("attention a { layout mha; score = foo + 1; mask = j }\nattention a2 { layout mah }\ndef f(x) = y1\n");
  CHECK(c.kinds() == Kinds{"unknown-name", "unknown-name", "mask-type", "unknown-layout"});
}

TEST_CASE("suggestions", "[errors]") {
  auto replacement = [](const std::string &lines) {
    Checked c = mha(lines);
    INFO(c.rendered());
    REQUIRE(c.diagnostics.all().size() == 1);
    REQUIRE(c.diagnostics.all()[0].suggestions.size() == 1);
    return c.diagnostics.all()[0].suggestions[0].replacement;
  };
  CHECK(replacement("scroe = dot(q, k)") == "score");
  CHECK(replacement("mask = casual") == "causal");
  CHECK(replacement("score = dot(q, k) |> softcpa(3)") == "softcap");
  CHECK(replacement("slopes: f32[H]\nscore = dot(q, k) + slope") == "slopes");
  CHECK(replacement("out lsee") == "lse");
  CHECK(replacement("mask = q_idx >= j") == "i");
  CHECK(replacement("mask = i >= kv_idx") == "j");
  CHECK(replacement("mask = True") == "true");
  CHECK(replacement("mask = False") == "false");
  CHECK(replacement("mask = i < 3 & j < 3") == "and");
  CHECK(replacement("mask = i < 3 | j < 3") == "or");
}

TEST_CASE("nothing in the library is to be replaced", "[errors]") {
  Checked c = mha("score = dot(q, k) |> alibi(causal)");
  REQUIRE(c.kinds() == Kinds{"not-number"});
  CHECK(c.diagnostics.all()[0].suggestions.empty());
  CHECK(c.rendered().find("note: `int` makes 0 or 1 of a bool") != std::string::npos);
}

TEST_CASE("a name that is like no other is to be declared", "[errors]") {
  Checked c = mha("score = dot(q, k) + temperature[h]");
  REQUIRE(c.kinds() == Kinds{"unknown-name"});
  REQUIRE(c.diagnostics.all()[0].notes.size() == 1);
  CHECK(c.diagnostics.all()[0].notes[0].text.find("`temperature: f32[…]`") != std::string::npos);
}

TEST_CASE("rules 2.1 to 2.6: names", "[errors]") {
  CHECK(mha("x: f32[H]; x: int\nscore = dot(q, k) + x").kinds() == Kinds{"duplicate-declaration"});
  CHECK(mha("x = 1; x: int\nscore = dot(q, k) + x").kinds() == Kinds{"duplicate-declaration"});
  CHECK(mha("h = 2").kinds().front() == "coordinate-name");
  CHECK(mha("pi = 2\nscore = dot(q, k) * pi").kinds() == Kinds{"constant-name"});
  CHECK(mha("x: f99[H]\nscore = dot(q, k) + x").kinds() == Kinds{"unknown-type"});
  CHECK(mha("v = v + o").kinds() == Kinds{"cyclic-definition"});
  CHECK(mha("weight = softmax(score) * o").kinds().front() == "cyclic-definition");
  CHECK(Checked("attention a { }").kinds().size() <= 3);
  CHECK(mha("s: float = 1; t: float = s\nscore = dot(q, k) * s * t").kinds().empty());
  CHECK(mha("t: float = s; s: float = 1\nscore = dot(q, k) * s * t").kinds() == Kinds{"used-before-definition"});
  CHECK(mha("s: int = 1.5\nscore = dot(q, k) * s").kinds() == Kinds{"not-integer"});
  CHECK(mha("s: float = h\nscore = dot(q, k) * s").kinds() == Kinds{"default-not-constant"});
}

TEST_CASE("calls", "[errors]") {
  auto kinds = [](const std::string &x) { return mha("t: f32[H]\nscore = dot(q, k) + " + x + " + t").kinds(); };
  CHECK(kinds("t(3)") == Kinds{"not-callable"});
  CHECK(kinds("h(3)") == Kinds{"not-callable"});
  CHECK(kinds("tanh") == Kinds{"unknown-name"});
  CHECK(kinds("tanh(1, 2)") == Kinds{"argument-count"});
  CHECK(kinds("min(1)") == Kinds{"argument-count"});
  CHECK(kinds("min(1, 2, 3)").empty());
  CHECK(kinds("clamp(1, low = 2, high = 3)").empty());
  CHECK(kinds("clamp(1, lo = 2, high = 3)") == Kinds{"unknown-argument"});
  CHECK(kinds("alibi(1)") == Kinds{"missing-argument"});
  CHECK(kinds("alibi(1, 2, 3)") == Kinds{"argument-count"});
  CHECK(kinds("sum(t)") == Kinds{"reduction-without-coordinate"});
  CHECK(kinds("mean(h: t)") == Kinds{"unknown-reduction"});
  CHECK(kinds("dot(t, t)") == Kinds{"no-shared-coordinate"});
}
