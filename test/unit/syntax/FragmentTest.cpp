#include "test/unit/Catch.h"

#include "compiler/syntax/Fragment.h"

using namespace attn;
using syntax::Fragment;

namespace {

/// The kind of a fragment without mistakes, and how many items or lines it has; or the first mistake.
std::string kindOf(const char *text) {
  SourceFile source("<input>", text);
  Diagnostics diagnostics;
  Fragment fragment = syntax::parseFragment(source, diagnostics);
  if (diagnostics.hasErrors())
    return std::string(kindName(diagnostics.all().front().kind));
  switch (fragment.kind) {
  case Fragment::Kind::Nothing:
    return "nothing";
  case Fragment::Kind::Items:
    return fmt::format("items {}", fragment.file.order.size());
  case Fragment::Kind::Lines:
    return fmt::format("lines {}", fragment.lines.size());
  case Fragment::Kind::Expression:
    return "expression";
  }
  return "";
}

} // namespace

TEST_CASE("what is typed at a prompt") {
  CHECK(kindOf("") == "nothing");
  CHECK(kindOf(" \n# a comment\n;") == "nothing");
  CHECK(kindOf("def f(x) = x") == "items 1");
  CHECK(kindOf("\ndef f(x) = x; def g = j") == "items 2");
  CHECK(kindOf("attention a { layout mha }") == "items 1");
  CHECK(kindOf("import \"a.attn\"") == "items 1");
  CHECK(kindOf("layout mine(t: type = f32) { q: t[I] }") == "items 1");
  CHECK(kindOf("layout mha(bf16)") == "lines 1");
  CHECK(kindOf("layout mha") == "lines 1");
  CHECK(kindOf("out o, lse") == "lines 1");
  CHECK(kindOf("mask = causal") == "lines 1");
  CHECK(kindOf("q: f32[I]; k: f32[J]\nmask = causal") == "lines 3");
  CHECK(kindOf("o3[b, i, h * E + e] = o") == "lines 1");
  CHECK(kindOf("q[b, i]") == "expression");
  CHECK(kindOf("q[i = 3]") == "expression");
  CHECK(kindOf("mask == causal") == "expression");
  CHECK(kindOf("dot(q, k)\n  |> softcap(50.0)") == "expression");
  CHECK(kindOf("(1 +\n2)") == "expression");
}

TEST_CASE("mistakes in what is typed") {
  CHECK(kindOf("1 +") == "expected-expression");
  CHECK(kindOf("1 2") == "missing-separator");
  CHECK(kindOf("a; b") == "missing-separator");
  CHECK(kindOf("if = 3") == "reserved-name");
  CHECK(kindOf("mask = causal\ndef f(x) = x") == "nested-item");
  CHECK(kindOf("def f(x) = x\nmask = causal") == "line-outside-block");
  CHECK(kindOf("}") == "unopened-bracket");
  CHECK(kindOf("mask = (causal") == "unclosed-bracket");
  CHECK(kindOf("layout") == "unexpected-token");
  CHECK(kindOf("layout (") == "unclosed-bracket");
}

TEST_CASE("whether more must follow") {
  for (const char *text : {"def f {", "attention a {\n  layout mha", "min(1,", "x[", "1 +", "a and", "not", "mask =", "q:",
                           "x |>", "def f(x) =", "1 + # a comment", "x if y else", "attention a {\n  mask = (\n"})
    CHECK(syntax::expectsMore(text));
  for (const char *text : {"", "1", "causal", "def f { x }", "attention a { }", "x)", "}", "\"a", "# (", "layout"})
    CHECK_FALSE(syntax::expectsMore(text));
}

TEST_CASE("whether a line goes on") {
  for (const char *line : {"|> softcap(3)", "  and x", "or y", "* 3", "if x else y", "else y", ", 3", "== 4"})
    CHECK(syntax::continuesLine(line));
  for (const char *line : {"", "x", "- 3", "+ 3", "not x", ")", "}", "# and", "mask = 3", "=", ":"})
    CHECK_FALSE(syntax::continuesLine(line));
}
