#include "dialect/AttnDialect.h"
#include "dialect/Verify.h"

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

static std::optional<int64_t> fixedIn(std::optional<ArrayRef<int64_t>> values, int64_t number) {
  if (!values || number < 0 || number >= int64_t(values->size()) || (*values)[number] < 0)
    return std::nullopt;
  return (*values)[number];
}

std::optional<int64_t> KernelOp::fixedExtent(int64_t number) { return fixedIn(getExtents(), number); }
std::optional<int64_t> TileKernelOp::fixedExtent(int64_t number) { return fixedIn(getExtents(), number); }

static bool isListed(std::optional<ArrayRef<int64_t>> list, int64_t number) { return list && llvm::is_contained(*list, number); }

bool KernelOp::variesWithBatch(int64_t number) { return isListed(getBatchExtents(), number); }
bool TileKernelOp::variesWithBatch(int64_t number) { return isListed(getBatchExtents(), number); }

LogicalResult KernelOp::verify() { return verifyKernel(*this, getCoordinates(), getExtents()); }

/// A result varies with exactly what follows from its operands.
static LogicalResult verifyCoordinates(Operation *op) {
  FnType expected = inferredType(op);
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
  if (getSafe() && (getUnchecked() || getWhere()))
    return emitOpError("is `safe`, which an `attn.check` makes it, and checked or unchecked by itself");
  Type stored = cast<TensorHandleType>(getTensor().getType()).getElementType();
  Type element = functionType(getResult()).getElementType();
  bool widened = isa<FloatType>(stored) ? element.isF32() : stored.isInteger(1) ? element.isInteger(1) : element.isInteger(64);
  if (!widened)
    return emitOpError("widens ") << stored << " to " << (isa<FloatType>(stored) ? "f32" : stored.isInteger(1) ? "i1" : "i64")
                                  << ", not " << element;
  return verifyCoordinates(*this);
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
  if (failed(verifyDistinct(*this, getCoordinates())))
    return failure();
  if (functionType(getOperand()).getElementType() != functionType(getResult()).getElementType())
    return emitOpError("keeps its operand's element type");
  return verifyCoordinates(*this);
}

LogicalResult ReduceOp::verify() {
  if (getOver().empty())
    return emitOpError("needs a coordinate to reduce");
  if (failed(verifyDistinct(*this, getOver())))
    return failure();
  Type element = functionType(getResult()).getElementType();
  if (functionType(getOperand()).getElementType() != element)
    return emitOpError("keeps its operand's element type");
  if ((getKind() == ReductionKind::Any || getKind() == ReductionKind::All) != element.isInteger(1))
    return emitOpError("`any` and `all` reduce booleans, the others numbers");
  if (getWhere() && !llvm::is_contained(getOver().getAsValueRange<StringAttr>(), "j"))
    return emitOpError("has a condition although it doesn't reduce j");
  return verifyCoordinates(*this);
}

LogicalResult DotOp::verify() {
  if (getOver().empty())
    return emitOpError("needs a coordinate to sum over");
  if (failed(verifyDistinct(*this, getOver())))
    return failure();
  Type element = functionType(getResult()).getElementType();
  if (!isa<FloatType>(element) && !element.isInteger(64))
    return emitOpError("multiplies numbers, not ") << element;
  SmallVector<Value> operands = {getLhs(), getRhs()};
  if (getScale())
    operands.push_back(getScale());
  if (failed(verifyElements(*this, operands, element, "operands and scale")))
    return failure();
  for (StringRef coordinate : getOver().getAsValueRange<StringAttr>()) {
    if (!functionType(getLhs()).variesWith(coordinate) || !functionType(getRhs()).variesWith(coordinate))
      return emitOpError("sums over `") << coordinate << "`, which an operand doesn't vary with";
    if (getScale() && functionType(getScale()).variesWith(coordinate))
      return emitOpError("has a scale that varies with `") << coordinate << "`, which it sums over";
  }
  if (getScale() && functionType(getScale()).variesWith("j"))
    return emitOpError("has a scale that varies with the key");
  return verifyCoordinates(*this);
}

/// A row function of a float score.
static LogicalResult verifyRowFunction(Operation *op, Value score) {
  if (!isa<FloatType>(functionType(score).getElementType()))
    return op->emitOpError("takes a float score, not ") << score.getType();
  if (functionType(op->getResult(0)).getElementType() != functionType(score).getElementType())
    return op->emitOpError("keeps its score's element type");
  return verifyCoordinates(op);
}

LogicalResult SoftmaxOp::verify() { return verifyRowFunction(*this, getScore()); }
LogicalResult LogSumExpOp::verify() { return verifyRowFunction(*this, getScore()); }

