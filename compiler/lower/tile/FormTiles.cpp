#include "compiler/lower/tile/Passes.h"

#include "compiler/lower/tile/LinearRead.h"
#include "compiler/lower/tile/RowPasses.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

#include <map>
#include <numbers>

using namespace mlir;

namespace attn::lower {

#define GEN_PASS_DEF_FORMTILES
#include "compiler/lower/tile/Passes.h.inc"

namespace {

using ir::FnType;

/// Builds the tile kernel of one kernel in its final, simplified coordinate form: what doesn't vary with j in the order it is needed, each
/// pass over the keys as one visit, then the stores.
class TileFormer {
public:
  TileFormer(ir::KernelOp kernel, ir::ScheduleAttr schedule)
      : kernel(kernel), schedule(schedule), builder(kernel), location(kernel.getLoc()), context(kernel.getContext()), plan(kernel) {}

  LogicalResult form() {
    for (Operation &op : kernel.getBody().front())
      if (failed(check(op)))
        return failure();
    for (auto found : kernel.getBody().getOps<ir::ClassifyOp>())
      classify = found;
    auto tiles = ir::TileKernelOp::create(builder, location, kernel.getSymNameAttr(), kernel.getCoordinatesAttr(),
                                          kernel.getExtentsAttr(), schedule);
    Block *body = builder.createBlock(&tiles.getBody());
    builder.setInsertionPointToStart(body);
    // What is computed per row block comes before this marker, which moves on past each visit.
    rowBlockEnd = ir::ConstantOp::create(builder, location, FnType::get(builder.getI64Type(), {}), builder.getI64IntegerAttr(0));
    builder.setInsertionPoint(rowBlockEnd);
    IRMapping none;
    for (auto check : kernel.getBody().getOps<ir::CheckOp>())
      if (!isPairwise(check))
        cloneCheck(check, none);
    bool isFirst = true;
    for (const RowPass &pass : plan.passes) {
      if (!pass.isEmpty())
        emitPass(pass, isFirst);
      isFirst = false;
      for (ir::ThresholdOp threshold : pass.thresholds)
        emitThreshold(threshold);
    }
    for (auto output : kernel.getBody().getOps<ir::OutputOp>())
      if (!variesWith(output.getValue(), "j"))
        emitOutput(output);
    emitPairOutputs();
    rowBlockEnd->erase();
    kernel.erase();
    return success();
  }

private:
  static bool isPairwise(ir::CheckOp check) {
    return llvm::any_of(check->getOperands(), [](Value value) { return variesWith(value, "j"); });
  }

  /// Whether the tile level has a form for the operation.
  static LogicalResult check(Operation &op) {
    auto checkPair = [&](Value value, const char *what) -> LogicalResult {
      if (!functionType(value).getElementType().isF32() || !featuresOf(value).empty())
        return op.emitError("needs ") << what << " that is an f32 for each query and key, not " << value.getType();
      return success();
    };
    auto checkSum = [&](Value weight, Value value) -> LogicalResult {
      if (failed(checkPair(weight, "a score or weight")))
        return failure();
      if (featuresOf(value).size() != 1 || !functionType(value).getElementType().isF32())
        return op.emitError("sums what isn't a row of f32 features for each key: ") << value.getType();
      return success();
    };
    if (auto online = dyn_cast<ir::OnlineOp>(op))
      return checkSum(online.getScore(), online.getValue());
    if (auto sum = dyn_cast<ir::WeightedSumOp>(op))
      return checkSum(sum.getWeight(), sum.getValue());
    if (auto logarithm = dyn_cast<ir::LogSumExpOp>(op))
      return checkPair(logarithm.getScore(), "a score");
    if (auto dot = dyn_cast<ir::DotOp>(op)) {
      bool isRowTimesRow = dot.getOver().size() == 1 && !variesWith(dot.getLhs(), "j") && variesWith(dot.getRhs(), "j") &&
                           !variesWith(dot.getRhs(), "i") && featuresOf(dot.getLhs()).size() == 1 && featuresOf(dot.getRhs()).size() == 1;
      if (!isRowTimesRow || !functionType(dot).getElementType().isF32())
        return dot.emitError("isn't the product of a row of a query and a row of a key");
    }
    if (auto output = dyn_cast<ir::OutputOp>(op)) {
      Value value = output.getValue();
      bool ofKey = variesWith(value, "j"), isNumber = featuresOf(value).empty() && !ofKey;
      size_t features = featuresOf(value).size();
      if (features > 1 || (ofKey && (variesWith(value, "i") ? features != 0 : features != 1)))
        return output.emitError("stores neither a number nor a row for each query, nor a row of features for each key: ") << value.getType();
      if (!isNumber && !functionType(value).getElementType().isF32())
        return output.emitError("stores rows of ") << functionType(value).getElementType() << ": tiles are of f32";
    }
    if (isa<ir::SoftmaxOp, ir::RebaseOp>(op))
      return op.emitError("has no form in tiles: run attn-form-online first");
    return success();
  }

