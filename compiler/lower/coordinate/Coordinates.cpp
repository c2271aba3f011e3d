#include "compiler/lower/coordinate/Coordinates.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace attn::lower {

SmallVector<StringAttr> featuresOf(Value value) {
  SmallVector<StringAttr> features;
  if (auto type = dyn_cast<ir::FnType>(value.getType()))
    for (StringAttr name : type.getCoordinates())
      if (!llvm::is_contained({"b", "h", "g", "i", "j"}, name.getValue()))
        features.push_back(name);
  return features;
}

Value constantInt(OpBuilder &builder, Location location, int64_t value) {
  return ir::ConstantOp::create(builder, location, ir::FnType::get(builder.getI64Type(), {}), builder.getI64IntegerAttr(value));
}

Value constantBool(OpBuilder &builder, Location location, bool value) {
  return ir::ConstantOp::create(builder, location, ir::FnType::get(builder.getI1Type(), {}), builder.getBoolAttr(value));
}

Value constantFloat(OpBuilder &builder, Location location, Type element, double value) {
  return ir::ConstantOp::create(builder, location, ir::FnType::get(element, {}), builder.getFloatAttr(element, value));
}

int64_t FunctionGraph::extentOf(StringRef coordinate) const {
  if (auto kernel = dyn_cast<ir::KernelOp>(op))
    return kernel.extentOf(coordinate);
  auto coordinates = cast<ir::BinderOp>(op).getCoordinates();
  auto number = coordinates ? coordinates->getAs<IntegerAttr>(coordinate) : IntegerAttr();
  return number ? number.getInt() : -1;
}

std::optional<int64_t> FunctionGraph::fixedExtent(int64_t number) const {
  auto kernel = dyn_cast<ir::KernelOp>(op);
  return kernel ? kernel.fixedExtent(number) : std::nullopt;
}

bool FunctionGraph::variesWithBatch(int64_t number) const {
  auto kernel = dyn_cast<ir::KernelOp>(op);
  return kernel && kernel.variesWithBatch(number);
}

Value extent(OpBuilder &builder, Location location, FunctionGraph graph, StringRef coordinate) {
  int64_t number = graph.extentOf(coordinate);
  auto fixed = graph.fixedExtent(number);
  SmallVector<StringAttr> varies;
  if (graph.variesWithBatch(number))
    varies.push_back(builder.getStringAttr("b"));
  return ir::ExtentOp::create(builder, location, ir::FnType::get(builder.getI64Type(), varies), coordinate.take_front().upper(), number,
                              fixed ? builder.getI64IntegerAttr(*fixed) : IntegerAttr());
}

Value unary(OpBuilder &builder, Location location, ir::UnaryKind kind, Value operand) {
  return ir::UnaryOp::create(builder, location, operand.getType(), kind, operand);
}

Value binary(OpBuilder &builder, Location location, ir::BinaryKind kind, Value left, Value right) {
  ir::FnType type = ir::pointwiseType(functionType(left).getElementType(), {left, right});
  return ir::BinaryOp::create(builder, location, type, kind, left, right, Value(), false, StringAttr());
}

Value convert(OpBuilder &builder, Location location, Type element, Value operand) {
  if (functionType(operand).getElementType() == element)
    return operand;
  return ir::ConvertOp::create(builder, location, functionType(operand).withElement(element), operand);
}

Value logicalAnd(OpBuilder &builder, Location location, Value left, Value right) {
  return ir::AndOp::create(builder, location, ir::pointwiseType(builder.getI1Type(), {left, right}), left, right);
}

Value logicalOr(OpBuilder &builder, Location location, Value left, Value right) {
  return ir::OrOp::create(builder, location, ir::pointwiseType(builder.getI1Type(), {left, right}), left, right);
}

Value logicalNot(OpBuilder &builder, Location location, Value operand) {
  return ir::NotOp::create(builder, location, operand.getType(), operand);
}

bool refineType(Operation *op) {
  if (op->getNumResults() != 1 || !isa<ir::FnType>(op->getResult(0).getType()))
    return false;
  ir::FnType type = ir::inferredType(op);
  if (op->getResult(0).getType() == type)
    return false;
  op->getResult(0).setType(type);
  return true;
}

Operation *cloneWithOperands(OpBuilder &builder, Operation *op, ValueRange operands) {
  Operation *copy = builder.clone(*op);
  copy->setOperands(operands);
  refineType(copy);
  return copy;
}

SmallVector<Operation *> computedFrom(ArrayRef<Value> roots) {
  SetVector<Operation *> found;
  auto add = [&](Value value) {
    if (Operation *op = value.getDefiningOp())
      found.insert(op);
  };
  llvm::for_each(roots, add);
  for (size_t n = 0; n < found.size(); ++n)
    for (Value operand : found[n]->getOperands())
      add(operand);
  SmallVector<Operation *> ordered = found.takeVector();
  llvm::sort(ordered, [](Operation *left, Operation *right) { return left->isBeforeInBlock(right); });
  return ordered;
}

Value maskOfRow(Operation *op) {
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case<ir::SoftmaxOp, ir::LogSumExpOp, ir::SumAfterOp, ir::ThresholdOp, ir::TopKOp, ir::OnlineOp, ir::WeightedSumOp>(
          [](auto row) { return row.getMask(); })
      .Case([](ir::ReduceOp reduce) { return reduce.getWhere(); })
      .Default([](Operation *) { return Value(); });
}

void eraseUnused(FunctionGraph graph) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(graph.block())))
    if (op.getNumResults() != 0 && op.use_empty())
      op.erase();
}

bool isOverKeys(ir::ReduceOp reduce) { return llvm::is_contained(reduce.getOver().getAsValueRange<StringAttr>(), "j"); }

} // namespace attn::lower
