#include "test/unit/Catch.h"
#include "test/unit/sema/Checked.h"

#include <fmt/format.h>

using namespace attn;
using namespace attn::test;

TEST_CASE("rule 6.10: forty doublings make forty nodes", "[sharing]") {
  std::string text = "def a0 = float(i - j)\n";
  for (int n = 1; n <= 40; ++n)
    text += fmt::format("def a{} = a{} + a{}\n", n, n - 1, n - 1);
  Checked c(text + "attention a { layout mha; score = dot(q, k) + a40 }");
  REQUIRE(c.program);
  CHECK(c.attention().nodes.size() < 100);
}

TEST_CASE("rule 6.10: doublings through parameters and through brackets stay small", "[sharing]") {
  std::string text = "def a0(x) = x\ndef m0 = causal\n";
  for (int n = 1; n <= 40; ++n)
    text +=
        fmt::format("def a{0}(x) = a{1}(x) + a{1}(x)\ndef m{0} = m{1}[i = i + {0}] and m{1}[j = j + {0}]\n", n, n - 1);
  Checked c(text + "attention a { layout mha; score = a40(dot(q, k)); mask = m40 }");
  INFO(c.rendered());
  REQUIRE(c.program);
  CHECK(c.attention().nodes.size() < 400);
}

TEST_CASE("equal expressions are one node", "[sharing]") {
  Checked c = mha("x = i * 2 + j\ny = 2\nz = i * y + j\nout o, x, z");
  REQUIRE(c.program);
  CHECK(c.value("x") == c.value("z"));
}

TEST_CASE("operands come before their users", "[sharing]") {
  Checked c = mha("mask = tiled(causal, 8)\nq = rope(q, i)\nout o, lse, weight");
  REQUIRE(c.program);
  for (sema::NodeId id = 0; id < c.attention().nodes.size(); ++id)
    for (sema::NodeId operand : c.attention().nodes[id].operands)
      CHECK(operand < id);
}
