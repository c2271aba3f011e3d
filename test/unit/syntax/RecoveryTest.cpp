#include "test/unit/Catch.h"
#include "test/unit/syntax/TreeText.h"

using namespace attn;
using namespace attn::syntax;

static std::string inBlock(const std::string &text) { return Parsed("attention t {\n" + text + "\n}\n").reports(); }

TEST_CASE("every line of a block may have its own mistake") {
  CHECK(inBlock("a = 1 +;\nb = 2 2\nc = x if y\nd = 3\nq * 2") ==
        "expected-expression@2 missing-separator@3 missing-else@4 expression-line@6");
}

TEST_CASE("what follows a wrong item is still read") {
  Parsed parsed("import foo\nattenion x {\n  a = 1\n}\ndef = 2\ndef g = 3\nattention 5 { b = $ }\nlayout l { }\n");
  CHECK(parsed.reports() ==
        "unexpected-token@1 unexpected-token@2 unexpected-token@5 unexpected-token@7 unexpected-character@7");
  CHECK(parsed.file.definitions.size() == 1);
  CHECK(parsed.file.layouts.size() == 1);
}

TEST_CASE("a bracket that is never closed is reported where it opens, and the next line is read") {
  Parsed parsed("attention t {\n  score = dot(q, k\n  mask = true\n}\n");
  REQUIRE(parsed.reports() == "unclosed-bracket@2");
  CHECK(parsed.diagnostics.all()[0].range.text() == "(");
  CHECK(parsed.diagnostics.all()[0].range.begin == 27);
  CHECK(parsed.file.attentions.at(0).lines.size() == 2);
  CHECK(inBlock("a = f(b,\n  g(c,\n  d") == "unclosed-bracket@3");
  CHECK(inBlock("a = f(b\nc = (d + 1)\nlayout l(e\nout o") == "unclosed-bracket@2 unclosed-bracket@4");
  CHECK(inBlock("a = f(b\nc = g(d))") == "unclosed-bracket@2");
  CHECK(inBlock("a = [b\n") == "unclosed-bracket@2 expected-expression@2");
}

TEST_CASE("a comma that is missing between lines in brackets is reported there") {
  CHECK(inBlock("a = max(b,\n  c\n  d)\ne = 1 1") == "unexpected-token@4 missing-separator@5");
}

TEST_CASE("a block that is never closed ends before the next item") {
  Parsed parsed("attention a {\n  x = 1\nattention b {\n  x = 2\n}\nlayout l {\n q: f32[I]\n");
  CHECK(parsed.reports() == "unclosed-bracket@1 unclosed-bracket@6");
  CHECK(parsed.file.attentions.size() == 2);
  CHECK(parsed.file.layouts.size() == 1);
}

TEST_CASE("a bracket that closes nothing is left out") {
  CHECK(inBlock("a = b)\nc = d]") == "unopened-bracket@2 unopened-bracket@3");
  CHECK(Parsed("}\ndef f = 1\n").reports() == "unopened-bracket@1");
  CHECK(inBlock("a = f(b]\nc = d[i)") == "mismatched-bracket@2 mismatched-bracket@3");
}

TEST_CASE("the mistakes people bring from other languages have their own messages") {
  CHECK(inBlock("a = b = c") == "assignment-in-expression@2");
  CHECK(inBlock("a = (b = c)") == "assignment-in-expression@2");
  CHECK(inBlock("a = b if c = d else e") == "assignment-in-expression@2");
  CHECK(inBlock("a = f(b + 1 = 2)") == "assignment-in-expression@2");
  CHECK(inBlock("return a") == "foreign-construct@2");
  CHECK(inBlock("let a = 1") == "foreign-construct@2");
  CHECK(inBlock("for j in J: x = 1") == "foreign-construct@2");
  CHECK(inBlock("a = sum(x for j in r)") == "foreign-construct@2");
  CHECK(inBlock("a = lambda x: x + 1") == "foreign-construct@2");
  CHECK(inBlock("a = lambda: 1") == "foreign-construct@2");
  CHECK(inBlock("a = b[1, 2](c)") == "missing-separator@2");
  CHECK(inBlock("a = (b, c)") == "unexpected-token@2");
  CHECK(inBlock("a = [b, c]") == "expected-expression@2");
  CHECK(inBlock("a = \"b\"") == "expected-expression@2");
  CHECK(inBlock("a = f(b,)") == "expected-expression@2");
  CHECK(inBlock("a = b == not c") == "expected-expression@2");
  CHECK(inBlock("f(x) = x") == "unexpected-token@2");
  CHECK(inBlock("q[B, H]: f32") == "unexpected-token@2");
  CHECK(inBlock("a = 1 // a comment") == "missing-separator@2");
  CHECK(inBlock("out o = 1") == "unexpected-token@2");
  CHECK(inBlock("a = b |> c + 1") == "pipe-target@2");
  CHECK(inBlock("a = b |> 3") == "pipe-target@2");
}

TEST_CASE("words of the language are no names") {
  CHECK(inBlock("out = 3\nlayout: int; if = 1\nx = 1") == "reserved-name@2 reserved-name@3 reserved-name@3");
  CHECK(Parsed("def def = 1\ndef f(out) = 1\nattention layout { }\n").reports() ==
        "reserved-name@1 reserved-name@2 reserved-name@3");
}

TEST_CASE("items and lines out of their place") {
  CHECK(inBlock("def f = 1\nx = 2\nimport \"a\"") == "nested-item@2 nested-item@4");
  CHECK(inBlock("layout l { q: f32[I] }\nx = 2") == "nested-item@2");
  CHECK(Parsed("score = 1\nmask = 2\nout o\ndef f = 1\n").reports() == "line-outside-block@1");
  CHECK(Parsed("attention a\n{\n  x = 1 1\n}\n").reports() == "unexpected-token@1 missing-separator@3");
  CHECK(Parsed("attention a:\n  x = 1\n\ndef f = 1 1\n").reports() == "unexpected-token@1 missing-separator@4");
}

TEST_CASE("a def's block ends in its result") {
  CHECK(Parsed("def f(x) {\n  y = x\n}\ndef g { }\n").reports() == "missing-result@3 missing-result@4");
  CHECK(Parsed("def f(x) {\n  x\n  y = x\n  y\n}\n").reports() == "result-not-last@2");
  CHECK(Parsed("def f(x) {\n  y = 1 +;\n  return y\n}\n").reports() == "expected-expression@2 foreign-construct@3");
}

TEST_CASE("a tree without reports has no errors in it") {
  Parsed parsed("def f = 1 +\n");
  CHECK(parsed.reports() == "expected-expression@1");
  REQUIRE(parsed.file.definitions.size() == 1);
  CHECK(treeText(*parsed.file.definitions[0].result).find("error") != std::string::npos);
}
