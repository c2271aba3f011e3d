#include "compiler/lower/coordinate/IntegerIntervals.h"

#include <algorithm>
#include <array>

using namespace mlir;
using arith::CmpIPredicate;

namespace attn::lower {

using Wide = __int128;

static std::optional<Hull> hullOf(Wide low, Wide high) {
  if (low < INT64_MIN || high > INT64_MAX)
    return std::nullopt;
  return Hull{int64_t(low), int64_t(high)};
}

/// [low, high], unless something went wrong in computing it.
Interval IntervalCode::exactOr(Value wrong, Value low, Value high) const {
  Interval all = unknown();
  return between(code.select(wrong, all.low, low), code.select(wrong, all.high, high), {});
}

Interval IntervalCode::add(const Interval &left, const Interval &right) const {
  Value low = code.add(left.low, right.low), high = code.add(left.high, right.high);
  auto hull = hullOf(Wide(left.hull.low) + right.hull.low, Wide(left.hull.high) + right.hull.high);
  if (hull || low == high)
    return between(low, high, hull.value_or(Hull()));
  // A sum wrapped if its sign is neither operand's.
  auto wraps = [&](Value a, Value b, Value sum) {
    return code.compare(CmpIPredicate::slt, code.bitAnd(code.bitXor(a, sum), code.bitXor(b, sum)), code.integer(0));
  };
  return exactOr(code.either(wraps(left.low, right.low, low), wraps(left.high, right.high, high)), low, high);
}

Interval IntervalCode::subtract(const Interval &left, const Interval &right) const {
  Value low = code.subtract(left.low, right.high), high = code.subtract(left.high, right.low);
  auto hull = hullOf(Wide(left.hull.low) - right.hull.high, Wide(left.hull.high) - right.hull.low);
  if (hull || low == high)
    return between(low, high, hull.value_or(Hull()));
  auto wraps = [&](Value a, Value b, Value difference) {
    return code.compare(CmpIPredicate::slt, code.bitAnd(code.bitXor(a, b), code.bitXor(a, difference)), code.integer(0));
  };
  return exactOr(code.either(wraps(left.low, right.high, low), wraps(left.high, right.low, high)), low, high);
}

Interval IntervalCode::negate(const Interval &operand) const { return subtract(constant(0), operand); }

Interval IntervalCode::multiply(const Interval &left, const Interval &right) const {
  if (left.isPoint() && right.isPoint()) {
    Value product = code.multiply(left.low, right.low);
    return between(product, product, {});
  }
  if (left.hull.low == left.hull.high && right.hull.low != right.hull.high)
    return multiply(right, left);
  std::array<Wide, 4> corners = {Wide(left.hull.low) * right.hull.low, Wide(left.hull.low) * right.hull.high,
                                 Wide(left.hull.high) * right.hull.low, Wide(left.hull.high) * right.hull.high};
  auto hull = hullOf(*std::min_element(corners.begin(), corners.end()), *std::max_element(corners.begin(), corners.end()));
  auto product = [&](Value a, Value b) { return code.multiply(a, b); };
  Value low, high;
  if (right.isPoint() && right.hull.low >= 0) {
    low = product(left.low, right.low), high = product(left.high, right.low);
  } else if (right.isPoint() && right.hull.high <= 0) {
    low = product(left.high, right.low), high = product(left.low, right.low);
  } else if (left.hull.low >= 0 && right.hull.low >= 0) {
    low = product(left.low, right.low), high = product(left.high, right.high);
  } else {
    Value a = product(left.low, right.low), b = product(left.low, right.high);
    Value c = product(left.high, right.low), d = product(left.high, right.high);
    low = code.minimum(code.minimum(a, b), code.minimum(c, d));
    high = code.maximum(code.maximum(a, b), code.maximum(c, d));
  }
  if (hull)
    return between(low, high, *hull);
  // Factors below 2^31 have a product below 2^62.
  constexpr int64_t small = int64_t(1) << 31;
  auto isLarge = [&](const Interval &factor) {
    return code.either(code.compare(CmpIPredicate::slt, factor.low, code.integer(-small)),
                       code.compare(CmpIPredicate::sgt, factor.high, code.integer(small)));
  };
  return exactOr(code.either(isLarge(left), isLarge(right)), low, high);
}

Interval IntervalCode::floorDivide(const Interval &dividend, const Interval &divisor) const {
  if (divisor.hull.high < 1)
    return unknown();
  bool isPositive = divisor.hull.low >= 1, isNonNegative = dividend.hull.low >= 0;
  Value one = code.integer(1);
  Value least = isPositive ? divisor.low : code.maximum(divisor.low, one);
  Value most = isPositive ? divisor.high : code.maximum(divisor.high, one);
  // Towards 0 as the divisor grows: the outermost quotients are at the least divisor for ends away from 0.
  Value low, high;
  if (divisor.isPoint()) {
    low = code.floorDivide(dividend.low, least, isNonNegative);
    high = code.floorDivide(dividend.high, least, isNonNegative);
  } else {
    low = code.minimum(code.floorDivide(dividend.low, least, isNonNegative), code.floorDivide(dividend.low, most, isNonNegative));
    high = code.maximum(code.floorDivide(dividend.high, least, isNonNegative), code.floorDivide(dividend.high, most, isNonNegative));
  }
  int64_t smallest = std::max<int64_t>(divisor.hull.low, 1);
  Hull hull{isNonNegative ? 0 : dividend.hull.low, dividend.hull.high < 0 ? -1 : dividend.hull.high / smallest};
  if (isPositive)
    return between(low, high, hull);
  return exactOr(code.compare(CmpIPredicate::slt, divisor.low, one), low, high);
}

Interval IntervalCode::modulo(const Interval &dividend, const Interval &divisor) const {
  if (divisor.hull.high < 1)
    return unknown();
  bool isPositive = divisor.hull.low >= 1, isNonNegative = dividend.hull.low >= 0;
  Value one = code.integer(1), zero = code.integer(0);
  Value most = isPositive ? divisor.high : code.maximum(divisor.high, one), last = code.subtract(most, one);
  Hull hull{0, divisor.hull.high - 1};
  Value low, high;
  if (divisor.isPoint()) {
    // Where both ends are in the same period the rest grows with the dividend.
    Value first = code.floorDivide(dividend.low, most, isNonNegative), second = code.floorDivide(dividend.high, most, isNonNegative);
    Value isSame = code.equal(first, second), start = code.multiply(first, most);
    low = code.select(isSame, code.subtract(dividend.low, start), zero);
    high = code.select(isSame, code.subtract(dividend.high, start), last);
    if (dividend.isPoint())
      low = high = code.subtract(dividend.low, start);
  } else {
    Value least = isPositive ? divisor.low : code.maximum(divisor.low, one);
    Value isInside = code.both(code.atMost(zero, dividend.low), code.compare(CmpIPredicate::slt, dividend.high, least));
    low = code.select(isInside, dividend.low, zero);
    high = code.select(isInside, dividend.high, last);
  }
  if (isPositive)
    return between(low, high, hull);
  return exactOr(code.compare(CmpIPredicate::slt, divisor.low, one), low, high);
}

Interval IntervalCode::power(const Interval &base, int64_t exponent) const {
  constexpr int64_t most = 8;
  if (exponent < 0 || exponent > most)
    return unknown();
  Interval magnitude = exponent % 2 == 0 ? absolute(base) : base, product = constant(1);
  for (int64_t n = 0; n < exponent; ++n)
    product = multiply(product, magnitude);
  return product;
}

Interval IntervalCode::minimum(const Interval &left, const Interval &right) const {
  return between(code.minimum(left.low, right.low), code.minimum(left.high, right.high),
                 {std::min(left.hull.low, right.hull.low), std::min(left.hull.high, right.hull.high)});
}

Interval IntervalCode::maximum(const Interval &left, const Interval &right) const {
  return between(code.maximum(left.low, right.low), code.maximum(left.high, right.high),
                 {std::max(left.hull.low, right.hull.low), std::max(left.hull.high, right.hull.high)});
}

Interval IntervalCode::absolute(const Interval &operand) const {
  if (operand.hull.low >= 0)
    return operand;
  Interval opposite = negate(operand);
  // max(x, -x, 0) is the least magnitude where x is below or above 0.
  Value low = code.maximum(code.maximum(operand.low, opposite.low), code.integer(0));
  Value high = code.maximum(operand.high, opposite.high);
  if (operand.hull.low == INT64_MIN) {
    // The magnitude of the least integer wraps.
    return exactOr(code.equal(operand.low, code.integer(INT64_MIN)), low, high);
  }
  return between(low, operand.isPoint() ? low : high, {0, std::max(operand.hull.high, -operand.hull.low)});
}

Interval IntervalCode::sign(const Interval &operand) const {
  auto of = [&](Value x) { return code.maximum(code.minimum(x, code.integer(1)), code.integer(-1)); };
  return between(of(operand.low), of(operand.high), {-1, 1});
}

Interval IntervalCode::clamp(const Interval &operand, int64_t magnitude) const {
  if (operand.hull.isWithin(magnitude))
    return operand;
  Value least = code.integer(-magnitude), most = code.integer(magnitude);
  auto of = [&](Value x) {
    if (operand.hull.low < -magnitude)
      x = code.maximum(x, least);
    return operand.hull.high > magnitude ? code.minimum(x, most) : x;
  };
  return between(of(operand.low), of(operand.high),
                 {std::clamp(operand.hull.low, -magnitude, magnitude), std::clamp(operand.hull.high, -magnitude, magnitude)});
}

Interval IntervalCode::join(const Interval &left, const Interval &right) const {
  return between(code.minimum(left.low, right.low), code.maximum(left.high, right.high),
                 {std::min(left.hull.low, right.hull.low), std::max(left.hull.high, right.hull.high)});
}

Interval IntervalCode::select(Value condition, const Interval &ifTrue, const Interval &ifFalse) const {
  return between(code.select(condition, ifTrue.low, ifFalse.low), code.select(condition, ifTrue.high, ifFalse.high),
                 {std::min(ifTrue.hull.low, ifFalse.hull.low), std::max(ifTrue.hull.high, ifFalse.hull.high)});
}

} // namespace attn::lower