  StringAttr name(StringRef text) { return builder.getStringAttr(text); }
  ir::TileType tileType(StringAttr rows, StringAttr lanes) { return ir::TileType::get(context, builder.getF32Type(), {rows, lanes}); }
  ir::TileType tileType(StringAttr rows) { return tileType(rows, name("i")); }
  FnType perQuery(Type element) { return FnType::get(element, {name("i")}); }
  FnType perQuery() { return perQuery(builder.getF32Type()); }

  bool alwaysVisible() {
    if (!plan.mask)
      return true;
    auto mask = plan.mask.getDefiningOp<ir::ConstantOp>();
    return mask && cast<IntegerAttr>(mask.getValue()).getValue().getBoolValue();
  }

  //===-- Copies of functions -----------------------------------------------------------------------------------===//

  /// Copies what `value` needs: what varies with j at the current insertion point, the rest into the row block's body. A row function is the
  /// result of its pass.
  Value clone(Value value, IRMapping &perPair) {
    if (Value done = perPair.lookupOrNull(value))
      return done;
    if (Value done = perRow.lookupOrNull(value))
      return done;
    bool pairwise = variesWith(value, "j");
    OpBuilder::InsertionGuard guard(builder);
    if (!pairwise)
      builder.setInsertionPoint(rowBlockEnd);
    if (auto tile = tileOf.find(value); tile != tileOf.end()) {
      Value function = ir::TileFunctionOp::create(builder, value.getLoc(), value.getType(), tile->second);
      perRow.map(value, function);
      return function;
    }
    Operation *op = value.getDefiningOp();
    IRMapping operands;
    for (Value operand : op->getOperands())
      operands.map(operand, cloneOperand(op, operand, perPair));
    Operation *copy = builder.clone(*op, operands);
    // What a pass has computed is known for each query of the row block, whatever it varied with.
    if (copy->getNumResults() == 1 && isa<FnType>(copy->getResult(0).getType()))
      copy->getResult(0).setType(ir::inferredType(copy));
    for (auto [old, replacement] : llvm::zip(op->getResults(), copy->getResults()))
      (pairwise ? perPair : perRow).map(old, replacement);
    return (pairwise ? perPair : perRow).lookup(value);
  }

  /// A row of queries or keys with features, when more than it needs is evaluated for each of its elements, is computed once and read from a
  /// tile.
  Value cloneOperand(Operation *user, Value operand, IRMapping &perPair) {
    bool ofQuery = variesWith(operand, "i"), ofKey = variesWith(operand, "j");
    if (user->getNumResults() == 0 || !variesWith(user->getResult(0), "j") || ofQuery == ofKey || featuresOf(operand).size() != 1 ||
        !functionType(operand).getElementType().isF32() || !variesWith(user->getResult(0), "i"))
      return clone(operand, perPair);
    if (ofQuery) {
      if (Value done = perRow.lookupOrNull(operand))
        return done;
      Value tile = queryTile(operand, Value());
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPoint(rowBlockEnd);
      Value function = ir::TileFunctionOp::create(builder, operand.getLoc(), operand.getType(), tile);
      perRow.map(operand, function);
      return function;
    }
    if (linearRead(operand))
      return clone(operand, perPair);
    Value function = ir::TileFunctionOp::create(builder, operand.getLoc(), operand.getType(), keyTile(operand));
    perPair.map(operand, function);
    return function;
  }

  void cloneCheck(ir::CheckOp check, IRMapping &perPair) {
    IRMapping operands;
    for (Value operand : check->getOperands())
      operands.map(operand, clone(operand, perPair));
    builder.clone(*check, operands);
  }

