#pragma once

#include "dialect/AttnDialect.h"

#include "llvm/ADT/DenseMap.h"

#include <vector>

namespace attn::lower {

/// A score under a softmax, with all that is asked of it in one pass: sums of values with its weights, the logarithm of
/// its denominator.
struct NormalisedScore {
  mlir::Value score;
  llvm::SmallVector<ir::OnlineOp> sums;
  llvm::SmallVector<ir::LogSumExpOp> logarithms;
};

/// What one pass over the keys of a row computes.
struct RowPass {
  llvm::SmallVector<NormalisedScore> scores;
  llvm::SmallVector<ir::WeightedSumOp> sums;
  llvm::SmallVector<ir::ReduceOp> reductions;
  llvm::SmallVector<ir::TopKOp> tops;
  llvm::SmallVector<ir::ThresholdOp> thresholds; ///< each takes passes of its own, after the others

  bool isEmpty() const { return scores.empty() && sums.empty() && reductions.empty() && tops.empty(); }
};

/// Divides a kernel's row functions among passes over the keys. What needs the result of a pass at every pair is in a
/// later one; nothing else is.
class RowPasses {
public:
  explicit RowPasses(ir::KernelOp kernel);

  std::vector<RowPass> passes;
  mlir::Value mask; ///< of all row functions; null where there is none

  /// How many passes must be over before a value is known at a pair, or at a row.
  unsigned level(mlir::Value value) const { return levels.lookup(value); }

private:
  llvm::DenseMap<mlir::Value, unsigned> levels;
};

} // namespace attn::lower
