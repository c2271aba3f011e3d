#include "compiler/lower/vector/EmitRowAddresses.h"

#include "compiler/lower/vector/TileEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace attn::lower {

/// Whether a function of keys can be emitted for a vector of them by itself: nothing of it is a loop or read from a
/// tile.
static bool isOfKeys(Value value) {
  auto type = cast<ir::FnType>(value.getType());
  Operation *op = value.getDefiningOp();
  return op && !isa<ir::ReduceOp, ir::TileFunctionOp>(op) && llvm::all_of(type.getCoordinates(), [](StringAttr name) {
    return llvm::is_contained({"b", "h", "g", "j"}, name.getValue());
  }) && llvm::all_of(op->getOperands(), [](Value operand) {
    return !isa<ir::FnType>(operand.getType()) || isOfKeys(operand);
  });
}

bool readsRows(Value value, StringRef feature, int64_t extent, std::optional<int64_t> fixedExtent) {
  if (auto choice = value.getDefiningOp<ir::SelectOp>())
    return isOfKeys(choice.getCondition()) && readsRows(choice.getIfTrue(), feature, extent, fixedExtent) &&
           readsRows(choice.getIfFalse(), feature, extent, fixedExtent);
  auto read = value.getDefiningOp<ir::ReadOp>();
  if (!read || (read.getWhere() && !isOfKeys(read.getWhere())) ||
      !cast<ir::TensorHandleType>(read.getTensor().getType()).getElementType().isF32())
    return false;
  auto tensor = read.getTensor().getDefiningOp<ir::TensorOp>();
  bool found = false;
  for (auto [dimension, index] : llvm::enumerate(read.getIndices())) {
    auto coordinate = index.getDefiningOp<ir::CoordinateOp>();
    if (!coordinate || coordinate.getName() != feature) {
      if (!isOfKeys(index))
        return false;
      continue;
    }
    // The dimension must be the feature's own for every feature to be inside.
    AffineExpr size = tensor.getSizes().getResult(dimension);
    auto symbol = dyn_cast<AffineSymbolExpr>(size);
    auto constant = dyn_cast<AffineConstantExpr>(size);
    if (found ||
        !((symbol && int64_t(symbol.getPosition()) == extent) || (constant && fixedExtent == constant.getValue())))
      return false;
    found = true;
  }
  return found;
}

void FunctionEmitter::report(int32_t site, Value wrong, Value value, Value limit) {
  if (!wrongHere)
    return sites.reportIfAny(code, run.pointer(), site, wrong, value, limit);
  if (!isa<VectorType>(wrong.getType()))
    wrong = code.broadcast(wrong, wrongHere.getType());
  wrongHere = arith::OrIOp::create(code.builder, code.location, wrongHere, wrong);
}

FunctionEmitter::RowAddresses FunctionEmitter::rowAddresses(Value value, StringRef feature) {
  Type bits = vectorType(code.i1()), wide = vectorType(code.i64());
  if (auto choice = value.getDefiningOp<ir::SelectOp>()) {
    Plain condition = emit(choice.getCondition());
    RowAddresses then = rowAddresses(choice.getIfTrue(), feature),
                 otherwise = rowAddresses(choice.getIfFalse(), feature);
    Value chosen = code.broadcast(condition.parts[0], bits);
    return {code.select(chosen, then.first, otherwise.first), code.select(chosen, then.areThere, otherwise.areThere),
            code.both(then.areAdjacent, otherwise.areAdjacent)};
  }
  auto read = value.getDefiningOp<ir::ReadOp>();
  auto tensor = read.getTensor().getDefiningOp<ir::TensorOp>();
  int64_t number = tensor.getIndex();
  Value base = run.data(number), offsets = code.integer(0, wide), areThere = code.integer(1, bits), areAdjacent;
  if (read.getWhere())
    areThere = code.broadcast(emit(read.getWhere()).parts[0], bits);
  for (auto [dimension, index] : llvm::enumerate(read.getIndices())) {
    Value stride = run.stride(number, dimension);
    if (auto coordinate = index.getDefiningOp<ir::CoordinateOp>(); coordinate && coordinate.getName() == feature) {
      areAdjacent = code.compare(arith::CmpIPredicate::eq, stride, code.integer(1));
      continue;
    }
    Value at = resize(emit(index).parts[0], 64);
    if (!read.getUnchecked()) {
      Value limit = run.size(number, dimension, tensor.getSizes());
      Value inside = code.compare(arith::CmpIPredicate::ult, at, code.broadcast(limit, at.getType()));
      areThere = code.both(areThere, code.broadcast(inside, bits));
    }
    if (isa<VectorType>(at.getType()))
      offsets = code.add(offsets, code.multiply(at, code.broadcast(stride, wide)));
    else
      base = code.at(base, code.f32(), code.multiply(at, stride));
  }
  Value first = LLVM::GEPOp::create(code.builder, code.location, vectorType(code.pointer()), code.f32(), base,
                                    ArrayRef<LLVM::GEPArg>{offsets});
  return {first, areThere, areAdjacent};
}

