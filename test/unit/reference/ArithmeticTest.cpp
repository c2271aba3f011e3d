#include "compiler/reference/Arithmetic.h"
#include "test/unit/Catch.h"

#include <cmath>
#include <limits>

using namespace attn::reference;
using attn::sema::UnaryOp;

namespace {
constexpr int64_t smallest = std::numeric_limits<int64_t>::min(), largest = std::numeric_limits<int64_t>::max();
constexpr double infinity = std::numeric_limits<double>::infinity();
} // namespace

TEST_CASE("int division floors and the remainder has the divisor's sign") {
  CHECK(floorDivide(int64_t(7), int64_t(2)) == 3);
  CHECK(floorDivide(int64_t(-7), int64_t(2)) == -4);
  CHECK(floorDivide(int64_t(7), int64_t(-2)) == -4);
  CHECK(floorDivide(int64_t(-7), int64_t(-2)) == 3);
  CHECK(floorDivide(int64_t(-6), int64_t(2)) == -3);
  CHECK(floorModulo(int64_t(-7), int64_t(3)) == 2);
  CHECK(floorModulo(int64_t(7), int64_t(-3)) == -2);
  CHECK(floorModulo(int64_t(-6), int64_t(3)) == 0);
}

TEST_CASE("ints wrap at 64 bits") {
  CHECK(floorDivide(smallest, int64_t(-1)) == smallest);
  CHECK(floorModulo(smallest, int64_t(-1)) == 0);
  CHECK(wrapAdd(largest, 1) == smallest);
  CHECK(wrapMultiply(smallest, -1) == smallest);
  CHECK(unary(UnaryOp::Negate, smallest) == smallest);
  CHECK(unary(UnaryOp::Abs, smallest) == smallest);
  CHECK(power(3, 41) == -420491770248316829); // 3^41 - 2 * 2^64
  CHECK(power(0, 0) == 1);
}

TEST_CASE("shifts by less than 0 and more than 63 shift everything out") {
  CHECK(shiftLeft(1, 63) == smallest);
  CHECK(shiftLeft(1, 64) == 0);
  CHECK(shiftRight(-8, 1) == -4);
  CHECK(shiftRight(-8, 1000) == -1);
  CHECK(shiftRight(8, 1000) == 0);
  CHECK(shiftLeft(1, -1) == 0);
  CHECK(shiftRight(-8, -1) == -1);
}

TEST_CASE("float division floors as in Python") {
  CHECK(floorDivide(-7.0, 2.0) == -4);
  CHECK(floorModulo(-7.5, 2.0) == 0.5);
  CHECK(floorModulo(7.5, -2.0) == -0.5);
  CHECK(floorModulo(5.0, infinity) == 5);
  CHECK(floorDivide(1.0, 0.1) == 9); // 0.1 is a little more than a tenth
  CHECK(std::isnan(floorModulo(1.0, 0.0)));
  CHECK(floorDivide(1.0, 0.0) == infinity);
}

TEST_CASE("minimum and maximum propagate NaN from either side") {
  const double nan = std::nan("");
  CHECK(std::isnan(minimum(nan, 1)));
  CHECK(std::isnan(minimum(1, nan)));
  CHECK(std::isnan(maximum(nan, infinity)));
  CHECK(std::isnan(maximum(infinity, nan)));
  CHECK(minimum(-infinity, 1) == -infinity);
}

TEST_CASE("functions agree with their definitions") {
  for (double x : {-30.0, -2.5, -1.0, -0.3, 0.0, 0.7, 1.0, 3.0, 30.0}) {
    INFO("x = " << x);
    CHECK(unary(UnaryOp::Sigmoid, x) == Approx(1 / (1 + std::exp(-x))));
    CHECK(unary(UnaryOp::LogSigmoid, x) == Approx(std::log(1 / (1 + std::exp(-x)))).margin(1e-15));
    CHECK(unary(UnaryOp::Softplus, x) == Approx(std::log1p(std::exp(x))));
    CHECK(unary(UnaryOp::Silu, x) == Approx(x / (1 + std::exp(-x))));
    CHECK(unary(UnaryOp::Gelu, x) == Approx(0.5 * x * (1 + std::erf(x / std::sqrt(2)))).margin(1e-12));
    CHECK(unary(UnaryOp::Elu, x) == Approx(x > 0 ? x : std::exp(x) - 1));
    CHECK(unary(UnaryOp::Relu, x) == (x > 0 ? x : 0));
    CHECK(unary(UnaryOp::Exp2, x) == Approx(std::pow(2, x)));
  }
  CHECK(unary(UnaryOp::Rsqrt, 4.0) == 0.5);
}

TEST_CASE("stable forms stay finite where the naive ones overflow") {
  CHECK(unary(UnaryOp::Softplus, 1000.0) == 1000);
  CHECK(unary(UnaryOp::LogSigmoid, -1000.0) == -1000);
  CHECK(unary(UnaryOp::Sigmoid, -1000.0) == 0);
}

TEST_CASE("round goes to even at halves") {
  CHECK(unary(UnaryOp::Round, 0.5) == 0);
  CHECK(unary(UnaryOp::Round, 1.5) == 2);
  CHECK(unary(UnaryOp::Round, -2.5) == -2);
  CHECK(unary(UnaryOp::Floor, -0.5) == -1);
  CHECK(unary(UnaryOp::Ceil, 0.5) == 1);
}

TEST_CASE("sign keeps NaN and zero") {
  CHECK(unary(UnaryOp::Sign, -3.0) == -1);
  CHECK(unary(UnaryOp::Sign, 0.0) == 0);
  CHECK(std::isnan(unary(UnaryOp::Sign, std::nan(""))));
  CHECK(std::isnan(unary(UnaryOp::Relu, std::nan(""))));
}
