#include "dialect/AttnDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"

#define GET_OP_CLASSES
#include "dialect/AttnOps.cpp.inc"

using namespace mlir;

namespace attn::ir {

static FnType functionType(Value value) { return cast<FnType>(value.getType()); }

static int64_t extentIn(DictionaryAttr coordinates, StringRef coordinate) {
  auto number = coordinates.getAs<IntegerAttr>(coordinate);
  return number ? number.getInt() : -1;
}

int64_t KernelOp::extentOf(StringRef coordinate) { return extentIn(getCoordinates(), coordinate); }
int64_t TileKernelOp::extentOf(StringRef coordinate) { return extentIn(getCoordinates(), coordinate); }

/// A pointwise result varies with exactly what its operands vary with.
static LogicalResult verifyCoordinates(Operation *op) {
  SmallVector<Value> operands(op->getOperands());
  FnType expected = pointwiseType(functionType(op->getResult(0)).getElementType(), operands);
  if (op->getResult(0).getType() != expected)
    return op->emitOpError("varies with what its operands vary with: expected ") << expected;
  return success();
}

static LogicalResult verifyElements(Operation *op, ValueRange values, Type element, const char *what) {
  for (Value value : values)
    if (functionType(value).getElementType() != element)
      return op->emitOpError(what) << " must be of " << element << ", not " << value.getType();
  return success();
}

LogicalResult ConstantOp::verify() {
  if (!functionType(getResult()).getCoordinates().empty())
    return emitOpError("varies with nothing");
  if (cast<TypedAttr>(getValue()).getType() != functionType(getResult()).getElementType())
    return emitOpError("has a value of another type than its result");
  return success();
}

LogicalResult CoordinateOp::verify() {
  FnType type = functionType(getResult());
  if (type.getCoordinates().size() != 1 || type.getCoordinates()[0] != getName())
    return emitOpError("varies with `") << getName() << "` alone";
  return success();
}

LogicalResult TensorOp::verify() {
  unsigned rank = cast<TensorHandleType>(getResult().getType()).getRank();
  if (getSizes().getNumResults() != rank)
    return emitOpError("gives ") << getSizes().getNumResults() << " sizes for rank " << rank;
  if (getSizes().getNumDims() != 0)
    return emitOpError("gives sizes in terms of dimensions; extents are symbols");
  return success();
}

LogicalResult ReadOp::verify() {
  if (cast<TensorHandleType>(getTensor().getType()).getRank() != getIndices().size())
    return emitOpError("needs one index per dimension");
  if (getUnchecked() && getWhere())
    return emitOpError("has a condition although it needs no check");
  SmallVector<Value> operands(getIndices());
  SmallVector<StringAttr> expected = unionOfCoordinates(operands);
  if (getWhere()) {
    operands.push_back(getWhere());
    expected = unionOfCoordinates(operands);
  }
  if (llvm::ArrayRef(expected) != functionType(getResult()).getCoordinates())
    return emitOpError("varies with what its indices and condition vary with");
  return success();
}

LogicalResult UnaryOp::verify() {
  if (functionType(getOperand()).getElementType() != functionType(getResult()).getElementType())
    return emitOpError("keeps its operand's type");
  return verifyCoordinates(*this);
}

LogicalResult BinaryOp::verify() {
  Type element = functionType(getResult()).getElementType();
  bool mixedPower = getKind() == BinaryKind::Power && functionType(getRhs()).getElementType().isInteger(64);
  if (failed(verifyElements(*this, mixedPower ? ValueRange(getLhs()) : ValueRange{getLhs(), getRhs()}, element, "operands")))
    return failure();
  return verifyCoordinates(*this);
}

LogicalResult CompareOp::verify() {
  if (functionType(getLhs()).getElementType() != functionType(getRhs()).getElementType())
    return emitOpError("compares values of one type");
  return verifyCoordinates(*this);
}

LogicalResult AndOp::verify() { return verifyCoordinates(*this); }
LogicalResult OrOp::verify() { return verifyCoordinates(*this); }
LogicalResult NotOp::verify() { return verifyCoordinates(*this); }
LogicalResult ConvertOp::verify() { return verifyCoordinates(*this); }

LogicalResult SelectOp::verify() {
  if (failed(verifyElements(*this, {getIfTrue(), getIfFalse()}, functionType(getResult()).getElementType(), "choices")))
    return failure();
  return verifyCoordinates(*this);
}

LogicalResult RebaseOp::verify() {
  if (getCoordinates().size() != getValues().size())
    return emitOpError("needs one value per coordinate");
  return success();
}

LogicalResult ReduceOp::verify() {
  for (StringRef coordinate : getOver().getAsValueRange<StringAttr>())
    if (functionType(getResult()).variesWith(coordinate))
      return emitOpError("still varies with `") << coordinate << "`, which it reduces";
  return success();
}

LogicalResult DotOp::verify() {
  for (StringRef coordinate : getOver().getAsValueRange<StringAttr>()) {
    if (!functionType(getLhs()).variesWith(coordinate) || !functionType(getRhs()).variesWith(coordinate))
      return emitOpError("sums over `") << coordinate << "`, which an operand doesn't vary with";
    if (getScale() && functionType(getScale()).variesWith(coordinate))
      return emitOpError("has a scale that varies with `") << coordinate << "`, which it sums over";
  }
  if (getScale() && functionType(getScale()).variesWith("j"))
    return emitOpError("has a scale that varies with the key");
  return success();
}

LogicalResult OnlineOp::verify() {
  if (functionType(getValues()).variesWith("j") || functionType(getLogDenominator()).variesWith("j"))
    return emitOpError("reduces j away");
  if (!functionType(getValue()).variesWith("j"))
    return emitOpError("needs a value that varies with j");
  return success();
}

LogicalResult OutputOp::verify() {
  if (getCoordinates().size() != cast<TensorHandleType>(getTensor().getType()).getRank())
    return emitOpError("needs one coordinate per dimension");
  return success();
}

LogicalResult ClassifyOp::verify() {
  Block &block = getBody().front();
  if (block.getNumArguments() != 4 || llvm::any_of(block.getArgumentTypes(), [](Type type) { return !type.isInteger(64); }))
    return emitOpError("takes the tile's four bounds as i64");
  auto yield = dyn_cast<YieldOp>(block.back());
  if (!yield || yield.getNumOperands() != 2 ||
      llvm::any_of(yield.getOperandTypes(), [](Type type) { return !type.isInteger(1); }))
    return emitOpError("yields two booleans: some pair may be visible, some pair may be invisible");
  return success();
}

LogicalResult UniformOp::verify() {
  FnType type = functionType(getOperand());
  if (type.variesWith("i") || type.variesWith("j"))
    return emitOpError("takes what varies with neither i nor j, not ") << type;
  if (type.getElementType() != getResult().getType())
    return emitOpError("gives the element type of its operand");
  return success();
}

} // namespace attn::ir
