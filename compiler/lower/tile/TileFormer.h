#pragma once

#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/tile/RowPasses.h"

#include "mlir/IR/IRMapping.h"

namespace attn::lower {

struct LinearRead;

/// Builds the tile kernel of one kernel in its final, simplified coordinate form: what doesn't vary with j in the order
/// it is needed, each pass over the keys as one visit, then the stores. The files beside this one each hold one idea:
/// TileChecks (what has a form), FormPass (row functions over the keys), FormThreshold (passes repeated until they
/// converge), FormOutputs (stores).
class TileFormer {
public:
  TileFormer(ir::KernelOp kernel, ir::ScheduleAttr schedule);

  /// Puts the tile kernel in the kernel's place. Fails, with an error at the operation, where something has no form in
  /// tiles.
  mlir::LogicalResult form();

private:
  /// What functions are computed from at a pair: products of queries and keys, and running sums.
  struct Leaves {
    llvm::SetVector<mlir::Operation *> dots, scans;
  };

  /// Numbers per query that a visit carries along.
  struct Reductions {
    llvm::SmallVector<mlir::Attribute> kinds;
    llvm::SmallVector<mlir::Type> types;
    llvm::SmallVector<mlir::Value> inits;
  };

  enum class Pairs { Visible, All };

  /// Whether the tile level has a form for the operation.
  static mlir::LogicalResult check(mlir::Operation &op);
  static bool isPairwise(ir::CheckOp check);

  void emitPass(const RowPass &pass, bool isFirst);
  ir::TileMapOp mapPass(const RowPass &pass, const Leaves &leaves, llvm::ArrayRef<ir::CheckOp> checks,
                        llvm::ArrayRef<mlir::Value> products, const Reductions &reductions, bool plainScore);
  void finishPass(const RowPass &pass, ir::TileVisitOp visit, mlir::Value plainState);
  void emitThreshold(ir::ThresholdOp op);
  void emitOutput(ir::OutputOp output);
  /// What follows the only visit becomes what follows the last part's.
  void mergeParts(ir::TileKernelOp tiles);
  void emitPairOutputs();
  /// Copies of where an output is stored.
  llvm::SmallVector<mlir::Value> indicesOf(ir::OutputOp output);
  /// The block's pairs, each stored; returns the running sums.
  llvm::SmallVector<mlir::Value> storePairs(llvm::ArrayRef<ir::OutputOp> outputs, const Leaves &leaves,
                                            const Reductions &reductions);

  //===-- Copies of functions -----------------------------------------------------------------------------------===//

  /// Copies what `value` needs: what varies with j at the current insertion point, the rest into the row block's body.
  /// A row function is the result of its pass.
  mlir::Value clone(mlir::Value value, mlir::IRMapping &perPair);
  /// A row of queries or keys with features, when more than it needs is evaluated for each of its elements, is computed
  /// once and read from a tile.
  mlir::Value cloneOperand(mlir::Operation *user, mlir::Value operand, mlir::IRMapping &perPair);
  void cloneCheck(ir::CheckOp check, mlir::IRMapping &perPair);
  /// A copy of what doesn't vary with j.
  mlir::Value rowValue(mlir::Value value);

  //===-- Operands of products ----------------------------------------------------------------------------------===//

  /// The tensor of a linear read, where it starts.
  mlir::Value place(const LinearRead &read);
  /// Rows of queries, times `scale`, with what `orientation` says in lanes.
  mlir::Value queryTile(mlir::Value value, mlir::Value scale, ir::Orientation orientation);
  /// A row of features for each key of the block being visited, as f32 or as what it is stored as.
  mlir::Value keyTile(mlir::Value value, mlir::FloatType element = {});
  /// A matrix of keys: the tensor as it lies, or a tile.
  std::pair<mlir::Value, mlir::ArrayAttr> keyMatrix(mlir::Value value);
  mlir::Value packedQueries(ir::DotOp dot, bool inBase2);
  llvm::SmallVector<mlir::Value> contractAll(const Leaves &leaves, bool inBase2);
  mlir::Value accumulate(mlir::Value accumulator, mlir::Value rescale, mlir::Value weights, mlir::Value value);

  /// Whether a dot is a product with a table's rows, of which each pair looks one up.
  static bool isLookup(ir::DotOp dot);
  mlir::Value lookUp(ir::DotOp dot, mlir::IRMapping &perPair);
  /// Of what a pair looks one row up in: the products with the table, or with what of it the block being visited reads.
  mlir::Value lookupTile(ir::DotOp dot);
  /// The same where it is the key that is multiplied with the table.
  mlir::Value keyTable(ir::DotOp dot);

