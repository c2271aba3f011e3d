#include "compiler/lower/coordinate/IntegerIntervals.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <algorithm>
#include <bit>

using namespace mlir;

namespace attn::lower {

/// All ones below the highest bit in which a value of the hull may differ from 0.
static int64_t maskFor(uint64_t highest) {
  int bits = std::bit_width(highest);
  return bits >= 63 ? INT64_MAX : (int64_t(1) << bits) - 1;
}

/// The ends' common leading bits are those of everything between; and what is known beside.
KnownBits IntervalCode::bitsOf(const Interval &operand) const {
  if (operand.bits && operand.bits->isAll)
    return *operand.bits;
  Value all = code.integer(-1);
  KnownBits bits;
  if (operand.isPoint()) {
    bits = {code.bitXor(operand.low, all), operand.low};
  } else {
    Value differing = code.bitXor(operand.low, operand.high);
    Value leading = code.make<math::CountLeadingZerosOp>({code.bitOr(differing, code.integer(1))});
    Value varying = code.select(code.equal(differing, code.integer(0)), code.integer(0),
                                code.make<arith::ShRUIOp>({all, leading}));
    Value fixed = code.bitXor(varying, all);
    bits = {code.bitAnd(code.bitXor(operand.low, all), fixed), code.bitAnd(operand.low, fixed)};
  }
  if (operand.bits)
    bits = {code.bitOr(bits.zeros, operand.bits->zeros), code.bitOr(bits.ones, operand.bits->ones)};
  bits.isAll = true;
  return bits;
}

/// The least value with these bits has ones only where they must be, but for the sign; the largest zeros only where they must be.
Interval IntervalCode::ofBits(KnownBits bits, Hull hull) const {
  Value possible = code.bitXor(bits.zeros, code.integer(-1));
  Value low = bits.ones, high = possible;
  if (hull.low < 0) {
    Value sign = code.integer(INT64_MIN);
    low = code.bitOr(low, code.bitAnd(possible, sign));
    Value signOrNone = code.bitOr(code.bitAnd(bits.ones, sign), code.integer(INT64_MAX));
    high = code.bitAnd(high, signOrNone);
  }
  return {low, high, hull, KnownBits{bits.zeros, bits.ones}};
}

Interval IntervalCode::bitNot(const Interval &operand) const {
  Interval result = subtract(constant(-1), operand);
  if (operand.bits)
    result.bits = KnownBits{operand.bits->ones, operand.bits->zeros};
  return result;
}

Interval IntervalCode::bitAnd(const Interval &left, const Interval &right) const {
  if (left.isPoint() && right.isPoint()) {
    Value result = code.bitAnd(left.low, right.low);
    return between(result, result, {});
  }
  KnownBits a = bitsOf(left), b = bitsOf(right);
  bool leftPositive = left.hull.low >= 0, rightPositive = right.hull.low >= 0;
  Hull hull;
  if (leftPositive || rightPositive)
    hull = {0, std::min(leftPositive ? left.hull.high : INT64_MAX, rightPositive ? right.hull.high : INT64_MAX)};
  Interval result = ofBits({code.bitOr(a.zeros, b.zeros), code.bitAnd(a.ones, b.ones)}, hull);
  if (leftPositive)
    result.high = code.minimum(result.high, left.high);
  if (rightPositive)
    result.high = code.minimum(result.high, right.high);
  return result;
}

Interval IntervalCode::bitOr(const Interval &left, const Interval &right) const {
  if (left.isPoint() && right.isPoint()) {
    Value result = code.bitOr(left.low, right.low);
    return between(result, result, {});
  }
  KnownBits a = bitsOf(left), b = bitsOf(right);
  Hull hull;
  bool isPositive = left.hull.low >= 0 && right.hull.low >= 0;
  if (isPositive)
    hull = {std::max(left.hull.low, right.hull.low), maskFor(std::max(left.hull.high, right.hull.high))};
  Interval result = ofBits({code.bitAnd(a.zeros, b.zeros), code.bitOr(a.ones, b.ones)}, hull);
  if (isPositive)
    result.low = code.maximum(result.low, code.maximum(left.low, right.low));
  return result;
}

Interval IntervalCode::bitXor(const Interval &left, const Interval &right) const {
  if (left.isPoint() && right.isPoint()) {
    Value result = code.bitXor(left.low, right.low);
    return between(result, result, {});
  }
  KnownBits a = bitsOf(left), b = bitsOf(right);
  Hull hull;
  if (left.hull.low >= 0 && right.hull.low >= 0)
    hull = {0, maskFor(std::max(left.hull.high, right.hull.high))};
  Value zeros = code.bitOr(code.bitAnd(a.zeros, b.zeros), code.bitAnd(a.ones, b.ones));
  Value ones = code.bitOr(code.bitAnd(a.zeros, b.ones), code.bitAnd(a.ones, b.zeros));
  return ofBits({zeros, ones}, hull);
}

Interval IntervalCode::shiftLeft(const Interval &operand, int64_t count) const {
  if (count < 0 || count > 62)
    return unknown();
  Interval result = multiply(operand, constant(int64_t(1) << count));
  if (operand.bits) {
    Value by = code.integer(count), vacated = code.integer((int64_t(1) << count) - 1);
    result.bits = KnownBits{code.bitOr(code.make<arith::ShLIOp>({operand.bits->zeros, by}), vacated),
                            code.make<arith::ShLIOp>({operand.bits->ones, by})};
  }
  return result;
}

Interval IntervalCode::shiftRight(const Interval &operand, int64_t count) const {
  if (count < 0 || count > 63)
    return unknown();
  auto shift = [&](Value x) { return code.make<arith::ShRSIOp>({x, code.integer(count)}); };
  Interval result = between(shift(operand.low), shift(operand.high), {operand.hull.low >> count, operand.hull.high >> count});
  if (operand.bits) {
    // What the shifted ends have in common is what the ends had.
    KnownBits bits = bitsOf(operand);
    result.bits = KnownBits{shift(bits.zeros), shift(bits.ones), /*isAll=*/true};
  }
  return result;
}

} // namespace attn::lower
