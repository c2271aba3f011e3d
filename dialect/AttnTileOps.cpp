#include "dialect/AttnDialect.h"
#include "dialect/Verify.h"

using namespace mlir;

namespace attn::ir {

static StringRef rowsOf(Value tile) { return cast<TileType>(tile.getType()).getRows(); }
static StringRef featureOf(Value tile) { return cast<TileType>(tile.getType()).getFeature(); }
static Type elementOf(Value tile) { return cast<TileType>(tile.getType()).getElementType(); }

LogicalResult verifyKernel(Operation *op, DictionaryAttr coordinates, std::optional<ArrayRef<int64_t>> extents) {
  for (NamedAttribute coordinate : coordinates) {
    StringRef name = coordinate.getName();
    auto extent = dyn_cast<IntegerAttr>(coordinate.getValue());
    if (!extent || extent.getInt() < 0)
      return op->emitOpError("maps `") << name << "` to no extent: expected its number";
    if (extents && extent.getInt() >= int64_t(extents->size()))
      return op->emitOpError("maps `") << name << "` to extent " << extent.getInt() << " of " << extents->size();
  }
  if (op->getRegion(0).getNumArguments())
    return op->emitOpError("has a body that takes arguments");
  return success();
}

LogicalResult verifyDistinct(Operation *op, ArrayAttr coordinates) {
  llvm::SmallDenseSet<Attribute, 8> seen;
  for (Attribute coordinate : coordinates)
    if (!cast<StringAttr>(coordinate).empty() && !seen.insert(coordinate).second)
      return op->emitOpError("names ") << coordinate << " twice";
  return success();
}

LogicalResult verifyClassifier(Operation *op, Region &region) {
  Block &block = region.front();
  if (!region.hasOneBlock() || block.getNumArguments() != 4 ||
      llvm::any_of(block.getArgumentTypes(), [](Type type) { return !type.isInteger(64); }))
    return op->emitOpError("takes the tile's four bounds as i64");
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  unsigned most = op->hasAttr("exact") ? 2 : 3;
  if (!yield || yield.getNumOperands() < 2 || yield.getNumOperands() > most ||
      llvm::any_of(yield.getOperandTypes(), [](Type type) { return !type.isInteger(1); }))
    return op->emitOpError("yields two booleans: some pair may be visible, some pair may be invisible; and, unless it "
                           "is exact, one that tells "
                           "whether both are known to be there");
  return success();
}

/// The dimensions of a tensor that tiles are taken from: one coordinate each, or none where only an offset says what is taken; `row` (a coordinate of tiles that the
/// tensor need not have), `feature`, which it must have unless it is empty, and otherwise what the row block stands
/// for, a batch and a head.
static LogicalResult verifyAxes(Operation *op, Value tensor, ArrayAttr axes, StringRef row, StringRef feature) {
  unsigned rank = cast<TensorHandleType>(tensor.getType()).getRank();
  if (axes.size() != rank)
    return op->emitOpError("names ") << axes.size() << " coordinates for rank " << rank;
  if (failed(verifyDistinct(op, axes)))
    return failure();
  auto kernel = op->getParentOfType<TileKernelOp>();
  bool hasFeature = feature.empty();
  for (StringRef axis : axes.getAsValueRange<StringAttr>()) {
    if (axis.empty())
      continue;
    if (axis != row && axis != feature && axis != "b" && axis != "h" && axis != "g")
      return op->emitOpError("indexes a dimension by `")
             << axis << "`: expected b, h, g, " << row << (feature.empty() ? "" : " or ") << feature;
    if (kernel && kernel.extentOf(axis) < 0)
      return op->emitOpError("indexes a dimension by `") << axis << "`, which the kernel has no extent of";
    hasFeature |= axis == feature;
  }
  if (!hasFeature)
    return op->emitOpError("indexes no dimension by `") << feature << "`, the rows of its tile";
  return success();
}

/// One float per query: a function that varies with neither keys nor features.
static LogicalResult verifyPerQuery(Operation *op, Value value, Type element, const char *what) {
  auto type = cast<FnType>(value.getType());
  if (type.getElementType() != element)
    return op->emitOpError(what) << " must be of " << element << ", not " << type;
  for (StringAttr coordinate : type.getCoordinates())
    if (!llvm::is_contained({"b", "h", "g", "i"}, coordinate.getValue()))
      return op->emitOpError(what) << " varies with " << coordinate << ", not only with the query";
  return success();
}

static LogicalResult verifyPairs(Operation *op, Value tile, const char *what) {
  if (rowsOf(tile) != "j")
    return op->emitOpError(what) << " must be a tile of keys and queries, not " << tile.getType();
  return success();
}

LogicalResult TileKernelOp::verify() { return verifyKernel(*this, getCoordinates(), getExtents()); }

LogicalResult TilePackOp::verify() {
  if (getScale() && failed(verifyPerQuery(*this, getScale(), elementOf(getResult()), "scale")))
    return failure();
  return verifyAxes(*this, getTensor(), getAxes(), "i", rowsOf(getResult()));
}

LogicalResult TileInitOp::verify() {
  for (Value result : getResults())
    if (isa<TileType>(result.getType()) && rowsOf(result) == "j")
      return emitOpError("accumulates over keys: an accumulator's rows are features");
  return success();
}

LogicalResult ShiftOp::verify() {
  if (getOffsets().size() != getDimensions().size())
    return emitOpError("needs one offset per dimension");
  if (getTensor().getType() != getResult().getType())
    return emitOpError("gives a tensor of the same type");
  int64_t rank = cast<TensorHandleType>(getTensor().getType()).getRank();
  for (auto [offset, dimension] : llvm::zip(getOffsets(), getDimensions())) {
    if (dimension < 0 || dimension >= rank)
      return emitOpError("shifts dimension ") << dimension << " of " << rank;
    for (StringAttr coordinate : cast<FnType>(offset.getType()).getCoordinates())
      if (!llvm::is_contained({"b", "h", "g"}, coordinate.getValue()))
        return emitOpError("shifts by what varies with ") << coordinate << ", not only with the batch and head";
  }
  return success();
}

LogicalResult TileComputeOp::verify() {
  auto tile = cast<TileType>(getResult().getType());
  if (!llvm::is_contained(tile.getCoordinates(), StringAttr::get(getContext(), getBlock() ? "j" : "i")))
    return emitOpError("computes a tile of ") << (getBlock() ? "keys" : "queries") << ", not " << tile;
  auto type = cast<FnType>(getValue().getType());
  bool isNarrowed = getBlock() && type.getElementType().isF32() && tile.getElementType().getIntOrFloatBitWidth() == 16;
  if (type.getElementType() != tile.getElementType() && !isNarrowed)
    return emitOpError("keeps the element type of ") << type;
  for (StringAttr coordinate : type.getCoordinates())
    if (!llvm::is_contained({"b", "h", "g"}, coordinate.getValue()) && !llvm::is_contained(tile.getCoordinates(), coordinate))
      return emitOpError("computes what varies with ") << coordinate << ", which is no coordinate of its tile";
  return success();
}

LogicalResult TileTransposeOp::verify() {
  ArrayRef<StringAttr> from = cast<TileType>(getOperand().getType()).getCoordinates(), to = cast<TileType>(getResult().getType()).getCoordinates();
  if (from[0] != "i" || from[0] != to[1] || from[1] != to[0])
    return emitOpError("takes rows of queries and gives them in lanes");
  if (getScale() && failed(verifyPerQuery(*this, getScale(), elementOf(getResult()), "scale")))
    return failure();
  return success();
}

LogicalResult TileScaleOp::verify() {
  if (rowsOf(getOperand()) != "i")
    return emitOpError("takes rows of queries");
  if (getScale() && failed(verifyPerQuery(*this, getScale(), elementOf(getResult()), "scale")))
    return failure();
  return success();
}

LogicalResult TileFunctionOp::verify() {
  auto tile = cast<TileType>(getTile().getType());
  auto type = cast<FnType>(getResult().getType());
  if (type.getElementType() != tile.getElementType())
    return emitOpError("keeps the element type of ") << tile;
  for (StringAttr coordinate : tile.getCoordinates())
    if (!llvm::is_contained(type.getCoordinates(), coordinate))
      return emitOpError("varies with ") << coordinate << ", a coordinate of its tile";
  return success();
}

LogicalResult TileRepeatOp::verify() {
  Block &block = getBody().front();
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  auto type = cast<FnType>(getResult().getType()), init = cast<FnType>(getInit().getType());
  if (block.getNumArguments() != 1 || block.getArgument(0).getType() != type || !yield || yield.getNumOperands() != 1 ||
      yield.getOperand(0).getType() != type)
    return emitOpError("repeats a body that takes and yields ") << type;
  if (init != type && init != FnType::get(type.getElementType(), {}))
    return emitOpError("starts with ") << init << ", neither " << type << " nor the same for all queries";
  return success();
}

/// Whether a function is the same for all queries and keys of a row block of one head.
static bool isOfRowBlock(Value value) {
  return llvm::all_of(cast<FnType>(value.getType()).getCoordinates(), [](StringAttr name) {
    return llvm::is_contained({"b", "h", "g"}, name.getValue());
  });
}

LogicalResult KeysBeforeOp::verify() {
  auto block = dyn_cast<BlockArgument>(getBlock());
  auto visit = block ? dyn_cast<TileVisitOp>(block.getOwner()->getParentOp()) : TileVisitOp();
  if (!visit || !llvm::is_contained(visit.getSplits(), getSplit()))
    return emitOpError("asks about a key at which the block's visit isn't split");
  return success();
}

LogicalResult TileVisitOp::verify() {
  for (Type type : getInits().getTypes())
    if (!isa<StateType, TileType, FnType>(type))
      return emitOpError("carries states, accumulators and reductions, not ") << type;
  if (getInits().getTypes() != getResultTypes())
    return emitOpError("gives what it carries: expected results of ") << getInits().getTypes();
  for (Value split : getSplits())
    if (!isOfRowBlock(split))
      return emitOpError("is split where the keys of a row block are: expected a function of b, h and g, not ") << split.getType();
  if (!getClassifier().empty() && failed(verifyClassifier(*this, getClassifier())))
    return failure();
  Block &block = getBody().front();
  if (block.getNumArguments() != 1 + getInits().size() || !isa<KeysType>(block.getArgument(0).getType()) ||
      TypeRange(block.getArgumentTypes()).drop_front() != TypeRange(getInits().getTypes()))
    return emitOpError("has a body that takes the block of keys and what is carried");
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (!yield || TypeRange(yield.getOperandTypes()) != TypeRange(getInits().getTypes()))
    return emitOpError("has a body that yields what is carried: expected ") << getInits().getTypes();
  return success();
}

LogicalResult TileMergeOp::verify() {
  auto kernel = (*this)->getParentOfType<TileKernelOp>();
  if (kernel && !kernel.getSchedule().isInParts())
    return emitOpError("merges parts, which the kernel's schedule has none of");
  TypeRange types = getPart().getTypes();
  if (TypeRange(getBody().front().getArgumentTypes()) != types)
    return emitOpError("has a body that takes what the parts come to: expected ") << types;
  size_t next = 0;
  auto takes = [&](auto is, int64_t count) {
    for (; count > 0 && next < types.size() && is(types[next]); --count)
      ++next;
    return count == 0;
  };
  auto isState = [](Type type) { return isa<StateType>(type); };
  auto isTile = [](Type type) { return isa<TileType>(type); };
  auto isNumber = [](Type type) { return isa<FnType>(type); };
  for (int64_t count : getAccumulators())
    if (!takes(isState, 1) || count < 0 || !takes(isTile, count))
      return emitOpError("needs ") << count << " accumulators behind a state, not " << types;
  while (takes(isTile, 1)) {
  }
  if (!takes(isNumber, getReductions().size()) || next != types.size())
    return emitOpError("needs one number per query for each of ") << getReductions().size() << " reductions at the end of " << types;
  return success();
}

/// What is multiplied with a tile: a tensor with its axes, or a tile of keys with `feature` in lanes, or a function.
static LogicalResult verifyKeyOperand(Operation *op, Value operand, ArrayAttr axes, StringRef feature) {
  if (auto function = dyn_cast<FnType>(operand.getType())) {
    if (!axes.empty() || !function.getElementType().isF32())
      return op->emitOpError("needs a function of f32 without axes, not ") << function;
    return success();
  }
  auto tile = dyn_cast<TileType>(operand.getType());
  if (!tile)
    return verifyAxes(op, operand, axes, "j", feature);
  if (!axes.empty())
    return op->emitOpError("names axes of a tile, which has coordinates of its own");
  if (tile.getRows() != "j" || tile.getCoordinates()[1] != feature)
    return op->emitOpError("needs a row of `") << feature << "` for each key, not " << tile;
  return success();
}

LogicalResult TileContractOp::verify() {
  if (failed(verifyPairs(*this, getResult(), "the result")))
    return failure();
  return verifyKeyOperand(*this, getKeys(), getAxes(), featureOf(getQueries()));
}

static LogicalResult verifyTableAxes(Operation *op, Value table, ArrayAttr axes, StringRef feature) {
  if (axes.size() != cast<TensorHandleType>(table.getType()).getRank())
    return op->emitOpError("names the coordinate of each dimension");
  for (StringRef needed : {StringRef("row"), feature})
    if (llvm::count(axes.getAsValueRange<StringAttr>(), needed) != 1)
      return op->emitOpError("needs one dimension of ") << needed;
  return success();
}

LogicalResult TileTableOp::verify() {
  auto tile = cast<TileType>(getResult().getType());
  if (tile.getRows() != "row" || tile.getLanes() != "i")
    return emitOpError("gives a row for each of the table's with queries in lanes, not ") << tile;
  return verifyTableAxes(*this, getTable(), getAxes(), featureOf(getQueries()));
}

LogicalResult TileWindowOp::verify() {
  if (!getTable().getDefiningOp<TileTableOp>())
    return emitOpError("computes rows of an attn.tile_table");
  return success();
}

LogicalResult TileKeyTableOp::verify() {
  auto tile = cast<TileType>(getResult().getType());
  if (tile.getRows() != "j" || tile.getLanes() != "row")
    return emitOpError("gives a row for each key with the table's rows in lanes, not ") << tile;
  if (failed(verifyTableAxes(*this, getTable(), getTableAxes(), getFeature())))
    return failure();
  return verifyKeyOperand(*this, getKeys(), getAxes(), getFeature());
}

LogicalResult TileLookupOp::verify() {
  if (!isa_and_present<TileTableOp, TileWindowOp, TileKeyTableOp>(getTable().getDefiningOp()))
    return emitOpError("looks up rows of an attn.tile_table");
  auto type = cast<FnType>(getResult().getType());
  if (type.getElementType() != elementOf(getTable()) || !type.variesWith("i"))
    return emitOpError("gives a number for each query, of the element type of its table");
  return success();
}

Value TileMapOp::getMask() {
  OperandRange yielded = cast<YieldOp>(getBody().front().getTerminator()).getOperands();
  return yielded.size() > getResults().size() ? yielded.back() : Value();
}

LogicalResult TileMapOp::verify() {
  if (getResults().size() < getReduced().size())
    return emitOpError("needs a kind and a total for each reduction");
  for (Value tile : getTiles())
    if (!isa<TileType>(tile.getType()))
      return emitOpError("gives tiles, then totals, not ") << tile.getType();
  for (Value tile : llvm::concat<Value>(SmallVector<Value>(getProducts()), SmallVector<Value>(getTiles())))
    if (failed(verifyPairs(*this, tile, "an operand or result")))
      return failure();
  if (getScores() > getTiles().size())
    return emitOpError("has ") << getTiles().size() << " tiles of which " << getScores() << " are scores";
  if (getReduced().getTypes() != getTotals().getTypes() || getReduced().size() != getReductions().size())
    return emitOpError("needs a kind and a total for each reduction");
  auto elementOfFunction = [](Type type) -> Type {
    auto function = dyn_cast<FnType>(type);
    return function ? function.getElementType() : Type();
  };
  Block &block = getBody().front();
  if (block.getNumArguments() != getProducts().size() + getReduced().size())
    return emitOpError("has a body that takes the products and what the reductions have come to");
  for (auto [argument, product] : llvm::zip(block.getArguments(), getProducts()))
    if (elementOfFunction(argument.getType()) != elementOf(product))
      return emitOpError("has a body that takes each product, a function of ") << elementOf(product);
  for (auto [argument, reduced] : llvm::zip(block.getArguments().drop_front(getProducts().size()), getReduced()))
    if (argument.getType() != reduced.getType())
      return emitOpError("has a body that takes what the reductions have come to");
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  size_t functions = getTiles().size() + getReduced().size(), count = yield ? yield.getNumOperands() : 0;
  if (count != functions && count != functions + 1)
    return emitOpError("has a body that yields a function for each tile and reduction, and the mask, if there is one");
  for (auto [operand, tile] : llvm::zip(yield.getOperands(), getTiles()))
    if (elementOfFunction(operand.getType()) != elementOf(tile))
      return emitOpError("has a body that yields functions of ") << elementOf(tile) << ", not " << operand.getType();
  for (auto [operand, reduced] : llvm::zip(yield.getOperands().drop_front(getTiles().size()), getReduced()))
    if (elementOfFunction(operand.getType()) != elementOfFunction(reduced.getType()))
      return emitOpError("reduces ") << operand.getType() << " to " << reduced.getType();
  if (count > functions && !elementOfFunction(yield.getOperand(functions).getType()).isInteger(1))
    return emitOpError("has a mask that isn't a boolean function");
  return success();
}

LogicalResult TileAbsorbOp::verify() {
  if (failed(verifyPairs(*this, getScores(), "the operand")))
    return failure();
  return verifyPerQuery(*this, getRescale(), elementOf(getScores()), "rescale");
}

LogicalResult TileAccumulateOp::verify() {
  if (failed(verifyPairs(*this, getWeights(), "the weights")))
    return failure();
  if (failed(verifyPerQuery(*this, getRescale(), elementOf(getAccumulator()), "rescale")))
    return failure();
  if (isa<FnType>(getValues().getType()) && rowsOf(getAccumulator()) == "i")
    return emitOpError("adds a function to an accumulator with features in lanes");
  return verifyKeyOperand(*this, getValues(), getAxes(), featureOf(getAccumulator()));
}

LogicalResult TileFinishOp::verify() {
  if (getAccumulators().getTypes() != getTiles().getTypes())
    return emitOpError("gives a tile for each accumulator");
  auto type = cast<FnType>(getLogDenominator().getType());
  return verifyPerQuery(*this, getLogDenominator(), type.getElementType(), "the logarithm");
}

static LogicalResult verifyIndices(Operation *op, Value tensor, ValueRange indices) {
  if (indices.size() != cast<TensorHandleType>(tensor.getType()).getRank())
    return op->emitOpError("needs one index per dimension");
  return success();
}

LogicalResult TileStoreOp::verify() {
  if ((rowsOf(getTile()) == "j") != bool(getBlock()))
    return emitOpError("stores rows of keys with the block they belong to, and only these");
  auto tile = cast<TileType>(getTile().getType());
  if (!getIndices().empty())
    return verifyIndices(*this, getTensor(), getIndices());
  if (tile.getRows() == "j" && tile.getLanes() != "i")
    return verifyAxes(*this, getTensor(), getAxes(), "j", tile.getLanes());
  return verifyAxes(*this, getTensor(), getAxes(), "i", featureOf(getTile()));
}

LogicalResult TileStoreRowOp::verify() {
  auto type = cast<FnType>(getValue().getType());
  if (failed(verifyPerQuery(*this, getValue(), type.getElementType(), "the value")))
    return failure();
  if (!getIndices().empty())
    return verifyIndices(*this, getTensor(), getIndices());
  return verifyAxes(*this, getTensor(), getAxes(), "i", "");
}

} // namespace attn::ir
