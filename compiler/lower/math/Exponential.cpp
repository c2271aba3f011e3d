#include "compiler/lower/math/Coefficients.h"
#include "compiler/lower/math/Functions.h"
#include "compiler/lower/math/Scaling.h"

namespace attn::lower::math {

namespace c = coefficients;

/// exp(r) - 1 - r on |r| <= ln(2)/2.
static Lanes exponentialTail(Lanes r) {
  llvm::ArrayRef<double> tail = r.isDouble() ? llvm::ArrayRef<double>(c::exp53) : llvm::ArrayRef<double>(c::exp24);
  return (r * r) * polynomial(r, tail);
}

static llvm::ArrayRef<double> ln2PartsOf(Lanes x) {
  return x.isDouble() ? llvm::ArrayRef<double>(c::ln2Parts53) : llvm::ArrayRef<double>(c::ln2Parts24);
}

static double log2eOf(Lanes x) { return x.isDouble() ? c::log2eParts53[0] : c::log2eParts24[0]; }

Lanes exponential(Lanes r, double factor) {
  llvm::ArrayRef<double> tail = r.isDouble() ? llvm::ArrayRef<double>(c::exp53) : llvm::ArrayRef<double>(c::exp24);
  llvm::SmallVector<double, 16> series{1.0, factor};
  double power = factor * factor;
  for (double coefficient : tail) {
    series.push_back(coefficient * power);
    power *= factor;
  }
  return polynomial(r, series);
}

static Lanes powerOfTwo(Lanes f) {
  llvm::ArrayRef<double> p = f.isDouble() ? llvm::ArrayRef<double>(c::exp2_53) : llvm::ArrayRef<double>(c::exp2_24);
  return fma(f, polynomial(f, p), 1.0);
}

Lanes expandExp2(Lanes x) {
  if (hasScale(x)) {
    Lanes n = roundEven(x);
    return scale(powerOfTwo(x - n), n);
  }
  x = clampAbove(clampBelow(x, x.isDouble() ? -1077.0 : -152.0), x.isDouble() ? 1025.0 : 129.0);
  Rounded n = roundByShift(x);
  return scaleByShifted(powerOfTwo(x - n.value), n.shifted);
}

Lanes expandExp(Lanes x) {
  x = clampAbove(clampBelow(x, x.isDouble() ? -746.0 : -105.0), x.isDouble() ? 710.0 : 89.0);
  llvm::ArrayRef<double> ln2 = ln2PartsOf(x);
  if (hasScale(x)) {
    Lanes n = roundEven(x * log2eOf(x));
    return scale(exponential(fma(n, -ln2[1], fma(n, -ln2[0], x))), n);
  }
  Rounded n = roundByShift(x * log2eOf(x));
  Lanes r = fma(n.value, -ln2[1], fma(n.value, -ln2[0], x));
  return scaleByShifted(exponential(r), n.shifted);
}

Lanes expandExpm1(Lanes x) {
  // Below the lower bound the result rounds to -1. 2^(n - 1) keeps n = 128 (1024) in range.
  Lanes y = clampAbove(clampBelow(x, x.isDouble() ? -39.0 : -19.0), x.isDouble() ? 710.0 : 89.0);
  llvm::ArrayRef<double> ln2 = ln2PartsOf(x);
  FloatFormat format = formatOf(x);
  Rounded n = roundByShift(y * log2eOf(x), format.bias - 1);
  Lanes exact = fma(n.value, -ln2[0], y);
  Lanes correction = n.value * ln2[1];
  Lanes r = exact - correction;
  Lanes low = (exact - r) - correction;
  Lanes tail = exponentialTail(r) + low;
  Lanes half = asFloat(shiftLeft(bits(n.shifted), format.mantissaBits));
  Lanes result = fma(half, tail, fma(half, r, half - 0.5));
  return copySign(result + result, x);
}

Lanes expandSoftmaxExp2(Lanes t) {
  if (hasScale(t)) {
    Lanes n = roundEven(t);
    Lanes f = t - n;
    return scale(fma(f, polynomial(f, c::exp2Softmax), 1.0), n);
  }
  // The scale of n = -127 is 0, so that everything below 2^-126.5, and -inf, gives 0.
  t = clampBelow(t, -127.0);
  Rounded n = roundByShift(t, 127.0);
  Lanes f = t - n.value;
  Lanes power = asFloat(shiftLeft(bits(n.shifted), 23));
  return fma(f, polynomial(f, c::exp2Softmax), 1.0) * power;
}

Lanes expandTanh(Lanes x) {
  FloatFormat format = formatOf(x);
  bool isDouble = x.isDouble();
  // tanh|x| rounds to 1 beyond the bound.
  Lanes y = clampAbove(abs(x), isDouble ? 20.0 : 10.0);
  // exp(-2|x|) = 2^n (1 - p), p = 1 - exp(-2r), r = |x| + n ln(2)/2; tanh|x| = (1 - exp(-2|x|)) / (1 + exp(-2|x|)).
  Lanes shift = x.emitter->constant(x.element, format.roundingShift() + format.bias);
  Lanes shifted = fma(y, -2 * log2eOf(x), shift);
  Lanes n = shifted - shift;
  Lanes r = fma(n, 0.5 * (isDouble ? c::ln2_53[0] : c::ln2_24[0]), y);
  if (isDouble)
    r = fma(n, 0.5 * c::ln2_53[1], r);
  Lanes p = fma(polynomial(r, isDouble ? llvm::ArrayRef<double>(c::tanh53) : llvm::ArrayRef<double>(c::tanh24)) * r, r,
                r + r);
  Lanes power = asFloat(shiftLeft(bits(shifted), format.mantissaBits));
  return copySign(fma(power, p, 1.0 - power) / fma(-power, p, 1.0 + power), x);
}

} // namespace attn::lower::math
