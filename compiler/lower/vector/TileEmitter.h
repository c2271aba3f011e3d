#pragma once

#include "compiler/lower/vector/FunctionEmitter.h"
#include "compiler/lower/vector/Normaliser.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace attn::lower {

/// A tile in scratch memory, row-major with `queryBlock` floats a row.
struct TileValue {
  mlir::Value address;
  llvm::SmallVector<mlir::Value> rowMaximum; ///< of a tile of scores: per query over its keys
};

/// The coordinate of a tile's rows.
inline llvm::StringRef rowsOf(mlir::Value tile) {
  return mlir::cast<ir::TileType>(tile.getType()).getCoordinates().front().getValue();
}

/// The other factor and the constant, where a value is one times a constant: what log2(e) multiplies, and that. Else null.
inline std::pair<mlir::Value, double> takeConstantFactor(mlir::Value value) {
  auto product = value.getDefiningOp<ir::BinaryOp>();
  auto factor = product ? product.getRhs().getDefiningOp<ir::ConstantOp>() : ir::ConstantOp();
  if (!factor || product.getKind() != ir::BinaryKind::Multiply)
    return {};
  return {product.getLhs(), mlir::cast<mlir::FloatAttr>(factor.getValue()).getValueAsDouble()};
}

/// A block of consecutive keys.
struct KeyBlock {
  mlir::Value first, end;  ///< end exclusive
  mlir::Value mayHide;     ///< i1: some pair may be invisible; null where none can be
};

/// A tensor operand's memory for the batch and head at hand: element (row, column) is at base + row * rowStride + column * columnStride.
struct Matrix {
  mlir::Value base, rowStride, columnStride;
  bool isContiguous = false; ///< columnStride is the constant 1
};

/// Emits the vector code of one tile kernel's body, operation by operation. The files beside this one each hold one idea: EmitQueries (packing and
/// storing), EmitProducts (the two register tiles), EmitVisit (which keys), EmitMap (score and mask), Softmax (the normaliser).
class TileEmitter {
public:
  TileEmitter(Code &code, RunState &run, Sites &sites, ir::TileKernelOp kernel, const MathTarget &target);

  /// Floats of scratch memory that one call of the body needs.
  mlir::Value workspaceFloats();

  /// Emits the whole function: `for (task = begin; task < end; ++task)` at the builder's insertion point.
  void emitTasks(mlir::Value begin, mlir::Value end, mlir::Value workspace);
  /// How many tasks there are.
  mlir::Value taskCount();

  /// Emit the search for visible keys, call for call as in the whole kernel, and in place of what is done with them a count that keeps
  /// it from being dropped.
  bool onlyVisits = false;

private:
  mlir::Value extentOf(llvm::StringRef coordinate);
  /// Calls `reserve` with each tile that has memory of its own and how many rows it has.
  void forEachScratchTile(llvm::function_ref<void(mlir::Value &, mlir::Value)> reserve);
  void emitTask(mlir::Value task);
  void emitRowBlock();
  void emitOperation(mlir::Operation &op);

  void emitPack(ir::TilePackOp op);
  void emitInit(ir::TileInitOp op);
  void emitVisit(ir::TileVisitOp op);
  void emitContract(ir::TileContractOp op);
  void emitMap(ir::TileMapOp op);
  void emitAbsorb(ir::TileAbsorbOp op);
  void emitAccumulate(ir::TileAccumulateOp op);
  void emitCombine(ir::TileCombineOp op);
  void emitFinish(ir::TileFinishOp op);
  void emitStore(ir::TileStoreOp op);
  void emitStoreRow(ir::TileStoreRowOp op);

  /// The visit's body for one block of keys; takes and returns the normaliser's state.
  llvm::SmallVector<mlir::Value> emitBlock(ir::TileVisitOp op, KeyBlock block, mlir::ValueRange state);
  llvm::SmallVector<mlir::Value> visitClassified(ir::TileVisitOp op, mlir::ValueRange state);
  /// Some pair of the row block and keys [first, last] may be visible; may be invisible.
  std::pair<mlir::Value, mlir::Value> classify(mlir::Value first, mlir::Value last);
  /// Where only visits are emitted, adds the block's keys to the count in the workspace's header.
  void countVisited(const KeyBlock &block);
  /// Drops keys at both ends of a block that no query of the row block sees; not at its beginning where the block before it was
  /// visible, since visible keys rarely begin again there.
  KeyBlock trim(KeyBlock block, mlir::Value followsVisible);
  llvm::SmallVector<mlir::Value> mapRows(ir::TileMapOp op, const TileValue &tile, const KeyBlock &block, bool masked);
  llvm::SmallVector<mlir::Value> contractBlock(ir::TileContractOp op, const Matrix &keys);
  void accumulateBlock(ir::TileAccumulateOp op, const Matrix &values);
  void accumulateCarefully(ir::TileAccumulateOp op, const Matrix &values);

  /// The matrix of a tensor whose rows run over `row` (i or j) and columns over `column`; a coordinate it doesn't have has stride 0.
  Matrix matrixOf(mlir::Value tensor, mlir::ArrayAttr axes, llvm::StringRef row, llvm::StringRef column);
  /// Address of row `row` of a scratch tile, part `part`.
  mlir::Value scratch(mlir::Value tile, mlir::Value row, int64_t part);
  mlir::Value loadScratch(mlir::Value tile, mlir::Value row, int64_t part);
  void storeScratch(mlir::Value value, mlir::Value tile, mlir::Value row, int64_t part);
  /// Of each group of queries, `then` for those that are `exact` and `otherwise` for the others.
  llvm::SmallVector<mlir::Value> whereExact(mlir::ValueRange then, mlir::ValueRange otherwise);
  llvm::SmallVector<mlir::Value> whereExact(double then, double otherwise);
  /// Multiplies the rows of a tile of scores and finds their maxima anew.
  llvm::SmallVector<mlir::Value> scaleScores(const KeyBlock &block, mlir::ValueRange factors);
  mlir::Value multiplyAdd(mlir::Value left, mlir::Value right, mlir::Value sum);

  Code &code;
  RunState &run;
  Sites &sites;
  ir::TileKernelOp kernel;
  MathTarget target;
  ir::ScheduleAttr schedule;
  int64_t vectors;
  mlir::VectorType vectorType;
  FunctionEmitter functions;
  std::unique_ptr<Normaliser> normaliser;

  mlir::Value rows;      ///< queries of this row block
  /// i1: keep values of weight 0 out of sums even if they aren't finite, and scale scores as `exact` says.
  mlir::Value isCareful;
  mlir::Value notFinite; ///< i1, raised by finish: some element of a result isn't finite
  /// Of queries whose scores could not be told from infinities at first, if the row block is done with care: i1, true for those. Factors multiply
  /// their products one by one, and scores are in units of 4.
  llvm::SmallVector<mlir::Value> exact;
  llvm::SmallVector<mlir::Value> unbounded; ///< i1, by finish: the logarithm of a row's denominator isn't finite
  mlir::Value hint;      ///< address of where the last row block's visible keys began
  /// Scratch memory: of each packed query tile and each accumulator, by the operation that makes it; of the scores, and of one row.
  llvm::DenseMap<mlir::Operation *, mlir::Value> scratchTiles;
  mlir::Value scoreTile, rowTile;
  mlir::func::FuncOp classifier; ///< of the visit being emitted
  llvm::SmallVector<mlir::Value> classifierArguments;
  llvm::DenseMap<mlir::Value, TileValue> tiles;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value>> states;
  llvm::DenseMap<mlir::Value, KeyBlock> blocks;
};

} // namespace attn::lower
