#include "test/unit/Catch.h"
#include "test/unit/syntax/TreeText.h"

using namespace attn::syntax;

TEST_CASE("operators bind as in Python") {
  CHECK(expression("a + b * c") == "(+ a (* b c))");
  CHECK(expression("a * b + c") == "(+ (* a b) c)");
  CHECK(expression("a - b - c") == "(- (- a b) c)");
  CHECK(expression("a / b // c % d") == "(% (// (/ a b) c) d)");
  CHECK(expression("a << 1 + b") == "(<< a (+ 1 b))");
  CHECK(expression("a | b ^ c & d << e") == "(| a (^ b (& c (<< d e))))");
  CHECK(expression("a & b | c & d") == "(| (& a b) (& c d))");
  CHECK(expression("a or b and not c") == "(or a (and b (not c)))");
  CHECK(expression("not a == b") == "(not (a == b))");
  CHECK(expression("not not a and b") == "(and (not (not a)) b)");
  CHECK(expression("a | b == c") == "((| a b) == c)");
}

TEST_CASE("the power binds tighter than a sign before it, looser than one behind it") {
  CHECK(expression("-a ** 2") == "(- (** a 2))");
  CHECK(expression("a ** -b") == "(** a (- b))");
  CHECK(expression("a ** b ** c") == "(** a (** b c))");
  CHECK(expression("a * -b") == "(* a (- b))");
  CHECK(expression("- + ~a") == "(- (+ (~ a)))");
  CHECK(expression("a[i] ** 2") == "(** (at a i) 2)");
}

TEST_CASE("comparisons chain") {
  CHECK(expression("0 <= i - j < w") == "(0 <= (- i j) < w)");
  CHECK(expression("a < b == c != d >= e > f") == "(a < b == c != d >= e > f)");
  CHECK(expression("(a < b) < c") == "(!(a < b) < c)");
}

TEST_CASE("conditionals nest to the right") {
  CHECK(expression("a if b else c") == "(if a b c)");
  CHECK(expression("a if b else c if d else e") == "(if a b (if c d e))");
  CHECK(expression("(a if b else c) if d else e") == "(if !(if a b c) d e)");
  CHECK(expression("a or b if c or d else e or g") == "(if (or a b) (or c d) (or e g))");
}

TEST_CASE("the pipe is the loosest operator and goes left to right") {
  CHECK(expression("a / b |> g(c) |> k") == "(|> k (|> g (/ a b) c))");
  CHECK(expression("a if b else c |> g()") == "(|> g (if a b c))");
  CHECK(expression("g(a |> k, b)") == "(g (|> k a) b)");
}

TEST_CASE("brackets take positions and names") {
  CHECK(expression("a[b, i - j]") == "(at a b (- i j))");
  CHECK(expression("m[i = i % n, j = j % n]") == "(at m i=(% i n) j=(% j n))");
  CHECK(expression("t[b][i]") == "(at (at t b) i)");
  CHECK(expression("(a + b)[i = 0]") == "(at !(+ a b) i=0)");
  CHECK(expression("f(x)[d = 0]") == "(at (f x) d=0)");
  CHECK(expression("a[]") == "(at a)");
}

TEST_CASE("calls take positions and names") {
  CHECK(expression("f()") == "(f)");
  CHECK(expression("rope(qr, i, D = R)") == "(rope qr i D=R)");
  CHECK(expression("f(a == b, c = d == e)") == "(f (a == b) c=(d == e))");
}

TEST_CASE("a colon after names makes a reduction") {
  CHECK(expression("sum(j: score)") == "(sum j: score)");
  CHECK(expression("max(j, d: a if b else c)") == "(max j d: (if a b c))");
  CHECK(expression("sum(n: p * dot(q[h = n], k[h = n]))") == "(sum n: (* p (dot (at q h=n) (at k h=n))))");
  CHECK(expression("sum(a, b)") == "(sum a b)");
}

TEST_CASE("numbers") {
  CHECK(expression("1_000_000") == "1000000");
  CHECK(expression("0x55555555") == "1431655765");
  CHECK(expression("0X7fff_ffff_ffff_ffff") == "9223372036854775807");
  CHECK(expression("1e-12") == "1e-12f");
  CHECK(expression("500000.0") == "500000f");
  CHECK(expression(".5 + 1.") == "(+ 0.5f 1f)");
  CHECK(expression("0") == "0");
  CHECK(expression("true and inf > false") == "(and true (inf > false))");
}

TEST_CASE("the ends of the number ranges") {
  CHECK(expression("-9223372036854775808") == "(- -9223372036854775808)");
  CHECK(expression("9223372036854775808") == "number-out-of-range@1");
  CHECK(expression("1 - 9223372036854775808") == "number-out-of-range@1");
  CHECK(expression("-9223372036854775808 ** 2") == "number-out-of-range@1");
  CHECK(expression("0x8000000000000000") == "number-out-of-range@1");
  CHECK(expression("1.7976931348623157e308") == "1.7976931348623157e+308f");
  CHECK(expression("1e309") == "number-out-of-range@1");
}

TEST_CASE("parentheses are remembered and belong to the range") {
  Parsed parsed("def f = ((a + b)) * c\n");
  const Expr &product = *parsed.file.definitions.at(0).result;
  CHECK(treeText(product) == "(* !(+ a b) c)");
  CHECK(product.operands[0]->range.text() == "((a + b))");
  CHECK(product.range.text() == "((a + b)) * c");
  CHECK(product.opRange.text() == "*");
}

TEST_CASE("the depth of a tree is known") {
  auto depth = [](const std::string &text) { return Parsed("def f = " + text).file.definitions.at(0).result->depth; };
  CHECK(depth("a") == 1);
  CHECK(depth("a + b + c") == 3);
  CHECK(depth("g(a, b + c)") == 3);
  CHECK(depth("a < b < c") == 3);
  CHECK(depth("max(a, b, c, d)") == 4);
}
