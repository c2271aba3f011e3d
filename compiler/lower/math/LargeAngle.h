#pragma once

#include "compiler/lower/math/Lanes.h"

namespace attn::lower::math {

/// high + low = x - n pi/2, |high| <= pi/4; the low two bits of the I64 `quadrant` are n mod 4.
struct LargeAngle {
  Lanes high, low, quadrant;
};

/// Reduces f64 angles 2^40 <= |x| < inf, one lane after the other, by multiplication with the bits of 2/pi that matter
/// for the exponent of x (Payne and Hanek, "Radian reduction for trigonometric functions", 1983): the relative error of
/// high + low is below 2^-60 for every double.
LargeAngle reduceLargeAngle(Lanes x);

} // namespace attn::lower::math
