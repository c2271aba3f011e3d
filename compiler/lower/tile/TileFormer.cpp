#include "compiler/lower/tile/TileFormer.h"

#include "compiler/lower/tile/KeySplit.h"
#include "compiler/lower/tile/LinearRead.h"
#include "compiler/lower/tile/StoredRows.h"

#include <numbers>

using namespace mlir;

namespace attn::lower {

TileFormer::TileFormer(ir::KernelOp kernel, ir::ScheduleAttr schedule)
    : kernel(kernel), schedule(schedule), builder(kernel), location(kernel.getLoc()), context(kernel.getContext()),
      plan(kernel), splits(keySplits(kernel)) {}

Value TileFormer::clone(Value value, IRMapping &perPair) {
  if (Value done = perPair.lookupOrNull(value))
    return done;
  if (Value done = perRow.lookupOrNull(value))
    return done;
  bool pairwise = variesWith(value, "j");
  OpBuilder::InsertionGuard guard(builder);
  if (!pairwise)
    builder.setInsertionPoint(rowBlockEnd);
  if (auto tile = tileOf.find(value); tile != tileOf.end()) {
    // A tile has a row for every query even of what is the same for all.
    ArrayRef<StringAttr> ofTile = cast<ir::TileType>(tile->second.getType()).getCoordinates();
    auto type = ir::FnType::get(functionType(value).getElementType(), ir::unionOfCoordinates({value}, ofTile));
    Value function = ir::TileFunctionOp::create(builder, value.getLoc(), type, tile->second);
    perRow.map(value, function);
    return function;
  }
  if (Value side = sideOfSplit(value)) {
    perPair.map(value, side);
    return side;
  }
  Operation *op = value.getDefiningOp();
  if (auto dot = dyn_cast<ir::DotOp>(op); dot && isLookup(dot)) {
    Value found = lookUp(dot, perPair);
    perPair.map(value, found);
    return found;
  }
  IRMapping operands;
  for (Value operand : op->getOperands())
    operands.map(operand, cloneOperand(op, operand, perPair));
  Operation *copy = builder.clone(*op, operands);
  // What a pass has computed is known for each query of the row block, whatever it varied with.
  if (copy->getNumResults() == 1 && isa<ir::FnType>(copy->getResult(0).getType()))
    copy->getResult(0).setType(ir::inferredType(copy));
  for (auto [old, replacement] : llvm::zip(op->getResults(), copy->getResults()))
    (pairwise ? perPair : perRow).map(old, replacement);
  return (pairwise ? perPair : perRow).lookup(value);
}

Value TileFormer::sideOfSplit(Value condition) {
  std::optional<KeySplit> comparison = keySplit(condition);
  if (!comparison || !variesWith(condition, "j"))
    return {};
  auto split = llvm::find_if(splits, [&](Value known) { return isSameNumber(known, comparison->at); });
  if (split == splits.end())
    return {};
  OpBuilder::InsertionGuard guard(builder);
  Value &side = sides[*split];
  if (!side) {
    Value at = rowValue(*split);
    auto visit = cast<ir::TileVisitOp>(cast<BlockArgument>(block).getOwner()->getParentOp());
    visit.getSplitsMutable().append(at);
    builder.setInsertionPoint(blockEnd);
    side = ir::KeysBeforeOp::create(builder, condition.getLoc(), ir::pointwiseType(builder.getI1Type(), {at}), block, at);
  }
  return comparison->isAfter ? logicalNot(builder, condition.getLoc(), side) : side;
}

Value TileFormer::cloneOperand(Operation *user, Value operand, IRMapping &perPair) {
  bool ofQuery = variesWith(operand, "i"), ofKey = variesWith(operand, "j");
  if (user->getNumResults() == 0 || !variesWith(user->getResult(0), "j") || ofQuery == ofKey ||
      featuresOf(operand).size() != 1 || !functionType(operand).getElementType().isF32() ||
      !variesWith(user->getResult(0), "i"))
    return clone(operand, perPair);
  if (ofQuery) {
    if (Value done = perRow.lookupOrNull(operand))
      return done;
    Value tile = queryTile(operand, Value(), ir::Orientation::Queries);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(rowBlockEnd);
    Value function = ir::TileFunctionOp::create(builder, operand.getLoc(), operand.getType(), tile);
    perRow.map(operand, function);
    return function;
  }
  if (auto read = linearRead(operand); read && read->isF32())
    return clone(operand, perPair);
  Value function = ir::TileFunctionOp::create(builder, operand.getLoc(), operand.getType(), keyTile(operand));
  perPair.map(operand, function);
  return function;
}

void TileFormer::cloneCheck(ir::CheckOp check, IRMapping &perPair) {
  IRMapping operands;
  for (Value operand : check->getOperands())
    operands.map(operand, clone(operand, perPair));
  builder.clone(*check, operands);
}

Value TileFormer::rowValue(Value value) {
  IRMapping none;
  return clone(value, none);
}

Value TileFormer::place(const LinearRead &read) {
  Value tensor = rowValue(read.tensor);
  if (read.offsets.empty())
    return tensor;
  SmallVector<Value> offsets;
  SmallVector<int64_t> dimensions;
  for (auto [dimension, offset] : read.offsets) {
    offsets.push_back(rowValue(offset));
    dimensions.push_back(dimension);
  }
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(rowBlockEnd);
  return ir::ShiftOp::create(builder, location, tensor.getType(), tensor, offsets, dimensions);
}

Value TileFormer::queryTile(Value value, Value scale, ir::Orientation orientation) {
  Value &tile = queryTiles[{value, {scale, int(orientation)}}];
  if (tile)
    return tile;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(rowBlockEnd);
  StringAttr feature = featuresOf(value)[0];
  auto read = linearRead(value);
  if (read && read->isF32() && !featuresInLanes() && schedule.getHeads() == ir::RowHeads::One) {
    Value tensor = place(*read);
    return tile = ir::TilePackOp::create(builder, location, tileType(feature), tensor, read->axes, scale);
  }
  Value rows = ir::TileComputeOp::create(builder, location, tileType(name("i"), feature), rowValue(value), Value());
  if (orientation == ir::Orientation::Features)
    return tile = ir::TileScaleOp::create(builder, location, rows.getType(), rows, scale);
  return tile = ir::TileTransposeOp::create(builder, location, tileType(feature), rows, scale);
}

Value TileFormer::keyTile(Value value, FloatType element) {
  if (!element)
    element = builder.getF32Type();
  Value &tile = keyTiles[{value, element}];
  if (tile)
    return tile;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(blockEnd);
  IRMapping perKey;
  Value function = clone(value, perKey);
  auto type = ir::TileType::get(context, element, {name("j"), featuresOf(value)[0]});
  return tile = ir::TileComputeOp::create(builder, location, type, function, block);
}

std::pair<Value, ArrayAttr> TileFormer::keyMatrix(Value value) {
  // With queries in lanes every multiply-add takes an element that is broadcast: what is narrow is widened before.
  bool takesNarrow = featuresInLanes() || schedule.getProducts() == ir::Products::Matrix;
  if (auto read = linearRead(value); read && (read->isF32() || takesNarrow))
    return {place(*read), read->axes};
  auto stored = storedKeys(kernel, value);
  return {keyTile(value, takesNarrow && stored ? *stored : FloatType()), builder.getArrayAttr({})};
}

Value TileFormer::packedQueries(ir::DotOp dot, bool inBase2) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(rowBlockEnd);
  Value scale = dot.getScale() ? rowValue(dot.getScale()) : Value();
  if (inBase2) {
    Value &log2e = scaleInBase2[scale];
    if (!log2e)
      log2e = scale ? multiply(scale, number(std::numbers::log2e_v<float>)) : number(std::numbers::log2e_v<float>);
    scale = log2e;
  }
  return queryTile(dot.getLhs(), scale, schedule.getOrientation());
}

