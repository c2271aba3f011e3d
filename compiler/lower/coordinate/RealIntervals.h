#pragma once

#include "compiler/lower/coordinate/IntegerIntervals.h"

namespace attn::lower {

/// An interval of floats of one type. Its ends mean something only where `mayBeUnordered` is false: where it is true the values may be
/// anything, NaN included.
struct RealInterval {
  mlir::Value low, high;
  mlir::Value mayBeUnordered;
};

/// Arithmetic on intervals of floats. Rounding keeps order, so that the ends are rounded just as the program rounds.
class RealIntervalCode {
public:
  explicit RealIntervalCode(ScalarCode &code) : code(code) {}

  RealInterval point(mlir::Value value) const;
  RealInterval unknown(mlir::Type type) const;

  RealInterval add(const RealInterval &left, const RealInterval &right) const;
  RealInterval subtract(const RealInterval &left, const RealInterval &right) const;
  RealInterval negate(const RealInterval &operand) const;
  RealInterval multiply(const RealInterval &left, const RealInterval &right) const;
  RealInterval divide(const RealInterval &left, const RealInterval &right) const;
  RealInterval minimum(const RealInterval &left, const RealInterval &right) const;
  RealInterval maximum(const RealInterval &left, const RealInterval &right) const;
  RealInterval absolute(const RealInterval &operand) const;
  RealInterval join(const RealInterval &left, const RealInterval &right) const;
  RealInterval select(mlir::Value condition, const RealInterval &ifTrue, const RealInterval &ifFalse) const;
  RealInterval ofInteger(const Interval &operand, mlir::Type type) const;
  /// The operand in another float type.
  RealInterval round(const RealInterval &operand, mlir::Type type) const;
  /// A function that never decreases and gives no NaN, rounded correctly.
  template <typename Op> RealInterval monotone(const RealInterval &operand) const {
    return {code.make<Op>({operand.low}), code.make<Op>({operand.high}), operand.mayBeUnordered};
  }

private:
  mlir::Value isInfinite(const RealInterval &operand) const;
  mlir::Value either(const RealInterval &left, const RealInterval &right) const;
  RealInterval ofCorners(llvm::ArrayRef<mlir::Value> corners, mlir::Value mayBeUnordered) const;

  ScalarCode &code;
};

} // namespace attn::lower
