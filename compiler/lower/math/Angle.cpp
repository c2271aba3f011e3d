#include "compiler/lower/math/Coefficients.h"
#include "compiler/lower/math/Functions.h"
#include "compiler/lower/math/LargeAngle.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace attn::lower::math {

namespace c = coefficients;

namespace {
/// high + low in f64; the low bits of `shifted` are the quadrant.
struct DoubleAngle {
  Lanes high, low, quadrant;
};
} // namespace

/// Up to here n = x 2/pi fits in the rounding shift and is off by less than 2^-12.
static constexpr double largeAngle = 0x1p40;

/// a - n * b, exact where the result needs no more than 53 bits.
static Lanes subtractProduct(Lanes a, Lanes n, double b) {
  if (a.emitter->target.fma)
    return fma(n, -b, a);
  Pair product = exactProduct(n, a.emitter->constant(a.element, b));
  return (a - product.high) - product.low;
}

/// For |x| <= largeAngle. x and n * halfPi[0] are multiples of 2^-53 where n is not 0, and differ by less than 1: the
/// first difference is exact.
static DoubleAngle reduceModerate(Lanes x, bool withLow) {
  Rounded n = roundByShift(x * c::twoOverPi[0]);
  Lanes first = subtractProduct(x, n.value, c::halfPi[0]);
  Lanes quadrant = bits(n.shifted);
  if (!withLow)
    return {fma(n.value, -c::halfPi[1], first), first, quadrant};
  Pair product = exactProduct(n.value, x.emitter->constant(x.element, -c::halfPi[1]));
  Pair sum = exactSum(first, product.high);
  return {sum.high, sum.low + fma(n.value, -c::halfPi[2], product.low), quadrant};
}

/// The angle of x, replaced where |x| is large by the exact reduction, which stands in an `scf.if` on "any lane is
/// large".
static DoubleAngle reduceAny(Lanes x, bool withLow) {
  Emitter &emitter = *x.emitter;
  OpBuilder &builder = emitter.builder;
  DoubleAngle moderate = reduceModerate(x, withLow);
  Lanes magnitude = abs(x);
  Lanes isLarge = (magnitude > largeAngle) & (magnitude < infinityLike(magnitude));
  SmallVector<Value, 3> results{moderate.high.value};
  if (withLow)
    results.push_back(moderate.low.value);
  results.push_back(moderate.quadrant.value);

  Value any = anyLane(isLarge);
  auto branch = scf::IfOp::create(builder, emitter.location, ValueRange(results).getTypes(), any, /*withElse=*/true);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    LargeAngle large = reduceLargeAngle(select(isLarge, x, largeAngle));
    SmallVector<Value, 3> chosen{select(isLarge, withLow ? large.high : large.high + large.low, moderate.high).value};
    if (withLow)
      chosen.push_back(select(isLarge, large.low, moderate.low).value);
    chosen.push_back(select(isLarge, large.quadrant, moderate.quadrant).value);
    scf::YieldOp::create(builder, emitter.location, chosen);
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, emitter.location, results);
  }
  Lanes high = emitter.wrap(branch.getResult(0));
  return {high, withLow ? emitter.wrap(branch.getResult(1)) : high, emitter.wrap(branch.getResults().back())};
}

ReducedAngle reduceAngle(Lanes x) {
  if (x.isDouble()) {
    DoubleAngle angle = reduceAny(x, true);
    return {angle.high, angle.low, angle.quadrant};
  }
  DoubleAngle angle = reduceAny(toF64(x), false);
  return {angle.high, std::nullopt, resizeInteger(angle.quadrant, Element::I32)};
}

/// sin(r) and cos(r) for the reduced angle r: the part that is exact or rounded once, and the rest.
static Pair sineOf(Lanes r, const std::optional<Lanes> &low, llvm::ArrayRef<double> series) {
  Lanes z = r * r;
  Lanes cube = z * r;
  Lanes p = polynomial(z, series);
  return {r, low ? fma(cube, p, fma(z * -0.5, *low, *low)) : cube * p};
}

