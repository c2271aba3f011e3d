#pragma once

#include "dialect/AttnDialect.h"

#include <optional>

namespace attn::lower {

/// Whether a function varies with nothing but the batch and the head, so that a row block computes it once.
bool isUniform(mlir::Value value);

/// query * i + key * j + constant + the sum of coefficient * leaf, in exact arithmetic.
struct LinearForm {
  struct Leaf {
    mlir::Value value;
    int64_t coefficient;
    /// A whole side of a comparison: nothing was added to it, so that only its order with the other side counts.
    bool isWholeSide = false;
  };

  int64_t query = 0, key = 0, constant = 0;
  llvm::SmallVector<Leaf, 4> leaves;

  /// Adds factor * value; false where that would make the form too large. A value computed in integers that wrap is equal to the form if leaves
  /// lie within [-2^40, 2^40]: no sum on the way then reaches 2^62.
  bool add(mlir::Value value, int64_t factor);

  LinearForm negated() const;
  LinearForm without(size_t leaf) const;
  bool varies() const { return query != 0 || key != 0; }
};

/// left - right of a comparison; nothing where it would be too large.
std::optional<LinearForm> differenceOfSides(mlir::Value left, mlir::Value right);

/// The largest magnitude of a leaf for which a form is exact.
inline constexpr int64_t largestLeaf = int64_t(1) << 40;

} // namespace attn::lower
