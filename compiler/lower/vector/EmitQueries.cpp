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
  callSupport(code, "attn_pack_rows_f32",
              {first, queries.rowStride, queries.columnStride, rows, features, queryTile, code.integer(schedule.queryBlock()), scale}, {});
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
    code.loop(code.integer(0), rowCount(result), 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      for (int64_t part = 0; part < vectors; ++part)
        storeScratch(zero, tile, row, part);
      return {};
    });
    tiles[result] = {tile, {}};
  }
}

void TileEmitter::emitCombine(ir::TileCombineOp op) {
  Normaliser::Combined combined =
      normaliserOf(op.getLeft()).combine(states[op.getLeft()], states[op.getRight()], whereExact(4, 1));
  Value left = tiles[op.getLeftAccumulator()].address, right = tiles[op.getRightAccumulator()].address;
  code.loop(code.integer(0), extentOf(rowsOf(op.getAccumulator())), 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    for (int64_t part = 0; part < vectors; ++part) {
      Value ours = arith::MulFOp::create(code.builder, code.location, loadScratch(left, row, part), combined.rescaleLeft[part]);
      storeScratch(multiplyAdd(loadScratch(right, row, part), combined.rescaleRight[part], ours), left, row, part);
    }
    return {};
  });
  states[op.getState()] = combined.state;
  tiles[op.getAccumulator()] = {left, {}};
}

void TileEmitter::emitFinish(ir::TileFinishOp op) {
  Normaliser::Finished finished = normaliserOf(op.getState()).finish(states[op.getState()], whereExact(4, 1));
  Value zero = code.real(0, vectorType);
  for (auto [accumulator, result] : llvm::zip(op.getAccumulators(), op.getTiles())) {
    Value tile = tiles[accumulator].address;
    SmallVector<Value> differences(vectors, zero);
    SmallVector<Value> sums = code.loop(code.integer(0), extentOf(rowsOf(accumulator)), 1, differences, [&](Value row, ValueRange carried) {
      SmallVector<Value> next;
      for (int64_t part = 0; part < vectors; ++part) {
        Value value = arith::MulFOp::create(code.builder, code.location, loadScratch(tile, row, part), finished.factor[part]);
        value = code.select(finished.isEmpty[part], zero, value);
        storeScratch(value, tile, row, part);
        // x - x is 0 for a finite x, else NaN, and NaN stays in the sum.
        Value difference = arith::SubFOp::create(code.builder, code.location, value, value);
        next.push_back(arith::AddFOp::create(code.builder, code.location, carried[part], difference));
      }
      return next;
    });
    for (Value sum : sums) {
      Value isNan = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::UNO, sum, sum);
      Value any = vector::ReductionOp::create(code.builder, code.location, vector::CombiningKind::OR, isNan);
      notFinite = arith::OrIOp::create(code.builder, code.location, notFinite, any);
    }
    tiles[result] = {tile, {}};
  }
  for (int64_t part = 0; part < vectors; ++part) {
    Value logarithm = finished.logDenominator[part];
    Value difference = arith::SubFOp::create(code.builder, code.location, logarithm, logarithm);
    Value isUnbounded = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::UNO, difference, difference);
    unbounded[part] = arith::OrIOp::create(code.builder, code.location, unbounded[part], isUnbounded);
    Value any = vector::ReductionOp::create(code.builder, code.location, vector::CombiningKind::OR, isUnbounded);
    notFinite = arith::OrIOp::create(code.builder, code.location, notFinite, any);
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
  if (!has("h"))
    require(has("g") ? code.remainder(functions.place.head, code.divide(extentOf("h"), extentOf("g"))) : functions.place.head);
  if (!has("i"))
    require(functions.place.firstQuery);
  if (isFirst)
    code.when(isFirst, store);
  else
    store();
}

void TileEmitter::unpack(const Matrix &target, Value source, Value width, Value rowCount, Value columnCount) {
  StringRef name = target.element.isF32() ? "attn_unpack_rows_f32" : target.element.isBF16() ? "attn_unpack_rows_bf16" : "attn_unpack_rows_f16";
  callSupport(code, name, {source, width, rowCount, columnCount, target.base, target.rowStride, target.columnStride}, {});
}

void TileEmitter::emitStore(ir::TileStoreOp op) {
  Value tile = op.getTile(), source = tiles[tile].address;
  storeOnce(op.getAxes(), [&] {
    if (lanesOf(tile) != "i") {
      Matrix target = matrixOf(op.getTensor(), op.getAxes(), lanesOf(tile), "j");
      target.base = code.at(target.base, target.element, code.multiply(currentBlock.first, target.columnStride));
      return unpack(target, source, rowFloats(tile), extentOf(lanesOf(tile)), code.subtract(currentBlock.end, currentBlock.first));
    }
    Matrix target = matrixOf(op.getTensor(), op.getAxes(), "i", rowsOf(tile));
    target.base = code.at(target.base, target.element, code.multiply(functions.place.firstQuery, target.rowStride));
    Value count = extentOf(rowsOf(tile));
    if (op.getBlock()) {
      target.base = code.at(target.base, target.element, code.multiply(currentBlock.first, target.columnStride));
      count = code.subtract(currentBlock.end, currentBlock.first);
    }
    unpack(target, source, code.integer(schedule.queryBlock()), rows, count);
  });
}

void TileEmitter::emitStoreRow(ir::TileStoreRowOp op) {
  storeOnce(op.getAxes(), [&] {
    FunctionEmitter::Scope scope(functions);
    Matrix target = matrixOf(op.getTensor(), op.getAxes(), "i", "");
    bool hasRows = llvm::is_contained(op.getAxes().getAsValueRange<StringAttr>(), "i");
    Value first = code.at(target.base, target.element, code.multiply(functions.place.firstQuery, target.rowStride));
    Value count = hasRows ? rows : code.integer(1);
    SmallVector<Value> values = functions.emitVectors(op.getValue());
    if (isa<FloatType>(target.element)) {
      for (auto [part, value] : llvm::enumerate(values))
        storeScratch(value, rowTile, code.integer(0), part);
      target.base = first;
      return unpack(target, rowTile, code.integer(schedule.queryBlock()), count, code.integer(1));
    }
    for (auto [part, value] : llvm::enumerate(values))
      for (int64_t lane = 0; lane < schedule.getLanes(); ++lane) {
        Value row = code.integer(part * schedule.getLanes() + lane);
        code.when(code.compare(arith::CmpIPredicate::slt, row, count), [&, value = value] {
          Value element = functions.resize(vector::ExtractOp::create(code.builder, code.location, value, lane), 64);
          if (element.getType().isInteger(1))
            element = arith::ExtUIOp::create(code.builder, code.location, target.element, element);
          element = functions.resize(element, target.element.getIntOrFloatBitWidth());
          code.store(element, code.at(first, target.element, code.multiply(row, target.rowStride)), target.element.getIntOrFloatBitWidth() / 8);
        });
      }
  });
}

} // namespace attn::lower