LogicalResult OnlineOp::verify() {
  if (!functionType(getValue()).variesWith("j"))
    return emitOpError("needs a value that varies with j");
  Type element = functionType(getScore()).getElementType();
  if (!isa<FloatType>(element))
    return emitOpError("takes a float score, not ") << getScore().getType();
  if (failed(verifyElements(*this, {getValue(), getValues(), getLogDenominator()}, element, "value and results")))
    return failure();
  StringAttr key = StringAttr::get(getContext(), "j");
  SmallVector<Value> row = {getScore(), getMask()}, all = {getScore(), getMask(), getValue()};
  for (auto [result, operands] : {std::pair(getValues(), &all), std::pair(getLogDenominator(), &row)}) {
    SmallVector<StringAttr> expected = unionOfCoordinates(*operands);
    llvm::erase(expected, key);
    if (functionType(result).getCoordinates() != ArrayRef(expected))
      return emitOpError("reduces j away: expected ") << FnType::get(element, expected) << ", not " << result.getType();
  }
  return success();
}

LogicalResult WeightedSumOp::verify() {
  if (!functionType(getValue()).variesWith("j"))
    return emitOpError("needs a value that varies with j");
  Type element = functionType(getWeight()).getElementType();
  if (!isa<FloatType>(element))
    return emitOpError("takes a float weight, not ") << getWeight().getType();
  if (failed(verifyElements(*this, {getValue(), getResult()}, element, "value and result")))
    return failure();
  return verifyCoordinates(*this);
}

LogicalResult SumAfterOp::verify() { return verifyRowFunction(*this, getOperand()); }

LogicalResult ThresholdOp::verify() { return verifyRowFunction(*this, getOperand()); }

LogicalResult TopKOp::verify() {
  if (!functionType(getOperand()).getElementType().isF32() || !functionType(getSmallest()).getElementType().isF32())
    return emitOpError("takes and gives f32, not ") << getOperand().getType();
  if (!functionType(getCount()).getCoordinates().empty())
    return emitOpError("has a count that varies with something: ") << getCount().getType();
  for (Value result : getResults())
    if (functionType(result).variesWith("j"))
      return emitOpError("reduces j away");
  return success();
}

LogicalResult CheckOp::verify() {
  size_t expected = getTensor() ? cast<TensorHandleType>(getTensor().getType()).getRank() : 1;
  if (getValues().size() != expected)
    return emitOpError("needs ") << (getTensor() ? "one index per dimension" : "one divisor");
  return success();
}

LogicalResult OutputOp::verify() {
  size_t rank = cast<TensorHandleType>(getTensor().getType()).getRank();
  if ((getIndices().empty() ? getCoordinates().size() : getIndices().size()) != rank)
    return emitOpError("needs one coordinate or index per dimension");
  if (failed(verifyDistinct(*this, getCoordinates())))
    return failure();
  for (StringAttr coordinate : functionType(getValue()).getCoordinates()) {
    bool covered = llvm::is_contained(getCoordinates(), Attribute(coordinate));
    if (coordinate == "g")
      covered |= llvm::is_contained(getCoordinates(), Attribute(StringAttr::get(getContext(), "h")));
    if (!covered)
      return emitOpError("has no dimension for ") << coordinate << ", which its value varies with";
  }
  return success();
}

LogicalResult BindOp::verify() {
  if (int64_t(getIndex()) < 0)
    return emitOpError("has a negative index");
  FnType type = functionType(getValue());
  if (getSlot() && getKind() != BindKind::Extent)
    return emitOpError("has a slot for what isn't an extent");
  for (StringAttr coordinate : type.getCoordinates())
    if (!getSlot() || coordinate != "b")
      return emitOpError("binds what varies with nothing, not ") << type;
  Type element = type.getElementType();
  bool isScalar = getKind() == BindKind::Scalar;
  if (!element.isInteger(64) && !(isScalar && (element.isF64() || element.isInteger(1))))
    return emitOpError("binds ") << (isScalar ? "a scalar to an i64, f64 or i1" : "an extent or size to an i64") << ", not " << element;
  return success();
}

LogicalResult ClassifyOp::verify() { return verifyClassifier(*this, getBody()); }

LogicalResult UniformOp::verify() {
  FnType type = functionType(getOperand());
  for (StringAttr coordinate : type.getCoordinates())
    if (coordinate != "b" && coordinate != "h" && coordinate != "g")
      return emitOpError("takes what varies with neither i nor j nor anything but the batch and head, not ") << type;
  if (type.getElementType() != getResult().getType())
    return emitOpError("gives the element type of its operand");
  return success();
}

template <typename Op> static LogicalResult verifyBox(Op op, TensorHandleType tensor) {
  if (op.getLow().size() != tensor.getRank())
    return op->emitOpError("needs a lowest and a highest index per dimension: expected ")
           << tensor.getRank() << " of each, not " << op.getLow().size();
  return success();
}

LogicalResult TableHoldsOp::verify() {
  auto tensor = cast<TensorHandleType>(getTensor().getType());
  if (isa<FloatType>(tensor.getElementType()))
    return emitOpError("looks for integers and booleans, not for ") << tensor.getElementType();
  return verifyBox(*this, tensor);
}

LogicalResult TableRangeOp::verify() {
  auto tensor = cast<TensorHandleType>(getTensor().getType());
  if (failed(verifyBox(*this, tensor)))
    return failure();
  bool isFloat = isa<FloatType>(tensor.getElementType());
  if (isFloat != getMinimum().getType().isF64())
    return emitOpError("gives ") << (isFloat ? "f64 for floats" : "i64 for integers and booleans") << ", not " << getMinimum().getType();
  return success();
}

} // namespace attn::ir
