#include "compiler/reference/Arithmetic.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace attn::reference {

using sema::UnaryOp;

namespace {

double softplus(double x) { return std::isnan(x) ? x : std::fmax(x, 0) + std::log1p(std::exp(-std::fabs(x))); }

double sigmoid(double x) {
  if (x >= 0)
    return 1 / (1 + std::exp(-x));
  const double e = std::exp(x);
  return e / (1 + e);
}

} // namespace

double unary(UnaryOp op, double x) {
  switch (op) {
  case UnaryOp::Negate:
    return -x;
  case UnaryOp::BitNot:
    return x;
  case UnaryOp::Exp:
    return std::exp(x);
  case UnaryOp::Exp2:
    return std::exp2(x);
  case UnaryOp::Expm1:
    return std::expm1(x);
  case UnaryOp::Log:
    return std::log(x);
  case UnaryOp::Log2:
    return std::log2(x);
  case UnaryOp::Log1p:
    return std::log1p(x);
  case UnaryOp::Sqrt:
    return std::sqrt(x);
  case UnaryOp::Rsqrt:
    return 1 / std::sqrt(x);
  case UnaryOp::Sin:
    return std::sin(x);
  case UnaryOp::Cos:
    return std::cos(x);
  case UnaryOp::Tan:
    return std::tan(x);
  case UnaryOp::Tanh:
    return std::tanh(x);
  case UnaryOp::Atan:
    return std::atan(x);
  case UnaryOp::Erf:
    return std::erf(x);
  case UnaryOp::Sigmoid:
    return sigmoid(x);
  case UnaryOp::LogSigmoid:
    return -softplus(-x);
  case UnaryOp::Softplus:
    return softplus(x);
  case UnaryOp::Relu:
    return x < 0 ? 0 : x;
  case UnaryOp::Elu:
    return x > 0 ? x : std::expm1(x);
  case UnaryOp::Silu:
    return x * sigmoid(x);
  case UnaryOp::Gelu:
    return 0.5 * x * std::erfc(-x / std::numbers::sqrt2);
  case UnaryOp::Abs:
    return std::fabs(x);
  case UnaryOp::Sign:
    return x > 0 ? 1 : x < 0 ? -1 : x;
  case UnaryOp::Floor:
    return std::floor(x);
  case UnaryOp::Ceil:
    return std::ceil(x);
  case UnaryOp::Round:
    return std::nearbyint(x);
  }
  return x;
}

int64_t unary(UnaryOp op, int64_t x) {
  switch (op) {
  case UnaryOp::Negate:
    return wrapSubtract(0, x);
  case UnaryOp::BitNot:
    return ~x;
  case UnaryOp::Abs:
    return x < 0 ? wrapSubtract(0, x) : x;
  case UnaryOp::Sign:
    return (x > 0) - (x < 0);
  case UnaryOp::Relu:
    return x < 0 ? 0 : x;
  default: // floor, ceil and round of an int are the int
    return x;
  }
}

int64_t floorDivide(int64_t a, int64_t b) {
  if (b == -1)
    return wrapSubtract(0, a);
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

int64_t floorModulo(int64_t a, int64_t b) {
  if (b == -1)
    return 0;
  const int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

double floorModulo(double a, double b) {
  const double remainder = std::fmod(a, b);
  if (remainder == 0)
    return std::copysign(0.0, b);
  return (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

double floorDivide(double a, double b) {
  if (b == 0 || std::isinf(a) || std::isinf(b))
    return std::floor(a / b);
  // a - modulo is a multiple of b up to rounding; the nearest integer to the quotient is the floor of the exact one.
  return std::nearbyint((a - floorModulo(a, b)) / b);
}

int64_t shiftLeft(int64_t a, int64_t count) {
  return uint64_t(count) >= 64 ? 0 : static_cast<int64_t>(uint64_t(a) << count);
}
int64_t shiftRight(int64_t a, int64_t count) { return a >> (uint64_t(count) >= 64 ? 63 : count); }

int64_t power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1)
      result = wrapMultiply(result, base);
    base = wrapMultiply(base, base);
  }
  return result;
}

double minimum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return std::numeric_limits<double>::quiet_NaN();
  return b < a ? b : a;
}

double maximum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return std::numeric_limits<double>::quiet_NaN();
  return b > a ? b : a;
}

} // namespace attn::reference