  Value rowValue(Value value) {
    IRMapping none;
    return clone(value, none);
  }

  Value constant(float value) {
    return ir::ConstantOp::create(builder, location, FnType::get(builder.getF32Type(), {}), builder.getF32FloatAttr(value));
  }

  Value multiply(Value left, Value right) {
    return ir::BinaryOp::create(builder, location, ir::pointwiseType(builder.getF32Type(), {left, right}),
                                ir::BinaryKind::Multiply, left, right, Value(), false, StringAttr());
  }

  //===-- Operands of products ----------------------------------------------------------------------------------===//

  /// The tensor of a linear read, where it starts.
  Value place(const LinearRead &read) {
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

  /// Rows of queries, the queries in lanes, times `scale`.
  Value queryTile(Value value, Value scale) {
    Value &tile = queryTiles[{value, scale}];
    if (tile)
      return tile;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(rowBlockEnd);
    StringAttr feature = featuresOf(value)[0];
    if (auto read = linearRead(value)) {
      Value tensor = place(*read);
      return tile = ir::TilePackOp::create(builder, location, tileType(feature), tensor, read->axes, scale);
    }
    Value rows = ir::TileComputeOp::create(builder, location, tileType(name("i"), feature), rowValue(value), Value());
    return tile = ir::TileTransposeOp::create(builder, location, tileType(feature), rows, scale);
  }

  /// A row of features for each key of the block being visited.
  Value keyTile(Value value) {
    Value &tile = keyTiles[value];
    if (tile)
      return tile;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(blockEnd);
    IRMapping perKey;
    Value function = clone(value, perKey);
    return tile = ir::TileComputeOp::create(builder, location, tileType(name("j"), featuresOf(value)[0]), function, block);
  }

  /// A matrix of keys: the tensor as it lies, or a tile.
  std::pair<Value, ArrayAttr> keyMatrix(Value value) {
    if (auto read = linearRead(value))
      return {place(*read), read->axes};
    return {keyTile(value), builder.getArrayAttr({})};
  }

  Value packedQueries(ir::DotOp dot, bool inBase2) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(rowBlockEnd);
    Value scale = dot.getScale() ? rowValue(dot.getScale()) : Value();
    if (inBase2) {
      Value &log2e = scaleInBase2[scale];
      if (!log2e)
        log2e = scale ? multiply(scale, constant(std::numbers::log2e_v<float>)) : constant(std::numbers::log2e_v<float>);
      scale = log2e;
    }
    return queryTile(dot.getLhs(), scale);
  }

  //===-- Passes over the keys ----------------------------------------------------------------------------------===//

  /// What the functions of a pass are computed from at a pair: products of queries and keys, and running sums.
  struct Leaves {
    llvm::SetVector<Operation *> dots, scans;
  };

  Leaves leavesOf(ArrayRef<Value> roots) {
    Leaves leaves;
    llvm::SetVector<Value> found;
    auto add = [&](Value value) {
      if (isa<FnType>(value.getType()) && variesWith(value, "j"))
        found.insert(value);
    };
    llvm::for_each(roots, add);
    for (size_t n = 0; n < found.size(); ++n) {
      Operation *op = found[n].getDefiningOp();
      if (isa<ir::SumAfterOp>(op))
        leaves.scans.insert(op);
      if (isa<ir::DotOp>(op))
        leaves.dots.insert(op);
      else
        llvm::for_each(op->getOperands(), add);
    }
    return leaves;
  }

