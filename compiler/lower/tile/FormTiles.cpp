#include "compiler/lower/tile/Passes.h"

#include "dialect/AttnDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

#include <numbers>

using namespace mlir;

namespace attn::lower {

#define GEN_PASS_DEF_FORMTILES
#include "compiler/lower/tile/Passes.h.inc"

namespace {

using ir::FnType;

bool variesWith(Value value, StringRef coordinate) {
  auto type = dyn_cast<FnType>(value.getType());
  return type && type.variesWith(coordinate);
}

/// A tensor read at plain coordinates: which one indexes each dimension.
struct Operand {
  Value tensor;
  ArrayAttr axes;
};

/// Tiles are copied as they lie in memory, so nothing can be checked or converted on the way.
FailureOr<Operand> plainRead(Value value) {
  auto read = value.getDefiningOp<ir::ReadOp>();
  if (!read || !read.getUnchecked() || !cast<ir::TensorHandleType>(read.getTensor().getType()).getElementType().isF32())
    return failure();
  SmallVector<Attribute> axes;
  for (Value index : read.getIndices()) {
    auto coordinate = index.getDefiningOp<ir::CoordinateOp>();
    if (!coordinate || llvm::is_contained(axes, coordinate.getNameAttr()))
      return failure();
    axes.push_back(coordinate.getNameAttr());
  }
  return Operand{read.getTensor(), ArrayAttr::get(value.getContext(), axes)};
}

/// Builds the tile kernel of one kernel in its final, simplified coordinate form.
class TileFormer {
public:
  TileFormer(ir::KernelOp kernel, ir::ScheduleAttr schedule)
      : kernel(kernel), schedule(schedule), builder(kernel), location(kernel.getLoc()), context(kernel.getContext()) {}

  LogicalResult form() {
    if (failed(findParts()))
      return failure();
    auto tiles = ir::TileKernelOp::create(builder, location, kernel.getSymNameAttr(), kernel.getCoordinatesAttr(),
                                          kernel.getExtentsAttr(), schedule);
    Block *body = builder.createBlock(&tiles.getBody());
    builder.setInsertionPointToStart(body);
    emitBody();
    kernel.erase();
    return success();
  }

private:
  LogicalResult findParts() {
    for (Operation &op : kernel.getBody().front()) {
      if (auto found = dyn_cast<ir::OnlineOp>(op)) {
        if (online)
          return op.emitError("more than one pass over the keys");
        online = found;
      } else if (auto found = dyn_cast<ir::DotOp>(op)) {
        if (dot)
          return op.emitError("more than one product of queries and keys");
        dot = found;
      } else if (auto found = dyn_cast<ir::ClassifyOp>(op)) {
        classify = found;
      }
    }
    if (!online || !dot)
      return kernel.emitError("isn't one pass over the keys with one product of queries and keys");
    if (dot.getOver().size() != 1)
      return dot.emitError("sums over more than one coordinate");

    Value query = dot.getLhs(), key = dot.getRhs();
    if (variesWith(query, "j"))
      std::swap(query, key);
    FailureOr<Operand> queryRead = plainRead(query), keyRead = plainRead(key), valueRead = plainRead(online.getValue());
    if (failed(queryRead) || failed(keyRead) || failed(valueRead) || variesWith(query, "j") || variesWith(key, "i") ||
        variesWith(online.getValue(), "i"))
      return dot.emitError("query, key or value isn't an f32 tensor read unchecked at plain coordinates");
    queries = *queryRead, keys = *keyRead, values = *valueRead;

    for (auto axis : values.axes.getAsRange<StringAttr>())
      if (!llvm::is_contained({"b", "h", "g", "i", "j"}, axis.getValue())) {
        if (feature)
          return online.emitError("a value with more than one feature coordinate");
        feature = axis;
      }
    if (!feature)
      return online.emitError("a value without a feature coordinate");
    for (auto output : kernel.getBody().getOps<ir::OutputOp>()) {
      if (output.getValue() != online.getValues() && output.getValue() != online.getLogDenominator())
        return output.emitError("stores neither the weighted sum nor its log-sum-exp");
      Type stored = cast<ir::TensorHandleType>(output.getTensor().getType()).getElementType();
      if (!stored.isF32())
        return output.emitError("stores ") << stored << ": tiles are stored as f32";
    }
    return success();
  }

