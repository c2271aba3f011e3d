#include "compiler/lower/vector/TileEmitter.h"

using namespace mlir;

namespace attn::lower {

/// The operation that strips are taken through together. What stands before it and after it is done strip by strip.
ir::TileVisitOp TileEmitter::visitOfStrips() { return *kernel.getBody().front().getOps<ir::TileVisitOp>().begin(); }

static constexpr int64_t flagFloats = 16;

static Value asFlag(Code &code, Value condition) {
  return code.select(condition, code.integer(1, code.i32()), code.integer(0, code.i32()));
}

int64_t TileEmitter::stateRegisters() {
  int64_t registers = 0;
  for (Value init : visitOfStrips().getInits())
    if (isa<ir::StateType>(init.getType()))
      registers += int64_t(normaliserOf(init).initial().size());
  return registers;
}

/// What a strip has of its own: whether it is to be done once more, for which queries exactly, which queries' results
/// are wrong, the state, tiles.
Value TileEmitter::stripFloats() {
  Value total = code.integer(flagFloats + (2 * vectors + stateRegisters()) * schedule.getLanes());
  forEachStripTile([&](Value &, Value count) { total = code.add(total, count); });
  return total;
}

void TileEmitter::storeState(ValueRange registers) {
  for (auto [n, value] : llvm::enumerate(registers))
    code.store(value, code.at(strips.state, vectorType, int64_t(n)), 4 * schedule.getLanes());
}

SmallVector<Value> TileEmitter::loadState() {
  SmallVector<Value> registers;
  for (int64_t n = 0, count = stateRegisters(); n < count; ++n)
    registers.push_back(code.load(vectorType, code.at(strips.state, vectorType, n), 4 * schedule.getLanes()));
  return registers;
}

/// Each of the strips at hand in turn takes the row block's place.
void TileEmitter::forEachStrip(function_ref<void()> emit) {
  code.loop(strips.begin, strips.end, 1, {}, [&](Value strip, ValueRange) -> SmallVector<Value> {
    FunctionEmitter::Scope scope(functions);
    Value firstQuery = functions.place.firstQuery, allRows = rows, size = code.integer(schedule.queryBlock());
    Value skipped = code.multiply(strip, size);
    functions.place.firstQuery = code.add(strips.firstQuery, skipped);
    rows = code.minimum(code.subtract(strips.rows, skipped), size);
    strips.flag = code.at(strips.memory, code.f32(), code.multiply(strip, strips.floats));
    strips.exact = code.at(strips.flag, code.f32(), flagFloats);
    strips.wrong = code.at(strips.exact, vectorType, vectors);
    strips.state = code.at(strips.wrong, vectorType, vectors);
    Value next = code.at(strips.state, vectorType, stateRegisters());
    forEachStripTile([&](Value &tile, Value count) {
      tile = next;
      next = code.at(next, code.f32(), count);
    });
    for (auto [tile, address] : scratchTiles)
      if (auto known = tiles.find(tile); known != tiles.end())
        known->second.address = address;
    exact.clear();
    for (int64_t part = 0; part < vectors; ++part)
      exact.push_back(
          arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::ONE,
                                code.load(vectorType, code.at(strips.exact, vectorType, part), 4 * schedule.getLanes()),
                                code.real(0, vectorType)));
    emit();
    functions.place.firstQuery = firstQuery;
    rows = allRows;
    return {};
  });
}

void TileEmitter::noteWrong(int64_t part, Value isWrong) {
  if (hasStrips())
    wrong[part] = arith::OrIOp::create(code.builder, code.location, wrong[part], isWrong);
}

/// What is done once more is stored where it was wrong; the other queries' results stay as they are.
void TileEmitter::forEachRunOfStrip(function_ref<void(Value, Value, Value)> store) {
  Value zero = code.integer(0);
  code.branch(
      isCareful, {},
      [&]() -> SmallVector<Value> {
        FunctionEmitter::Scope scope(functions);
        code.loop(zero, rows, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
          Value isWrong =
              arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::ONE,
                                    code.load(code.f32(), code.at(strips.wrong, code.f32(), row), 4), code.real(0));
          code.when(isWrong, [&] { store(row, code.integer(1), code.add(functions.place.firstQuery, row)); });
          return {};
        });
        return {};
      },
      [&]() -> SmallVector<Value> {
        FunctionEmitter::Scope scope(functions);
        store(zero, rows, functions.place.firstQuery);
        return {};
      });
}