  void emitPass(const RowPass &pass, bool isFirst) {
    SmallVector<Value> roots;
    for (const NormalisedScore &score : pass.scores)
      roots.push_back(score.score);
    for (ir::WeightedSumOp sum : pass.sums)
      roots.push_back(sum.getWeight());
    for (ir::ReduceOp reduce : pass.reductions)
      roots.push_back(reduce.getOperand());
    for (ir::TopKOp top : pass.tops)
      roots.push_back(top.getOperand());
    SmallVector<ir::CheckOp> checks;
    if (isFirst)
      for (auto check : kernel.getBody().getOps<ir::CheckOp>())
        if (isPairwise(check)) {
          checks.push_back(check);
          llvm::append_range(roots, check->getOperands());
        }
    if (plan.mask)
      roots.push_back(plan.mask);
    llvm::erase_if(roots, [](Value value) { return !isa<FnType>(value.getType()); });
    Leaves leaves = leavesOf(roots);

    SmallVector<Type> carriedTypes;
    for (const NormalisedScore &score : pass.scores) {
      carriedTypes.push_back(ir::StateType::get(context, ir::Normaliser::Softmax));
      for (ir::OnlineOp sum : score.sums)
        carriedTypes.push_back(tileType(featuresOf(sum.getValue())[0]));
    }
    for (ir::WeightedSumOp sum : pass.sums)
      carriedTypes.push_back(tileType(featuresOf(sum.getValue())[0]));
    // A state for what is summed as it is.
    Type plainState = ir::StateType::get(context, ir::Normaliser::Sum);
    builder.setInsertionPoint(rowBlockEnd);
    SmallVector<Value> inits;
    SmallVector<Type> initTypes(carriedTypes);
    if (!pass.sums.empty())
      initTypes.push_back(plainState);
    auto init = ir::TileInitOp::create(builder, location, initTypes);
    llvm::append_range(inits, init.getResults().take_front(carriedTypes.size()));
    SmallVector<Attribute> kinds;
    SmallVector<Type> reducedTypes;
    auto addReduction = [&](ir::ReductionKind kind, Type element) {
      kinds.push_back(ir::ReductionKindAttr::get(context, kind));
      reducedTypes.push_back(perQuery(element));
      inits.push_back(ir::ReductionInitOp::create(builder, location, reducedTypes.back(), kind));
    };
    for (ir::ReduceOp reduce : pass.reductions)
      addReduction(reduce.getKind(), functionType(reduce).getElementType());
    for (Operation *scan : leaves.scans)
      addReduction(ir::ReductionKind::Sum, functionType(scan->getResult(0)).getElementType());
    llvm::append_range(carriedTypes, reducedTypes);

    SmallVector<Value> lists;
    for (ir::TopKOp top : pass.tops)
      lists.push_back(ir::TileTopInitOp::create(builder, location, ir::TopType::get(context), rowValue(top.getCount())));
    Block *body = beginVisit(carriedTypes, inits, !leaves.scans.empty());
    auto visit = cast<ir::TileVisitOp>(body->getParentOp());
    if (classify && !alwaysVisible())
      addClassifier(visit);

    // Where the only score is the plain product, which nothing else looks at, log2(e) joins the factor on the query.
    bool plainScore = pass.scores.size() == 1 && pass.sums.empty() && pass.tops.empty() && kinds.empty() && leaves.dots.size() == 1 &&
                      pass.scores[0].score == leaves.dots[0]->getResult(0) && isOnlyScore(pass.scores[0].score);
    SmallVector<Value> products = contractAll(leaves, plainScore);
    SmallVector<Value> tiles(products), totals;
    builder.setInsertionPoint(blockEnd);
    if (!plainScore || !alwaysVisible()) {
      auto map = emitMap(pass, leaves, checks, products, kinds, reducedTypes, body->getArguments().take_back(kinds.size()), plainScore);
      tiles = SmallVector<Value>(map.getTiles());
      totals = SmallVector<Value>(map.getTotals());
    }

    SmallVector<Value> next;
    builder.setInsertionPoint(blockEnd);
    unsigned argument = 1, tile = 0;
    for (const NormalisedScore &score : pass.scores) {
      Value state = body->getArgument(argument++);
      auto absorb = ir::TileAbsorbOp::create(builder, location, state.getType(), tiles[tile].getType(), perQuery(), state, tiles[tile], block);
      ++tile;
      next.push_back(absorb.getNext());
      for (ir::OnlineOp sum : score.sums) {
        next.push_back(accumulate(body->getArgument(argument++), absorb.getRescale(), absorb.getWeights(), sum.getValue()));
      }
    }
    for (Value list : lists)
      ir::TileTopAbsorbOp::create(builder, location, list, tiles[tile++], block);
    for (ir::WeightedSumOp sum : pass.sums)
      next.push_back(accumulate(body->getArgument(argument++), constant(1), tiles[tile++], sum.getValue()));
    llvm::append_range(next, totals);
    endVisit(next);
    finish(pass, visit, pass.sums.empty() ? Value() : init.getResults().back());
    for (auto [top, list] : llvm::zip(pass.tops, lists)) {
      auto last = ir::TileTopLastOp::create(builder, location, perQuery(), perQuery(builder.getI64Type()), list);
      perRow.map(ir::TopKOp(top).getSmallest(), last.getSmallest());
      perRow.map(ir::TopKOp(top).getLast(), last.getLast());
    }
  }