  //===-- Visits and maps ---------------------------------------------------------------------------------------===//

  Leaves leavesOf(llvm::ArrayRef<mlir::Value> roots);
  void addReduction(Reductions &reductions, ir::ReductionKind kind, mlir::Type element);
  /// One sum for each running sum.
  void addScans(Reductions &reductions, const Leaves &leaves);
  /// Begins a visit of all keys or of those that the mask's classifier finds, at the end of the row block or, inside a
  /// repetition, where the insertion point is. Its body takes the block of keys, then what is carried; the insertion
  /// point goes there.
  mlir::Block *beginVisit(llvm::ArrayRef<mlir::Type> types, llvm::ArrayRef<mlir::Value> inits, bool descending,
                          Pairs pairs);
  ir::TileVisitOp endVisit(llvm::ArrayRef<mlir::Value> carried);
  void addClassifier(ir::TileVisitOp visit);
  /// Evaluates functions at the pairs of the block being visited. `results` appends what they yield: `tiles` tiles, of
  /// which the first `scores` are scores, then a number for each reduction; running sums and the mask follow of
  /// themselves.
  ir::TileMapOp createMap(const Leaves &leaves, llvm::ArrayRef<mlir::Value> products, size_t tiles, size_t scores,
                          const Reductions &reductions, Pairs pairs,
                          llvm::function_ref<void(mlir::IRMapping &, llvm::SmallVectorImpl<mlir::Value> &)> results);

  mlir::StringAttr name(llvm::StringRef text) { return builder.getStringAttr(text); }
  ir::TileType tileType(mlir::StringAttr rows, mlir::StringAttr lanes) {
    return ir::TileType::get(context, builder.getF32Type(), {rows, lanes});
  }
  ir::TileType tileType(mlir::StringAttr rows) { return tileType(rows, name("i")); }
  /// Of a row of features for each query.
  ir::TileType accumulatorType(mlir::StringAttr feature) { return featuresInLanes() ? tileType(name("i"), feature) : tileType(feature); }
  bool featuresInLanes() const { return schedule.getOrientation() == ir::Orientation::Features; }
  ir::FnType perQuery(mlir::Type element) { return ir::FnType::get(element, {name("i")}); }
  ir::FnType perQuery() { return perQuery(builder.getF32Type()); }
  mlir::Value number(double value) { return constantFloat(builder, location, builder.getF32Type(), value); }
  mlir::Value arithmetic(ir::BinaryKind kind, mlir::Value left, mlir::Value right) {
    return binary(builder, location, kind, left, right);
  }
  mlir::Value multiply(mlir::Value left, mlir::Value right) {
    return arithmetic(ir::BinaryKind::Multiply, left, right);
  }
  mlir::Value choose(mlir::Value condition, mlir::Value then, mlir::Value otherwise);
  /// An operation that marks a place in a block: what is inserted before it comes in order.
  mlir::Operation *marker();
  /// A condition that is one of `splits`, or its opposite, as that of the block being visited; null for any other.
  mlir::Value sideOfSplit(mlir::Value condition);
  bool alwaysVisible() const;

  ir::KernelOp kernel;
  ir::ScheduleAttr schedule;
  mlir::OpBuilder builder;
  mlir::Location location;
  mlir::MLIRContext *context;
  RowPasses plan;
  ir::ClassifyOp classify;
  mlir::IRMapping perRow;
  llvm::DenseMap<mlir::Value, mlir::Value> tileOf; ///< of a row function's result with features
  llvm::DenseMap<std::pair<mlir::Value, std::pair<mlir::Value, int>>, mlir::Value> queryTiles; ///< by function, scale and orientation
  llvm::DenseMap<mlir::Value, mlir::Value> scaleInBase2;
  /// Of the block being visited, by function and element.
  llvm::DenseMap<std::pair<mlir::Value, mlir::Type>, mlir::Value> keyTiles;
  llvm::SmallVector<mlir::Value> splits;             ///< where keys or values change from one view to another
  llvm::DenseMap<mlir::Value, mlir::Value> sides;    ///< by split: whether the block being visited comes before it
  llvm::DenseMap<mlir::Operation *, mlir::Value> tables, windows; ///< by product; windows of the block being visited
  mlir::Operation *rowBlockEnd = nullptr, *blockEnd = nullptr;
  mlir::Value block;
};

} // namespace attn::lower
