#pragma once

#include "compiler/lower/vector/FunctionEmitter.h"
#include "compiler/lower/vector/Normaliser.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace attn::lower {

/// The coordinate of a tile's rows.
inline llvm::StringRef rowsOf(mlir::Value tile) {
  return mlir::cast<ir::TileType>(tile.getType()).getCoordinates().front().getValue();
}

/// What the elements of a tensor, or of a tile of keys that products take, are stored as.
inline mlir::Type storedAs(mlir::Value operand) {
  auto tile = mlir::dyn_cast<ir::TileType>(operand.getType());
  return tile ? tile.getElementType() : mlir::cast<ir::TensorHandleType>(operand.getType()).getElementType();
}

/// The coordinate across a tile's lanes.
inline llvm::StringRef lanesOf(mlir::Value tile) {
  return mlir::cast<ir::TileType>(tile.getType()).getCoordinates().back().getValue();
}

/// The coordinate of a tile of queries that isn't the query.
inline llvm::StringRef featureOf(mlir::Value tile) { return mlir::cast<ir::TileType>(tile.getType()).getFeature(); }

/// What a value is but for its constant factors, and their product: log2(e), or that and a cap. Null where it has none.
inline std::pair<mlir::Value, double> takeConstantFactor(mlir::Value value) {
  mlir::Value rest;
  double factor = 1;
  while (auto product = value.getDefiningOp<ir::BinaryOp>()) {
    auto constant = product.getRhs().getDefiningOp<ir::ConstantOp>();
    if (!constant || product.getKind() != ir::BinaryKind::Multiply)
      break;
    factor *= mlir::cast<mlir::FloatAttr>(constant.getValue()).getValueAsDouble();
    rest = value = product.getLhs();
  }
  return {rest, factor};
}

/// Whether a map hands on its only product as the score it is. There may be checks beside it.
inline bool isProduct(ir::TileMapOp map) {
  return map.getScores() == 1 && map.getResults().size() == 1 && map.getProducts().size() == 1 &&
         map.getBody().front().getTerminator()->getOperand(0) == map.getBody().front().getArgument(0);
}

/// Whether products are a softmax's scores as they are: a map, if there is one, only hides some.
bool isScore(mlir::Value products);

/// The counts after the hint at the start of a workspace where only visits are emitted; `attn_visits` in runtime/kernel/Kernel.h.
enum VisitCount : int64_t { visitedPairs, visitedBlocks, fullBlocks };
inline constexpr int64_t visitCounts = 3;

/// How many rows ahead of their use keys and values are asked for: a few queries have less to do with each than the
/// memory takes to bring it.
inline constexpr int64_t rowsAhead = 32;

/// Queries and keys of the tiles that `KeyBlock::visible` tells of, two along the keys of a block at most.
inline constexpr int64_t visibleSide = 32;

/// A block of consecutive keys.
struct KeyBlock {
  mlir::Value first, end;  ///< end exclusive
  mlir::Value mayHide;     ///< i1: some pair may be invisible; null where none can be
  /// i64: where bit 2 m + n is 0, no pair is visible of queries 32 m to 32 m + 31 of the row block and keys 32 n to 32 n + 31 of these; null
  /// where that isn't asked.
  mlir::Value visible = {};
};

/// A tensor operand's memory for the batch and head at hand: element (row, column) is at base + row * rowStride + column * columnStride.
struct Matrix {
  mlir::Value base, rowStride, columnStride;
  bool isContiguous = false; ///< columnStride is the constant 1
  mlir::Type element;        ///< as it is stored
  /// Where rows lie anywhere, base and rowStride are null, and this is the address of the addresses of the rows of a
  /// block of keys.
  mlir::Value rowAddresses = {};
};

