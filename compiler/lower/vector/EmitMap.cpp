#include "compiler/lower/vector/TileEmitter.h"

#include "compiler/lower/vector/LeftOut.h"
#include "compiler/lower/vector/Reductions.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace attn::lower {

/// The weight of invisible pairs in a tile of them. What is summed without care has 0 there, whatever the value; a sum of functions takes care always.
static Value weightOutside(Code &code, Value tile, VectorType type, Value isCareful) {
  Value zero = code.real(0, type);
  bool isSummed = llvm::all_of(tile.getUsers(), [](Operation *user) { return isa<ir::TileAccumulateOp>(user); });
  if (!isSummed)
    return zero;
  bool ofFunction = llvm::any_of(tile.getUsers(), [](Operation *user) {
    return isa<ir::FnType>(cast<ir::TileAccumulateOp>(user).getValues().getType());
  });
  return ofFunction ? invisibleWeight(code, type) : code.select(isCareful, invisibleWeight(code, type), zero);
}

/// The map over a block's keys, one row of the tiles at a time; returns the maxima of the rows of scores, then the reductions. Where nothing can be
/// invisible the mask is known: it is true wherever the score asks for it.
SmallVector<Value> TileEmitter::mapRows(ir::TileMapOp op, const KeyBlock &block, bool masked) {
  Block &body = op.getBody().front();
  auto yield = cast<ir::YieldOp>(body.getTerminator());
  size_t products = op.getProducts().size(), tileCount = op.getTiles().size(), reductions = op.getReduced().size();
  int64_t scores = op.getScores();
  Value mask = op.getMask();
  Value minusInfinity = code.real(-std::numeric_limits<double>::infinity(), vectorType);
  SmallVector<Value> initial(scores * vectors, minusInfinity);
  for (Value reduced : op.getReduced())
    llvm::append_range(initial, functions.emitVectors(reduced));
  FunctionEmitter::Scope scope(functions);
  // What is absorbed is in units of 4 where that is needed, and its last factor, log2(e), applied apart.
  SmallVector<Value> operands(yield.getOperands().take_front(tileCount + reductions));
  SmallVector<SmallVector<Value>> factors(operands.size());
  for (auto [operand, factor, tile] : llvm::zip(operands, factors, op.getTiles().take_front(scores))) {
    bool isAbsorbed = llvm::any_of(tile.getUsers(), [](Operation *user) { return isa<ir::TileAbsorbOp>(user); });
    if (!isAbsorbed || (products != 0 && operand == body.getArgument(0)))
      continue;
    if (auto [natural, log2e] = takeConstantFactor(operand); natural) {
      operand = natural;
      factor = whereExact(log2e / 4, log2e);
    } else {
      factor = whereExact(0.25, 1);
    }
  }
  if (mask && !masked)
    functions.define(mask, {{code.boolean(true)}, false, false});
  bool onlyVisible = llvm::all_of(op->getUsers(), [&](Operation *user) {
    auto absorb = dyn_cast<ir::TileAbsorbOp>(user);
    return absorb && absorbsOnlyVisible(absorb);
  });
  auto [begin, end] = rowsToDo(block, onlyVisible);
  Value last = code.subtract(code.add(begin, end), code.integer(1));
  return code.loop(begin, end, 1, initial, [&](Value step, ValueRange carried) {
    FunctionEmitter::Scope perKey(functions);
    if (!isProduct(op))
      keepMatrixUnitAwake(step);
    Value row = op.getDescending() ? code.subtract(last, step) : step;
    functions.place.key = code.add(block.first, row);
    for (auto [argument, product] : llvm::zip(body.getArguments(), op.getProducts())) {
      Plain plain{{}, functions.isInLanes(argument), false};
      for (int64_t part = 0; part < vectors; ++part)
        plain.parts.push_back(loadScratch(tiles[product].address, row, part));
      // Every lane holds the same product where there is one query for all.
      if (!plain.perQuery)
        plain.parts = {vector::ExtractOp::create(code.builder, code.location, plain.parts[0], 0)};
      functions.define(argument, plain);
    }
    ValueRange running = carried.drop_front(scores * vectors);
    for (size_t n = 0; n < reductions; ++n)
      functions.define(body.getArgument(products + n), {SmallVector<Value>(running.slice(n * vectors, vectors)), true, false});
    for (auto check : body.getOps<ir::CheckOp>())
      if ((masked || !check.getInMask()) && !isOfBlock(check))
        functions.emitCheck(check);
    SmallVector<Value> visible = masked ? functions.emitVectors(mask) : SmallVector<Value>();
    SmallVector<SmallVector<Value>> results;
    for (auto [operand, factor] : llvm::zip(operands, factors)) {
      results.push_back(functions.emitVectors(operand));
      for (auto [result, own] : llvm::zip(results.back(), factor))
        result = arith::MulFOp::create(code.builder, code.location, result, own);
    }
    SmallVector<Value> next;
    for (size_t n = 0; n < tileCount; ++n) {
      Value tile = tiles[op.getTiles()[n]].address;
      Value otherwise = int64_t(n) < scores ? minusInfinity : weightOutside(code, op.getTiles()[n], vectorType, isCareful);
      for (int64_t part = 0; part < vectors; ++part) {
        Value value = masked ? code.select(visible[part], results[n][part], otherwise) : results[n][part];
        storeScratch(value, tile, row, part);
        if (int64_t(n) >= scores)
          continue;
        Value old = carried[n * vectors + part];
        Value isLarger = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::OGT, value, old);
        next.push_back(code.select(isLarger, value, old));
      }
    }
    for (size_t n = 0; n < reductions; ++n) {
      auto kind = cast<ir::ReductionKindAttr>(op.getReductions()[n]).getValue();
      for (int64_t part = 0; part < vectors; ++part) {
        Value old = running[n * vectors + part], value = functions.resize(results[tileCount + n][part], 64);
        if (masked)
          value = code.select(visible[part], value, neutral(code, kind, value.getType()));
        next.push_back(combine(code, kind, old, value));
      }
    }
    functions.place.key = {};
    return next;
  });
}

