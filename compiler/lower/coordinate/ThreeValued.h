#pragma once

#include "compiler/lower/coordinate/Bounds.h"
#include "compiler/lower/coordinate/DifferenceTerms.h"
#include "compiler/lower/coordinate/LinearForm.h"
#include "compiler/lower/coordinate/RealIntervals.h"

#include <map>
#include <vector>

namespace attn::lower {

/// Whether a boolean may be true, and may be false, somewhere in a tile.
struct Truth {
  mlir::Value mayBeTrue, mayBeFalse;
};

/// Evaluates functions of a kernel over all pairs of a tile at once. Each function becomes code that computes what its values lie within;
/// everything unknown is within anything. What a read gives where its `where` is false doesn't count, so that nothing is said about it.
///
/// A boolean is first brought into a disjunction of terms, which are decided exactly where they compare i, j, i - j or chunks of them with
/// uniform values. Where that takes more than `mostTerms` of them, `and`, `or` and `not` are evaluated with three truth values.
class TileEvaluator {
public:
  static constexpr size_t mostTerms = 32;

  /// What it adds to the kernel itself goes in with `outside`.
  TileEvaluator(ir::KernelOp kernel, const IntegerBounds &bounds, mlir::OpBuilder outside, ScalarCode &code, Tile tile)
      : kernel(kernel), bounds(bounds), outside(outside), code(code), intervals(code), reals(code), differences(code, tile),
        tile(tile) {}

  Truth truth(mlir::Value value);

  /// Whether `truth` of the value says both only of tiles that hold both: the value comes down to terms that ask nothing but uniform values of a
  /// tile's pairs.
  bool isExact(mlir::Value value);

  /// Whether the tile is known to hold a pair where the value is true and one where it is false, so that looking at the
  /// tile's parts would find nothing. False is always correct; true but for tables of which too much is read to be
  /// looked through.
  mlir::Value holdsBoth(mlir::Value value);

  /// Whether an operation the value is computed from may end the run, so that the pairs must be evaluated one by one.
  mlir::Value mayFail(mlir::Value value);

private:
  /// That both ends of an integer's interval are among its values, all of which it takes as `with` (i, j, or neither)
  /// goes through the tile; where `known`.
  struct Ends {
    mlir::Value known;
    llvm::StringRef with;
  };
  std::optional<Ends> attainedEnds(mlir::Value value);
  bool isPlain(mlir::Value value);
  mlir::Value compareHoldsBoth(ir::CompareOp op);
  mlir::Value computeHoldsBoth(mlir::Value value);

  Interval integer(mlir::Value value);
  RealInterval real(mlir::Value value);
  Interval computeInteger(mlir::Value value);
  Interval computeBinary(ir::BinaryOp op);
  Interval divideMultiple(ir::BinaryOp op, const Interval &plain);
  RealInterval computeReal(mlir::Value value);
  Truth ownTruth(mlir::Value value);
  Truth compareReals(ir::CompareOp op);

  mlir::Value uniform(mlir::Value value);
  bool varies(mlir::Value scalar) const;
  Hull hullOf(mlir::Value value) const;
  ir::TableRangeOp tableRange(mlir::Value tensor, mlir::ValueRange indices);
  std::optional<Truth> tableHolds(ir::ReduceOp any);
  mlir::Value mayBeZero(mlir::Value divisor);
  mlir::Value extent(llvm::StringRef coordinate);
  template <typename IntervalOf> auto choose(ir::SelectOp op, IntervalOf intervalOf);

  /// The terms of a boolean or of its opposite; nothing if there are too many.
  const std::optional<Terms> &terms(mlir::Value value, bool negated);
  std::optional<Terms> computeTerms(mlir::Value value, bool negated);
  Terms opaque(mlir::Value value, bool negated);
  std::optional<Terms> conjunction(const std::optional<Terms> &left, const std::optional<Terms> &right) const;
  static std::optional<Terms> disjunction(std::optional<Terms> left, const std::optional<Terms> &right);
  std::optional<Terms> compareTerms(ir::CompareOp op, bool negated);

  /// form <= limit.
  std::optional<Terms> atMost(const LinearForm &form, int64_t limit, unsigned depth = 0);
  std::optional<Terms> splitLeaf(const LinearForm &form, int64_t limit, unsigned depth);
  std::optional<Terms> chunkTerms(const LinearForm &form, int64_t limit);
  mlir::Value mayBeAtMost(const LinearForm &form, int64_t limit);
  Interval residual(const LinearForm &form);

  ir::KernelOp kernel;
  const IntegerBounds &bounds;
  mlir::OpBuilder outside;
  ScalarCode &code;
  IntervalCode intervals;
  RealIntervalCode reals;
  DifferenceCode differences;
  Tile tile;
  llvm::DenseMap<mlir::Value, mlir::Value> uniforms;
  llvm::DenseMap<mlir::Value, Interval> integers;
  llvm::DenseMap<mlir::Value, RealInterval> realIntervals;
  llvm::DenseMap<mlir::Value, Truth> truths;
  llvm::DenseMap<mlir::Value, mlir::Value> bothHeld;                 ///< `holdsBoth` of each
  llvm::DenseMap<mlir::Value, bool> plain;                           ///< `isPlain` of each
  std::map<std::vector<const void *>, ir::TableRangeOp> tableRanges; ///< by tensor and indices
  std::map<std::pair<const void *, bool>, std::optional<Terms>> termsOf;
};

} // namespace attn::lower
