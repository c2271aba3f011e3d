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
  // A scale that varies with the query can't be a number for the whole block; it multiplies the packed rows instead.
  bool perQuery = op.getScale() && functions.emit(op.getScale()).perQuery;
  Value scale = op.getScale() && !perQuery ? functions.emitScalar(op.getScale()) : code.real(1);
  Value features = extentOf(feature);
  callSupport(code, "attn_pack_rows_f32",
              {first, queries.rowStride, queries.columnStride, rows, features, queryTile, code.integer(schedule.queryBlock()), scale}, {});
  if (perQuery)
    scalePacked(queryTile, features, op.getScale());
  tiles[op.getResult()] = {queryTile, {}};
}

void TileEmitter::scalePacked(Value tile, Value features, Value scale) {
  SmallVector<Value> factors = functions.emitVectors(scale);
  code.loop(code.integer(0), features, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    for (int64_t part = 0; part < vectors; ++part) {
      Value packed = loadScratch(tile, row, part);
      storeScratch(arith::MulFOp::create(code.builder, code.location, packed, factors[part]), tile, row, part);
    }
    return {};
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
  Normaliser::Combined combined = normaliserOf(op.getLeft()).combine(states[op.getLeft()], states[op.getRight()]);
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
  Normaliser::Finished finished = normaliserOf(op.getState()).finish(states[op.getState()]);
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
  functions.define(op.getLogDenominator(), {finished.logDenominator, true, false});
}

void TileEmitter::emitStore(ir::TileStoreOp op) {
  StringRef feature = rowsOf(op.getTile());
  Matrix target = matrixOf(op.getTensor(), op.getAxes(), "i", feature);
  Value first = code.at(target.base, code.f32(), code.multiply(functions.place.firstQuery, target.rowStride));
  callSupport(code, "attn_unpack_rows_f32",
              {tiles[op.getTile()].address, code.integer(schedule.queryBlock()), rows, extentOf(feature), first, target.rowStride,
               target.columnStride},
              {});
}

void TileEmitter::emitStoreRow(ir::TileStoreRowOp op) {
  Matrix target = matrixOf(op.getTensor(), op.getAxes(), "i", "");
  Value first = code.at(target.base, code.f32(), code.multiply(functions.place.firstQuery, target.rowStride));
  for (auto [part, value] : llvm::enumerate(functions.emitVectors(op.getValue())))
    storeScratch(value, rowTile, code.integer(0), part);
  callSupport(code, "attn_unpack_rows_f32",
              {rowTile, code.integer(schedule.queryBlock()), rows, code.integer(1), first, target.rowStride, code.integer(1)}, {});
}

} // namespace attn::lower
