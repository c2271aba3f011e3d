#include "compiler/lower/vector/Support.h"
#include "compiler/lower/vector/TileEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace attn::lower {

void TileEmitter::emitPack(ir::TilePackOp op) {
  StringRef feature = rowsOf(op.getResult());
  Value queryTile = scratchTiles[op.getResult()];
  Matrix queries = matrixOf(op.getTensor(), op.getAxes(), "i", feature);
  Value first = code.at(queries.base, code.f32(), code.multiply(functions.place.firstQuery, queries.rowStride));
  Value scale = packedScale(op.getScale());
  Value features = extentOf(feature);
  packRows({first, queries.rowStride, queries.columnStride, rows, features, queryTile, code.integer(schedule.queryBlock()), scale});
  if (op.getScale())
    scalePacked(queryTile, features, op.getScale());
  tiles[op.getResult()] = {queryTile, {}};
}

/// One number for the whole block; a scale that varies with the query multiplies the packed rows instead.
Value TileEmitter::packedScale(Value scale) {
  if (!scale || functions.emit(scale).perQuery)
    return code.real(1);
  return code.select(isCareful, code.real(1), functions.emitScalar(scale));
}

void TileEmitter::scalePacked(Value tile, Value features, Value scale) {
  SmallVector<Value> ones(vectors, code.real(1, vectorType));
  SmallVector<Value> factors = whereExact(ones, functions.emitVectors(scale));
  code.when(functions.emit(scale).perQuery ? code.boolean(true) : isCareful, [&] {
    code.loop(code.integer(0), features, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      for (int64_t part = 0; part < vectors; ++part) {
        Value packed = loadScratch(tile, row, part);
        storeScratch(arith::MulFOp::create(code.builder, code.location, packed, factors[part]), tile, row, part);
      }
      return {};
    });
  });
}

void TileEmitter::emitInit(ir::TileInitOp op) {
  Value zero = code.real(0, vectorType);
  for (Value result : op.getResults()) {
    if (isa<ir::StateType>(result.getType())) {
      states[result] = normaliserOf(result).initial();
      continue;
    }
    Value tile = scratchTiles[result];
    code.loop(code.integer(0), code.multiply(rowCount(result), rowFloats(result)), schedule.getLanes(), {},
              [&](Value element, ValueRange) -> SmallVector<Value> {
                code.store(zero, code.at(tile, code.f32(), element), 4 * schedule.getLanes());
                return {};
              });
    tiles[result] = {tile, {}};
  }
}

SmallVector<Value> TileEmitter::updateAccumulator(Value accumulator, ArrayRef<SmallVector<Value>> perQuery, ValueRange sums,
                                                  function_ref<Value(Value, Value, ArrayRef<Value>, Value &)> update) {
  Value tile = tiles[accumulator].address, features = extentOf(featureOf(accumulator));
  auto replace = [&](Value offset, ArrayRef<Value> factors, Value &sum) {
    Value address = code.at(tile, code.f32(), offset);
    code.store(update(code.load(vectorType, address, 4 * schedule.getLanes()), offset, factors, sum), address, 4 * schedule.getLanes());
  };
  if (lanesOf(accumulator) == "i")
    return code.loop(code.integer(0), features, 1, sums, [&](Value row, ValueRange carried) {
      SmallVector<Value> next(carried);
      for (int64_t part = 0; part < vectors; ++part) {
        auto factors = llvm::map_to_vector(perQuery, [&](const SmallVector<Value> &factor) { return factor[part]; });
        Value offset = code.add(code.multiply(row, code.integer(schedule.queryBlock())), code.integer(part * schedule.getLanes()));
        Value none;
        replace(offset, factors, next.empty() ? none : next[part]);
      }
      return next;
    });
  SmallVector<Value> spilled;
  for (auto [n, factor] : llvm::enumerate(perQuery))
    spilled.push_back(spillPerQuery(factor, n));
  return code.loop(code.integer(0), rows, 1, sums, [&](Value row, ValueRange carried) {
    auto factors = llvm::map_to_vector(spilled, [&](Value factor) { return elementOfQuery(factor, row); });
    Value first = code.multiply(row, rowFloats(accumulator));
    return code.loop(code.integer(0), features, schedule.getLanes(), carried, [&](Value feature, ValueRange partial) {
      SmallVector<Value> next(partial);
      Value none;
      replace(code.add(first, feature), factors, next.empty() ? none : next[0]);
      return next;
    });
  });
}

