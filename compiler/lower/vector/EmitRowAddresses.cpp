#include "compiler/lower/tile/StoredRows.h"
#include "compiler/lower/vector/TileEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace attn::lower {

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
  Type element = storedAs(tensor);
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
    if (!isKnownInside(read, dimension)) {
      Value limit = run.size(number, dimension, tensor.getSizes());
      Value inside = code.compare(arith::CmpIPredicate::ult, at, code.broadcast(limit, at.getType()));
      areThere = code.both(areThere, code.broadcast(inside, bits));
    }
    if (isa<VectorType>(at.getType()))
      offsets = code.add(offsets, code.multiply(at, code.broadcast(stride, wide)));
    else
      base = code.at(base, element, code.multiply(at, stride));
  }
  Value first = LLVM::GEPOp::create(code.builder, code.location, vectorType(code.pointer()), element, base,
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

TileEmitter::RowPlaces TileEmitter::rowPlaces(ir::TileComputeOp op) {
  Value value = op.getValue();
  StringRef feature = lanesOf(op.getResult());
  if (!op.getBlock() || feature == "i" || !cast<ir::FnType>(value.getType()).variesWith(feature))
    return RowPlaces::Computed;
  int64_t extent = kernel.extentOf(feature);
  bool isTaken = storedRows(value, feature, extent, kernel.fixedExtent(extent)) == storedAs(op.getResult()) &&
                 llvm::all_of(op->getUses(), [](OpOperand &use) {
                   if (auto contract = dyn_cast<ir::TileContractOp>(use.getOwner()))
                     return use.get() == contract.getKeys();
                   auto accumulate = dyn_cast<ir::TileAccumulateOp>(use.getOwner());
                   return accumulate && use.get() == accumulate.getValues();
                 });
  if (!isTaken)
    return RowPlaces::Computed;
  return lieEvenly(value, feature) ? RowPlaces::Even : RowPlaces::Anywhere;
}

int64_t TileEmitter::rowsOfTable() const {
  return schedule.getKeyBlock() + schedule.getLanes() +
         (schedule.getOrientation() == ir::Orientation::Features ? rowsAhead : 0);
}

Value TileEmitter::rowAddress(Value table, Value row) {
  return code.load(code.pointer(), code.at(table, code.pointer(), row), 8);
}

TileEmitter::EvenRows TileEmitter::evenRows(Value value, StringRef feature) {
  if (auto choice = value.getDefiningOp<ir::SelectOp>()) {
    Value condition = functions.emitScalar(choice.getCondition());
    EvenRows then = evenRows(choice.getIfTrue(), feature), otherwise = evenRows(choice.getIfFalse(), feature);
    return {code.select(condition, then.first, otherwise.first),
            code.select(condition, then.distance, otherwise.distance),
            code.select(condition, then.mayBeRead, otherwise.mayBeRead)};
  }
  auto read = value.getDefiningOp<ir::ReadOp>();
  auto tensor = read.getTensor().getDefiningOp<ir::TensorOp>();
  int64_t number = tensor.getIndex();
  Value mayBeRead = read.getWhere() ? functions.emitScalar(read.getWhere()) : code.boolean(true);
  Value offset = code.integer(0), distance = code.integer(0), one = code.integer(1);
  for (auto [dimension, index] : llvm::enumerate(read.getIndices())) {
    Value stride = run.stride(number, dimension);
    if (auto coordinate = index.getDefiningOp<ir::CoordinateOp>(); coordinate && coordinate.getName() == feature) {
      mayBeRead = code.both(mayBeRead, code.compare(arith::CmpIPredicate::eq, stride, one));
      continue;
    }
    auto checkInside = [&](Value at) {
      if (!isKnownInside(read, dimension))
        mayBeRead = code.both(
            mayBeRead, code.compare(arith::CmpIPredicate::ult, at, run.size(number, dimension, tensor.getSizes())));
    };
    Value start;
    if (std::optional<KeyIndex> key = keyIndex(index)) {
      start = key->distance ? functions.emitScalar(key->distance) : code.integer(0);
      if (key->isLess)
        start = code.subtract(code.integer(0), start);
      checkInside(code.add(start, currentBlock.first));
      checkInside(code.add(start, code.subtract(currentBlock.end, one)));
      distance = code.add(distance, stride);
    } else {
      checkInside(start = functions.emitScalar(index));
    }
    offset = code.add(offset, code.multiply(start, stride));
  }
  return {code.at(run.data(number), storedAs(tensor), offset), distance, mayBeRead};
}

void TileEmitter::narrowRows(ir::TileComputeOp op) {
  auto element = cast<FloatType>(storedAs(op.getResult()));
  Value tile = scratchTiles[op.getResult()], width = rowFloats(op.getResult());
  code.loop(code.integer(0), code.subtract(currentBlock.end, currentBlock.first), 1, {},
            [&](Value row, ValueRange) -> SmallVector<Value> {
              Value line = code.at(tile, code.f32(), code.multiply(row, width));
              code.loop(code.integer(0), width, schedule.getLanes(), {},
                        [&](Value first, ValueRange) -> SmallVector<Value> {
                          Value wide = code.load(vectorType, code.at(line, code.f32(), first), 4);
                          code.store(code.asStored(wide, element), code.at(line, element, first), 2);
                          return {};
                        });
              return {};
            });
}

Matrix TileEmitter::placeEvenRows(ir::TileComputeOp op, function_ref<void()> compute) {
  Value result = op.getResult();
  Type element = storedAs(result);
  EvenRows rows = evenRows(op.getValue(), lanesOf(result));
  SmallVector<Value> place = code.branch(
      rows.mayBeRead, {code.pointer(), code.i64()},
      [&]() -> SmallVector<Value> {
        return {rows.first, rows.distance};
      },
      [&]() -> SmallVector<Value> {
        compute();
        Value width = rowFloats(result);
        if (!element.isF32()) {
          narrowRows(op);
          width = code.multiply(width, code.integer(2));
        }
        Value start = code.subtract(code.integer(0), code.multiply(currentBlock.first, width));
        return {code.at(scratchTiles[result], element, start), width};
      });
  return {place[0], place[1], code.integer(1), true, element};
}

void TileEmitter::gatherRows(ir::TileComputeOp op, Value table) {
  auto element = cast<FloatType>(storedAs(op.getResult()));
  Value tile = scratchTiles[op.getResult()], width = rowFloats(op.getResult()),
        features = extentOf(lanesOf(op.getResult()));
  Type stored = vectorType.clone(code.loadedAs(element));
  code.loop(code.integer(0), code.subtract(currentBlock.end, currentBlock.first), 1, {},
            [&](Value row, ValueRange) -> SmallVector<Value> {
              Value source = rowAddress(table, row), line = code.at(tile, code.f32(), code.multiply(row, width));
              code.loop(code.integer(0), features, schedule.getLanes(), {},
                        [&](Value first, ValueRange) -> SmallVector<Value> {
                          Value isThere = lanesBefore(code.subtract(features, first), 0);
                          Value part = LLVM::MaskedLoadOp::create(code.builder, code.location, stored,
                                                                  code.at(source, element, first), isThere,
                                                                  code.zero(stored), 2);
                          code.store(part, code.at(line, element, first), 2);
                          return {};
                        });
              return {};
            });
}

Matrix TileEmitter::placeRows(ir::TileComputeOp op, function_ref<void()> compute) {
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
  // The matrix unit's rows are at equal distances.
  Type element = storedAs(result);
  if (schedule.getProducts() == ir::Products::Matrix && !element.isF32()) {
    code.branch(
        areThere, {},
        [&]() -> SmallVector<Value> {
          gatherRows(op, table);
          return {};
        },
        [&]() -> SmallVector<Value> {
          compute();
          narrowRows(op);
          return {};
        });
    Value width = code.multiply(rowFloats(result), code.integer(2));
    Value start = code.subtract(code.integer(0), code.multiply(currentBlock.first, width));
    return {code.at(scratchTiles[result], element, start), width, one, true, element};
  }
  code.when(code.negate(areThere), [&] {
    compute();
    if (!element.isF32())
      narrowRows(op);
    Value tile = scratchTiles[result], width = rowFloats(result);
    code.loop(code.integer(0), count, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      code.store(code.at(tile, code.f32(), code.multiply(row, width)), code.at(table, code.pointer(), row), 8);
      return {};
    });
  });
  return {{}, {}, one, true, element, table};
}

} // namespace attn::lower