FunctionEmitter::RowAddresses FunctionEmitter::emitRowAddresses(Value value, StringRef feature) {
  wrongHere = code.integer(0, vectorType(code.i1()));
  RowAddresses rows = rowAddresses(value, feature);
  rows.areThere = code.both(rows.areThere, code.negate(wrongHere));
  wrongHere = {};
  return rows;
}

bool TileEmitter::takesRowsInPlace(ir::TileComputeOp op) {
  StringRef feature = lanesOf(op.getResult());
  int64_t extent = kernel.extentOf(feature);
  return op.getBlock() && feature != "i" && readsRows(op.getValue(), feature, extent, kernel.fixedExtent(extent)) &&
         llvm::all_of(op->getUses(), [](OpOperand &use) {
           if (auto contract = dyn_cast<ir::TileContractOp>(use.getOwner()))
             return use.get() == contract.getKeys();
           auto accumulate = dyn_cast<ir::TileAccumulateOp>(use.getOwner());
           return accumulate && use.get() == accumulate.getValues();
         });
}

int64_t TileEmitter::rowsOfTable() const {
  return schedule.getKeyBlock() + schedule.getLanes() +
         (schedule.getOrientation() == ir::Orientation::Features ? rowsAhead : 0);
}

Value TileEmitter::rowAddress(Value table, Value row) {
  return code.load(code.pointer(), code.at(table, code.pointer(), row), 8);
}

void TileEmitter::placeRows(ir::TileComputeOp op, function_ref<void()> compute) {
  Value result = op.getResult(), table = rowTables[result], one = code.integer(1);
  FunctionEmitter keys = functions.withLanes("j");
  Value count = code.subtract(currentBlock.end, currentBlock.first), reach = count,
        last = code.subtract(currentBlock.end, one);
  if (schedule.getOrientation() == ir::Orientation::Features) {
    reach = code.add(count, code.integer(rowsAhead));
    last = code.subtract(extentOf("j"), one);
  }
  Value areThere =
      code.loop(code.integer(0), reach, schedule.getLanes(), {code.boolean(true)}, [&](Value step, ValueRange carried) {
        FunctionEmitter::Scope scope(keys);
        keys.place.firstQuery = code.add(currentBlock.first, step);
        keys.place.lastQuery = last;
        FunctionEmitter::RowAddresses rows = keys.emitRowAddresses(op.getValue(), lanesOf(result));
        code.store(rows.first, code.at(table, code.pointer(), step), 8);
        // Rows of the next blocks may be anywhere: they are only asked for.
        Value isNext = code.negate(lanesBefore(code.subtract(count, step), 0));
        Value there = arith::OrIOp::create(code.builder, code.location, rows.areThere, isNext);
        Value all = vector::ReductionOp::create(code.builder, code.location, vector::CombiningKind::AND, there);
        return SmallVector<Value>{code.both(carried[0], code.both(all, rows.areAdjacent))};
      })[0];
  code.when(code.negate(areThere), [&] {
    compute();
    Value tile = scratchTiles[result], width = rowFloats(result);
    code.loop(code.integer(0), count, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      code.store(code.at(tile, code.f32(), code.multiply(row, width)), code.at(table, code.pointer(), row), 8);
      return {};
    });
  });
}

} // namespace attn::lower
