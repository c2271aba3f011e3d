#include "compiler/lower/math/Coefficients.h"
#include "compiler/lower/math/Functions.h"
#include "compiler/lower/math/Logarithm.h"
#include "compiler/lower/math/Scaling.h"

#include <cmath>
#include <limits>

namespace attn::lower::math {

namespace c = coefficients;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// What the sign of a power depends on.
struct Exponent {
  Lanes value;
  Lanes isInteger;
  Lanes odd; ///< an integer, 1 where `value` is odd; anything where it is not an integer
};

Exponent classify(Lanes y) {
  double integral = std::ldexp(1.0, int(formatOf(y).mantissaBits));
  Lanes magnitude = abs(y);
  Lanes isLarge = magnitude >= integral;
  // From 2 * integral on every float is even; below, the lowest bit of |y| + integral, or of |y| itself, is that of
  // |y|.
  Lanes shifted = magnitude + integral;
  Lanes counted = select(isLarge, clampAbove(magnitude, 2 * integral), shifted);
  return {y, isLarge | (shifted - integral == magnitude), andInteger(bits(counted), 1)};
}

/// The exact power of |x| made that of x, as C's pow defines it.
Lanes withSign(Lanes power, Lanes x, const Exponent &y) {
  FloatFormat format = formatOf(x);
  Lanes noSign = x.emitter->integer(format.integer, 0);
  Lanes sign = select(y.isInteger, shiftLeft(y.odd, format.width - 1), noSign) & bits(x);
  power = asFloat(bits(power) ^ sign);
  // x < 0 without -inf; -0 is not negative here.
  Lanes isNegative = (x < 0.0) & (x > -infinity);
  return select(isNegative, select(y.isInteger, power, notANumberLike(x)), power);
}

/// log2(x) of f64 x >= 0, with a relative error of 2^-64.
Pair preciseLog2(Lanes x) {
  NormalParts parts = splitNormalized(x);
  Lanes f = parts.mantissa - 1.0;
  Lanes denominator = f + 2.0;
  // s = f / (2 + f): f and 2 + f are exact but for the last bit of 2 + f.
  Lanes denominatorLow = f - (denominator - 2.0);
  Lanes sHigh = f / denominator;
  Pair back = exactProduct(sHigh, denominator);
  Lanes sLow = (((f - back.high) - back.low) - sHigh * denominatorLow) / denominator;

  // log(1 + f) = 2 s (1 + w), w = z (1/3 + z Q(z)), z = s^2.
  Pair z = exactProduct(sHigh, sHigh);
  z.low = fma(sHigh + sHigh, sLow, z.low);
  Pair inner = fastExactSum(x.emitter->constant(x.element, c::third[0]),
                            fma(z.high, polynomial(z.high, c::logDouble), c::third[1]));
  Pair w = exactProduct(z.high, inner.high);
  w.low = fma(z.high, inner.low, fma(z.low, inner.high, w.low));
  Pair product = exactProduct(sHigh, w.high);
  product.low = fma(sHigh, w.low, fma(sLow, w.high, product.low));
  Pair half = fastExactSum(sHigh, product.high);
  half.low = half.low + (product.low + sLow);

  double log2e = 2 * c::log2eParts53[0], log2eLow = 2 * c::log2eParts53[1];
  Pair fraction = exactProduct(half.high, x.emitter->constant(x.element, log2e));
  fraction.low = fma(half.high, log2eLow, fma(half.low, log2e, fraction.low));
  Pair sum = fastExactSum(parts.exponent, fraction.high);
  Pair result = fastExactSum(sum.high, sum.low + fraction.low);

  Lanes isRegular = (x > 0.0) & (x < infinityLike(x));
  Lanes outside = select(x == 0.0, -infinity, x);
  return {select(isRegular, result.high, outside), select(isRegular, result.low, 0.0)};
}

Lanes positivePowerF64(Lanes x, Lanes y) {
  // Beyond 2^65 every power of an x other than 1 overflows or vanishes.
  Lanes bounded = clampAbove(clampBelow(y, -0x1p65), 0x1p65);
  Pair logarithm = preciseLog2(x);
  Pair t = exactProduct(bounded, logarithm.high);
  Lanes tLow = select(abs(t.high) < x.emitter->constant(x.element, 1100.0), fma(bounded, logarithm.low, t.low), 0.0);
  Lanes tHigh = clampAbove(clampBelow(t.high, -1100.0), 1100.0);
  Rounded n = roundByShift(tHigh);
  Lanes f = (tHigh - n.value) + tLow;
  Lanes power = fma(f, polynomial(f, c::exp2_53), 1.0);
  return hasScale(power) ? scale(power, n.value) : scaleByShifted(power, n.shifted);
}

/// |x| ** y for f32 x; y is f64.
Lanes positivePowerF32(Lanes x, Lanes y) {
  Lanes wide = toF64(x);
  BinaryParts parts = splitBinary(wide);
  Lanes f = parts.mantissa - 1.0;
  Lanes logarithm = fma(f, polynomial(f, c::log2Power), exponentValue(parts.biased, Element::F64));
  logarithm = select(wide < infinityLike(wide), logarithm, wide);
  logarithm = select(wide == 0.0, -infinity, logarithm);
  Lanes t = clampAbove(clampBelow(y * logarithm, -200.0), 200.0);
  Rounded n = roundByShift(t, 1023.0);
  Lanes g = t - n.value;
  return toF32(fma(g, polynomial(g, c::exp2Power), 1.0) * asFloat(shiftLeft(bits(n.shifted), 52)));
}

} // namespace

Lanes expandPow(Lanes x, Lanes y) {
  Lanes magnitude = abs(x);
  Lanes power = x.isDouble() ? positivePowerF64(magnitude, y) : positivePowerF32(magnitude, toF64(y));
  power = withSign(power, x, classify(y));
  Lanes isOne = (x == 1.0) | (y == 0.0) | ((magnitude == 1.0) & (abs(y) == infinity));
  return select(isOne, 1.0, power);
}

Lanes expandPowInteger(Lanes x, Lanes n) {
  Lanes y = signedToFloat(n, Element::F64);
  Lanes magnitude = abs(x);
  Lanes power = x.isDouble() ? positivePowerF64(magnitude, y) : positivePowerF32(magnitude, y);
  Lanes odd = andInteger(n, 1);
  FloatFormat format = formatOf(x);
  Lanes sign = shiftLeft(resizeInteger(odd, format.integer), format.width - 1) & bits(x);
  return select(y == 0.0, 1.0, asFloat(bits(power) ^ sign));
}

} // namespace attn::lower::math