/// A tile in scratch memory, row-major: `queryBlock` floats a row where queries are in lanes, else a feature's extent rounded up to whole vectors.
struct TileValue {
  mlir::Value address;
  llvm::SmallVector<mlir::Value> rowMaximum; ///< of a tile of scores: per query over its keys
  std::optional<Matrix> stored = {};         ///< of a tile of keys whose rows needn't be copied: where they are
};
/// Emits `loop` twice: for rows whose elements lie side by side, where addresses are one register and a constant, and for any other stride.
llvm::SmallVector<mlir::Value> forStride(Code &code, Matrix matrix, mlir::TypeRange types,
                                         llvm::function_ref<llvm::SmallVector<mlir::Value>(const Matrix &)> loop);

/// The strips of a row block that are at hand, where it has several.
struct Strips {
  mlir::Value memory, floats;         ///< of each: a flag, the queries to be exact for, those whose results are wrong, the state, tiles
  mlir::Value firstQuery, rows;       ///< of the row block
  mlir::Value begin, end;             ///< the strips that are computed
  mlir::Value flag, exact, wrong, state; ///< addresses in the memory of the strip at hand
};

/// Emits the vector code of one tile kernel's body, operation by operation. The files beside this one each hold one idea: EmitQueries (packing and
/// storing), EmitProducts (the two register tiles with queries in lanes), EmitFeatures (the same with features in lanes), EmitMatrix (the same on the matrix unit), EmitStrips (row blocks of several strips), EmitVisit (which keys), EmitMap (functions of pairs), EmitRows (functions of queries or keys), EmitStill (outputs of neither),
/// EmitTop (the largest of a row), Softmax (the normaliser).
class TileEmitter {
public:
  TileEmitter(Code &code, RunState &run, Sites &sites, ir::TileKernelOp kernel, const MathTarget &target);

  /// Floats of scratch memory that one call of the body needs.
  mlir::Value workspaceFloats();

  /// Emits the whole function: `for (task = begin; task < end; ++task)` at the builder's insertion point.
  void emitTasks(mlir::Value begin, mlir::Value end, mlir::Value workspace);
  /// How many row blocks there are.
  mlir::Value taskCount();
  /// Where keys may be cut into parts, how many there are of each row block, how many keys each has but the last, and the floats of what one comes to; nothing
  /// where they never are.
  struct Parts {
    mlir::Value count, keys, floats;
  };
  std::optional<Parts> chooseParts();

