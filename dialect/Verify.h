#pragma once

#include "dialect/AttnDialect.h"

namespace attn::ir {

/// Rules that operations of both levels share.

/// Each of a kernel's coordinates has the number of an extent; its body takes no arguments.
mlir::LogicalResult verifyKernel(mlir::Operation *op, mlir::DictionaryAttr coordinates,
                                 std::optional<llvm::ArrayRef<int64_t>> extents);

/// A region that classifies a tile of queries and keys: four bounds to two booleans.
mlir::LogicalResult verifyClassifier(mlir::Operation *op, mlir::Region &region);

/// Coordinates named by an attribute are distinct.
mlir::LogicalResult verifyDistinct(mlir::Operation *op, mlir::ArrayAttr coordinates);

} // namespace attn::ir
