#pragma once

#include "dialect/AttnDialect.h"

namespace attn::lower {

/// A comparison of the key with a number that is the same for a row block's keys: `j < at`, or its opposite.
struct KeySplit {
  mlir::Value at; ///< varies with b, h and g only
  bool isAfter;   ///< j >= at
};
/// Nothing where a condition is anything else.
std::optional<KeySplit> keySplit(mlir::Value condition);

/// Whether two functions are the same value or the same extent.
bool isSameNumber(mlir::Value left, mlir::Value right);

/// The keys at which the rows of keys and values that a kernel multiplies, or stores, change from one view to another.
/// None is in it twice.
llvm::SmallVector<mlir::Value> keySplits(ir::KernelOp kernel);

} // namespace attn::lower
