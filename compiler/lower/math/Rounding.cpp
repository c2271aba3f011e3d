#include "compiler/lower/math/Functions.h"

#include <cmath>

namespace attn::lower::math {

/// |x| rounded to an integral value, ties to even: exact for every x whose magnitude has a fraction at all.
static Lanes nearestMagnitude(Lanes magnitude) {
  double shift = std::ldexp(1.0, int(formatOf(magnitude).mantissaBits));
  Lanes shifted = magnitude + shift;
  return shifted - shift;
}

/// `rounded`, a function of |x|, with x's sign; x itself where it has no fraction (or is NaN).
static Lanes whereFractional(Lanes rounded, Lanes magnitude, Lanes x) {
  double integral = std::ldexp(1.0, int(formatOf(x).mantissaBits));
  return select(magnitude < x.emitter->constant(x.element, integral), copySign(rounded, x), x);
}

static Lanes stepDown(Lanes condition, Lanes value, double step) { return select(condition, value - step, value); }

Lanes expandRoundEven(Lanes x) {
  Lanes magnitude = abs(x);
  return whereFractional(nearestMagnitude(magnitude), magnitude, x);
}

Lanes expandTrunc(Lanes x) {
  Lanes magnitude = abs(x);
  Lanes nearest = nearestMagnitude(magnitude);
  return whereFractional(stepDown(magnitude < nearest, nearest, 1.0), magnitude, x);
}

Lanes expandFloor(Lanes x) {
  Lanes nearest = expandRoundEven(x);
  return copySign(stepDown(x < nearest, nearest, 1.0), x);
}

Lanes expandCeil(Lanes x) {
  Lanes nearest = expandRoundEven(x);
  return copySign(stepDown(nearest < x, nearest, -1.0), x);
}

Lanes expandRound(Lanes x) {
  // The integer below |x| is up to one half away exactly where |x| rounds up.
  Lanes magnitude = abs(x);
  Lanes nearest = nearestMagnitude(magnitude);
  Lanes below = stepDown(magnitude < nearest, nearest, 1.0);
  return whereFractional(stepDown(magnitude - below >= 0.5, below, -1.0), magnitude, x);
}

} // namespace attn::lower::math
