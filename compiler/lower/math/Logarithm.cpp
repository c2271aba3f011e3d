#include "compiler/lower/math/Logarithm.h"
#include "compiler/lower/math/Coefficients.h"
#include "compiler/lower/math/Functions.h"

#include <limits>

namespace attn::lower::math {

namespace c = coefficients;

BinaryParts splitBinary(Lanes x) {
  FloatFormat format = formatOf(x);
  uint64_t one = format.bitsOf(1.0), root = format.bitsOf(0x1.6a09e667f3bcdp-1);
  uint64_t mantissaMask = (uint64_t(1) << format.mantissaBits) - 1;
  Lanes shifted = addInteger(bits(x), one - root);
  Lanes biased = shiftRight(shifted, format.mantissaBits);
  Lanes mantissa = asFloat(addInteger(andInteger(shifted, mantissaMask), root));
  return {mantissa, biased};
}

Lanes exponentValue(Lanes biased, Element element) {
  Lanes zero = biased.emitter->constant(element, 0.0);
  FloatFormat format = formatOf(zero);
  double two = double(uint64_t(1) << format.mantissaBits);
  return asFloat(orInteger(biased, format.bitsOf(two))) - (two + format.bias);
}

NormalParts splitNormalized(Lanes x) {
  FloatFormat format = formatOf(x);
  int up = int(format.mantissaBits) + 1;
  Lanes subnormal = x < x.emitter->constant(x.element, format.minNormal);
  BinaryParts parts = splitBinary(select(subnormal, x * double(uint64_t(1) << up), x));
  Lanes exponent = exponentValue(parts.biased, x.element);
  return {parts.mantissa, select(subnormal, exponent - double(up), exponent)};
}

/// log(1 + f) - f on sqrt(1/2) <= 1 + f <= sqrt(2), plus `addend`.
static Lanes logarithmTail(Lanes f, Lanes addend) {
  if (f.isDouble()) {
    // log(1 + f) = f - f^2/2 + s (f^2/2 + R), s = f / (2 + f), R = 2 atanh(s)/s - 2.
    Lanes s = f / (f + 2.0);
    Lanes z = s * s;
    Lanes half = (f * f) * 0.5;
    return fma(s, fma(z, polynomial(z, c::log53), half), addend) - half;
  }
  Lanes square = f * f;
  return fma(square, -0.5, fma(f * square, polynomial(f, c::log24), addend));
}

/// The logarithm `result` of a positive finite x, corrected for every other x. `x` may stand for the true argument if
/// it has its sign, zero and infinity.
static Lanes withSpecialValues(Lanes result, Lanes x) {
  double infinity = std::numeric_limits<double>::infinity();
  Lanes outside = select(x == 0.0, -infinity, notANumberLike(x));
  result = select(x > 0.0, result, outside);
  return select(x == infinity, infinity, result);
}

/// exponent * ln(2) + log(1 + f).
static Lanes assemble(Lanes exponent, Lanes f) {
  llvm::ArrayRef<double> ln2 =
      f.isDouble() ? llvm::ArrayRef<double>(c::ln2Parts53) : llvm::ArrayRef<double>(c::ln2Parts24);
  Lanes tail = logarithmTail(f, exponent * ln2[1]);
  return fma(exponent, ln2[0], f + tail);
}

Lanes expandLog(Lanes x) {
  NormalParts parts = splitNormalized(x);
  return withSpecialValues(assemble(parts.exponent, parts.mantissa - 1.0), x);
}

Lanes expandLog1p(Lanes x) {
  // 1 + x = u + c exactly; log(1 + x) = log(u + c), and u + c = 2^e (m + c 2^-e).
  FloatFormat format = formatOf(x);
  Pair sum = exactSum(x.emitter->constant(x.element, 1.0), x);
  BinaryParts parts = splitBinary(sum.high);
  uint64_t top = uint64_t(2 * format.bias + 1);
  Lanes scale = asFloat(shiftLeft(x.emitter->integer(format.integer, top) - parts.biased, format.mantissaBits));
  Lanes f = fma(sum.low * 0.5, scale, parts.mantissa - 1.0);
  Lanes result = assemble(exponentValue(parts.biased, x.element), f);
  return copySign(withSpecialValues(result, sum.high), x);
}

Lanes expandLog2(Lanes x) {
  llvm::ArrayRef<double> log2e =
      x.isDouble() ? llvm::ArrayRef<double>(c::log2eParts53) : llvm::ArrayRef<double>(c::log2eParts24);
  NormalParts parts = splitNormalized(x);
  Lanes f = parts.mantissa - 1.0;
  Lanes tail = logarithmTail(f, x.emitter->constant(x.element, 0.0));
  Pair product = exactProduct(f, x.emitter->constant(x.element, log2e[0]));
  Lanes low = product.low + fma(f, log2e[1], tail * log2e[0]);
  return withSpecialValues(parts.exponent + (product.high + low), x);
}

} // namespace attn::lower::math
