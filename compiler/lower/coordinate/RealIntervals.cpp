#include "compiler/lower/coordinate/RealIntervals.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using arith::CmpFPredicate;

namespace attn::lower {

static constexpr double infinity = std::numeric_limits<double>::infinity();

RealInterval RealIntervalCode::point(Value value) const {
  return {value, value, code.compare(CmpFPredicate::UNO, value, value)};
}

RealInterval RealIntervalCode::unknown(Type type) const {
  return {code.real(-infinity, type), code.real(infinity, type), code.boolean(true)};
}

Value RealIntervalCode::either(const RealInterval &left, const RealInterval &right) const {
  return code.either(left.mayBeUnordered, right.mayBeUnordered);
}

Value RealIntervalCode::isInfinite(const RealInterval &operand) const {
  Type type = operand.low.getType();
  return code.either(code.compare(CmpFPredicate::OEQ, operand.low, code.real(-infinity, type)),
                     code.compare(CmpFPredicate::OEQ, operand.high, code.real(infinity, type)));
}

RealInterval RealIntervalCode::add(const RealInterval &left, const RealInterval &right) const {
  // Only opposite infinities give NaN.
  Value unordered = code.either(either(left, right), code.both(isInfinite(left), isInfinite(right)));
  return {code.make<arith::AddFOp>({left.low, right.low}), code.make<arith::AddFOp>({left.high, right.high}), unordered};
}

RealInterval RealIntervalCode::subtract(const RealInterval &left, const RealInterval &right) const {
  return add(left, negate(right));
}

RealInterval RealIntervalCode::negate(const RealInterval &operand) const {
  return {code.make<arith::NegFOp>({operand.high}), code.make<arith::NegFOp>({operand.low}), operand.mayBeUnordered};
}

RealInterval RealIntervalCode::ofCorners(ArrayRef<Value> corners, Value mayBeUnordered) const {
  Value low = corners[0], high = corners[0];
  for (Value corner : corners.drop_front()) {
    low = code.make<arith::MinimumFOp>({low, corner});
    high = code.make<arith::MaximumFOp>({high, corner});
  }
  return {low, high, mayBeUnordered};
}

RealInterval RealIntervalCode::multiply(const RealInterval &left, const RealInterval &right) const {
  auto product = [&](Value a, Value b) { return code.make<arith::MulFOp>({a, b}); };
  // Only zero times an infinity gives NaN.
  Value unordered = code.either(either(left, right), code.either(isInfinite(left), isInfinite(right)));
  return ofCorners({product(left.low, right.low), product(left.low, right.high), product(left.high, right.low),
                    product(left.high, right.high)},
                   unordered);
}

RealInterval RealIntervalCode::divide(const RealInterval &left, const RealInterval &right) const {
  auto quotient = [&](Value a, Value b) { return code.make<arith::DivFOp>({a, b}); };
  Value zero = code.real(0, right.low.getType());
  Value mayBeZero = code.both(code.compare(CmpFPredicate::OLE, right.low, zero), code.compare(CmpFPredicate::OGE, right.high, zero));
  Value unordered = code.either(code.either(either(left, right), mayBeZero), code.either(isInfinite(left), isInfinite(right)));
  return ofCorners({quotient(left.low, right.low), quotient(left.low, right.high), quotient(left.high, right.low),
                    quotient(left.high, right.high)},
                   unordered);
}

RealInterval RealIntervalCode::minimum(const RealInterval &left, const RealInterval &right) const {
  return {code.make<arith::MinimumFOp>({left.low, right.low}), code.make<arith::MinimumFOp>({left.high, right.high}),
          either(left, right)};
}

RealInterval RealIntervalCode::maximum(const RealInterval &left, const RealInterval &right) const {
  return {code.make<arith::MaximumFOp>({left.low, right.low}), code.make<arith::MaximumFOp>({left.high, right.high}),
          either(left, right)};
}

RealInterval RealIntervalCode::absolute(const RealInterval &operand) const {
  RealInterval opposite = negate(operand);
  Value zero = code.real(0, operand.low.getType());
  Value low = code.make<arith::MaximumFOp>({code.make<arith::MaximumFOp>({operand.low, opposite.low}), zero});
  return {low, code.make<arith::MaximumFOp>({operand.high, opposite.high}), operand.mayBeUnordered};
}

RealInterval RealIntervalCode::join(const RealInterval &left, const RealInterval &right) const {
  return {code.make<arith::MinimumFOp>({left.low, right.low}), code.make<arith::MaximumFOp>({left.high, right.high}),
          either(left, right)};
}

RealInterval RealIntervalCode::select(Value condition, const RealInterval &ifTrue, const RealInterval &ifFalse) const {
  return {code.select(condition, ifTrue.low, ifFalse.low), code.select(condition, ifTrue.high, ifFalse.high),
          code.select(condition, ifTrue.mayBeUnordered, ifFalse.mayBeUnordered)};
}

RealInterval RealIntervalCode::ofInteger(const Interval &operand, Type type) const {
  return {code.convert<arith::SIToFPOp>(type, operand.low), code.convert<arith::SIToFPOp>(type, operand.high), code.boolean(false)};
}

RealInterval RealIntervalCode::round(const RealInterval &operand, Type type) const {
  auto of = [&](Value x) {
    bool isWider = type.getIntOrFloatBitWidth() > x.getType().getIntOrFloatBitWidth();
    return isWider ? code.convert<arith::ExtFOp>(type, x) : code.convert<arith::TruncFOp>(type, x);
  };
  return {of(operand.low), of(operand.high), operand.mayBeUnordered};
}

} // namespace attn::lower
