#include "compiler/syntax/Formatter.h"
#include "test/unit/Catch.h"
#include "test/unit/syntax/Corpus.h"
#include "test/unit/syntax/TreeText.h"

using namespace attn;
using namespace attn::syntax;

namespace {

/// The formatted text; `error` where there are mistakes. Fails where the result is another program or isn't final.
std::string formatted(const std::string &text) {
  SourceManager sources;
  Diagnostics diagnostics;
  const SourceFile &source = *sources.addText("test.attn", text);
  std::optional<std::string> result = format(source, diagnostics);
  if (!result) {
    CHECK(diagnostics.hasErrors());
    return "error";
  }
  const SourceFile &after = *sources.addText("formatted.attn", *result);
  INFO(text << "\n---\n" << *result);
  REQUIRE(isSameProgram(source, after));
  REQUIRE(format(after, diagnostics) == result);
  return *result;
}

/// A line of an attention.
std::string line(const std::string &text) {
  std::string whole = formatted("attention a {\n" + text + "\n}\n"), head = "attention a {\n  ";
  if (whole.substr(0, head.size()) != head)
    return whole;
  return whole.substr(head.size(), whole.size() - head.size() - 3);
}

} // namespace

TEST_CASE("blanks around words and signs") {
  CHECK(line("x=a+b*c") == "x = a + b * c");
  CHECK(line("x  =  f ( a ,b )[ i ,  j=j+1 ]") == "x = f(a, b)[i, j = j + 1]");
  CHECK(line("x=- a ** - b+~ c") == "x = -a ** -b + ~c");
  CHECK(line("x=(- a)-(+b)") == "x = (-a) - (+b)");
  CHECK(line("x=a if not(b)else c and(d)") == "x = a if not (b) else c and (d)");
  CHECK(line("x=sum ( d :a )|>f|>g (1)") == "x = sum(d: a) |> f |> g(1)");
  CHECK(line("x :f32 [B , 2*H]") == "x: f32[B, 2 * H]");
  CHECK(line("w:int=- 1") == "w: int = -1");
  CHECK(line("out o :f32[ B ],lse") == "out o: f32[B], lse");
  CHECK(line("o [ i,d ]=x") == "o[i, d] = x");
  CHECK(line("layout  mha ( f32 )") == "layout mha(f32)");
  CHECK(line("x = 0<=a<w!=(b>=c)==(d<<2>>1)") == "x = 0 <= a < w != (b >= c) == (d << 2 >> 1)");
  CHECK(line("x = 0xFF + 1_000 + 1E-3 + inf") == "x = 0xFF + 1_000 + 1E-3 + inf");
  CHECK(formatted("import   \"a b\\\"#.attn\"") == "import \"a b\\\"#.attn\"\n");
}

TEST_CASE("lines stay where the author broke them, indented") {
  CHECK(line("score =\ndot(q, k)\n      / sqrt(D)\n|> f(\n1,\n(2\n+ 3)\n)") == "score =\n"
                                                                        "    dot(q, k)\n"
                                                                        "    / sqrt(D)\n"
                                                                        "    |> f(\n"
                                                                        "      1,\n"
                                                                        "      (2\n"
                                                                        "        + 3)\n"
                                                                        "    )");
  CHECK(formatted("def f(a,\nb) {\nx = a\nx + b\n}") == "def f(a,\n  b) {\n  x = a\n  x + b\n}\n");
}

TEST_CASE("a block is on one line or has a line for each brace") {
  CHECK(formatted("attention a{layout mha;;mask=causal;}") == "attention a { layout mha; mask = causal }\n");
  CHECK(formatted("attention a { layout mha; mask = causal\n}") == "attention a {\n  layout mha; mask = causal\n}\n");
  CHECK(formatted("attention a {\n\n layout mha;\n ; mask = causal }") ==
        "attention a {\n  layout mha\n  mask = causal\n}\n");
  CHECK(formatted("attention a {\n}\n") == "attention a {}\n");
  CHECK(formatted("attention a {\n# why\n\n}\n") == "attention a {\n  # why\n}\n");
  CHECK(formatted("attention a { layout mha };attention b {layout mha\n}") ==
        "attention a { layout mha }; attention b {\n  layout mha\n}\n");
}

TEST_CASE("blank lines") {
  CHECK(formatted("\n\n\ndef x = 1\n\n\n\ndef y = 2\n\n\n") == "def x = 1\n\ndef y = 2\n");
  CHECK(formatted("") == "");
  CHECK(formatted("\n \n\t\n") == "");
  CHECK(formatted("attention a {\n\n  x = 1\n\n\n  y =\n\n 2\n\n}") == "attention a {\n  x = 1\n\n  y =\n    2\n}\n");
}

