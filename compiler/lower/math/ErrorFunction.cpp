#include "compiler/lower/math/Coefficients.h"
#include "compiler/lower/math/Functions.h"
#include "compiler/lower/math/Scaling.h"

namespace attn::lower::math {

namespace c = coefficients;

Lanes expandErf(Lanes x) {
  bool isDouble = x.isDouble();
  FloatFormat format = formatOf(x);
  auto series = [&](llvm::ArrayRef<double> f32, llvm::ArrayRef<double> f64) { return isDouble ? f64 : f32; };

  Lanes inner = fma(x, polynomial(x * x, series(c::erf24, c::erf53)), x);

  // erf|x| = 1 - exp(-q); 1 beyond the bound.
  Lanes magnitude = abs(x);
  Lanes y = clampAbove(magnitude, isDouble ? 5.95 : 4.0);
  Lanes q = polynomial(y - 1.0, series(c::erfc24, c::erfc53));
  llvm::ArrayRef<double> ln2 = series(c::ln2Parts24, c::ln2Parts53);
  Rounded n = roundByShift(q * (isDouble ? -c::log2eParts53[0] : -c::log2eParts24[0]), format.bias);
  Lanes r = fma(n.value, -ln2[1], fma(n.value, -ln2[0], -q));
  Lanes power = asFloat(shiftLeft(bits(n.shifted), format.mantissaBits));
  Lanes outer = 1.0 - exponential(r) * power;
  return select(magnitude < x.emitter->constant(x.element, 1.0), inner, copySign(outer, x));
}

} // namespace attn::lower::math
