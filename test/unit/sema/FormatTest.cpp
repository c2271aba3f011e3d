#include "test/unit/Catch.h"
#include "test/unit/sema/Checked.h"

using namespace attn;
using namespace attn::test;

TEST_CASE("a node is written as a person would", "[format]") {
  auto text = [](const std::string &x) {
    Checked c = mha("w: int; f: float; on: bool\nx = " + x + "\nout o, x, y\ny = w * f + int(on)");
    INFO(c.rendered());
    REQUIRE(c.program);
    return c.text("x");
  };
  CHECK(text("(i + j) * w") == "(i + j) * w");
  CHECK(text("i - (j - w)") == "i - (j - w)");
  CHECK(text("-i // w % 3") == "-i // w % 3");
  CHECK(text("(-f) ** 2") == "(-f) ** 2");
  CHECK(text("2 ** f ** 3") == "2.0 ** f ** 3");
  CHECK(text("not (on and i < j)") == "not (on and i < j)");
  CHECK(text("(1 if on else 2) + w") == "(1 if on else 2) + w");
  CHECK(text("i & w | 3") == "i & w | 3");
  CHECK(text("i & (w | 3)") == "i & (w | 3)");
  CHECK(text("-inf if on else f") == "-inf if on else f");
  CHECK(text("int(f)") == "int(f)");
}

TEST_CASE("a dump names everything", "[format]") {
  Checked c = mha("D = 64; w: int = 8\nmask = window(w)\nout o, lse");
  REQUIRE(c.program);
  std::string text = sema::dump(c.attention());
  for (auto part : {"attention a", "extent D = 64", "scalar w: int = 8", "input q: f32[B, H, I, D]",
                    "mask: bool over i j", "output lse: f32[B, H, I]"})
    CHECK(text.find(part) != std::string::npos);
}

TEST_CASE("texts of shared graphs are cut", "[format]") {
  std::string text = "def a0 = float(i - j)\n";
  for (int n = 1; n <= 40; ++n)
    text += "def a" + std::to_string(n) + " = a" + std::to_string(n - 1) + " + a" + std::to_string(n - 1) + "\n";
  Checked c(text + "attention a { layout mha; score = dot(q, k) + a40 }");
  REQUIRE(c.program);
  CHECK(sema::dump(c.attention()).size() < 100'000);
}
