#pragma once

#include "compiler/lower/math/Lanes.h"

/// What the functions that end in a power of two share.
namespace attn::lower::math {

/// Whether `scale` may be used on `x`: a whole 512-bit vector on a machine with AVX-512.
bool hasScale(Lanes x);

/// x * 2^n, n integral and of x's type, by `vscalefps` or `vscalefpd`: rounded once where the result is subnormal, and,
/// whatever x is (even NaN), 0 for n = -inf and inf for n = inf.
Lanes scale(Lanes x, Lanes n);

/// x * 2^n for `shifted` of roundByShift(n) without an offset, 2^-1 < x < 2, |n| at most the exponent of the smallest
/// subnormal (+ 2); overflows to inf, rounded once where the result is subnormal.
Lanes scaleByShifted(Lanes x, Lanes shifted);

/// exp(factor * r) on |factor * r| <= ln(2)/2, `factor` a power of two.
Lanes exponential(Lanes r, double factor = 1.0);

} // namespace attn::lower::math