void TileEmitter::combineAccumulators(Value accumulator, Value other, const Normaliser::Combined &factors) {
  updateAccumulator(accumulator, {factors.rescaleLeft, factors.rescaleRight}, {},
                    [&](Value ours, Value offset, ArrayRef<Value> rescale, Value &) -> Value {
                      Value theirs = code.load(vectorType, code.at(other, code.f32(), offset), 4 * schedule.getLanes());
                      return multiplyAdd(theirs, rescale[1], arith::MulFOp::create(code.builder, code.location, ours, rescale[0]));
                    });
}

void TileEmitter::emitCombine(ir::TileCombineOp op) {
  Normaliser::Combined combined =
      normaliserOf(op.getLeft()).combine(states[op.getLeft()], states[op.getRight()], whereExact(4, 1));
  combineAccumulators(op.getLeftAccumulator(), tiles[op.getRightAccumulator()].address, combined);
  states[op.getState()] = combined.state;
  tiles[op.getAccumulator()] = tiles[op.getLeftAccumulator()];
}

void TileEmitter::emitFinish(ir::TileFinishOp op) {
  Normaliser::Finished finished = normaliserOf(op.getState()).finish(states[op.getState()], whereExact(4, 1));
  Value zero = code.real(0, vectorType);
  // An accumulator that has seen nothing is 0 times infinity else.
  for (auto [factor, isEmpty] : llvm::zip(finished.factor, finished.isEmpty))
    factor = code.select(isEmpty, zero, factor);
  for (auto [accumulator, result] : llvm::zip(op.getAccumulators(), op.getTiles())) {
    SmallVector<Value> differences(vectors, zero);
    SmallVector<Value> sums = updateAccumulator(
        accumulator, {finished.factor}, differences, [&](Value value, Value, ArrayRef<Value> factor, Value &sum) -> Value {
          value = arith::MulFOp::create(code.builder, code.location, value, factor[0]);
          // x - x is 0 for a finite x, else NaN, and NaN stays in the sum.
          Value difference = arith::SubFOp::create(code.builder, code.location, value, value);
          sum = arith::AddFOp::create(code.builder, code.location, sum, difference);
          return value;
        });
    for (auto [part, sum] : llvm::enumerate(sums)) {
      Value isNan = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::UNO, sum, sum);
      Value any = vector::ReductionOp::create(code.builder, code.location, vector::CombiningKind::OR, isNan);
      notFinite = arith::OrIOp::create(code.builder, code.location, notFinite, any);
      noteWrong(part, isNan);
    }
    tiles[result] = tiles[accumulator];
  }
  for (int64_t part = 0; part < vectors; ++part) {
    Value logarithm = finished.logDenominator[part];
    Value difference = arith::SubFOp::create(code.builder, code.location, logarithm, logarithm);
    Value isUnbounded = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::UNO, difference, difference);
    unbounded[part] = arith::OrIOp::create(code.builder, code.location, unbounded[part], isUnbounded);
    Value any = vector::ReductionOp::create(code.builder, code.location, vector::CombiningKind::OR, isUnbounded);
    notFinite = arith::OrIOp::create(code.builder, code.location, notFinite, any);
    noteWrong(part, isUnbounded);
  }
  functions.define(op.getLogDenominator(), {finished.logDenominator, true, false});
}

void TileEmitter::storeOnce(ArrayAttr axes, function_ref<void()> store) {
  auto has = [&](StringRef name) { return llvm::is_contained(axes.getAsValueRange<StringAttr>(), name); };
  Value zero = code.integer(0), isFirst;
  auto require = [&](Value index) {
    Value condition = code.compare(arith::CmpIPredicate::eq, index, zero);
    isFirst = isFirst ? code.both(isFirst, condition) : condition;
  };
  if (!has("b"))
    require(functions.place.batch);
  if (!has("h") && holdsGroups()) {
    if (!has("g"))
      require(headSet);
  } else if (!has("h")) {
    require(has("g") ? code.remainder(functions.place.head, code.divide(extentOf("h"), extentOf("g"))) : functions.place.head);
  }
  if (!has("i"))
    require(functions.place.firstQuery);
  if (isFirst)
    code.when(isFirst, store);
  else
    store();
}

