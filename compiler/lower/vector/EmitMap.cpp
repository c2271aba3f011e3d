#include "compiler/lower/vector/TileEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace attn::lower {

/// The map over a block's keys, one row of the tile at a time; returns the rows' maxima. Where nothing can be invisible the mask is known: it
/// is true wherever the score asks for it.
SmallVector<Value> TileEmitter::mapRows(ir::TileMapOp op, const TileValue &tile, const KeyBlock &block, bool masked) {
  Block &body = op.getBody().front();
  auto yield = cast<ir::YieldOp>(body.getTerminator());
  Value score = yield.getOperand(0), mask = yield.getNumOperands() > 1 ? yield.getOperand(1) : Value();
  Value minusInfinity = code.real(-std::numeric_limits<double>::infinity(), vectorType);
  SmallVector<Value> initial(vectors, minusInfinity);
  FunctionEmitter::Scope scope(functions);
  SmallVector<Value> factors;
  if (auto [natural, log2e] = takeConstantFactor(score); natural) {
    score = natural;
    factors = whereExact(log2e / 4, log2e);
  } else if (score != body.getArgument(0)) {
    factors = whereExact(0.25, 1);
  }
  if (mask && !masked)
    functions.define(mask, {{code.boolean(true)}, false, false});
  return code.loop(code.integer(0), code.subtract(block.end, block.first), 1, initial, [&](Value row, ValueRange carried) {
    FunctionEmitter::Scope perKey(functions);
    functions.place.key = code.add(block.first, row);
    Plain products{{}, cast<ir::FnType>(body.getArgument(0).getType()).variesWith("i"), false};
    for (int64_t part = 0; part < vectors; ++part)
      products.parts.push_back(loadScratch(tile.address, row, part));
    // Every lane holds the same product where there is one query for all.
    if (!products.perQuery)
      products.parts = {vector::ExtractOp::create(code.builder, code.location, products.parts[0], 0)};
    functions.define(body.getArgument(0), products);
    for (auto check : body.getOps<ir::CheckOp>())
      if (masked || !check.getInMask())
        functions.emitCheck(check);
    SmallVector<Value> scores = functions.emitVectors(score);
    for (auto [part, factor] : llvm::enumerate(factors))
      scores[part] = arith::MulFOp::create(code.builder, code.location, scores[part], factor);
    SmallVector<Value> visible = masked ? functions.emitVectors(mask) : SmallVector<Value>();
    SmallVector<Value> next;
    for (int64_t part = 0; part < vectors; ++part) {
      Value value = masked ? code.select(visible[part], scores[part], minusInfinity) : scores[part];
      storeScratch(value, tile.address, row, part);
      Value isLarger = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::OGT, value, carried[part]);
      next.push_back(code.select(isLarger, value, carried[part]));
    }
    functions.place.key = {};
    return next;
  });
}

void TileEmitter::emitMap(ir::TileMapOp op) {
  TileValue tile = tiles[op.getProducts()];
  KeyBlock block = blocks[op.getBlock()];
  auto yield = cast<ir::YieldOp>(op.getBody().front().getTerminator());
  bool isPlain = yield.getOperand(0) == op.getBody().front().getArgument(0);
  bool hasMask = yield.getNumOperands() > 1;
  auto unmasked = [&] { return isPlain ? tile.rowMaximum : mapRows(op, tile, block, false); };
  if (!hasMask || !block.mayHide)
    tile.rowMaximum = unmasked();
  else
    tile.rowMaximum = code.branch(
        block.mayHide, SmallVector<Type>(vectors, vectorType), [&] { return mapRows(op, tile, block, true); }, unmasked);
  tiles[op.getResult()] = tile;
}

void TileEmitter::emitAbsorb(ir::TileAbsorbOp op) {
  TileValue tile = tiles[op.getScores()];
  KeyBlock block = blocks[op.getBlock()];
  Value count = code.subtract(block.end, block.first);
  auto visitRows = [&](Normaliser::Vectors carried, Normaliser::Row weigh) {
    return code.loop(code.integer(0), count, 1, carried, [&](Value row, ValueRange partial) {
      Normaliser::Vectors next(partial), scores;
      for (int64_t part = 0; part < vectors; ++part)
        scores.push_back(loadScratch(tile.address, row, part));
      for (auto [part, weight] : llvm::enumerate(weigh(scores, next)))
        storeScratch(weight, tile.address, row, part);
      return next;
    });
  };
  Normaliser::Absorbed absorbed = normaliser->absorb(states[op.getState()], tile.rowMaximum, whereExact(4, 1), isCareful, visitRows);
  states[op.getNext()] = absorbed.state;
  tiles[op.getWeights()] = {tile.address, {}};
  functions.define(op.getRescale(), {absorbed.rescale, true, false});
}

} // namespace attn::lower
