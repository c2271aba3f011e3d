#include "test/unit/Catch.h"
#include "test/unit/syntax/TreeText.h"

using namespace attn::syntax;

/// The tree of the lines of an attention.
static std::string lines(const std::string &text) {
  Parsed parsed("attention t {\n" + text + "\n}\n");
  return parsed.diagnostics.all().empty() ? treeText(parsed.file).substr(12) : parsed.reports();
}

TEST_CASE("a newline ends a line, and so does a semicolon") {
  CHECK(lines("a = 1\nb = 2; c = 3") == "  3 a - 1\n  3 b - 2\n  3 c - 3\n");
}

TEST_CASE("several separators count as one") {
  CHECK(lines("a = 1;;\n;\n # comment\n\n;b = 2;") == "  3 a - 1\n  3 b - 2\n");
  CHECK(Parsed("\n;;\n# only\n;").reports().empty());
  CHECK(Parsed("").reports().empty());
}

TEST_CASE("a newline inside round and square brackets doesn't count") {
  CHECK(lines("a = f(\n1\n,\n2\n)[\ni\n]") == "  3 a - (at (f 1 2) i)\n");
  CHECK(lines("a = (b\n- c\n)") == "  3 a - !(- b c)\n");
}

TEST_CASE("a newline after an operator doesn't count") {
  for (const char *op : {"+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^", "and", "or"})
    CHECK(lines(std::string("a = b ") + op + " # comment\n\n c") == "  3 a - (" + std::string(op) + " b c)\n");
  for (const char *op : {"<", "<=", ">", ">=", "==", "!="})
    CHECK(lines(std::string("a = b ") + op + "\nc") == "  3 a - (b " + std::string(op) + " c)\n");
  CHECK(lines("a =\nnot\nb") == "  3 a - (not b)\n");
  CHECK(lines("a = -\n~\nb") == "  3 a - (- (~ b))\n");
  CHECK(lines("a = b |>\nc") == "  3 a - (|> c b)\n");
  CHECK(lines("a = b if\nc else\nd") == "  3 a - (if b c d)\n");
  CHECK(lines("a:\nint =\n1") == "  2 a int 1\n");
  CHECK(lines("out a,\nb") == "  1  - - out a - out b -\n");
}

TEST_CASE("a newline before what can't begin a line doesn't count") {
  for (const char *op : {"*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^", "and", "or"})
    CHECK(lines(std::string("a = b\n# comment\n ") + op + " c") == "  3 a - (" + std::string(op) + " b c)\n");
  for (const char *op : {"<", "<=", ">", ">=", "==", "!="})
    CHECK(lines(std::string("a = b\n") + op + " c") == "  3 a - (b " + std::string(op) + " c)\n");
  CHECK(lines("a = b\n|> c") == "  3 a - (|> c b)\n");
  CHECK(lines("a = b\nif c\nelse d") == "  3 a - (if b c d)\n");
  CHECK(lines("out a\n, b") == "  1  - - out a - out b -\n");
}

TEST_CASE("a sign that could be unary begins a line") {
  for (const char *text : {"a = b\n- c", "a = b\n+ c", "a = b\n~c"})
    CHECK(lines(text) == "expression-line@3");
  CHECK(lines("a = b\nnot c") == "expression-line@3");
}

TEST_CASE("a semicolon counts even where a newline wouldn't") {
  CHECK(lines("a = b +;\nc = d") == "expected-expression@2");
  CHECK(lines("a = f(b;\nc)") == "unexpected-token@2");
}

TEST_CASE("braces may stand on one line with what is in them") {
  CHECK(Parsed("layout a { q: f32[I] }\nattention b { layout a; mask = true }\n").reports().empty());
  CHECK(Parsed("attention b {}\n").reports().empty());
  CHECK(Parsed("attention b {\n\n}\n").reports().empty());
  CHECK(Parsed("def f { x = 1; x }\ndef g { x = 1\nx\n}").reports().empty());
}

TEST_CASE("each item ends its line") {
  CHECK(Parsed("def f = 1; def g = 2").reports().empty());
  CHECK(Parsed("layout a { } attention b { }").reports() == "missing-separator@1");
  CHECK(Parsed("def f = 1 def g = 2").reports() == "missing-separator@1");
}
