#include "test/unit/Catch.h"
#include "test/unit/sema/Checked.h"

#include <fmt/format.h>

using namespace attn;
using namespace attn::test;
using Kinds = std::vector<std::string>;

TEST_CASE("rule 6.11: definitions that multiply are refused", "[hostile]") {
  std::string text = "def f0(x, y) = x * y\n";
  for (int n = 1; n <= 40; ++n)
    text += fmt::format("def f{0}(x, y) = f{1}(x * 2.0, y) + f{1}(y, x + {0})\n", n, n - 1);
  CHECK(Checked(text + "attention a { layout mha; score = f40(dot(q, k), i) }").kinds() == Kinds{"program-too-large"});
}

TEST_CASE("rule 6.11: rebases that multiply are refused", "[hostile]") {
  std::string text = "def f0(m) = m\n";
  for (int n = 1; n <= 40; ++n)
    text += fmt::format("def f{0}(m) = f{1}(m[i = i * {0} + 1]) and f{1}(m[i = i // {0}, j = i])\n", n, n - 1);
  Checked c(text + "attention a { layout mha; mask = f40(causal) }");
  REQUIRE(c.kinds().size() == 1);
  CHECK(c.kinds()[0] == "program-too-large");
}

TEST_CASE("rule 6.11: deep calls and long chains are refused, not overflowed", "[hostile]") {
  std::string text = "def f0(x) = x\n";
  for (int n = 1; n < 20000; ++n)
    text += fmt::format("def f{}(x) = f{}(x + 1)\n", n, n - 1);
  CHECK(Checked(text + "attention a { layout mha; score = f19999(dot(q, k)) }").kinds() ==
        Kinds{"definitions-too-deep"});
  std::string lines = "x = float(i)\n";
  for (int n = 0; n < 10000; ++n)
    lines += "x = x * x + 1\n";
  Checked chain = mha(lines + "score = dot(q, k) + x");
  CHECK(chain.kinds() == Kinds{"program-too-large"});
  CHECK(chain.rendered().find("a chain of more than 4000 operations") != std::string::npos);
}

TEST_CASE("thousands of names are no matter", "[hostile]") {
  std::string lines = "x0 = float(i)\n", text;
  for (int n = 1; n < 1500; ++n)
    lines += fmt::format("x{} = x{} + 1\n", n, n - 1);
  CHECK(mha(lines + "score = dot(q, k) + x1499").kinds().empty());
  for (int n = 0; n < 3000; ++n)
    text += fmt::format("attention a{} {{ layout mha }}\n", n);
  CHECK(Checked(text).kinds().empty());
}

TEST_CASE("layouts that multiply are refused", "[hostile]") {
  std::string text = "layout l0 { x = 1 }\n";
  for (int n = 1; n <= 60; ++n)
    text += fmt::format("layout l{0} {{ layout l{1}; layout l{1} }}\n", n, n - 1);
  CHECK(Checked(text + "attention a { layout l60 }").kinds() == Kinds{"too-many-lines"});
}

TEST_CASE("rule 3.9: coordinates without end", "[hostile]") {
  std::string text = "def f(t: f32[Z]) = sum(z: t)\nattention a { layout mha\n", sum;
  for (int n = 0; n < 100; ++n) {
    text += fmt::format("t{0}: f32[T{0}]\n", n);
    sum += fmt::format(" + f(t{})", n);
  }
  CHECK(Checked(text + "score = dot(q, k)" + sum + " }").kinds() == Kinds{"too-many-coordinates"});
}

TEST_CASE("an empty file and an empty attention", "[hostile]") {
  CHECK(Checked("").kinds().empty());
  CHECK(Checked("").program->attentions.empty());
  CHECK_FALSE(Checked("attention a { }").program);
}
