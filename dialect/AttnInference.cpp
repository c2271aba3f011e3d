#include "dialect/AttnDialect.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace attn::ir {

static bool contains(ArrayAttr names, StringRef name) {
  return llvm::is_contained(names.getAsValueRange<StringAttr>(), name);
}

static FnType without(FnType type, ArrayAttr removed) {
  SmallVector<StringAttr> kept;
  for (StringAttr coordinate : type.getCoordinates())
    if (!contains(removed, coordinate))
      kept.push_back(coordinate);
  return FnType::get(type.getElementType(), kept);
}

/// What is set takes the coordinates of its value with it; setting h sets g, which is a function of h.
static FnType rebasedType(RebaseOp op) {
  auto type = cast<FnType>(op.getOperand().getType());
  bool setsG = contains(op.getCoordinates(), "g");
  SmallVector<StringAttr> kept;
  SmallVector<Value> parts;
  for (StringAttr coordinate : type.getCoordinates()) {
    StringRef setBy = coordinate == "g" && !setsG ? StringRef("h") : coordinate.getValue();
    bool set = false;
    for (auto [name, value] : llvm::zip(op.getCoordinates().getAsValueRange<StringAttr>(), op.getValues()))
      if (name == setBy) {
        parts.push_back(value);
        set = true;
      }
    if (!set)
      kept.push_back(coordinate);
  }
  return FnType::get(type.getElementType(), unionOfCoordinates(parts, kept));
}

FnType inferredType(Operation *op) {
  FnType present = cast<FnType>(op->getResult(0).getType());
  Type element = present.getElementType();
  ArrayAttr key = ArrayAttr::get(op->getContext(), StringAttr::get(op->getContext(), "j"));
  return TypeSwitch<Operation *, FnType>(op)
      .Case([&](ReadOp read) {
        SmallVector<Value> operands(read.getIndices());
        if (read.getWhere())
          operands.push_back(read.getWhere());
        return pointwiseType(element, operands);
      })
      .Case([&](RebaseOp rebase) { return rebasedType(rebase); })
      .Case([&](ReduceOp reduce) {
        return without(pointwiseType(element, SmallVector<Value>(op->getOperands())), reduce.getOver());
      })
      .Case([&](DotOp dot) {
        return without(pointwiseType(element, SmallVector<Value>(op->getOperands())), dot.getOver());
      })
      .Case([&](LogSumExpOp) {
        return without(pointwiseType(element, SmallVector<Value>(op->getOperands())), key);
      })
      .Case([&](ThresholdOp) {
        return without(pointwiseType(element, SmallVector<Value>(op->getOperands())), key);
      })
      .Case([&](WeightedSumOp) {
        return without(pointwiseType(element, SmallVector<Value>(op->getOperands())), key);
      })
      .Case<SoftmaxOp, SumAfterOp, UnaryOp, BinaryOp, CompareOp, AndOp, OrOp, NotOp, SelectOp, ConvertOp>(
          [&](auto) { return pointwiseType(element, SmallVector<Value>(op->getOperands())); })
      .Default([&](Operation *) { return present; });
}

} // namespace attn::ir
