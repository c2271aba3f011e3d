#include "test/unit/Catch.h"

#include "runtime/tensor/InputExpression.h"

#include <cmath>

using namespace attn;

namespace {

Tensor value(std::string_view text, const InputContext &context = {}) {
  Result<Converted> result = evaluateInput(text, context);
  INFO(text);
  if (!result)
    FAIL(result.message());
  return std::move(result->tensor);
}

std::string problem(std::string_view text, const InputContext &context = {}) {
  Result<Converted> result = evaluateInput(text, context);
  INFO(text);
  REQUIRE(!result);
  return result.message();
}

std::vector<double> reals(const Tensor &tensor) {
  std::vector<double> all;
  for (int64_t n = 0; n < tensor.elementCount(); ++n)
    all.push_back(tensor.real(n));
  return all;
}

} // namespace

TEST_CASE("lists") {
  Tensor list = value("[0, 512, 1000]");
  CHECK(list.describe() == "i64[3]");
  CHECK(reals(list) == std::vector<double>{0, 512, 1000});
  CHECK(value("[[1, 2.5], [-3, 4e2],]").describe() == "f32[2, 2]");
  CHECK(reals(value("[[1, 2.5], [-3, 4e2],]")) == std::vector<double>{1, 2.5, -3, 400});
  CHECK(value("[true, false]").describe() == "bool[2]");
  CHECK(value("[]").describe() == "i64[0]");
  CHECK(value("[[], []]").describe() == "i64[2, 0]");
  CHECK(value("[[[[1]]]]").describe() == "i64[1, 1, 1, 1]");
  CHECK(reals(value("[inf, -inf]")) == std::vector<double>{INFINITY, -INFINITY});
  CHECK(std::isnan(value("[nan]").real(0)));
  CHECK(value(" 3 ").describe() == "i64[]");
}

TEST_CASE("lists take the type that is wanted") {
  InputContext context;
  context.element = ElementType::I32;
  CHECK(value("[0, 512]", context).describe() == "i32[2]");
  CHECK(problem("[0, 3000000000]", context) == "`[0, 3000000000]`: value 3000000000 does not fit in i32");
  CHECK(problem("[0, 0.5]", context) == "`[0, 0.5]`: f32[2] cannot become i32: round it to integers first");
  context.element = ElementType::BF16;
  CHECK(value("[0.1, 2]", context).describe() == "bf16[2]");
  context.element = ElementType::Bool;
  CHECK(value("[0, 1]", context).describe() == "bool[2]");
}

TEST_CASE("numbers may be computed from extents") {
  InputContext context;
  context.extents = {{"B", 4}, {"J", 10}};
  CHECK(reals(value("[0, B * 2 + 1, J // 3, -J // 3, 2 - 3 * B]", context)) == std::vector<double>{0, 9, 3, -4, -10});
  CHECK(value("zeros(B, J + 1)", context).describe() == "f32[4, 11]");
  CHECK(value("J", context).integer(0) == 10);
}

TEST_CASE("functions") {
  CHECK(reals(value("arange(4)")) == std::vector<double>{0, 1, 2, 3});
  CHECK(reals(value("arange(2, 5)")) == std::vector<double>{2, 3, 4});
  CHECK(reals(value("arange(5, 0, -2)")) == std::vector<double>{5, 3, 1});
  CHECK(value("arange(5, 2)").describe() == "i64[0]");
  CHECK(value("zeros(2, 3)").describe() == "f32[2, 3]");
  CHECK(reals(value("ones(2)")) == std::vector<double>{1, 1});
  CHECK(reals(value("full(0.5, 2)")) == std::vector<double>{0.5, 0.5});
  CHECK(value("full(-7, 2)").describe() == "i64[2]");
  CHECK(value("full(true, 2)").describe() == "bool[2]");
  CHECK(value("randn(2, 8)").describe() == "f32[2, 8]");
  CHECK(value("randint(0, 10, 4)").describe() == "i64[4]");
  for (double drawn : reals(value("randint(-2, 3, 1000)"))) {
    CHECK(drawn >= -2);
    CHECK(drawn < 3);
  }
}

TEST_CASE("functions fill the shape and type that is wanted") {
  InputContext context;
  context.element = ElementType::F16;
  context.shape = std::vector<int64_t>{2, 3};
  CHECK(value("randn()", context).describe() == "f16[2, 3]");
  CHECK(value("zeros()", context).describe() == "f16[2, 3]");
  CHECK(value("full(0.25)", context).describe() == "f16[2, 3]");
  CHECK(value("0.25", context).describe() == "f16[2, 3]");
  context.element = ElementType::I32;
  CHECK(value("randint(0, 5)", context).describe() == "i32[2, 3]");
  CHECK(value("ones()", context).describe() == "i32[2, 3]");
  CHECK(problem("randn()", context) ==
        "`randn()`: randn gives floats, but i32 is wanted; randint(lo, hi) gives integers at column 1");
}

