#pragma once

#include "compiler/lower/coordinate/ScalarCode.h"

#include <optional>

namespace attn::lower {

/// What is known when the code is made of the integers an interval's ends may be.
struct Hull {
  int64_t low = INT64_MIN, high = INT64_MAX;
  bool isWithin(int64_t magnitude) const { return low >= -magnitude && high <= magnitude; }
};

/// Bits that are 1 in every value, and bits that are 1 in some value.
struct KnownBits {
  mlir::Value ones, possible;
};

/// An interval of integers, inclusive and never empty, whose ends are computed when a tile is classified.
struct Interval {
  mlir::Value low, high;
  Hull hull;
  std::optional<KnownBits> bits; ///< where more is known than the ends say

  /// One value, known to be when the code is made. It is computed just as the program computes it, wrapping where that wraps.
  bool isPoint() const { return low == high; }
  /// The ends say nothing that the bits don't.
  bool isOfBits() const { return bits && low == bits->ones && high == bits->possible; }
};

/// Arithmetic on intervals: a result holds every integer that operands from the intervals give. What may wrap is unknown.
class IntervalCode {
public:
  explicit IntervalCode(ScalarCode &code) : code(code) {}

  Interval constant(int64_t value) const { return {code.integer(value), code.integer(value), {value, value}, {}}; }
  Interval between(mlir::Value low, mlir::Value high, Hull hull) const { return {low, high, hull, {}}; }
  Interval unknown(Hull hull = {}) const { return {code.integer(hull.low), code.integer(hull.high), hull, {}}; }

  Interval add(const Interval &left, const Interval &right) const;
  Interval subtract(const Interval &left, const Interval &right) const;
  Interval negate(const Interval &operand) const;
  Interval multiply(const Interval &left, const Interval &right) const;
  Interval floorDivide(const Interval &dividend, const Interval &divisor) const;
  Interval modulo(const Interval &dividend, const Interval &divisor) const;
  Interval power(const Interval &base, int64_t exponent) const;
  Interval minimum(const Interval &left, const Interval &right) const;
  Interval maximum(const Interval &left, const Interval &right) const;
  Interval absolute(const Interval &operand) const;
  Interval sign(const Interval &operand) const;
  /// The operand with its ends brought into [-magnitude, magnitude].
  Interval clamp(const Interval &operand, int64_t magnitude) const;
  /// Everything in either.
  Interval join(const Interval &left, const Interval &right) const;
  Interval select(mlir::Value condition, const Interval &ifTrue, const Interval &ifFalse) const;

  Interval bitNot(const Interval &operand) const;
  Interval bitAnd(const Interval &left, const Interval &right) const;
  Interval bitOr(const Interval &left, const Interval &right) const;
  Interval bitXor(const Interval &left, const Interval &right) const;
  Interval shiftLeft(const Interval &operand, int64_t count) const;
  Interval shiftRight(const Interval &operand, int64_t count) const;

private:
  Interval exactOr(mlir::Value wrong, mlir::Value low, mlir::Value high) const;
  KnownBits bitsOf(const Interval &operand) const;
  Interval ofBits(mlir::Value ones, mlir::Value possible, Hull hull) const;

  ScalarCode &code;
};

} // namespace attn::lower