TEST_CASE("definitions in adjacent lines are aligned") {
  CHECK(line("a = 1\nlonger = 2\n# a comment\nbc = 3") == "a      = 1\n  longer = 2\n  # a comment\n  bc     = 3");
  CHECK(line("a = 1\n\nlonger = 2") == "a = 1\n\n  longer = 2");
  CHECK(line("a = 1\nw: int = 3\nlonger = 2") == "a = 1\n  w: int = 3\n  longer = 2");
  CHECK(line("a = 1; b = 2\nlonger = 2") == "a = 1; b = 2\n  longer = 2");
  CHECK(line("a = 1\no[i] = 2\nlonger = 2") == "a = 1\n  o[i] = 2\n  longer = 2");
  CHECK(line("a = 1\na_name_that_is_long = 2") == "a = 1\n  a_name_that_is_long = 2");
  CHECK(line("a = 1\nlonger =\n2") == "a = 1\n  longer =\n    2");
  CHECK(formatted("def f = 1\ndef go(x = 2) = x\ndef h(y) { y }\ndef longer = 3") ==
        "def f         = 1\ndef go(x = 2) = x\ndef h(y) { y }\ndef longer = 3\n");
}

TEST_CASE("comments are kept") {
  CHECK(formatted("#!first  \n\n\n#second\t\r\ndef x = 1 #third") == "#!first\n\n#second\ndef x = 1  #third\n");
  CHECK(line("a = 1     # one\nbcd = 22   # two") == "a   = 1   # one\n  bcd = 22  # two");
  CHECK(line("  a = 1            # one\n  bcd = 22          # two") ==
        "a   = 1          # one\n  bcd = 22         # two");
  CHECK(line("a = 1 # one\nbcd = 2222222") == "a   = 1  # one\n  bcd = 2222222");
  CHECK(line("x = 1 +  # one\n# two\n  2\n# three") == "x = 1 +  # one\n    # two\n    2\n  # three");
  CHECK(line("x = f(   # one\n# two\n1 # three\n# four\n)") ==
        "x = f(  # one\n    # two\n    1  # three\n    # four\n  )");
  CHECK(formatted("attention a { # one\n\n x = 1; # two\n\n# three\n\n} # four\n#five") ==
        "attention a {  # one\n  x = 1        # two\n\n  # three\n}  # four\n#five\n");
  CHECK(formatted("def f = 1" + std::string(500, ' ') + "# far") == "def f = 1" + std::string(71, ' ') + "# far\n");
}

TEST_CASE("line ends and marks of other systems go") {
  CHECK(formatted("\xEF\xBB\xBF"
                  "def x = 1\r\n\r\n\r\ndef y = 2 # two\r\n") == "def x = 1\n\ndef y = 2  # two\n");
  CHECK(formatted("\tdef\tx\t=\t1\f") == "def x = 1\n");
}

TEST_CASE("a file with mistakes is not formatted") {
  CHECK(formatted("attention a { mask = }") == "error");
  CHECK(formatted("def x = 1\n)") == "error");
  CHECK(formatted("def x = \xFF") == "error");
  CHECK(formatted("def x = 1 # \xFF") == "error");
  CHECK(formatted("attention a {\n unknown = name\n}") == "attention a {\n  unknown = name\n}\n");
}

TEST_CASE("every example, and every form of the grammar, stays the same program however its blanks are") {
  for (const CorpusFile &file : corpus()) {
    INFO(file.name);
    std::string once = formatted(file.text);
    REQUIRE(once != "error");
    std::string wide, flat;
    for (char letter : file.text) {
      wide += letter == ' ' ? "   " : letter == '\n' ? " \n\t" : std::string(1, letter);
      if (letter == '\n')
        while (!flat.empty() && flat.back() == ' ')
          flat.pop_back();
      if (letter != ' ' || flat.empty() || (flat.back() != ' ' && flat.back() != '\n'))
        flat += letter;
    }
    formatted(wide);
    CHECK(formatted(flat) != "error");
  }
}

TEST_CASE("every prefix of every example, and every one with a line end put in, is refused or stays the same program") {
  for (const CorpusFile &file : corpus()) {
    INFO(file.name);
    for (size_t at = 0; at <= file.text.size(); ++at) {
      std::string broken = file.text;
      formatted(file.text.substr(0, at));
      formatted(broken.insert(at, at % 3 ? "\n" : " # c\n"));
    }
  }
}