/// Whether nobody reads weights of the parts of a block in which nothing is visible.
bool TileEmitter::absorbsOnlyVisible(ir::TileAbsorbOp op) {
  return llvm::all_of(op.getWeights().getUsers(), [&](Operation *user) {
    auto accumulate = dyn_cast<ir::TileAccumulateOp>(user);
    return accumulate && isOnMatrixUnit(accumulate.getValues()) && storedAs(accumulate.getValues()).isF32();
  });
}

std::pair<Value, Value> TileEmitter::rowsToDo(const KeyBlock &block, bool onlyVisible) {
  Value first = code.integer(0), count = code.subtract(block.end, block.first);
  if (!block.visible || !onlyVisible)
    return {first, count};
  Value half = code.minimum(code.integer(32), count);
  auto shows = [&](int64_t parts) {
    Value some = arith::AndIOp::create(code.builder, code.location, block.visible, code.integer(parts));
    return arith::OrIOp::create(code.builder, code.location, isCareful, code.compare(arith::CmpIPredicate::ne, some, code.integer(0)));
  };
  return {code.select(shows(0x5555555555555555), first, half), code.select(shows(int64_t(0xAAAAAAAAAAAAAAAA)), count, half)};
}

void TileEmitter::emitMap(ir::TileMapOp op) {
  KeyBlock block = blocks[op.getBlock()];
  for (auto [n, tile] : llvm::enumerate(op.getTiles()))
    tiles[tile] = {n < op.getProducts().size() ? tiles[op.getProducts()[n]].address : scratchTiles[tile], {}};
  emitBlockChecks(op, block);
  auto checks = op.getBody().front().getOps<ir::CheckOp>();
  bool isPlain = isProduct(op) && llvm::all_of(checks, [&](ir::CheckOp check) { return check.getInMask() || isOfBlock(check); });
  auto unmasked = [&] { return isPlain ? tiles[op.getProducts()[0]].rowMaximum : mapRows(op, block, false); };
  SmallVector<Value> totals;
  if (!op.getMask() || !block.mayHide) {
    totals = unmasked();
  } else {
    SmallVector<Type> types(op.getScores() * vectors, vectorType);
    for (Value reduced : op.getReduced())
      types.append(vectors, vectorType.clone(cast<ir::FnType>(reduced.getType()).getElementType()));
    totals = code.branch(
        block.mayHide, types, [&] { return mapRows(op, block, true); }, unmasked);
  }
  ArrayRef<Value> rest(totals);
  for (Value tile : op.getTiles().take_front(op.getScores())) {
    tiles[tile].rowMaximum = SmallVector<Value>(rest.take_front(vectors));
    rest = rest.drop_front(vectors);
  }
  for (Value total : op.getTotals()) {
    functions.define(total, {SmallVector<Value>(rest.take_front(vectors)), true, false});
    rest = rest.drop_front(vectors);
  }
}

void TileEmitter::emitAbsorb(ir::TileAbsorbOp op) {
  TileValue tile = tiles[op.getScores()];
  KeyBlock block = blocks[op.getBlock()];
  auto [begin, end] = rowsToDo(block, absorbsOnlyVisible(op));
  auto map = op.getScores().getDefiningOp<ir::TileMapOp>();
  auto visitRows = [&, begin = begin, end = end](Normaliser::Vectors carried, Normaliser::Row weigh) {
    return code.loop(begin, end, 1, carried, [&](Value row, ValueRange partial) {
      if (map && !isProduct(map))
        keepMatrixUnitAwake(row);
      Normaliser::Vectors next(partial), scores;
      for (int64_t part = 0; part < vectors; ++part)
        scores.push_back(loadScratch(tile.address, row, part));
      for (auto [part, weight] : llvm::enumerate(weigh(scores, next)))
        storeScratch(weight, tile.address, row, part);
      return next;
    });
  };
  Normaliser::Absorbed absorbed = normaliserOf(op.getState()).absorb(states[op.getState()], tile.rowMaximum, whereExact(4, 1), isCareful, visitRows);
  states[op.getNext()] = absorbed.state;
  tiles[op.getWeights()] = {tile.address, {}};
  functions.define(op.getRescale(), {absorbed.rescale, true, false});
}

} // namespace attn::lower