TileFormer::Leaves TileFormer::leavesOf(ArrayRef<Value> roots) {
  Leaves leaves;
  llvm::SetVector<Value> found;
  auto add = [&](Value value) {
    if (isa<ir::FnType>(value.getType()) && variesWith(value, "j"))
      found.insert(value);
  };
  llvm::for_each(roots, add);
  for (size_t n = 0; n < found.size(); ++n) {
    Operation *op = found[n].getDefiningOp();
    if (isa<ir::SumAfterOp>(op))
      leaves.scans.insert(op);
    if (auto dot = dyn_cast<ir::DotOp>(op); dot && isLookup(dot))
      llvm::for_each(dot.getRhs().getDefiningOp()->getOperands(), add);
    else if (dot)
      leaves.dots.insert(op);
    else
      llvm::for_each(op->getOperands(), add);
  }
  return leaves;
}

void TileFormer::addReduction(Reductions &reductions, ir::ReductionKind kind, Type element) {
  reductions.kinds.push_back(ir::ReductionKindAttr::get(context, kind));
  reductions.types.push_back(perQuery(element));
  reductions.inits.push_back(ir::ReductionInitOp::create(builder, location, reductions.types.back(), kind));
}

void TileFormer::addScans(Reductions &reductions, const Leaves &leaves) {
  for (Operation *scan : leaves.scans)
    addReduction(reductions, ir::ReductionKind::Sum, functionType(scan->getResult(0)).getElementType());
}

Block *TileFormer::beginVisit(ArrayRef<Type> types, ArrayRef<Value> inits, bool descending, Pairs pairs) {
  auto visit = ir::TileVisitOp::create(builder, location, types, inits, ValueRange(), descending);
  // What the visit needs per row block comes before it, or before the repetition it is in.
  if (rowBlockEnd->getBlock() == visit->getBlock())
    rowBlockEnd->moveBefore(visit);
  if (pairs == Pairs::Visible && classify && !alwaysVisible())
    addClassifier(visit);
  Block *body = builder.createBlock(&visit.getBody());
  body->addArgument(ir::KeysType::get(context), location);
  for (Type type : types)
    body->addArgument(type, location);
  block = body->getArgument(0);
  builder.setInsertionPointToStart(body);
  blockEnd = marker();
  builder.setInsertionPoint(blockEnd);
  keyTiles.clear();
  sides.clear();
  windows.clear();
  return body;
}

