#pragma once

#include "dialect/AttnDialect.h"

namespace attn::lower {

/// A float tensor that can be taken as it lies in memory: every index is a coordinate, one more than what another row
/// block has of it, or the same for the whole row block.
struct LinearRead {
  mlir::Value tensor;
  mlir::ArrayAttr axes; ///< the coordinate of each dimension, empty where there is none
  llvm::SmallVector<std::pair<int64_t, mlir::Value>> offsets; ///< of dimensions that don't start at 0

  bool isF32() const; ///< or of 16 bits
};

/// Nothing where the read is checked, of integers, or at indices of another form. `rows` (i or j) and a feature may be
/// coordinates.
std::optional<LinearRead> linearRead(mlir::Value value);

/// The table of a product with its rows, with `row` for the coordinate of the dimension whose index differs from pair to pair.
LinearRead tableOf(ir::ReadOp row, unsigned dimension);

} // namespace attn::lower
