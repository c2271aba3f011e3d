#pragma once

#include "dialect/AttnDialect.h"

namespace attn::lower {

/// The element type of rows of keys that a function takes from memory as they lie there: those of a tensor, or of one
/// of several, with `feature` (of the given extent) as an index by itself. Nothing where it computes them.
std::optional<mlir::FloatType> storedRows(mlir::Value value, llvm::StringRef feature, int64_t extent,
                                          std::optional<int64_t> fixedExtent);

/// The same of the rows that a kernel multiplies.
std::optional<mlir::FloatType> storedKeys(ir::KernelOp kernel, mlir::Value value);

/// Whether such rows, of the keys of a block, are at equal distances: what says where they are varies with the key
/// only as the key itself does.
bool lieEvenly(mlir::Value value, llvm::StringRef feature);

/// An index that is the key plus, or less, a number that is the same for a row block's keys. The number is null where
/// it is 0.
struct KeyIndex {
  mlir::Value distance;
  bool isLess = false;
};
std::optional<KeyIndex> keyIndex(mlir::Value index);

/// Whether a function varies with the batch and head alone.
bool isOfRowBlock(mlir::Value value);

} // namespace attn::lower
