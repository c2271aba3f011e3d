#pragma once

#include "compiler/lower/math/Lanes.h"

/// The functions themselves, each as a sequence of elementary operations on all lanes. Operands and results are F32 or
/// F64 (all of one kind). NaN, infinities, zeros of both signs and subnormal numbers are right; docs/math.md states the
/// errors.
namespace attn::lower::math {

Lanes expandExp(Lanes x);
Lanes expandExp2(Lanes x);
Lanes expandExpm1(Lanes x);
/// 2^t for t <= 0; see buildSoftmaxExp2.
Lanes expandSoftmaxExp2(Lanes t);
Lanes expandTanh(Lanes x);
Lanes expandErf(Lanes x);

Lanes expandLog(Lanes x);
Lanes expandLog2(Lanes x);
Lanes expandLog1p(Lanes x);

/// x ** y as C's pow.
Lanes expandPow(Lanes x, Lanes y);
/// x ** n as C's pow; n is I32 or I64.
Lanes expandPowInteger(Lanes x, Lanes n);

Lanes expandAtan(Lanes x);

/// An angle as quadrant * pi/2 + (high + low), |high| <= pi/4 (1 + 2^-7). For an F32 angle both are F64 and low is
/// absent.
struct ReducedAngle {
  Lanes high;
  std::optional<Lanes> low;
  Lanes quadrant; ///< an integer of the angle's width; only its two low bits count
};
/// The reduction is shared by the sine, cosine and tangent of one angle. Exact over the whole range: where a lane
/// exceeds 2^40 in magnitude, all such lanes take a slower path inside an `scf.if`.
ReducedAngle reduceAngle(Lanes x);
Lanes expandSin(Lanes x, const ReducedAngle &angle);
Lanes expandCos(Lanes x, const ReducedAngle &angle);
Lanes expandTan(Lanes x, const ReducedAngle &angle);

/// Where the target has no rounding instruction.
Lanes expandFloor(Lanes x);
Lanes expandCeil(Lanes x);
Lanes expandTrunc(Lanes x);
Lanes expandRoundEven(Lanes x);
Lanes expandRound(Lanes x); ///< ties away from 0

} // namespace attn::lower::math