  /// Newton's method from below, on a sum that falls and is convex: passes over the keys until no threshold of the row block grows any more.
  void emitThreshold(ir::ThresholdOp op) {
    builder.setInsertionPoint(rowBlockEnd);
    bool isSquared = op.getKind() == ir::ThresholdKind::Entmax15;
    auto arithmetic = [&](ir::BinaryKind kind, Value left, Value right) -> Value {
      return ir::BinaryOp::create(builder, location, ir::pointwiseType(builder.getF32Type(), {left, right}), kind, left, right, Value(), false,
                                  StringAttr());
    };
    auto halved = [&](Value value) { return isSquared ? multiply(value, constant(0.5)) : value; };
    Value first = arithmetic(ir::BinaryKind::Subtract, halved(rowValue(op.getMaximum())), constant(1));
    auto repeat = ir::TileRepeatOp::create(builder, location, perQuery(), first);
    Operation *outerEnd = rowBlockEnd;
    rowBlockEnd->moveBefore(repeat);
    Block *body = builder.createBlock(&repeat.getBody());
    Value threshold = body->addArgument(perQuery(), location);
    SmallVector<Value> roots{op.getOperand()};
    if (plan.mask)
      roots.push_back(plan.mask);
    Leaves leaves = leavesOf(roots);
    auto sumKind = ir::ReductionKindAttr::get(context, ir::ReductionKind::Sum);
    SmallVector<Type> types(2 + leaves.scans.size(), perQuery());
    SmallVector<Attribute> kinds(types.size(), sumKind);
    SmallVector<Value> inits;
    for (Type type : types)
      inits.push_back(ir::ReductionInitOp::create(builder, location, type, ir::ReductionKind::Sum));
    auto visit = ir::TileVisitOp::create(builder, location, types, inits, !leaves.scans.empty());
    if (classify && !alwaysVisible())
      addClassifier(visit);
    Block *visitBody = openVisit(visit, types);
    SmallVector<Value> products = contractAll(leaves, false);
    auto map = ir::TileMapOp::create(builder, location, types, products, visitBody->getArguments().take_back(types.size()), block, 0,
                                     builder.getArrayAttr(kinds), !leaves.scans.empty());
    {
      OpBuilder::InsertionGuard guard(builder);
      Operation *before = blockEnd;
      blockEnd = map;
      IRMapping perPair = beginMap(map, leaves, types, 2);
      Value excess = arithmetic(ir::BinaryKind::Maximum,
                                arithmetic(ir::BinaryKind::Subtract, halved(clone(op.getOperand(), perPair)), threshold), constant(0));
      Value isAbove = ir::CompareOp::create(builder, location, ir::pointwiseType(builder.getI1Type(), {excess}), ir::CompareKind::Greater, excess,
                                            constant(0));
      Value one = constant(1), zero = constant(0);
      Value counted = ir::SelectOp::create(builder, location, ir::pointwiseType(builder.getF32Type(), {isAbove}), isAbove, one, zero);
      SmallVector<Value> results{isSquared ? multiply(excess, excess) : excess, isSquared ? multiply(excess, constant(2)) : counted};
      for (Operation *scan : leaves.scans)
        results.push_back(clone(cast<ir::SumAfterOp>(scan).getOperand(), perPair));
      if (!alwaysVisible())
        results.push_back(clone(plan.mask, perPair));
      ir::YieldOp::create(builder, location, results);
      blockEnd = before;
    }
    builder.setInsertionPoint(blockEnd);
    ir::YieldOp::create(builder, location, map.getTotals());
    blockEnd->erase();
    blockEnd = nullptr;
    builder.setInsertionPointToEnd(body);
    Value sum = visit.getResult(0), slope = visit.getResult(1);
    Value step = arithmetic(ir::BinaryKind::Divide, arithmetic(ir::BinaryKind::Subtract, sum, constant(1)), slope);
    Value isSloped = ir::CompareOp::create(builder, location, ir::pointwiseType(builder.getI1Type(), {slope}), ir::CompareKind::Greater, slope,
                                           constant(0));
    Value next = ir::SelectOp::create(builder, location, perQuery(), isSloped, arithmetic(ir::BinaryKind::Add, threshold, step), threshold);
    ir::YieldOp::create(builder, location, next);
    rowBlockEnd = outerEnd;
    rowBlockEnd->moveAfter(repeat);
    builder.setInsertionPoint(rowBlockEnd);
    perRow.map(op.getResult(), repeat.getResult());
  }