  ir::TileType tileType(StringAttr rows) {
    return ir::TileType::get(context, builder.getF32Type(), {rows, builder.getStringAttr("i")});
  }

  FnType perQuery() { return FnType::get(builder.getF32Type(), {builder.getStringAttr("i")}); }

  /// Clones what `value` needs: what varies with j at the current insertion point, the rest into the row block's body.
  Value clone(Value value, IRMapping &perPair) {
    if (Value done = perPair.lookupOrNull(value))
      return done;
    if (Value done = perRow.lookupOrNull(value))
      return done;
    Operation *op = value.getDefiningOp();
    bool pairwise = variesWith(value, "j");
    IRMapping operands;
    for (Value operand : op->getOperands())
      operands.map(operand, clone(operand, perPair));
    OpBuilder::InsertionGuard guard(builder);
    if (!pairwise)
      builder.setInsertionPoint(rowBlockEnd);
    Operation *copy = builder.clone(*op, operands);
    (pairwise ? perPair : perRow).map(value, copy->getResult(0));
    return copy->getResult(0);
  }

  static bool isPairwise(ir::CheckOp check) { return llvm::any_of(check->getOperands(), [](Value value) { return variesWith(value, "j"); }); }

  void cloneCheck(ir::CheckOp check, IRMapping &perPair) {
    IRMapping operands;
    for (Value operand : check->getOperands())
      operands.map(operand, clone(operand, perPair));
    builder.clone(*check, operands);
  }

  Value constant(float value) {
    return ir::ConstantOp::create(builder, location, FnType::get(builder.getF32Type(), {}), builder.getF32FloatAttr(value));
  }

  Value multiply(Value left, Value right) {
    return ir::BinaryOp::create(builder, location, ir::pointwiseType(builder.getF32Type(), {left, right}),
                                ir::BinaryKind::Multiply, left, right, Value(), false, StringAttr());
  }

  /// The factor on the query: the dot's own, and log2(e) where the score is the plain product.
  Value packScale(bool plainScore) {
    constexpr float log2e = std::numbers::log2e_v<float>;
    IRMapping none;
    Value scale = dot.getScale() ? clone(dot.getScale(), none) : Value();
    if (!plainScore)
      return scale;
    return scale ? multiply(scale, constant(log2e)) : constant(log2e);
  }

  bool alwaysVisible() {
    auto mask = online.getMask().getDefiningOp<ir::ConstantOp>();
    return mask && cast<IntegerAttr>(mask.getValue()).getValue().getBoolValue();
  }

  void emitBody() {
    // A marker that what is computed per row block is placed before; removed at the end.
    rowBlockEnd = ir::ConstantOp::create(builder, location, FnType::get(builder.getI64Type(), {}), builder.getI64IntegerAttr(0));
    builder.setInsertionPoint(rowBlockEnd);
    // Where anything else looks at the product it must be unscaled.
    bool plainScore = online.getScore() == dot.getResult() && dot.getResult().hasOneUse();
    IRMapping none;
    for (auto check : kernel.getBody().getOps<ir::CheckOp>())
      if (!isPairwise(check))
        cloneCheck(check, none);
    auto tensor = [&](Value handle) { return clone(handle, none); };
    Value packed = ir::TilePackOp::create(builder, location, tileType(cast<StringAttr>(dot.getOver()[0])),
                                          tensor(queries.tensor), queries.axes, packScale(plainScore));
    Value keyTensor = tensor(keys.tensor), valueTensor = tensor(values.tensor);
    auto init = ir::TileInitOp::create(builder, location, ir::StateType::get(context, online.getNormaliser()), tileType(feature));
    ir::TileVisitOp visit = emitVisit(init, packed, keyTensor, valueTensor, plainScore);
    builder.setInsertionPointAfter(visit);
    auto finish = ir::TileFinishOp::create(builder, location, visit.getResult(1).getType(), perQuery(), visit.getResult(0),
                                           visit.getResult(1));
    for (auto output : kernel.getBody().getOps<ir::OutputOp>()) {
      Value target = tensor(output.getTensor());
      if (output.getValue() == online.getValues())
        ir::TileStoreOp::create(builder, output.getLoc(), finish.getResult(), target, output.getCoordinates());
      else
        ir::TileStoreRowOp::create(builder, output.getLoc(), finish.getLogDenominator(), target, output.getCoordinates());
    }
    rowBlockEnd->erase();
  }

