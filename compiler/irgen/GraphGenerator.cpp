#include "compiler/irgen/GraphGenerator.h"

#include "compiler/irgen/Supported.h"
#include "compiler/irgen/Visibility.h"

#include <limits>
#include <set>

using namespace mlir;

namespace attn::irgen {

using sema::NodeId;
using sema::NodeKind;

GraphGenerator::GraphGenerator(OpBuilder &builder, const sema::Attention &attention, Purpose purpose)
    : builder(builder), attention(attention), purpose(purpose), nesting(attention),
      tensors(attention.tensors.size() + attention.outputs.size()) {}

Location GraphGenerator::location(SourceRange range) const {
  if (!range)
    range = attention.range;
  if (!range)
    return builder.getUnknownLoc();
  LineColumn place = range.file->locate(range.begin);
  return FileLineColLoc::get(builder.getContext(), range.file->path(), place.line, place.column);
}

ArrayAttr GraphGenerator::names(const std::vector<sema::CoordinateId> &coordinates) const {
  SmallVector<StringRef> list;
  for (sema::CoordinateId id : coordinates)
    list.push_back(attention.coordinates[id].name);
  return builder.getStrArrayAttr(list);
}

DictionaryAttr GraphGenerator::coordinates() const {
  SmallVector<NamedAttribute> extents;
  for (sema::CoordinateId id = 0; id < attention.coordinates.size(); ++id) {
    sema::ExtentId extent = definingExtent(attention, attention.coordinates[id].extent);
    if (extent == sema::none)
      continue;
    for (uint32_t level = 0; level <= nesting.deepest(id); ++level)
      extents.push_back(builder.getNamedAttr(nesting.name(id, level), builder.getI64IntegerAttr(extent)));
  }
  return builder.getDictionaryAttr(extents);
}

Type GraphGenerator::elementType(sema::ScalarType type) const {
  switch (type) {
  case sema::ScalarType::Bool:
    return builder.getI1Type();
  case sema::ScalarType::Int:
    return builder.getI64Type();
  case sema::ScalarType::Float32:
    return builder.getF32Type();
  case sema::ScalarType::Float64:
    return builder.getF64Type();
  }
  return {};
}

Type GraphGenerator::storageType(sema::ElementType type) const {
  switch (type) {
  case sema::ElementType::F16:
    return builder.getF16Type();
  case sema::ElementType::BF16:
    return builder.getBF16Type();
  case sema::ElementType::F32:
    return builder.getF32Type();
  case sema::ElementType::I8:
    return builder.getI8Type();
  case sema::ElementType::U8:
    return builder.getIntegerType(8, /*isSigned=*/false);
  case sema::ElementType::I32:
    return builder.getI32Type();
  case sema::ElementType::I64:
    return builder.getI64Type();
  case sema::ElementType::Bool:
    return builder.getI1Type();
  }
  return {};
}

AffineExpr GraphGenerator::size(NodeId value) const {
  const sema::Node &node = attention.node(value);
  if (node.kind == NodeKind::Integer)
    return builder.getAffineConstantExpr(node.integer);
  if (node.kind == NodeKind::Extent)
    return builder.getAffineSymbolExpr(definingExtent(attention, node.index));
  AffineExpr left = size(node.operands[0]), right = size(node.operands[1]);
  switch (node.binary) {
  case sema::BinaryOp::Add:
    return left + right;
  case sema::BinaryOp::Subtract:
    return left - right;
  case sema::BinaryOp::Multiply:
    return left * right;
  case sema::BinaryOp::FloorDivide:
    return left.floorDiv(right);
  default:
    return left % right;
  }
}

Value GraphGenerator::tensor(size_t number) {
  if (tensors[number])
    return tensors[number];
  size_t inputs = attention.tensors.size();
  bool isInput = number < inputs;
  const std::string &name = isInput ? attention.tensors[number].name : attention.outputs[number - inputs].name;
  sema::ElementType element = isInput ? attention.tensors[number].element : attention.outputs[number - inputs].element;
  const auto &dimensions = isInput ? attention.tensors[number].dimensions : attention.outputs[number - inputs].dimensions;
  SourceRange range = isInput ? attention.tensors[number].range : attention.outputs[number - inputs].range;

  SmallVector<AffineExpr> sizes;
  for (const sema::Dimension &dimension : dimensions)
    sizes.push_back(size(dimension.value));
  auto map = AffineMap::get(0, attention.extents.size(), sizes, builder.getContext());
  auto type = ir::TensorHandleType::get(builder.getContext(), dimensions.size(), storageType(element));
  return tensors[number] = ir::TensorOp::create(builder, location(range), type, name, number, map);
}

StringAttr GraphGenerator::text(NodeId id) const {
  const sema::Node &node = attention.node(id);
  std::string written = node.range ? std::string(node.range.text()) : sema::format(attention, id);
  std::replace(written.begin(), written.end(), '\n', ' ');
  return builder.getStringAttr(written);
}

ir::FnType GraphGenerator::varying(sema::ScalarType type, ArrayRef<Value> operands, ArrayAttr without) {
  SmallVector<StringAttr> coordinates = ir::unionOfCoordinates(operands);
  if (without)
    llvm::erase_if(coordinates, [&](StringAttr name) { return llvm::is_contained(without, name); });
  return ir::FnType::get(elementType(type), coordinates);
}

GraphGenerator::Place GraphGenerator::operandOf(const Place &place, size_t operand) const {
  const sema::Node &node = attention.node(place.node);
  NodeId id = node.operands[operand];
  std::map<sema::CoordinateId, uint32_t> levels(place.levels.begin(), place.levels.end());
  bool binds = node.kind == NodeKind::Reduce || node.kind == NodeKind::Dot;
  if (binds || (node.kind == NodeKind::Rebase && operand == 0))
    for (sema::CoordinateId coordinate : node.coordinates)
      levels[coordinate] = binds ? nesting.level(place.node, coordinate) : 0;
  Place own{id, {}};
  for (auto [coordinate, level] : levels)
    if (level != 0 && (attention.node(id).varies & sema::setOf(coordinate)))
      own.levels.emplace_back(coordinate, level);
  return own;
}

Value GraphGenerator::generateVisible() {
  visible = generate(attention.mask);
  if (!visible || !scoreHidesKeys(attention))
    return visible;
  Value score = generate(attention.score);
  if (!score)
    return {};
  Location place = location(attention.nodes[attention.score].range);
  Value lowest = real(place, cast<ir::FnType>(score.getType()).getElementType(), -std::numeric_limits<double>::infinity());
  Value isAbove = ir::CompareOp::create(builder, place, ir::pointwiseType(builder.getI1Type(), {score}), ir::CompareKind::NotEqual, score, lowest);
  return visible = ir::AndOp::create(builder, place, ir::pointwiseType(builder.getI1Type(), {visible, isAbove}), visible, isAbove);
}

Value GraphGenerator::generateOutput(const sema::Output &output) {
  Value value = generate(output.value);
  if (!value)
    return {};
  bool isScore = output.name == "score" && output.value == attention.score;
  bool isWeight = output.name == "weight" && output.value == attention.weight;
  Location place = location(output.range);
  bool isFloat = output.element == sema::ElementType::F32 || output.element == sema::ElementType::F16 || output.element == sema::ElementType::BF16;
  auto type = cast<ir::FnType>(value.getType());
  if (isFloat && !type.getElementType().isF32())
    value = ir::ConvertOp::create(builder, place, type.withElement(builder.getF32Type()), value);
  if (!isScore && !isWeight)
    return value;
  Type element = cast<ir::FnType>(value.getType()).getElementType();
  double otherwise = isScore ? -std::numeric_limits<double>::infinity() : 0;
  return select(place, visible, value, real(place, element, otherwise));
}

Value GraphGenerator::generate(NodeId root) {
  std::vector<Place> open = {{root, {}}};
  std::set<Place> needed;
  while (!open.empty()) {
    Place place = std::move(open.back());
    open.pop_back();
    if (values.count(place) || !needed.insert(place).second)
      continue;
    if (values.size() + needed.size() > mostOperations)
      return {};
    for (size_t operand = 0; operand < attention.node(place.node).operands.size(); ++operand)
      open.push_back(operandOf(place, operand));
    if (NodeId value = computedHere(attention.node(place.node)); value != sema::none)
      open.push_back({value, place.levels});
  }
  // Operands have smaller numbers than their users.
  for (const Place &place : needed)
    values[place] = create(place);
  return values.at({root, {}});
}

NodeId GraphGenerator::computedHere(const sema::Node &node) const {
  if (purpose == Purpose::Kernel || node.kind != NodeKind::Extent || !attention.extents[node.index].perBatch)
    return sema::none;
  return attention.extents[node.index].value;
}

Value GraphGenerator::generateSolution(size_t number, size_t n) {
  const sema::Dimension &dimension = attention.tensors[number].dimensions[n];
  Location place = location(dimension.range);
  auto valueOf = [&](NodeId node, int64_t constant) -> Value {
    if (node != sema::none)
      return generate(node);
    auto type = ir::FnType::get(builder.getI64Type(), {});
    return ir::ConstantOp::create(builder, place, type, builder.getI64IntegerAttr(constant));
  };
  Value scale = valueOf(dimension.scaleValue, dimension.scale), offset = valueOf(dimension.offsetValue, dimension.offset);
  if (!scale || !offset)
    return {};
  return ir::SolveOp::create(builder, place, offset.getType(), tensor(number), builder.getI64IntegerAttr(n), scale, offset,
                             builder.getStringAttr(attention.extents[dimension.extent].name));
}

Value GraphGenerator::extentOf(sema::CoordinateId coordinate, Location place) {
  sema::ExtentId id = definingExtent(attention, attention.coordinates[coordinate].extent);
  const sema::Extent &extent = attention.extents[id];
  if (extent.perBatch)
    return generate(extent.value);
  return ir::ExtentOp::create(builder, place, ir::FnType::get(builder.getI64Type(), {}), builder.getStringAttr(extent.name),
                              builder.getI64IntegerAttr(id), extent.fixed ? builder.getI64IntegerAttr(*extent.fixed) : IntegerAttr());
}

void GraphGenerator::generateApart(size_t number) {
  const sema::Output &output = attention.outputs[number];
  std::optional<CheckedStore> store = checkedStore(attention, output);
  assert(store && "irgen met a store that checkSupported should have refused");
  Location place = location(output.range);
  Value start = generate(store->table), size = extentOf(store->coordinate, place);
  Value zero = ir::ConstantOp::create(builder, place, ir::FnType::get(builder.getI64Type(), {}), builder.getI64IntegerAttr(0));
  Type boolean = builder.getI1Type();
  Value isThere = ir::CompareOp::create(builder, place, ir::pointwiseType(boolean, {size, zero}), ir::CompareKind::Greater, size, zero);
  ir::ApartOp::create(builder, place, tensor(attention.tensors.size() + number), builder.getI64IntegerAttr(store->dimension),
                      select(place, isThere, start, zero), size, text(output.indices[store->dimension]));
}

Value GraphGenerator::create(const Place &at) {
  const sema::Node &node = attention.node(at.node);
  Location place = location(node.range);
  Type element = elementType(node.type);
  auto constant = [&](TypedAttr value) { return ir::ConstantOp::create(builder, place, ir::FnType::get(element, {}), value); };
  SmallVector<Value> operands;
  for (size_t operand = 0; operand < node.operands.size(); ++operand)
    operands.push_back(of(at, operand));
  ir::FnType pointwise = varying(node.type, operands);

  switch (node.kind) {
  case NodeKind::Integer:
    return constant(builder.getI64IntegerAttr(node.integer));
  case NodeKind::Float:
    return constant(builder.getFloatAttr(element, node.real));
  case NodeKind::Boolean:
    return constant(builder.getBoolAttr(node.integer != 0));
  case NodeKind::Coordinate: {
    StringAttr name = builder.getStringAttr(nesting.name(node.coordinate, at.levels.empty() ? 0 : at.levels.front().second));
    return ir::CoordinateOp::create(builder, place, ir::FnType::get(element, {name}), name);
  }
  case NodeKind::Extent: {
    if (NodeId value = computedHere(node); value != sema::none)
      return values.at({value, at.levels});
    sema::ExtentId id = definingExtent(attention, node.index);
    const sema::Extent &extent = attention.extents[id];
    if (extent.perBatch)
      pointwise = ir::FnType::get(element, {builder.getStringAttr("b")});
    return ir::ExtentOp::create(builder, place, pointwise, builder.getStringAttr(extent.name), builder.getI64IntegerAttr(id),
                                extent.fixed ? builder.getI64IntegerAttr(*extent.fixed) : IntegerAttr());
  }
  case NodeKind::Scalar:
    return ir::ScalarOp::create(builder, place, pointwise, attention.scalars[node.index].name, node.index);
  case NodeKind::Load:
    return createLoad(at);
  case NodeKind::Unary: {
    if (node.type == sema::ScalarType::Bool)
      return ir::NotOp::create(builder, place, pointwise, operands[0]);
    auto kind = *ir::symbolizeUnaryKind(static_cast<uint32_t>(node.unary));
    return ir::UnaryOp::create(builder, place, pointwise, kind, operands[0]);
  }
  case NodeKind::Binary:
    return createBinary(at);
  case NodeKind::Compare: {
    auto kind = *ir::symbolizeCompareKind(static_cast<uint32_t>(node.compare));
    return ir::CompareOp::create(builder, place, pointwise, kind, operands[0], operands[1]);
  }
  case NodeKind::And:
    return ir::AndOp::create(builder, place, pointwise, operands[0], operands[1]);
  case NodeKind::Or:
    return ir::OrOp::create(builder, place, pointwise, operands[0], operands[1]);
  case NodeKind::Not:
    return ir::NotOp::create(builder, place, pointwise, operands[0]);
  case NodeKind::Select:
    return ir::SelectOp::create(builder, place, pointwise, operands[0], operands[1], operands[2]);
  case NodeKind::Convert:
    return ir::ConvertOp::create(builder, place, pointwise, operands[0]);
  case NodeKind::Rebase: {
    auto rebase = ir::RebaseOp::create(builder, place, operands[0].getType(), operands[0], names(node.coordinates),
                                       ValueRange(operands).drop_front());
    rebase.getResult().setType(ir::inferredType(rebase));
    return rebase;
  }
  default:
    return createReduction(at);
  }
}

Value GraphGenerator::createBinary(const Place &at) {
  const sema::Node &node = attention.node(at.node);
  Value left = of(at, 0), right = of(at, 1);
  auto kind = *ir::symbolizeBinaryKind(static_cast<uint32_t>(node.binary));
  bool canFail = node.type == sema::ScalarType::Int &&
                 (node.binary == sema::BinaryOp::FloorDivide || node.binary == sema::BinaryOp::Modulo);
  return ir::BinaryOp::create(builder, location(node.range), varying(node.type, {left, right}), kind, left, right, Value(), false,
                              canFail ? text(at.node) : StringAttr());
}

Value GraphGenerator::createLoad(const Place &at) {
  const sema::Node &node = attention.node(at.node);
  SmallVector<Value> indices;
  for (size_t n = 0; n < node.operands.size(); ++n)
    indices.push_back(of(at, n));
  Value source = tensor(node.index);
  return ir::ReadOp::create(builder, location(node.range), varying(node.type, indices), source, indices, Value(), false,
                            text(at.node));
}

static ir::FnType withoutKey(Type element, ArrayRef<Value> operands) {
  SmallVector<StringAttr> coordinates = ir::unionOfCoordinates(operands);
  llvm::erase_if(coordinates, [](StringAttr name) { return name == "j"; });
  return ir::FnType::get(element, coordinates);
}

ArrayAttr GraphGenerator::boundNames(NodeId reduction) const {
  SmallVector<std::string> list;
  for (sema::CoordinateId id : attention.node(reduction).coordinates)
    list.push_back(nesting.name(id, nesting.level(reduction, id)));
  return builder.getStrArrayAttr(SmallVector<StringRef>(list.begin(), list.end()));
}

Value GraphGenerator::createReduction(const Place &at) {
  const sema::Node &node = attention.node(at.node);
  Location place = location(node.range);
  auto overKeys = [&] { return llvm::is_contained(node.coordinates, sema::coordinateJ); };
  if (node.kind == NodeKind::Dot) {
    ArrayAttr over = boundNames(at.node);
    return ir::DotOp::create(builder, place, varying(node.type, {of(at, 0), of(at, 1)}, over), over, of(at, 0), of(at, 1), Value());
  }
  Value operand = of(at, 0);
  if (node.kind == NodeKind::Reduce && !overKeys()) {
    auto kind = *ir::symbolizeReductionKind(static_cast<uint32_t>(node.reduction));
    ArrayAttr over = boundNames(at.node);
    return ir::ReduceOp::create(builder, place, varying(node.type, {operand}, over), kind, over, operand, Value());
  }
  Value mask = visible;
  switch (node.kind) {
  case NodeKind::Reduce: {
    auto kind = *ir::symbolizeReductionKind(static_cast<uint32_t>(node.reduction));
    ArrayAttr over = boundNames(at.node);
    return ir::ReduceOp::create(builder, place, varying(node.type, {operand, mask}, over), kind, over, operand, mask);
  }
  case NodeKind::Softmax: {
    Value weight = ir::SoftmaxOp::create(builder, place, varying(node.type, {operand, mask}), operand, mask);
    if (node.operands.size() == 1)
      return weight;
    // The sink's share of the denominator is the same for all keys.
    Value logarithm = logSumExp(place, operand, mask);
    Value withSink = logAddExp(place, logarithm, of(at, 1));
    Value share = unary(place, ir::UnaryKind::Exp, binary(place, ir::BinaryKind::Subtract, logarithm, withSink));
    Value isEmpty = equals(place, logarithm, -std::numeric_limits<double>::infinity());
    return binary(place, ir::BinaryKind::Multiply, weight, select(place, isEmpty, real(place, elementType(node.type), 0), share));
  }
  case NodeKind::LogSumExp: {
    Value logarithm = logSumExp(place, operand, mask);
    return node.operands.size() == 1 ? logarithm : logAddExp(place, logarithm, of(at, 1));
  }
  case NodeKind::Normalize: {
    Value sum = ir::ReduceOp::create(builder, place, withoutKey(elementType(node.type), {operand, mask}), ir::ReductionKind::Sum,
                                     builder.getStrArrayAttr({"j"}), operand, mask);
    return select(place, equals(place, sum, 0), real(place, elementType(node.type), 0),
                  binary(place, ir::BinaryKind::Divide, operand, sum));
  }
  case NodeKind::Sparsemax:
  case NodeKind::Entmax15:
    return sparseWeight(place, node.kind == NodeKind::Sparsemax ? ir::ThresholdKind::Sparsemax : ir::ThresholdKind::Entmax15, operand, mask);
  case NodeKind::TopK:
    return largestOnly(place, operand, mask, of(at, 1));
  case NodeKind::SumAfter:
    return ir::SumAfterOp::create(builder, place, varying(node.type, {operand, mask}), operand, mask);
  default:
    llvm::report_fatal_error("irgen met a row function that checkSupported should have refused");
  }
}

Value GraphGenerator::sparseWeight(Location place, ir::ThresholdKind kind, Value operand, Value mask) {
  Type element = cast<ir::FnType>(operand.getType()).getElementType();
  Value maximum = ir::ReduceOp::create(builder, place, withoutKey(element, {operand, mask}), ir::ReductionKind::Maximum,
                                       builder.getStrArrayAttr({"j"}), operand, mask);
  Value centred = binary(place, ir::BinaryKind::Subtract, operand, maximum), zero = real(place, element, 0);
  Value threshold = ir::ThresholdOp::create(builder, place, withoutKey(element, {centred, mask}), kind, centred, mask);
  Value scaled = centred;
  if (kind == ir::ThresholdKind::Entmax15)
    scaled = binary(place, ir::BinaryKind::Multiply, centred, real(place, element, 0.5));
  Value excess = binary(place, ir::BinaryKind::Maximum, binary(place, ir::BinaryKind::Subtract, scaled, threshold), zero);
  Value weight = kind == ir::ThresholdKind::Entmax15 ? binary(place, ir::BinaryKind::Multiply, excess, excess) : excess;
  return select(place, mask, weight, zero);
}

Value GraphGenerator::largestOnly(Location place, Value operand, Value mask, Value count) {
  Type element = cast<ir::FnType>(operand.getType()).getElementType(), integer = builder.getI64Type(), boolean = builder.getI1Type();
  auto top = ir::TopKOp::create(builder, place, withoutKey(element, {operand, mask}), withoutKey(integer, {operand, mask}), operand, mask, count);
  Value key = ir::CoordinateOp::create(builder, place, ir::FnType::get(integer, {builder.getStringAttr("j")}), "j");
  auto compare = [&](ir::CompareKind kind, Value left, Value right) -> Value {
    return ir::CompareOp::create(builder, place, ir::pointwiseType(boolean, {left, right}), kind, left, right);
  };
  // What is no number is kept, and with it the row isn't one.
  Value smaller = compare(ir::CompareKind::Less, operand, top.getSmallest());
  Value equal = compare(ir::CompareKind::Equal, operand, top.getSmallest()),
        late = compare(ir::CompareKind::Greater, key, top.getLast());
  Value tie = ir::AndOp::create(builder, place, ir::pointwiseType(boolean, {equal, late}), equal, late);
  Value dropped = ir::OrOp::create(builder, place, ir::pointwiseType(boolean, {smaller, tie}), smaller, tie);
  Value kept = ir::NotOp::create(builder, place, dropped.getType(), dropped);
  Value visible = ir::AndOp::create(builder, place, ir::pointwiseType(boolean, {mask, kept}), mask, kept);
  return select(place, visible, operand, real(place, element, -std::numeric_limits<double>::infinity()));
}

Value GraphGenerator::unary(Location place, ir::UnaryKind kind, Value operand) {
  return ir::UnaryOp::create(builder, place, operand.getType(), kind, operand);
}

Value GraphGenerator::binary(Location place, ir::BinaryKind kind, Value left, Value right) {
  Type element = cast<ir::FnType>(left.getType()).getElementType();
  return ir::BinaryOp::create(builder, place, ir::pointwiseType(element, {left, right}), kind, left, right, Value(), false, StringAttr());
}

Value GraphGenerator::select(Location place, Value condition, Value ifTrue, Value ifFalse) {
  Type element = cast<ir::FnType>(ifTrue.getType()).getElementType();
  return ir::SelectOp::create(builder, place, ir::pointwiseType(element, {condition, ifTrue, ifFalse}), condition, ifTrue, ifFalse);
}

Value GraphGenerator::real(Location place, Type element, double value) {
  return ir::ConstantOp::create(builder, place, ir::FnType::get(element, {}), builder.getFloatAttr(element, value));
}

Value GraphGenerator::equals(Location place, Value value, double number) {
  Value constant = real(place, cast<ir::FnType>(value.getType()).getElementType(), number);
  return ir::CompareOp::create(builder, place, ir::pointwiseType(builder.getI1Type(), {value}), ir::CompareKind::Equal, value, constant);
}

Value GraphGenerator::logSumExp(Location place, Value score, Value mask) {
  auto type = withoutKey(cast<ir::FnType>(score.getType()).getElementType(), {score, mask});
  return ir::LogSumExpOp::create(builder, place, type, score, mask);
}

/// log(exp(left) + exp(right)), -inf where both are.
Value GraphGenerator::logAddExp(Location place, Value left, Value right) {
  Value larger = binary(place, ir::BinaryKind::Maximum, left, right), smaller = binary(place, ir::BinaryKind::Minimum, left, right);
  Value share = unary(place, ir::UnaryKind::Exp, binary(place, ir::BinaryKind::Subtract, smaller, larger));
  Value sum = binary(place, ir::BinaryKind::Add, larger, unary(place, ir::UnaryKind::Log1p, share));
  return select(place, equals(place, larger, -std::numeric_limits<double>::infinity()), larger, sum);
}

} // namespace attn::irgen
