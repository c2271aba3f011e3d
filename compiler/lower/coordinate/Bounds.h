#pragma once

#include "dialect/AttnDialect.h"

#include "llvm/ADT/DenseMap.h"

#include <optional>

namespace attn::lower {

/// The largest value an extent may have; the launcher refuses tensors with more.
inline constexpr int64_t largestExtent = 0x7fffffff;

/// constant + sum of coefficient * extent, in exact arithmetic.
struct Linear {
  int64_t constant = 0;
  llvm::SmallVector<std::pair<int64_t, int64_t>, 2> terms; ///< (extent's number, coefficient), by number; no coefficient is 0

  friend bool operator==(const Linear &left, const Linear &right) {
    return left.constant == right.constant && left.terms == right.terms;
  }
};

/// left + factor * right; nothing where a coefficient would overflow.
std::optional<Linear> addScaled(const Linear &left, const Linear &right, int64_t factor);

/// What is known of an integer: it lies in [low, high], is at least each of `lower` and at most each of `upper`.
struct Bounds {
  int64_t low = INT64_MIN, high = INT64_MAX;
  llvm::SmallVector<Linear, 2> lower, upper;

  bool isConstant() const { return low == high; }
};

/// Bounds of every integer of a kernel without rebases. A value that was not evaluated (a read or division whose condition is
/// false, or that ended the run) counts as 0 or, for a division, as its dividend; bounds hold for these too, so that they are safe as
/// indices.
class IntegerBounds {
public:
  explicit IntegerBounds(ir::KernelOp kernel);

  const Bounds &of(mlir::Value value) const;

  /// Whether `bound` is at least 0 wherever `user` is evaluated: there every coordinate that `user` varies with has a value, so
  /// that its extent is at least 1.
  bool isNonNegative(const Linear &bound, mlir::Operation *user) const;

  /// The size of a tensor's dimension, if it is linear in the extents.
  std::optional<Linear> sizeOf(ir::TensorOp tensor, unsigned dimension) const;

  /// Whether every index of the read, or that of one dimension, lies inside its dimension.
  bool isInside(ir::ReadOp read) const;
  bool isInside(ir::ReadOp read, unsigned dimension) const;

  /// Whether an integer division has a divisor that isn't 0 and a quotient that fits.
  bool isDefined(ir::BinaryOp division) const;

private:
  Bounds compute(mlir::Operation *op) const;
  Bounds computeBinary(ir::BinaryOp op) const;
  Bounds divide(ir::BinaryOp op, const Bounds &left, const Bounds &right) const;
  Bounds modulo(ir::BinaryOp op, const Bounds &left, const Bounds &right) const;
  Bounds join(const Bounds &left, const Bounds &right, mlir::Operation *user) const;
  bool isAtMost(const Linear &left, const Linear &right, mlir::Operation *user) const;
  Bounds extent(int64_t number) const;
  bool isHeadsPerGroup(mlir::Value value) const;
  int64_t smallest(int64_t extent, mlir::Operation *user) const;

  mutable ir::KernelOp kernel;
  llvm::DenseMap<mlir::Value, Bounds> known;
  Bounds unknown;
};

} // namespace attn::lower
