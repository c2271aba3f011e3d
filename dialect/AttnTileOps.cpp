#include "dialect/AttnDialect.h"
#include "dialect/Verify.h"

using namespace mlir;

namespace attn::ir {

static StringRef rowsOf(Value tile) { return cast<TileType>(tile.getType()).getRows(); }
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
    if (!seen.insert(coordinate).second)
      return op->emitOpError("names ") << coordinate << " twice";
  return success();
}

LogicalResult verifyClassifier(Operation *op, Region &region) {
  Block &block = region.front();
  if (!region.hasOneBlock() || block.getNumArguments() != 4 ||
      llvm::any_of(block.getArgumentTypes(), [](Type type) { return !type.isInteger(64); }))
    return op->emitOpError("takes the tile's four bounds as i64");
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (!yield || yield.getNumOperands() != 2 ||
      llvm::any_of(yield.getOperandTypes(), [](Type type) { return !type.isInteger(1); }))
    return op->emitOpError("yields two booleans: some pair may be visible, some pair may be invisible");
  return success();
}

/// The dimensions of a tensor that tiles are taken from: one coordinate each, `row` (a coordinate of tiles that the
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
  if (rowsOf(getAccumulator()) == "j")
    return emitOpError("accumulates over keys: its accumulator's rows are features");
  return success();
}

LogicalResult TileVisitOp::verify() {
  if (getInits().size() != 2 || !isa<StateType>(getInits()[0].getType()) || !isa<TileType>(getInits()[1].getType()))
    return emitOpError("carries a state and its accumulator");
  if (getInits().getTypes() != getResultTypes())
    return emitOpError("gives what it carries: expected results of ") << getInits().getTypes();
  if (!getClassifier().empty() && failed(verifyClassifier(*this, getClassifier())))
    return failure();
  Block &block = getBody().front();
  if (block.getNumArguments() != 3 || !isa<KeysType>(block.getArgument(0).getType()) ||
      TypeRange(block.getArgumentTypes()).drop_front() != TypeRange(getInits().getTypes()))
    return emitOpError("has a body that takes the block of keys and what is carried");
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  if (!yield || TypeRange(yield.getOperandTypes()) != TypeRange(getInits().getTypes()))
    return emitOpError("has a body that yields what is carried: expected ") << getInits().getTypes();
  return success();
}

LogicalResult TileContractOp::verify() {
  if (failed(verifyPairs(*this, getResult(), "the result")))
    return failure();
  return verifyAxes(*this, getKeys(), getAxes(), "j", rowsOf(getQueries()));
}

LogicalResult TileMapOp::verify() {
  if (failed(verifyPairs(*this, getProducts(), "the operand")))
    return failure();
  Type element = elementOf(getProducts());
  auto isOf = [](Type type, Type element) {
    auto function = dyn_cast<FnType>(type);
    return function && function.getElementType() == element;
  };
  Block &block = getBody().front();
  if (block.getNumArguments() != 1 || !isOf(block.getArgument(0).getType(), element))
    return emitOpError("has a body that takes the product, a function of ") << element;
  auto yield = block.empty() ? YieldOp() : dyn_cast<YieldOp>(block.back());
  unsigned count = yield ? yield.getNumOperands() : 0;
  if (count < 1 || count > 2 || !isOf(yield.getOperand(0).getType(), element) ||
      (count == 2 && !isOf(yield.getOperand(1).getType(), IntegerType::get(getContext(), 1))))
    return emitOpError("has a body that yields the score, a function of ")
           << element << ", and the mask, if there is one";
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
  return verifyAxes(*this, getValues(), getAxes(), "j", rowsOf(getAccumulator()));
}

LogicalResult TileFinishOp::verify() {
  return verifyPerQuery(*this, getLogDenominator(), elementOf(getAccumulator()), "the logarithm");
}

LogicalResult TileStoreOp::verify() { return verifyAxes(*this, getTensor(), getAxes(), "i", rowsOf(getTile())); }

LogicalResult TileStoreRowOp::verify() {
  auto type = cast<FnType>(getValue().getType());
  if (failed(verifyPerQuery(*this, getValue(), type.getElementType(), "the value")))
    return failure();
  return verifyAxes(*this, getTensor(), getAxes(), "i", "");
}

} // namespace attn::ir
