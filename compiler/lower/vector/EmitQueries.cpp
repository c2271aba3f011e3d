#include "compiler/lower/vector/Support.h"
#include "compiler/lower/vector/TileEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace attn::lower {

void TileEmitter::emitPack(ir::TilePackOp op) {
  StringRef feature = rowsOf(op.getResult());
  Value queryTile = scratchTiles[op];
  Matrix queries = matrixOf(op.getTensor(), op.getAxes(), "i", feature);
  Value first = code.at(queries.base, code.f32(), code.multiply(functions.place.firstQuery, queries.rowStride));
  // A scale that varies with the query can't be a number for the whole block; it multiplies the packed rows instead.
  bool perQuery = op.getScale() && functions.emit(op.getScale()).perQuery;
  Value scale = op.getScale() && !perQuery ? code.select(isCareful, code.real(1), functions.emitScalar(op.getScale())) : code.real(1);
  Value features = extentOf(feature);
  callSupport(code, "attn_pack_rows_f32",
              {first, queries.rowStride, queries.columnStride, rows, features, queryTile, code.integer(schedule.queryBlock()), scale}, {});
  if (op.getScale()) {
    SmallVector<Value> ones(vectors, code.real(1, vectorType));
    SmallVector<Value> factors = whereExact(ones, functions.emitVectors(op.getScale()));
    code.when(perQuery ? code.boolean(true) : isCareful, [&] {
      code.loop(code.integer(0), features, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
        for (int64_t part = 0; part < vectors; ++part) {
          Value packed = loadScratch(queryTile, row, part);
          storeScratch(arith::MulFOp::create(code.builder, code.location, packed, factors[part]), queryTile, row, part);
        }
        return {};
      });
    });
  }
  tiles[op.getResult()] = {queryTile, {}};
}

void TileEmitter::emitInit(ir::TileInitOp op) {
  Value accumulatorTile = scratchTiles[op];
  Value zero = code.real(0, vectorType);
  Value features = code.roundUp(extentOf(rowsOf(op.getAccumulator())), schedule.getFeatureRows());
  code.loop(code.integer(0), features, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    for (int64_t part = 0; part < vectors; ++part)
      storeScratch(zero, accumulatorTile, row, part);
    return {};
  });
  states[op.getState()] = normaliser->initial();
  tiles[op.getAccumulator()] = {accumulatorTile, {}};
}

void TileEmitter::emitCombine(ir::TileCombineOp op) {
  Normaliser::Combined combined = normaliser->combine(states[op.getLeft()], states[op.getRight()], whereExact(4, 1));
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
  Normaliser::Finished finished = normaliser->finish(states[op.getState()], whereExact(4, 1));
  Value accumulatorTile = tiles[op.getAccumulator()].address;
  Value zero = code.real(0, vectorType);
  SmallVector<Value> differences(vectors, zero);
  SmallVector<Value> sums =
      code.loop(code.integer(0), extentOf(rowsOf(op.getAccumulator())), 1, differences, [&](Value row, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t part = 0; part < vectors; ++part) {
          Value value = arith::MulFOp::create(code.builder, code.location, loadScratch(accumulatorTile, row, part), finished.factor[part]);
          value = code.select(finished.isEmpty[part], zero, value);
          storeScratch(value, accumulatorTile, row, part);
          // x - x is 0 for a finite x, else NaN, and NaN stays in the sum.
          Value difference = arith::SubFOp::create(code.builder, code.location, value, value);
          next.push_back(arith::AddFOp::create(code.builder, code.location, carried[part], difference));
        }
        return next;
      });
  auto isNan = [&](Value value) { return arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::UNO, value, value); };
  for (int64_t part = 0; part < vectors; ++part) {
    Value logarithm = finished.logDenominator[part];
    unbounded[part] = isNan(arith::SubFOp::create(code.builder, code.location, logarithm, logarithm));
    Value bad = arith::OrIOp::create(code.builder, code.location, unbounded[part], isNan(sums[part]));
    Value any = vector::ReductionOp::create(code.builder, code.location, vector::CombiningKind::OR, bad);
    notFinite = arith::OrIOp::create(code.builder, code.location, notFinite, any);
  }
  tiles[op.getResult()] = {accumulatorTile, {}};
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
