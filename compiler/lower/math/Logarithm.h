#pragma once

#include "compiler/lower/math/Lanes.h"

/// Taking floats apart, shared by the logarithms and the powers.
namespace attn::lower::math {

/// x = mantissa * 2^(biased - bias), sqrt(1/2) <= mantissa < sqrt(2).
struct BinaryParts {
  Lanes mantissa;
  Lanes biased; ///< an integer of x's width
};
/// Of a positive, finite, normal x; anything else gives some numbers.
BinaryParts splitBinary(Lanes x);

/// biased - bias as a float.
Lanes exponentValue(Lanes biased, Element element);

/// x = mantissa * 2^exponent, the exponent a float.
struct NormalParts {
  Lanes mantissa, exponent;
};
/// Of a positive, finite x, subnormal or not.
NormalParts splitNormalized(Lanes x);

} // namespace attn::lower::math