TEST_CASE("the seed decides what is drawn") {
  InputContext one, two;
  one.seed = 1;
  two.seed = 2;
  CHECK(reals(value("randn(8)", one)) == reals(value("randn(8)", one)));
  CHECK(reals(value("randn(8)", one)) != reals(value("randn(8)", two)));
  CHECK(reals(value("randn(4)", one)) == [&] {
    std::vector<double> eight = reals(value("randn(8)", one));
    eight.resize(4);
    return eight;
  }());
}

TEST_CASE("mistakes are quoted with their place") {
  CHECK(problem("[0, 512") == "`[0, 512`: expected `,` or `]` at column 8");
  CHECK(problem("[0 512]") == "`[0 512]`: expected `,` or `]` at column 4");
  CHECK(problem("[1, [2]]") == "`[1, [2]]`: numbers and lists are mixed at column 5");
  CHECK(problem("[[2], 1]") == "`[[2], 1]`: numbers and lists are mixed at column 7");
  CHECK(problem("[[1, 2], [3]]") == "`[[1, 2], [3]]`: a list of 1 where the ones before have 2 at column 10");
  CHECK(problem("[true, 1]") == "`[true, 1]`: bools and numbers are mixed at column 10");
  CHECK(problem("[,]") == "`[,]`: expected a number, got `,` at column 2");
  CHECK(problem("") == "``: a number is missing at column 1");
  CHECK(problem("[") == "`[`: a number is missing at column 2");
  CHECK(problem("[1] 2") == "`[1] 2`: `2` does not belong here at column 5");
  CHECK(problem("rnadn(2)") == "`rnadn(2)`: there is no function `rnadn`; known are arange, randint, randn, rand, "
                               "zeros, ones, full at column 1");
  CHECK(problem("arange(Q)") == "`arange(Q)`: `Q` is no extent that is known here at column 8");
  CHECK(problem("arange(1.5)") == "`arange(1.5)`: arange takes whole numbers at column 1");
  CHECK(problem("arange(1, 2, 0)") == "`arange(1, 2, 0)`: arange needs a step other than 0 at column 1");
  CHECK(problem("arange()") ==
        "`arange()`: arange takes 1 to 3 numbers: arange(n), arange(lo, hi), arange(lo, hi, step) at column 1");
  CHECK(problem("randint(3)") ==
        "`randint(3)`: randint needs two whole numbers, as in randint(0, 10, 2, 8) at column 1");
  CHECK(problem("randint(3, 3, 1)") == "`randint(3, 3, 1)`: randint has nothing to choose from in [3, 3) at column 1");
  CHECK(problem("randn()") == "`randn()`: randn needs dimensions here, as in randn(2, 8) at column 1");
  CHECK(problem("randn(2, -1)") == "`randn(2, -1)`: dimension 1 of randn is not a whole number from 0 at column 1");
  CHECK(problem("full()") == "`full()`: full needs a value, as in full(0.5, 2, 8) at column 1");
  CHECK(problem("[99999999999999999999]") == "`[99999999999999999999]`: the number overflows 64 bits at column 2");
  CHECK(problem("[9223372036854775807 + 1]") ==
        "`[9223372036854775807 + 1]`: the number overflows 64 bits at column 25");
  CHECK(problem("[1 // 0]") == "`[1 // 0]`: division by zero at column 8");
  CHECK(problem("[1 / 2]") == "`[1 / 2]`: only whole division `//` is known at column 5");
  CHECK(problem("[[[[[[[[[1]]]]]]]]]") == "`[[[[[[[[[1]]]]]]]]]`: lists may be nested 8 deep at column 9");
  CHECK(problem("zeros(1000000000, 1000000000)") ==
        "`zeros(1000000000, 1000000000)`: out of memory: no 4000000000000000000 bytes for f32[1000000000, 1000000000]");
  CHECK(problem("zeros(1,1,1,1,1,1,1,1,1)") ==
        "`zeros(1,1,1,1,1,1,1,1,1)`: rank 9 is above 8, the most a tensor may have");
}

TEST_CASE("no prefix or corruption of an expression crashes") {
  std::string_view texts[] = {"[[0, 512], [1.5e3, -J // 2]]", "randint(0, J + 1, 2, 8)", "full(-0.5, 2)",
                              "[true, inf, nan]"};
  InputContext context;
  context.extents = {{"J", 10}};
  for (std::string_view text : texts) {
    for (size_t length = 0; length <= text.size(); ++length)
      (void)evaluateInput(text.substr(0, length), context);
    for (size_t at = 0; at < text.size(); ++at)
      for (char replacement : {'[', ']', '(', ')', ',', '-', '9', 'J', '.', '\0', '\xff'}) {
        std::string changed(text);
        changed[at] = replacement;
        (void)evaluateInput(changed, context);
      }
  }
  CHECK(!evaluateInput(std::string(100000, '['), context));
  CHECK(!evaluateInput(std::string(100000, '-'), context));
}

TEST_CASE("expressions are told from file names") {
  for (const char *text : {"[1, 2]", " [1]", "arange(4)", "3", "-2.5e-3", "inf", "true"})
    CHECK(looksLikeInputExpression(text));
  for (const char *text : {"q.npy", "dir/q.npy", "", "./3", "model.safetensors:q", "arange"})
    CHECK(!looksLikeInputExpression(text));
}
