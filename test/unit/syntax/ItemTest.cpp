#include "compiler/syntax/Printer.h"
#include "test/unit/Catch.h"
#include "test/unit/syntax/TreeText.h"

using namespace attn::syntax;

static std::string file(const std::string &text) {
  Parsed parsed(text);
  return parsed.diagnostics.all().empty() ? treeText(parsed.file) : parsed.reports();
}

TEST_CASE("items keep their order") {
  CHECK(file("import \"a.attn\"\ndef f = 1\nattention a { }\nlayout l { }\ndef g = 2") ==
        "import a.attn\ndef f\n  1\nattention a\nlayout l\ndef g\n  2\n");
}

TEST_CASE("definitions have typed parameters, defaults and blocks") {
  CHECK(file("def f(x, doc: i32[B, N + 1], n: int = 3, e = 1e-6) = x") ==
        "def f(x - -)(doc i32[ B (+ N 1)] -)(n int 3)(e - 1e-06f)\n  x\n");
  CHECK(file("def rope(x, p) {\n  a = p * 2; y = x[d = 0]\n  x * cos(a) + y\n}") ==
        "def rope(x - -)(p - -)\n  a = (* p 2)\n  y = (at x d=0)\n  (+ (* x (cos a)) y)\n");
  CHECK(file("def f() = 1") == "def f\n  1\n");
  CHECK(file("def f { x == 1 }") == "def f\n  (x == 1)\n");
}

TEST_CASE("every kind of line") {
  CHECK(file("attention a {\n"
             "  layout mha\n  layout gqa(bf16, t = f32)\n"
             "  out o: f32[B, I, H * D], lse\n"
             "  q: bf16[B, H, I, D]\n  w: int = 4096\n  H: int\n"
             "  D = 128\n  J = len[b]\n"
             "  op[cu_q[b] + i, h, d] = o\n}") == "attention a\n"
                                                  "  0 mha - -\n  0 gqa - - bf16 t=f32\n"
                                                  "  1  - - out o f32[ B I (* H D)] out lse -\n"
                                                  "  2 q bf16[ B H I D] -\n  2 w int 4096\n  2 H int -\n"
                                                  "  3 D - 128\n  3 J - (at len b)\n"
                                                  "  4 op - o (+ (at cu_q b) i) h d\n");
}

TEST_CASE("layouts have parameters") {
  CHECK(file("layout mha(t: type = f32) { q: t[B, H, I, D] }") == "layout mha(t type f32)\n  2 q t[ B H I D] -\n");
}

TEST_CASE("ranges cover what was written") {
  Parsed parsed("import \"x\"\ndef f(a: int = 1) = a\nattention t {\n  out o: f32[B], lse\n  op[b] = o\n}\n");
  REQUIRE(parsed.reports().empty());
  CHECK(parsed.file.imports.at(0).range.text() == "import \"x\"");
  CHECK(parsed.file.definitions.at(0).range.text() == "def f(a: int = 1) = a");
  CHECK(parsed.file.definitions.at(0).parameters.at(0).range.text() == "a: int = 1");
  const Attention &attention = parsed.file.attentions.at(0);
  CHECK(attention.name.range.text() == "t");
  CHECK(attention.lines.at(0).range.text() == "out o: f32[B], lse");
  CHECK(attention.lines.at(0).items.at(0).range.text() == "o: f32[B]");
  CHECK(attention.lines.at(1).range.text() == "op[b] = o");
}

TEST_CASE("the printer writes one canonical form") {
  Parsed parsed("import \"a\\\\b\"\ndef  f( x,n:int=0x0F ){y=-x;y**(n)}\n"
                "attention a{layout l(f32);q:f32[ I,D ];score=dot(q,k)|>g(1,c=2);out o:f32[I],lse;op[i]=o\n}");
  REQUIRE(parsed.reports().empty());
  CHECK(print(parsed.file) == "import \"a\\\\b\"\n"
                              "def f(x, n: int = 0x0F) {\n  y = -x\n  y ** (n)\n}\n"
                              "attention a {\n  layout l(f32)\n  q: f32[I, D]\n  score = dot(q, k) |> g(1, c = 2)\n"
                              "  out o: f32[I], lse\n  op[i] = o\n}\n");
}