static Pair cosineOf(Lanes r, const std::optional<Lanes> &low, llvm::ArrayRef<double> series) {
  Lanes z = r * r;
  Lanes half = z * 0.5;
  Lanes top = 1.0 - half;
  Lanes rest = (1.0 - top) - half;
  if (low)
    rest = rest - r * *low;
  return {top, fma(z * z, polynomial(z, series), rest)};
}

static Lanes sum(const Pair &pair) { return pair.high + pair.low; }

/// The sine or cosine of the whole angle, `quadrant` counted from the sine.
static Lanes fromQuadrant(Lanes sine, Lanes cosine, Lanes quadrant) {
  FloatFormat format = formatOf(sine);
  Lanes chosen = select(integerNotZero(andInteger(quadrant, 1)), cosine, sine);
  Lanes sign = shiftLeft(andInteger(quadrant, 2), format.width - 2);
  return asFloat(bits(chosen) ^ sign);
}

static Lanes sineOrCosine(const ReducedAngle &angle, Lanes quadrant) {
  if (angle.low)
    return fromQuadrant(sum(sineOf(angle.high, angle.low, c::sin53)), sum(cosineOf(angle.high, angle.low, c::cos53)),
                        quadrant);
  Lanes r = toF32(angle.high);
  return fromQuadrant(sum(sineOf(r, std::nullopt, c::sin24)), sum(cosineOf(r, std::nullopt, c::cos24)), quadrant);
}

/// `result`, and x itself, with its sign, where x is 0.
static Lanes keepZero(Lanes result, Lanes x) { return select(x == 0.0, x, result); }

Lanes expandSin(Lanes x, const ReducedAngle &angle) { return keepZero(sineOrCosine(angle, angle.quadrant), x); }

Lanes expandCos(Lanes x, const ReducedAngle &angle) { return sineOrCosine(angle, addInteger(angle.quadrant, 1)); }

Lanes expandTan(Lanes x, const ReducedAngle &angle) {
  bool isDouble = angle.low.has_value();
  llvm::ArrayRef<double> sineSeries = isDouble ? llvm::ArrayRef<double>(c::sin53) : llvm::ArrayRef<double>(c::sinTan);
  llvm::ArrayRef<double> cosineSeries = isDouble ? llvm::ArrayRef<double>(c::cos53) : llvm::ArrayRef<double>(c::cosTan);
  Pair sine = sineOf(angle.high, angle.low, sineSeries);
  Pair cosine = cosineOf(angle.high, angle.low, cosineSeries);
  Lanes odd = integerNotZero(andInteger(angle.quadrant, 1));
  if (!isDouble) {
    Lanes s = sum(sine), k = sum(cosine);
    return keepZero(toF32(select(odd, -k, s) / select(odd, s, k)), x);
  }
  // The quotient's remainder, divided once more, leaves little but the last rounding.
  sine = fastExactSum(sine.high, sine.low);
  cosine = fastExactSum(cosine.high, cosine.low);
  Pair top{select(odd, -cosine.high, sine.high), select(odd, -cosine.low, sine.low)};
  Pair bottom{select(odd, sine.high, cosine.high), select(odd, sine.low, cosine.low)};
  Lanes quotient = top.high / bottom.high;
  Pair back = exactProduct(quotient, bottom.high);
  Lanes remainder = ((top.high - back.high) - back.low) + top.low - quotient * bottom.low;
  return keepZero(quotient + remainder / bottom.high, x);
}

Lanes expandAtan(Lanes x) {
  Lanes magnitude = abs(x);
  Lanes isInverse = magnitude > 1.0;
  Lanes t = select(isInverse, 1.0 / magnitude, magnitude);
  Lanes z = t * t;
  llvm::ArrayRef<double> series = x.isDouble() ? llvm::ArrayRef<double>(c::atan53) : llvm::ArrayRef<double>(c::atan24);
  Lanes arc = fma(t * z, polynomial(z, series), t);
  Lanes complement = x.isDouble() ? c::halfPi[0] - (arc - c::halfPi[1]) : c::halfPi24[0] - (arc - c::halfPi24[1]);
  return copySign(select(isInverse, complement, arc), x);
}

} // namespace attn::lower::math