  /// Begins a visit at the end of the row block: the marker goes before it, what the body takes after the block of keys are its arguments.
  Block *beginVisit(ArrayRef<Type> types, ArrayRef<Value> inits, bool descending) {
    auto visit = ir::TileVisitOp::create(builder, location, types, inits, descending);
    // What the visit needs per row block comes before it.
    rowBlockEnd->moveBefore(visit);
    return openVisit(visit, types);
  }

  Block *openVisit(ir::TileVisitOp visit, ArrayRef<Type> types) {
    Block *body = builder.createBlock(&visit.getBody());
    body->addArgument(ir::KeysType::get(context), location);
    for (Type type : types)
      body->addArgument(type, location);
    block = body->getArgument(0);
    builder.setInsertionPointToStart(body);
    blockEnd = ir::ConstantOp::create(builder, location, FnType::get(builder.getI64Type(), {}), builder.getI64IntegerAttr(0));
    builder.setInsertionPoint(blockEnd);
    keyTiles.clear();
    return body;
  }

  void endVisit(ArrayRef<Value> carried) {
    builder.setInsertionPoint(blockEnd);
    ir::YieldOp::create(builder, location, carried);
    Operation *visit = blockEnd->getParentOp();
    blockEnd->erase();
    blockEnd = nullptr;
    rowBlockEnd->moveAfter(visit);
    builder.setInsertionPoint(rowBlockEnd);
  }