/// As `emitRowBlockTwice` says; strips are done once more one by one.
void TileEmitter::emitStripsTwice() {
  Value zero = code.integer(0), one = code.integer(1), size = code.integer(schedule.queryBlock());
  Value noFeatures = hasNoFeatures(), count = code.divide(code.roundUp(rows, schedule.queryBlock()), size);
  strips.firstQuery = functions.place.firstQuery;
  strips.rows = rows;
  code.loop(zero, count, 1, {}, [&](Value strip, ValueRange) -> SmallVector<Value> {
    Value flag = code.at(strips.memory, code.f32(), code.multiply(strip, strips.floats));
    code.store(asFlag(code, noFeatures), flag, 4);
    Value isExact = code.select(noFeatures, code.real(1, vectorType), code.real(0, vectorType));
    for (int64_t part = 0; part < 2 * vectors; ++part)
      code.store(isExact, code.at(code.at(flag, code.f32(), flagFloats), vectorType, part), 4 * schedule.getLanes());
    return {};
  });
  Value first = code.select(noFeatures, one, zero);
  code.loop(first, code.add(count, one), 1, {}, [&](Value attempt, ValueRange) -> SmallVector<Value> {
    isCareful = code.compare(arith::CmpIPredicate::ne, attempt, zero);
    Value strip = code.select(isCareful, code.subtract(attempt, one), zero);
    Value flag = code.load(code.i32(), code.at(strips.memory, code.f32(), code.multiply(strip, strips.floats)), 4);
    Value isFlagged = code.compare(arith::CmpIPredicate::ne, flag, code.integer(0, code.i32()));
    strips.begin = strip;
    strips.end = code.select(isCareful, attempt, count);
    code.when(code.select(isCareful, isFlagged, code.boolean(true)), [&] { emitStrips(); });
    return {};
  });
}

void TileEmitter::emitStrips() {
  ir::TileVisitOp visit = visitOfStrips();
  SmallVector<Operation *> before, after;
  for (Operation &op : kernel.getBody().front())
    if (&op != visit)
      (op.isBeforeInBlock(visit) ? before : after).push_back(&op);
  code.store(code.integer(0, code.i32()), irregular, 4);
  forEachStrip([&] {
    for (Operation *op : before)
      emitOperation(*op);
    storeState(registersOf(visit.getInits()));
  });

  // The search for visible keys is that of all strips at hand.
  Value firstQuery = functions.place.firstQuery, allRows = rows, size = code.integer(schedule.queryBlock());
  functions.place.firstQuery = code.add(strips.firstQuery, code.multiply(strips.begin, size));
  rows = code.subtract(code.minimum(strips.rows, code.multiply(strips.end, size)), code.multiply(strips.begin, size));
  {
    FunctionEmitter::Scope scope(functions);
    visitKeys(visit, {});
  }
  functions.place.firstQuery = firstQuery;
  rows = allRows;

  forEachStrip([&] {
    notFinite =
        code.compare(arith::CmpIPredicate::ne, code.load(code.i32(), irregular, 4), code.integer(0, code.i32()));
    unbounded = exact;
    wrong = SmallVector<Value>(vectors, code.broadcast(notFinite, functions.vectorType(code.i1())));
    for (Operation *op : before)
      if (isFunction(*op))
        emitFunction(*op);
    takeOver(visit.getResults(), visit.getInits(), loadState());
    for (Operation *op : after)
      emitOperation(*op);
    code.store(asFlag(code, notFinite), strips.flag, 4);
    SmallVector<Value> masks(unbounded);
    masks.append(wrong);
    for (auto [n, mask] : llvm::enumerate(masks))
      code.store(code.select(mask, code.real(1, vectorType), code.real(0, vectorType)),
                 code.at(strips.exact, vectorType, int64_t(n)), 4 * schedule.getLanes());
  });
}

/// What a block of keys is brought into is shared by the strips; of those that nothing there is visible to it is
/// skipped.
void TileEmitter::emitBlockInStrips(ir::TileVisitOp op, const KeyBlock &block) {
  code.when(code.negate(isCareful),
            [&] { forEachSplit([&](Operation *product, Value, StringRef) { splitBlock(product, block); }); });
  forEachStrip([&] {
    KeyBlock own = block;
    Value shows = code.boolean(true);
    if (asksForParts && block.mayHide) {
      std::tie(own.visible, own.mayHide) = visibleParts(block);
      shows = code.compare(arith::CmpIPredicate::ne, own.visible, code.integer(0));
    }
    code.when(shows, [&] {
      for (Operation &before : kernel.getBody().front())
        if (before.isBeforeInBlock(op) && isFunction(before))
          emitFunction(before);
      storeState(emitBody(op, own, loadState()));
    });
  });
}

} // namespace attn::lower
