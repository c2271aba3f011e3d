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
  if (operand.isPoint())
    return {operand.low, operand.low};
  if (operand.isOfBits())
    return *operand.bits;
  Value all = code.integer(-1), differing = code.bitXor(operand.low, operand.high);
  Value leading = code.make<math::CountLeadingZerosOp>({code.bitOr(differing, code.integer(1))});
  Value varying = code.select(code.equal(differing, code.integer(0)), code.integer(0),
                              code.make<arith::ShRUIOp>({all, leading}));
  KnownBits bits{code.bitAnd(operand.low, code.bitXor(varying, all)), code.bitOr(operand.low, varying)};
  if (operand.bits)
    bits = {code.bitOr(bits.ones, operand.bits->ones), code.bitAnd(bits.possible, operand.bits->possible)};
  return bits;
}

/// The least value with these bits has ones only where they must be, but for the sign; the largest zeros only where they must be.
Interval IntervalCode::ofBits(Value ones, Value possible, Hull hull) const {
  Value low = ones, high = possible;
  if (hull.low < 0) {
    Value sign = code.integer(INT64_MIN);
    low = code.bitOr(low, code.bitAnd(possible, sign));
    high = code.bitAnd(high, code.bitOr(code.bitAnd(ones, sign), code.integer(INT64_MAX)));
  }
  return {low, high, hull, KnownBits{ones, possible}};
}

Interval IntervalCode::bitNot(const Interval &operand) const {
  auto opposite = [&](Value x) { return code.bitXor(x, code.integer(-1)); };
  Interval result = between(opposite(operand.high), opposite(operand.low), {~operand.hull.high, ~operand.hull.low});
  if (operand.bits)
    result.bits = KnownBits{opposite(operand.bits->possible), opposite(operand.bits->ones)};
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
  Interval result = ofBits(code.bitAnd(a.ones, b.ones), code.bitAnd(a.possible, b.possible), hull);
  // What a mask with holes leaves is seldom as large as the operand: not worth the ends' being more than the bits.
  auto hasHoles = [](const Interval &mask) {
    int64_t value = mask.hull.low;
    return value == mask.hull.high && (value & (value + 1)) != 0;
  };
  auto boundBy = [&](const Interval &operand, const Interval &other) {
    if (operand.hull.low >= 0 && !operand.isPoint() && !operand.isOfBits() && !hasHoles(other))
      result.high = code.minimum(result.high, operand.high);
  };
  boundBy(left, right);
  boundBy(right, left);
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
  Interval result = ofBits(code.bitOr(a.ones, b.ones), code.bitOr(a.possible, b.possible), hull);
  for (const Interval *operand : {&left, &right})
    if (isPositive && !operand->isPoint() && !operand->isOfBits())
      result.low = code.maximum(result.low, operand->low);
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
  auto opposite = [&](Value x) { return code.bitXor(x, code.integer(-1)); };
  Value ones = code.bitOr(code.bitAnd(opposite(a.possible), b.ones), code.bitAnd(a.ones, opposite(b.possible)));
  Value possible = code.bitAnd(code.bitOr(a.possible, b.possible), opposite(code.bitAnd(a.ones, b.ones)));
  return ofBits(ones, possible, hull);
}

Interval IntervalCode::shiftLeft(const Interval &operand, int64_t count) const {
  if (count < 0 || count > 62)
    return unknown();
  auto shift = [&](Value x) { return code.make<arith::ShLIOp>({x, code.integer(count)}); };
  Interval result;
  if (operand.hull.isWithin(INT64_MAX >> count))
    result = between(shift(operand.low), shift(operand.high), {operand.hull.low << count, operand.hull.high << count});
  else
    result = multiply(operand, constant(int64_t(1) << count));
  if (operand.bits)
    result.bits = KnownBits{shift(operand.bits->ones), shift(operand.bits->possible)};
  return result;
}

Interval IntervalCode::shiftRight(const Interval &operand, int64_t count) const {
  if (count < 0 || count > 63)
    return unknown();
  auto shift = [&](Value x) { return code.make<arith::ShRSIOp>({x, code.integer(count)}); };
  Interval result = between(shift(operand.low), shift(operand.high), {operand.hull.low >> count, operand.hull.high >> count});
  if (operand.bits)
    result.bits = KnownBits{shift(operand.bits->ones), shift(operand.bits->possible)};
  return result;
}

} // namespace attn::lower