  ir::TileVisitOp emitVisit(ir::TileInitOp init, Value packed, Value keyTensor, Value valueTensor, bool plainScore) {
    Type state = init.getState().getType(), accumulator = init.getAccumulator().getType();
    auto visit = ir::TileVisitOp::create(builder, location, TypeRange{state, accumulator},
                                         ValueRange{init.getState(), init.getAccumulator()});
    rowBlockEnd->moveBefore(visit);
    if (classify && !alwaysVisible())
      moveClassifier(visit);

    OpBuilder::InsertionGuard guard(builder);
    Block *body = builder.createBlock(&visit.getBody(), {}, {ir::KeysType::get(context), state, accumulator},
                                      {location, location, location});
    Value block = body->getArgument(0);
    auto scores = tileType(builder.getStringAttr("j"));
    Value products = ir::TileContractOp::create(builder, location, scores, packed, keyTensor, keys.axes, block);
    if (!plainScore || !alwaysVisible())
      products = emitMap(products, block, plainScore);
    auto absorb = ir::TileAbsorbOp::create(builder, location, state, scores, perQuery(), body->getArgument(1), products, block);
    Value sum = ir::TileAccumulateOp::create(builder, location, accumulator, body->getArgument(2), absorb.getRescale(),
                                             absorb.getWeights(), valueTensor, values.axes, block);
    ir::YieldOp::create(builder, location, ValueRange{absorb.getNext(), sum});
    return visit;
  }

  void moveClassifier(ir::TileVisitOp visit) {
    IRMapping none;
    classify.getBody().walk([&](ir::UniformOp uniform) { uniform.getOperandMutable().assign(clone(uniform.getOperand(), none)); });
    classify.getBody().walk([&](ir::TableRangeOp range) { range.getTensorMutable().assign(clone(range.getTensor(), none)); });
    visit.getClassifier().takeBody(classify.getBody());
    OpBuilder inside(&visit.getClassifier());
    inside.createBlock(&classify.getBody());
  }

  Value emitMap(Value products, Value block, bool plainScore) {
    auto map = ir::TileMapOp::create(builder, location, products.getType(), products, block);
    OpBuilder::InsertionGuard guard(builder);
    Block *body = builder.createBlock(&map.getBody(), {}, {dot.getResult().getType()}, {location});
    IRMapping perPair;
    perPair.map(dot.getResult(), body->getArgument(0));
    for (auto check : kernel.getBody().getOps<ir::CheckOp>())
      if (isPairwise(check))
        cloneCheck(check, perPair);
    SmallVector<Value> results;
    if (plainScore)
      results.push_back(body->getArgument(0));
    else
      results.push_back(multiply(clone(online.getScore(), perPair), constant(std::numbers::log2e_v<float>)));
    if (!alwaysVisible())
      results.push_back(clone(online.getMask(), perPair));
    ir::YieldOp::create(builder, location, results);
    return map.getResult();
  }

  ir::KernelOp kernel;
  ir::ScheduleAttr schedule;
  OpBuilder builder;
  Location location;
  MLIRContext *context;
  ir::OnlineOp online;
  ir::DotOp dot;
  ir::ClassifyOp classify;
  Operand queries, keys, values;
  StringAttr feature;
  IRMapping perRow;
  Operation *rowBlockEnd = nullptr;
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
