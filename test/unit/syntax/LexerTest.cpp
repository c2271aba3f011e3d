#include "compiler/syntax/Token.h"
#include "test/unit/Catch.h"
#include "test/unit/syntax/TreeText.h"

using namespace attn;
using namespace attn::syntax;

static std::vector<std::string> words(const std::string &text, Diagnostics &diagnostics) {
  SourceFile source("t.attn", text);
  std::vector<std::string> result;
  for (const Token &token : lex(source, diagnostics))
    result.push_back(text.substr(token.begin, token.end - token.begin));
  return result;
}

TEST_CASE("the longest sign is taken") {
  Diagnostics diagnostics;
  CHECK(words("a//b**c<<d<=e|>f|g!=h", diagnostics) ==
        std::vector<std::string>{"a", "//", "b", "**", "c", "<<", "d", "<=", "e", "|>", "f", "|", "g", "!=", "h", ""});
  CHECK(diagnostics.all().empty());
}

TEST_CASE("comments and a byte order mark are left out") {
  CHECK(Parsed("\xEF\xBB\xBF# first \xCF\x80\n def f = 1 # last").reports().empty());
}

TEST_CASE("every line end is taken, also before the end of the file") {
  CHECK(Parsed("def f = 1\r\ndef g = 2\r\n").reports().empty());
  CHECK(Parsed("def f = 1").reports().empty());
}

TEST_CASE("operators of other languages are named and read as what they mean") {
  for (const char *text : {"a && b", "a || b", "!a", "a === b", "a <> b", "a =< b", "a !== b"})
    CHECK(expression(text) == "unknown-operator@1");
  for (const char *text : {"a ? b : c", "a @ b", "a -> b"})
    CHECK(expression(text) == "unknown-operator@1");
  CHECK(Parsed("def f := 1\ndef g += 2\n").reports() == "unknown-operator@1 unknown-operator@2");
}

TEST_CASE("malformed numbers are one mistake each") {
  for (const char *text : {"12abc", "0x", "1e", "1.5.2", "0b101", "007", "1__0", "3d", "2.0f"})
    CHECK(expression(text) == "malformed-number@1");
}

TEST_CASE("characters from formulas are named and read as what they mean") {
  for (const char *text : {"a × b", "a ≤ b", "a − b", "∞", "a ≠ b", "π", "αβ", "a² + 1", "a ∧ b"})
    CHECK(expression(text) == "unexpected-character@1");
  CHECK(expression("a\xC2\xA0+ b") == "unexpected-character@1");
}

TEST_CASE("strings end on their line and know two escapes") {
  Parsed parsed("import \"a \\\"b\\\" \\\\ c.attn\"\n");
  REQUIRE(parsed.reports().empty());
  CHECK(parsed.file.imports.at(0).path == "a \"b\" \\ c.attn");
  CHECK(Parsed("import \"a\ndef f = 1\n").reports() == "unterminated-string@1");
  CHECK(Parsed("import \"a\\\n").reports() == "unterminated-string@1");
  CHECK(Parsed("import \"").reports() == "unterminated-string@1");
  CHECK(Parsed("import \"a\\nb\"").reports() == "unknown-escape@1");
  CHECK(Parsed("import 'a'").reports() == "unexpected-character@1");
}

TEST_CASE("bytes that are no text are one mistake") {
  CHECK(Parsed("def f = \xFF\xFE\xFF\n").reports() == "invalid-utf8@1");
  CHECK(Parsed("# \xFF\ndef f = 1\n").reports() == "invalid-utf8@1");
  CHECK(Parsed(std::string("def f = \0\0\0\n", 12)).reports() == "unexpected-character@1");
  CHECK(Parsed("def f = 1 \xE2").reports() == "invalid-utf8@1");
}