  /// Emit the search for visible keys, call for call as in the whole kernel, and in place of what is done with them a count that keeps
  /// it from being dropped.
  bool onlyVisits = false;

private:
  mlir::Value extentOf(llvm::StringRef coordinate);
  bool isOnlySplit(mlir::Operation &queries);
  /// Call `reserve` with each tile that has memory of its own and how many floats it has: those of queries and sums, which every strip has, and those that
  /// are needed for one block of keys at a time.
  void forEachStripTile(llvm::function_ref<void(mlir::Value &, mlir::Value)> reserve);
  void forEachBlockTile(llvm::function_ref<void(mlir::Value &, mlir::Value)> reserve);
  /// Floats of a row of a tile; a multiple of a vector's lanes.
  mlir::Value rowFloats(mlir::Value tile);
  /// How many rows a tile has memory for.
  mlir::Value rowCount(mlir::Value tile);
  void emitTask(mlir::Value task);
  bool holdsGroups() const { return schedule.getHeads() == ir::RowHeads::Group; }
  /// How many sets of heads there are whose queries are in row blocks of their own, how many heads are in each, and how many row blocks it has.
  mlir::Value headSets();
  mlir::Value headsOfSet();
  mlir::Value rowBlocks();
  mlir::Value rowBlockQueries();
  /// Says for each lane what head and query it holds, where a row block holds those of several heads.
  void placeRowsOfGroup();
  /// Of a row of the row block.
  std::pair<mlir::Value, mlir::Value> headAndQuery(mlir::Value row);
  /// The first and last query of the row block.
  std::pair<mlir::Value, mlir::Value> queriesOfBlock();
  void setBatchExtents();
  /// The row block, and once more with care where its result isn't finite.
  void emitRowBlockTwice();
  void emitRowBlock();
  /// The keys that a visit goes through: all, or those of the part at hand.
  mlir::Value keysBegin();
  mlir::Value keysEnd();
  /// Where in the memory of a part's state what it has come to lies: what a merge takes, in floats from the state's beginning on. Where the matrix unit is used,
  /// whether something was irregular comes first.
  struct PartLayout {
    llvm::SmallVector<mlir::Value> offsets;
    mlir::Value end;
  };
  PartLayout partLayout();
  /// Of `queries` rows of an accumulator that has them as rows, of all of any other.
  mlir::Value accumulatorFloats(mlir::Value accumulator, mlir::Value queries);
  /// As what is carried in registers is stored.
  llvm::SmallVector<mlir::Type> registerTypes(mlir::Value carried);
  int64_t registerFloats(mlir::Type type);
  mlir::Value stateOfPart(mlir::Value number);
  void copyAccumulator(mlir::Value accumulator, mlir::Value source, mlir::Value target);
  void storePart(const PartLayout &layout, mlir::ValueRange registers);
  llvm::SmallVector<mlir::Value> loadRegisters(const PartLayout &layout, mlir::Value state);
  llvm::SmallVector<mlir::Value> mergeParts(const PartLayout &layout);
  /// i1: all parts are done.
  mlir::Value countPart();
  /// i1: products have no features to be summed over.
  mlir::Value hasNoFeatures();
  /// The same of a row block of several strips.
  bool hasStrips() const { return schedule.getStrips() > 1; }
  mlir::Value stripFloats();
  void emitStripsTwice();
  void emitStrips();
  void forEachStrip(llvm::function_ref<void()> emit);
  void noteWrong(int64_t part, mlir::Value isWrong);
  void forEachRunOfStrip(llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value)> store);
  void emitBlockInStrips(ir::TileVisitOp op, const KeyBlock &block);
  ir::TileVisitOp visitOfStrips();
  void storeState(mlir::ValueRange registers);
  llvm::SmallVector<mlir::Value> loadState();
  int64_t stateRegisters();
  /// Emits a function that varies with no more than b, h, g and i where it stands.
  void emitFunction(mlir::Operation &op);
  static bool isFunction(mlir::Operation &op);
  /// Outputs that don't vary with queries are stored where their first row block is. Where there are no queries at all, a task for each batch and
  /// head stores just these: is there such an output, does an operation belong to one, and what they are.
  bool storesStill();
  bool isStill(mlir::Operation &op);
  void emitStill();
  void emitStillVisit(ir::TileVisitOp op);
  void emitOperation(mlir::Operation &op);

  void emitPack(ir::TilePackOp op);
  void emitCompute(ir::TileComputeOp op);
  void emitTranspose(ir::TileTransposeOp op);
  void emitScale(ir::TileScaleOp op);
  void computeRow(ir::TileComputeOp op, mlir::Value row, FunctionEmitter &features);
  /// How the rows of a tile of keys get there: computed, or from where they are stored, at equal distances or wherever
  /// they are.
  enum class RowPlaces { Computed, Even, Anywhere };
  RowPlaces rowPlaces(ir::TileComputeOp op);
  /// Finds where the block's rows lie; where some of them can't be used there, `compute` makes all of the tile.
  Matrix placeRows(ir::TileComputeOp op, llvm::function_ref<void()> compute);
  Matrix placeEvenRows(ir::TileComputeOp op, llvm::function_ref<void()> compute);
  /// Of the rows of a block, at equal distances: where the one of key 0 would be; whether all may be read, and their
  /// features lie side by side.
  struct EvenRows {
    mlir::Value first, distance, mayBeRead;
  };
  EvenRows evenRows(mlir::Value value, llvm::StringRef feature);
  /// A computed tile of f32 as what its rows would be stored as, which takes half its memory.
  void narrowRows(ir::TileComputeOp op);
  /// Copies the rows of a table of addresses into the tile.
  void gatherRows(ir::TileComputeOp op, mlir::Value table);
  /// How many addresses `placeRows` may store.
  int64_t rowsOfTable() const;
  /// An address out of a table of them.
  mlir::Value rowAddress(mlir::Value table, mlir::Value row);
  Plain readTile(FunctionEmitter &reader, ir::TileFunctionOp op);
  void emitTable(ir::TileTableOp op);
  void emitWindow(ir::TileWindowOp op);
  Plain lookUp(FunctionEmitter &reader, ir::TileLookupOp op);
  void emitKeyTable(ir::TileKeyTableOp op);
  mlir::Value tableSize(mlir::Value table, mlir::ArrayAttr axes);
  /// The rows of a table of `size` rows that a block's pairs read, i64, the last exclusive; i1, whether they all read the same.
  struct RowRange {
    mlir::Value first, end, isSingle;
  };
  RowRange rowsOfBlock(mlir::Value index, const KeyBlock &block, mlir::Value size);
  /// Numbers out of scratch memory, at an offset from `address` for each lane, where the table has such a row.
  mlir::Value gather(FunctionEmitter &reader, mlir::Value address, mlir::Value offset, mlir::Value isThere);
  /// Products with a table's rows from `first` up to `end`, which there is memory for.
  void multiplyRows(ir::TileTableOp op, mlir::Value first, mlir::Value end);
  void emitInit(ir::TileInitOp op);
  mlir::Value placesOf(ir::TileTopInitOp op);
  void emitTopInit(ir::TileTopInitOp op);
  void emitTopAbsorb(ir::TileTopAbsorbOp op);
  void emitTopLast(ir::TileTopLastOp op);
  void emitRepeat(ir::TileRepeatOp op);
  void emitVisit(ir::TileVisitOp op);
  void emitContract(ir::TileContractOp op);
  void emitMap(ir::TileMapOp op);
  void emitAbsorb(ir::TileAbsorbOp op);
  void emitAccumulate(ir::TileAccumulateOp op);
  void emitCombine(ir::TileCombineOp op);
  void combineAccumulators(mlir::Value accumulator, mlir::Value other, const Normaliser::Combined &factors);
  void emitMerge(ir::TileMergeOp op);
  void emitFinish(ir::TileFinishOp op);
  /// Emits a store for the one task of those that would store the same: the first batch and head where `axes` has none.
  void storeOnce(mlir::ArrayAttr axes, llvm::function_ref<void()> store);
  /// Stores a row-major block of scratch: element (row, column) is at source[column * width + row].
  void unpack(const Matrix &target, mlir::Value source, mlir::Value width, mlir::Value rowCount, mlir::Value columnCount);
  /// Calls `store` with rows of the row block that follow each other in tensors, the first and how many, and the first one's query: all at once, or, where they
  /// are of several heads, one after the other.
  void forEachRun(llvm::function_ref<void(mlir::Value row, mlir::Value count, mlir::Value query)> store);
  /// Part of a tile, or of the tensor it is stored in: `count` values of a coordinate from `first` on.
  struct Span {
    llvm::StringRef coordinate;
    mlir::Value first, count;
  };
  /// What is stored at computed indices: element (row, column) is at source[column * width + row], a float or, as `isWide` says, 8 bytes.
  struct StoredBlock {
    mlir::Value source, width;
    Span rows, columns;
    bool isWide = false;
  };
  void storeComputed(mlir::Operation *op, mlir::Value tensor, mlir::ValueRange indices, const StoredBlock &block);
  void storeEach(mlir::Operation *op, mlir::Value tensor, mlir::ValueRange indices, const StoredBlock &block);
  void storeBlock(const Matrix &target, const StoredBlock &block);
  /// i1: every index is inside its dimension. Where some isn't and `counts`, the run fails.
  mlir::Value checkStored(mlir::Operation *op, int64_t number, llvm::ArrayRef<mlir::Value> lowest, llvm::ArrayRef<mlir::Value> highest,
                          mlir::Value counts);
  /// An index as rest + row * i + column * j, for the coordinates of a block's rows and columns.
  struct LinearIndex {
    mlir::Value rest, row, column;
  };
  std::optional<LinearIndex> linearIndex(FunctionEmitter &scalar, mlir::Value index, llvm::StringRef row,
                                         llvm::StringRef column);
  void emitStore(ir::TileStoreOp op);
  void emitStoreRow(ir::TileStoreRowOp op);
  void storeComputedTile(ir::TileStoreOp op);
  void storeComputedRow(ir::TileStoreRowOp op);

  /// The visit's body for one block of keys; takes and returns what is carried in registers: states and reductions.
  llvm::SmallVector<mlir::Value> visitKeys(ir::TileVisitOp op, mlir::ValueRange carried);
  llvm::SmallVector<mlir::Value> emitBlock(ir::TileVisitOp op, KeyBlock block, mlir::ValueRange carried);
  llvm::SmallVector<mlir::Value> emitBody(ir::TileVisitOp op, const KeyBlock &block, mlir::ValueRange registers);
  /// Values that a visit's operands, `carried`, go on as, with what is in registers.
  void takeOver(mlir::ValueRange values, mlir::ValueRange carried, mlir::ValueRange registers);
  /// Emits `body` for the parts of a block that lie between the keys at which a visit is split: once, in a loop that
  /// seldom takes more than one step.
  llvm::SmallVector<mlir::Value>
  forEachPart(ir::TileVisitOp op, KeyBlock block, mlir::ValueRange carried,
              llvm::function_ref<llvm::SmallVector<mlir::Value>(KeyBlock, mlir::ValueRange)> body);
  llvm::SmallVector<mlir::Value> visitAll(ir::TileVisitOp op, mlir::ValueRange carried);
  llvm::SmallVector<mlir::Value> visitClassified(ir::TileVisitOp op, mlir::ValueRange carried);
  llvm::SmallVector<mlir::Value> visitDescending(ir::TileVisitOp op, mlir::ValueRange carried);
  /// Emits the classifier of a visit for the row block at hand.
  void prepareClassifier(ir::TileVisitOp op);
  /// What of a visit is carried in registers, one value after another, and back.
  llvm::SmallVector<mlir::Value> registersOf(mlir::ValueRange carried);
  void setRegisters(mlir::ValueRange carried, mlir::ValueRange registers);
  /// Some pair of the row block and some keys may be visible; may be invisible; both may be, and it isn't known that
  /// both are.
  struct TileAnswer {
    mlir::Value mayShow, mayHide, isOpen;
  };
  /// A classifier's arguments for some of the row block's queries, and of its tiles what `KeyBlock::visible` is, and whether a pair may be invisible.
  llvm::SmallVector<mlir::Value> classifierArgumentsOf(mlir::Value firstQuery, mlir::Value lastQuery);
  std::pair<mlir::Value, mlir::Value> visibleParts(const KeyBlock &block);
  TileAnswer classify(mlir::Value first, mlir::Value last);
  /// The first two of `classify`; where the condition holds and the classifier, which isn't exact, leaves the tile
  /// open, by looking at its parts.
  std::pair<mlir::Value, mlir::Value> classifyParts(mlir::Value first, mlir::Value last, mlir::Value condition);
  /// Words of memory that `partArguments` needs.
  int64_t partWords();
  /// Where only visits are emitted, adds the block to the counts at the workspace's start.
  void countVisited(const KeyBlock &block);
  /// Drops keys at both ends of a block that no query of the row block sees; not at its beginning where the block before it was
  /// visible, since visible keys rarely begin again there.
  KeyBlock trim(KeyBlock block, mlir::Value followsVisible);
  /// Whether a check of a map can be decided for a whole block of keys: its values don't vary with the key, or grow or fall with it.
  bool isOfBlock(ir::CheckOp check);
  /// Emits such checks of a map: pairs are looked at only where something in the block may be wrong.
  void emitBlockChecks(ir::TileMapOp op, const KeyBlock &block);
  mlir::Value mayBeWrong(ir::CheckOp check, const KeyBlock &block);
  llvm::SmallVector<mlir::Value> mapRows(ir::TileMapOp op, const KeyBlock &block, bool masked);
  llvm::SmallVector<mlir::Value> contractBlock(mlir::Value queries, mlir::Value scores, const KeyBlock &block, const Matrix &keys);
  /// scores[k * scoreFloats + q] = sum over d < features of keys[first + k][d] * packed[d * queryBlock + q].
  struct Contraction {
    mlir::Value packed, features, scores, scoreFloats;
  };
  llvm::SmallVector<mlir::Value> contractBlock(const Contraction &tiles, const KeyBlock &block, const Matrix &keys);
  /// The maxima of a block's rows of scores.
  llvm::SmallVector<mlir::Value> maximumOfRows(mlir::Value tile, const KeyBlock &block);
  /// An element of a matrix at an address, as a float in all lanes.
  mlir::Value broadcastElement(const Matrix &matrix, mlir::Value address);
  /// accumulator[row][q] = rescale[q] * accumulator[row][q] + sums[q].
  void addToAccumulator(mlir::Value accumulator, mlir::Value row, mlir::ValueRange rescale, llvm::ArrayRef<mlir::Value> sums);
  void accumulateBlock(ir::TileAccumulateOp op, const Matrix &values);
  void accumulateFunction(ir::TileAccumulateOp op);
  void accumulateCarefully(ir::TileAccumulateOp op, const Matrix &values);

  /// Whether a product with these keys or values is formed on the matrix unit; whether some is.
  bool isOnMatrixUnit(mlir::Value operand);
  bool usesMatrixUnit();
  /// A unit that rests for some 1000 cycles multiplies at half its speed for as long again: what takes longer, row by row, forms a product that nobody wants
  /// now and then.
  void keepMatrixUnitAwake(mlir::Value row);
  bool absorbsOnlyVisible(ir::TileAbsorbOp op);
  /// The rows of a block's tiles from the first to the last, exclusive, of the parts in which something is visible; all of them where they are asked for, too,
  /// or where the block is done with care, by vectors.
  std::pair<mlir::Value, mlir::Value> rowsToDo(const KeyBlock &block, bool onlyVisible);
  /// The keys or values of the products that are formed of them as numbers of 32 bits, with their feature.
  void forEachSplit(llvm::function_ref<void(mlir::Operation *, mlir::Value, llvm::StringRef)> visit);
  void reserveSplitBlocks(llvm::function_ref<void(mlir::Value &, mlir::Value)> reserve);
  /// What `KeyBlock::visible` is, all bits where it isn't asked.
  mlir::Value visibleOf(const KeyBlock &block);
  void expectNothing();
  mlir::Value rowsThatFollow();
  /// Calls what packs rows of queries.
  void packRows(llvm::SmallVector<mlir::Value> arguments);
  /// Brings the keys or values of a product into the matrix unit's form.
  void splitBlock(mlir::Operation *op, const KeyBlock &block);
  /// How many numbers of 16 bits stand for a weight.
  int64_t weightParts(ir::TileAccumulateOp op);
  mlir::Value matrixScratchFloats();
  void reserveSplitQueries(llvm::function_ref<void(mlir::Value &, mlir::Value)> reserve);
  /// Once a tile of queries is there, brings it into the matrix unit's form, where products ask for it.
  void splitForMatrixUnit(mlir::Value queries);
  /// Where it isn't 0 the row block is done once more with care.
  void noteIrregular(mlir::Value isIrregular);
  /// Returns the maxima of the rows of scores.
  llvm::SmallVector<mlir::Value> contractOnMatrixUnit(ir::TileContractOp op, const Matrix &keys);
  void accumulateOnMatrixUnit(ir::TileAccumulateOp op, const Matrix &values);

  void contractFeatures(ir::TileContractOp op, const Matrix &keys);
  void accumulateFeatures(ir::TileAccumulateOp op, const Matrix &values);
  /// Fills the lanes past the last query of a tile of scores and finds the rows' maxima.
  llvm::SmallVector<mlir::Value> repeatLastQuery(mlir::Value tile, const KeyBlock &block);
  /// The rows of a block, from its first on, with features side by side: as they lie, or, if they lie apart, as a copy of the block.
  Matrix withAdjacentFeatures(mlir::Operation *user, const Matrix &matrix, const KeyBlock &block, mlir::Value features);
  /// A vector of a row of `element`s at `address`, as floats, with zeros after the last feature unless it is known to be whole.
  mlir::Value loadFeatures(mlir::FloatType element, mlir::Value address, mlir::Value feature, mlir::Value features, bool isWhole);
  bool isMultiple(llvm::StringRef coordinate, int64_t factor);
  /// i1, in lanes: which of the part's lanes are among the first `count`.
  mlir::Value lanesBefore(mlir::Value count, int64_t part);
  /// Stores vectors with queries in lanes, so that those of one query can be had; there is room for two. `elementOfQuery` is one, in all lanes.
  mlir::Value spillPerQuery(mlir::ValueRange perQuery, int64_t place);
  mlir::Value elementOfQuery(mlir::Value spilled, mlir::Value row);
  /// Replaces the vectors of an accumulator. `update` gets the vector, the factors of its queries, and a vector of a sum to go on with.
  llvm::SmallVector<mlir::Value> updateAccumulator(mlir::Value accumulator, llvm::ArrayRef<llvm::SmallVector<mlir::Value>> perQuery, mlir::ValueRange sums,
                                                   llvm::function_ref<mlir::Value(mlir::Value, mlir::Value, llvm::ArrayRef<mlir::Value>, mlir::Value &)> update);

  /// What a tensor's elements are stored as.
  mlir::Type matrixElement(mlir::Value tensor);
  /// The matrix of a tensor whose rows run over `row` (i or j) and columns over `column`; a coordinate it doesn't have has stride 0.
  Matrix matrixOf(mlir::Value tensor, mlir::ArrayAttr axes, llvm::StringRef row, llvm::StringRef column);
  /// The keys or values of a product: a tensor, or a tile of the block, whose first row is the block's first key.
  Matrix keyMatrixOf(mlir::Value operand, mlir::ArrayAttr axes, const KeyBlock &block, llvm::StringRef feature);
  /// Address of row `row` of a scratch tile, part `part`.
  mlir::Value scratch(mlir::Value tile, mlir::Value row, int64_t part);
  mlir::Value loadScratch(mlir::Value tile, mlir::Value row, int64_t part);
  void storeScratch(mlir::Value value, mlir::Value tile, mlir::Value row, int64_t part);
  /// Of each group of queries, `then` for those that are `exact` and `otherwise` for the others.
  llvm::SmallVector<mlir::Value> whereExact(mlir::ValueRange then, mlir::ValueRange otherwise);
  llvm::SmallVector<mlir::Value> whereExact(double then, double otherwise);
  /// Multiplies the rows of a tile of scores and finds their maxima anew.
  llvm::SmallVector<mlir::Value> scaleScores(mlir::Value tile, const KeyBlock &block, mlir::ValueRange factors);
  /// A factor on packed queries: applied at once, or, for queries that are `exact`, left to the products.
  mlir::Value packedScale(mlir::Value scale);
  void scalePacked(mlir::Value tile, mlir::Value features, mlir::Value scale);
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
  std::unique_ptr<Normaliser> softmax, plainSum;
  Normaliser &normaliserOf(mlir::Value state);

  ir::TileMergeOp merge; ///< null where keys are never cut into parts
  mlir::Value rowBlock, part, parts; ///< of this task, and how many parts a row block has
  mlir::Value currentPart;           ///< which is the task's own, or, done once more with care, all in turn
  mlir::Value isLastPart;            ///< i1: this is the one after which parts are merged

  mlir::Value headSet; ///< of this task: the head, or the number of the group
  mlir::Value rows;    ///< of this row block: queries, of each head they are of
  /// i1: keep values of weight 0 out of sums even if they aren't finite, and scale scores as `exact` says.
  mlir::Value isCareful;
  mlir::Value notFinite; ///< i1, raised by finish: some element of a result isn't finite
  /// Of queries whose scores could not be told from infinities at first, if the row block is done with care: i1, true for those. Factors multiply
  /// their products one by one, and scores are in units of 4.
  llvm::SmallVector<mlir::Value> exact;
  llvm::SmallVector<mlir::Value> wrong;     ///< i1, of the strip at hand: the result isn't finite
  llvm::SmallVector<mlir::Value> unbounded; ///< i1, by finish: the logarithm of a row's denominator isn't finite
  mlir::Value hint;      ///< address of where the last row block's visible keys began
  /// Scratch memory of each tile that has its own, by the value that an operation makes of it, and of one row.
  llvm::DenseMap<mlir::Value, mlir::Value> scratchTiles;
  llvm::DenseMap<mlir::Operation *, mlir::Value> copies; ///< of the rows of a product's operand, where their features lie apart
  llvm::DenseMap<mlir::Value, mlir::Value> rowTables;    ///< of the addresses of rows that aren't copied, by tile
  mlir::Value rowTile; ///< of two rows
  /// Scratch memory of tiles of queries in the form that the matrix unit takes beside keys of an element type.
  llvm::DenseMap<std::pair<mlir::Value, int32_t>, mlir::Value> splitQueries;
  llvm::DenseMap<mlir::Operation *, mlir::Value> splitBlocks; ///< scratch memory of a product's keys or values in that form
  mlir::Value ahead;         ///< memory of what is fetched ahead beside the matrix unit
  mlir::Value matrixScratch; ///< of one product on the matrix unit
  Strips strips;
  mlir::Value irregular;     ///< address of an i32: some number of this row block can't be multiplied on the matrix unit
  KeyBlock currentBlock; ///< of the visit being emitted
  mlir::func::FuncOp classifier; ///< of the visit being emitted
  llvm::SmallVector<mlir::Value> classifierArguments;
  mlir::func::FuncOp rowClassifier; ///< of the visit being emitted: what tables say of queries; null where none do
  size_t uniformArguments = 0;       ///< of the classifier's arguments, those before the queries
  bool asksForParts = false; ///< of tiles of the visit being emitted, for the matrix unit
  mlir::func::FuncOp partClassifier; ///< of the visit being emitted; null where the classifier is exact
  mlir::Value partArguments;         ///< address of what `partClassifier` is called with, then of the credit of `attn_classify_parts`
  llvm::DenseMap<mlir::Value, TileValue> tiles;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value>> states;
  llvm::DenseMap<mlir::Value, KeyBlock> blocks;
  /// Which rows of a table a tile holds: from which on; i1, whether all pairs of the block look up the same, and null where that isn't known.
  struct RowWindow {
    mlir::Value first, isSingle;
  };
  llvm::DenseMap<mlir::Value, RowWindow> rowWindows;
  llvm::DenseMap<mlir::Operation *, mlir::Value> packedRows; ///< scratch memory for rows of a table in lanes
};

} // namespace attn::lower