ir::TileVisitOp TileFormer::endVisit(ArrayRef<Value> carried) {
  builder.setInsertionPoint(blockEnd);
  ir::YieldOp::create(builder, location, carried);
  auto visit = cast<ir::TileVisitOp>(blockEnd->getParentOp());
  blockEnd->erase();
  blockEnd = nullptr;
  builder.setInsertionPointAfter(visit);
  if (rowBlockEnd->getBlock() == visit->getBlock()) {
    rowBlockEnd->moveAfter(visit);
    builder.setInsertionPoint(rowBlockEnd);
  }
  return visit;
}

ir::TileMapOp TileFormer::createMap(const Leaves &leaves, ArrayRef<Value> products, size_t tiles, size_t scores,
                                    const Reductions &reductions, Pairs pairs,
                                    function_ref<void(IRMapping &, SmallVectorImpl<Value> &)> results) {
  SmallVector<Type> types(tiles, tileType(name("j")));
  llvm::append_range(types, reductions.types);
  size_t numbers = reductions.types.size();
  auto running = cast<BlockArgument>(block).getOwner()->getArguments().take_back(numbers);
  auto map = ir::TileMapOp::create(builder, location, types, products, running, block, scores,
                                   builder.getArrayAttr(reductions.kinds), !leaves.scans.empty());
  OpBuilder::InsertionGuard guard(builder);
  // Tiles of keys that the functions read are computed before the map.
  Operation *before = blockEnd;
  blockEnd = map;
  Block *body = builder.createBlock(&map.getBody());
  IRMapping perPair;
  for (Operation *dot : leaves.dots)
    perPair.map(dot->getResult(0), body->addArgument(dot->getResult(0).getType(), location));
  for (auto [n, type] : llvm::enumerate(reductions.types)) {
    Value total = body->addArgument(type, location);
    if (size_t scan = n + leaves.scans.size(); scan >= numbers)
      perPair.map(leaves.scans[scan - numbers]->getResult(0), total);
  }
  SmallVector<Value> yielded;
  results(perPair, yielded);
  for (Operation *op : leaves.scans) {
    auto scan = cast<ir::SumAfterOp>(op);
    Value operand = clone(scan.getOperand(), perPair);
    // Only visible keys are summed, though it may be for every pair.
    yielded.push_back(pairs == Pairs::All ? choose(clone(scan.getMask(), perPair), operand, number(0)) : operand);
  }
  if (pairs == Pairs::Visible && !alwaysVisible())
    yielded.push_back(clone(plan.mask, perPair));
  ir::YieldOp::create(builder, location, yielded);
  blockEnd = before;
  return map;
}

Value TileFormer::choose(Value condition, Value then, Value otherwise) {
  Type type = ir::pointwiseType(functionType(then).getElementType(), {condition, then, otherwise});
  return ir::SelectOp::create(builder, location, type, condition, then, otherwise);
}

Operation *TileFormer::marker() { return constantInt(builder, location, 0).getDefiningOp(); }

bool TileFormer::alwaysVisible() const {
  if (!plan.mask)
    return true;
  auto mask = plan.mask.getDefiningOp<ir::ConstantOp>();
  return mask && cast<IntegerAttr>(mask.getValue()).getValue().getBoolValue();
}

SmallVector<Value> TileFormer::contractAll(const Leaves &leaves, bool inBase2) {
  SmallVector<Value> products;
  for (Operation *op : leaves.dots) {
    auto dot = cast<ir::DotOp>(op);
    Value packed = packedQueries(dot, inBase2);
    auto [matrix, axes] = keyMatrix(dot.getRhs());
    builder.setInsertionPoint(blockEnd);
    products.push_back(ir::TileContractOp::create(builder, location, tileType(name("j")), packed, matrix, axes, block));
  }
  builder.setInsertionPoint(blockEnd);
  return products;
}

Value TileFormer::accumulate(Value accumulator, Value rescale, Value weights, Value value) {
  std::pair<Value, ArrayAttr> operand;
  builder.setInsertionPoint(blockEnd);
  IRMapping perPair;
  if (variesWith(value, "i"))
    operand = {clone(value, perPair), builder.getArrayAttr({})};
  else
    operand = keyMatrix(value);
  auto [matrix, axes] = operand;
  builder.setInsertionPoint(blockEnd);
  return ir::TileAccumulateOp::create(builder, location, accumulator.getType(), accumulator, rescale, weights, matrix,
                                      axes, block);
}

void TileFormer::addClassifier(ir::TileVisitOp visit) {
  Block &source = classify.getBody().front();
  IRMapping mapping;
  for (auto uniform : source.getOps<ir::UniformOp>())
    mapping.map(uniform.getOperand(), rowValue(uniform.getOperand()));
  for (Operation &op : source)
    for (Value operand : op.getOperands())
      if (isa<ir::TensorHandleType>(operand.getType()))
        mapping.map(operand, rowValue(operand));
  classify.getBody().cloneInto(&visit.getClassifier(), mapping);
  visit.setExact(classify.getExact());
}

} // namespace attn::lower