void TileEmitter::unpack(const Matrix &target, Value source, Value width, Value rowCount, Value columnCount) {
  StringRef floats = usesMatrixUnit() ? "attn_matrix_unpack_rows" : "attn_unpack_rows_f32";
  StringRef name = target.element.isF32() ? floats : target.element.isBF16() ? "attn_unpack_rows_bf16" : "attn_unpack_rows_f16";
  SmallVector<Value> arguments{source, width, rowCount, columnCount, target.base, target.rowStride, target.columnStride};
  if (target.element.isF32() && usesMatrixUnit())
    arguments.append({ahead, rowsThatFollow()});
  callSupport(code, name, arguments, {});
}

void TileEmitter::forEachRun(function_ref<void(Value, Value, Value)> store) {
  if (hasStrips())
    return forEachRunOfStrip(store);
  if (!holdsGroups())
    return store(code.integer(0), rows, functions.place.firstQuery);
  code.loop(code.integer(0), rows, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    auto [head, query] = headAndQuery(row);
    functions.place.head = head;
    store(row, code.integer(1), query);
    functions.place.head = {};
    return {};
  });
}

void TileEmitter::emitStore(ir::TileStoreOp op) {
  Value tile = op.getTile(), source = tiles[tile].address;
  StringRef feature = featureOf(tile);
  storeOnce(op.getAxes(), [&] {
    if (!op.getIndices().empty())
      return storeComputedTile(op);
    if (rowsOf(tile) == "j" && lanesOf(tile) != "i") {
      Matrix target = matrixOf(op.getTensor(), op.getAxes(), lanesOf(tile), "j");
      target.base = code.at(target.base, target.element, code.multiply(currentBlock.first, target.columnStride));
      return unpack(target, source, rowFloats(tile), extentOf(lanesOf(tile)), code.subtract(currentBlock.end, currentBlock.first));
    }
    forEachRun([&](Value row, Value rowCount, Value query) {
      Matrix target = matrixOf(op.getTensor(), op.getAxes(), "i", feature);
      target.base = code.at(target.base, target.element, code.multiply(query, target.rowStride));
      Value count = extentOf(feature);
      if (rowsOf(tile) == "i") {
        std::swap(target.rowStride, target.columnStride);
        return unpack(target, code.at(source, code.f32(), code.multiply(row, rowFloats(tile))), rowFloats(tile), count, rowCount);
      }
      if (op.getBlock()) {
        target.base = code.at(target.base, target.element, code.multiply(currentBlock.first, target.columnStride));
        count = code.subtract(currentBlock.end, currentBlock.first);
      }
      unpack(target, code.at(source, code.f32(), row), code.integer(schedule.queryBlock()), rowCount, count);
    });
  });
}

void TileEmitter::emitStoreRow(ir::TileStoreRowOp op) {
  storeOnce(op.getAxes(), [&] {
    FunctionEmitter::Scope scope(functions);
    if (!op.getIndices().empty())
      return storeComputedRow(op);
    bool hasRows = llvm::is_contained(op.getAxes().getAsValueRange<StringAttr>(), "i");
    SmallVector<Value> values = functions.emitVectors(op.getValue());
    Type element = matrixElement(op.getTensor());
    if (isa<FloatType>(element)) {
      Value spilled = spillPerQuery(values, 0);
      return forEachRun([&](Value row, Value count, Value query) {
        Matrix target = matrixOf(op.getTensor(), op.getAxes(), "i", "");
        target.base = code.at(target.base, element, code.multiply(query, target.rowStride));
        unpack(target, code.at(spilled, code.f32(), row), code.integer(schedule.queryBlock()), hasRows ? count : code.integer(1), code.integer(1));
      });
    }
    unsigned width = element.getIntOrFloatBitWidth();
    forEachRun([&](Value first, Value count, Value query) {
      Matrix target = matrixOf(op.getTensor(), op.getAxes(), "i", "");
      for (auto [part, value] : llvm::enumerate(values))
        for (int64_t lane = 0; lane < schedule.getLanes(); ++lane) {
          Value row = code.subtract(code.integer(part * schedule.getLanes() + lane), first);
          Value isStored = code.compare(arith::CmpIPredicate::ult, row, hasRows ? count : code.integer(1));
          code.when(isStored, [&, value = value] {
            Value stored = functions.resize(vector::ExtractOp::create(code.builder, code.location, value, lane), 64);
            if (stored.getType().isInteger(1))
              stored = arith::ExtUIOp::create(code.builder, code.location, element, stored);
            stored = functions.resize(stored, width);
            code.store(stored, code.at(target.base, element, code.multiply(code.add(query, row), target.rowStride)), width / 8);
          });
        }
    });
  });
}

} // namespace attn::lower
