#include "test/unit/Catch.h"
#include "test/unit/syntax/TreeText.h"

using namespace attn;
using namespace attn::syntax;

static std::string repeat(std::string_view text, size_t count) {
  std::string result;
  while (count-- > 0)
    result += text;
  return result;
}

TEST_CASE("nesting is bounded") {
  CHECK(expression(repeat("(", 200) + "1" + repeat(")", 200)) == "!1");
  CHECK(expression(repeat("(", 10000) + "1" + repeat(")", 10000)) == "nesting-too-deep@1");
  CHECK(expression(repeat("f(", 10000) + "1" + repeat(")", 10000)) == "nesting-too-deep@1");
  CHECK(expression(repeat("x[", 10000) + "1" + repeat("]", 10000)) == "nesting-too-deep@1");
  CHECK(expression(repeat("sum(j: ", 10000) + "1" + repeat(")", 10000)) == "nesting-too-deep@1");
  CHECK(expression(repeat("-", 250000) + "1") == "nesting-too-deep@1");
  CHECK(expression(repeat("not ", 250000) + "a") == "nesting-too-deep@1");
  CHECK(expression(repeat("a ** ", 250000) + "a") == "nesting-too-deep@1");
  CHECK(expression(repeat("a if b else ", 100000) + "a") == "nesting-too-deep@1");
  CHECK(expression(repeat("(1 or 1 and not 1 < 1 | 1 ^ 1 & 1 << 1 + 1 * -1 ** ", 10000)) ==
        "nesting-too-deep@1 unclosed-bracket@1");
}

TEST_CASE("chains are bounded") {
  CHECK(expression("1" + repeat(" + 1", 999)).substr(0, 10) == "(+ (+ (+ (");
  for (const char *link : {" + 1", " and 1", " < 1", " |> f", "[1]", " * 1", " == 1"})
    CHECK(expression("x" + repeat(link, 250000)) == "too-long@1");
  CHECK(expression("f(1" + repeat(", 1", 250000) + ")") == "too-long@1");
  CHECK(expression("x[1" + repeat(", 1", 250000) + "]") == "too-long@1");
}

TEST_CASE("names and files are bounded") {
  CHECK(expression(std::string(200, 'a')) == std::string(200, 'a'));
  CHECK(expression(std::string(201, 'a')) == "too-long@1");
  CHECK(Parsed(std::string(maximumSourceSize + 1, '#')).reports() == "too-long@1");
}

TEST_CASE("a file full of mistakes is given up") {
  Parsed parsed(repeat("$ ", 100000));
  CHECK(parsed.diagnostics.all().size() == maximumErrors + 1);
  CHECK(parsed.diagnostics.all().back().kind == DiagnosticKind::TooManyErrors);
  CHECK(Parsed(repeat("attention a {\n", 100000)).diagnostics.all().size() <= maximumErrors + 1);
  CHECK(Parsed("attention a {\n" + repeat("a b\n", 100000) + "}").diagnostics.all().size() == maximumErrors + 1);
  CHECK(Parsed(repeat("(]", 100000)).diagnostics.all().size() <= maximumErrors + 1);
  CHECK(Parsed(repeat(")", 100000)).diagnostics.all().size() <= maximumErrors + 1);
}

TEST_CASE("a line of a megabyte is a line") {
  Parsed parsed("attention a { x = f(" + repeat("abc,\t", 400) + "d) " + repeat("; x = x + 1", 100000) + " }");
  CHECK(parsed.reports().empty());
  CHECK(parsed.file.attentions.at(0).lines.size() == 100001);
}