  SmallVector<Value> contractAll(const Leaves &leaves, bool inBase2) {
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

  /// Begins a map's body, where the insertion point goes: products, then `reductions` that nobody looks at, then running sums.
  IRMapping beginMap(ir::TileMapOp map, const Leaves &leaves, ArrayRef<Type> reducedTypes, size_t reductions) {
    Block *body = builder.createBlock(&map.getBody());
    IRMapping perPair;
    for (Operation *dot : leaves.dots)
      perPair.map(dot->getResult(0), body->addArgument(dot->getResult(0).getType(), location));
    for (auto [n, type] : llvm::enumerate(reducedTypes)) {
      Value running = body->addArgument(type, location);
      if (n >= reductions)
        perPair.map(leaves.scans[n - reductions]->getResult(0), running);
    }
    return perPair;
  }

  /// Whether nothing but row functions of the score and its own pass look at it.
  static bool isOnlyScore(Value score) {
    return llvm::all_of(score.getUsers(), [](Operation *user) { return isa<ir::OnlineOp, ir::LogSumExpOp>(user); });
  }

  Value accumulate(Value accumulator, Value rescale, Value weights, Value value) {
    std::pair<Value, ArrayAttr> operand;
    builder.setInsertionPoint(blockEnd);
    IRMapping perPair;
    if (variesWith(value, "i"))
      operand = {clone(value, perPair), builder.getArrayAttr({})};
    else
      operand = keyMatrix(value);
    auto [matrix, axes] = operand;
    builder.setInsertionPoint(blockEnd);
    return ir::TileAccumulateOp::create(builder, location, accumulator.getType(), accumulator, rescale, weights, matrix, axes, block);
  }

  ir::TileMapOp emitMap(const RowPass &pass, const Leaves &leaves, ArrayRef<ir::CheckOp> checks, ArrayRef<Value> products,
                        ArrayRef<Attribute> kinds, ArrayRef<Type> reducedTypes, ValueRange reduced, bool plainScore) {
    size_t scores = pass.scores.size() + pass.tops.size();
    SmallVector<Type> types(scores + pass.sums.size(), tileType(name("j")));
    llvm::append_range(types, reducedTypes);
    auto map = ir::TileMapOp::create(builder, location, types, products, reduced, block, scores, builder.getArrayAttr(kinds),
                                     !leaves.scans.empty());
    OpBuilder::InsertionGuard guard(builder);
    // Tiles of keys that the functions read are computed before the map.
    Operation *before = blockEnd;
    blockEnd = map;
    IRMapping perPair = beginMap(map, leaves, reducedTypes, pass.reductions.size());
    for (ir::CheckOp check : checks)
      cloneCheck(check, perPair);
    SmallVector<Value> results;
    for (const NormalisedScore &score : pass.scores) {
      Value value = clone(score.score, perPair);
      results.push_back(plainScore ? value : multiply(value, constant(std::numbers::log2e_v<float>)));
    }
    for (ir::TopKOp top : pass.tops)
      results.push_back(clone(top.getOperand(), perPair));
    for (ir::WeightedSumOp sum : pass.sums)
      results.push_back(clone(sum.getWeight(), perPair));
    for (ir::ReduceOp reduce : pass.reductions)
      results.push_back(clone(reduce.getOperand(), perPair));
    for (Operation *scan : leaves.scans)
      results.push_back(clone(cast<ir::SumAfterOp>(scan).getOperand(), perPair));
    if (!alwaysVisible())
      results.push_back(clone(plan.mask, perPair));
    ir::YieldOp::create(builder, location, results);
    blockEnd = before;
    return map;
  }

  void finish(const RowPass &pass, ir::TileVisitOp visit, Value plainState) {
    unsigned result = 0;
    for (const NormalisedScore &score : pass.scores) {
      Value state = visit.getResult(result++);
      auto accumulators = visit.getResults().slice(result, score.sums.size());
      auto finish = ir::TileFinishOp::create(builder, location, accumulators.getTypes(), perQuery(), state, accumulators);
      for (auto [sum, tile] : llvm::zip(score.sums, finish.getTiles())) {
        tileOf[ir::OnlineOp(sum).getValues()] = tile;
        perRow.map(ir::OnlineOp(sum).getLogDenominator(), finish.getLogDenominator());
      }
      result += score.sums.size();
      for (ir::LogSumExpOp logarithm : score.logarithms)
        perRow.map(logarithm.getResult(), finish.getLogDenominator());
    }
    if (!pass.sums.empty()) {
      auto accumulators = visit.getResults().slice(result, pass.sums.size());
      auto finish = ir::TileFinishOp::create(builder, location, accumulators.getTypes(), perQuery(), plainState, accumulators);
      for (auto [sum, tile] : llvm::zip(pass.sums, finish.getTiles()))
        tileOf[sum->getResult(0)] = tile;
      result += pass.sums.size();
    }
    for (ir::ReduceOp reduce : pass.reductions)
      perRow.map(reduce.getResult(), visit.getResult(result++));
  }

  void addClassifier(ir::TileVisitOp visit) {
    Block &source = classify.getBody().front();
    IRMapping mapping;
    for (auto uniform : source.getOps<ir::UniformOp>())
      mapping.map(uniform.getOperand(), rowValue(uniform.getOperand()));
    for (auto range : source.getOps<ir::TableRangeOp>())
      mapping.map(range.getTensor(), rowValue(range.getTensor()));
    classify.getBody().cloneInto(&visit.getClassifier(), mapping);
  }

  //===-- Outputs -----------------------------------------------------------------------------------------------===//

  /// What varies with the key is stored block by block, whether or not anything is visible.
  void emitPairOutputs() {
    SmallVector<ir::OutputOp> pairs, rowsOfKeys;
    SmallVector<Value> roots;
    for (auto output : kernel.getBody().getOps<ir::OutputOp>()) {
      Value value = output.getValue();
      if (!variesWith(value, "j"))
        continue;
      if (featuresOf(value).empty())
        pairs.push_back(output), roots.push_back(value);
      else
        rowsOfKeys.push_back(output);
    }
    if (pairs.empty() && rowsOfKeys.empty())
      return;
    builder.setInsertionPoint(rowBlockEnd);
    Leaves leaves = leavesOf(roots);
    SmallVector<Value> inits;
    SmallVector<Attribute> kinds;
    SmallVector<Type> reducedTypes;
    for (Operation *scan : leaves.scans) {
      kinds.push_back(ir::ReductionKindAttr::get(context, ir::ReductionKind::Sum));
      reducedTypes.push_back(perQuery(functionType(scan->getResult(0)).getElementType()));
      inits.push_back(ir::ReductionInitOp::create(builder, location, reducedTypes.back(), ir::ReductionKind::Sum));
    }
    Block *body = beginVisit(reducedTypes, inits, !leaves.scans.empty());
    SmallVector<Value> totals;
    if (!pairs.empty()) {
      SmallVector<Value> products = contractAll(leaves, false);
      SmallVector<Type> types(pairs.size(), tileType(name("j")));
      llvm::append_range(types, reducedTypes);
      auto map = ir::TileMapOp::create(builder, location, types, products, body->getArguments().take_back(kinds.size()), block, 0,
                                       builder.getArrayAttr(kinds), !leaves.scans.empty());
      {
        OpBuilder::InsertionGuard guard(builder);
        Operation *before = blockEnd;
        blockEnd = map;
        IRMapping perPair = beginMap(map, leaves, reducedTypes, 0);
        SmallVector<Value> results;
        for (ir::OutputOp output : pairs)
          results.push_back(clone(output.getValue(), perPair));
        for (Operation *scan : leaves.scans) {
          // Only visible keys are summed, though every pair is stored.
          auto sum = cast<ir::SumAfterOp>(scan);
          Value zero = constant(0), operand = clone(sum.getOperand(), perPair), visible = clone(sum.getMask(), perPair);
          Type type = ir::pointwiseType(builder.getF32Type(), {visible, operand});
          results.push_back(ir::SelectOp::create(builder, location, type, visible, operand, zero));
        }
        ir::YieldOp::create(builder, location, results);
        blockEnd = before;
      }
      for (auto [output, tile] : llvm::zip(pairs, map.getTiles()))
        ir::TileStoreOp::create(builder, location, tile, rowValue(ir::OutputOp(output).getTensor()), ir::OutputOp(output).getCoordinates(),
                                block);
      totals = SmallVector<Value>(map.getTotals());
    }
    for (ir::OutputOp output : rowsOfKeys) {
      Value tile = keyTile(output.getValue());
      ir::TileStoreOp::create(builder, location, tile, rowValue(output.getTensor()), output.getCoordinates(), block);
    }
    endVisit(totals);
  }

  void emitOutput(ir::OutputOp output) {
    Value value = output.getValue();
    builder.setInsertionPoint(rowBlockEnd);
    Value target = rowValue(output.getTensor());
    if (auto tile = tileOf.find(value); tile != tileOf.end()) {
      ir::TileStoreOp::create(builder, output.getLoc(), tile->second, target, output.getCoordinates(), Value());
      return;
    }
    SmallVector<StringAttr> features = featuresOf(value);
    Value copy = rowValue(value);
    if (features.empty()) {
      ir::TileStoreRowOp::create(builder, output.getLoc(), copy, target, output.getCoordinates());
      return;
    }
    Value tile = ir::TileComputeOp::create(builder, output.getLoc(), tileType(features[0]), copy, Value());
    ir::TileStoreOp::create(builder, output.getLoc(), tile, target, output.getCoordinates(), Value());
  }

  ir::KernelOp kernel;
  ir::ScheduleAttr schedule;
  OpBuilder builder;
  Location location;
  MLIRContext *context;
  RowPasses plan;
  ir::ClassifyOp classify;
  IRMapping perRow;
  llvm::DenseMap<Value, Value> tileOf;                       ///< of a row function's result with features
  llvm::DenseMap<std::pair<Value, Value>, Value> queryTiles; ///< by function and scale
  llvm::DenseMap<Value, Value> scaleInBase2;
  llvm::DenseMap<Value, Value> keyTiles; ///< of the block being visited
  Operation *rowBlockEnd = nullptr, *blockEnd = nullptr;
  Value block;
};

struct FormTilesPass : impl::FormTilesBase<FormTilesPass> {
  void runOnOperation() override {
    for (ir::KernelOp kernel : llvm::to_vector(getOperation().getOps<ir::KernelOp>())) {
      auto schedule = kernel->getAttrOfType<ir::ScheduleAttr>(scheduleAttributeName);
      if (!schedule) {
        kernel.emitError("has no schedule: run attn-schedule first");
        return signalPassFailure();
      }
      if (failed(TileFormer(kernel, schedule).form()))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace attn::lower
