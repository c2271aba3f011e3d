#include "compiler/lower/vector/TileEmitter.h"

using namespace mlir;

namespace attn::lower {

static bool hasQueries(ArrayAttr axes) { return llvm::is_contained(axes.getAsValueRange<StringAttr>(), "i"); }
static bool variesWithQueries(Value value) { return cast<ir::FnType>(value.getType()).variesWith("i"); }

bool TileEmitter::isStill(Operation &op) {
  if (auto row = dyn_cast<ir::TileStoreRowOp>(op))
    return !hasQueries(row.getAxes()) && !variesWithQueries(row.getValue());
  if (auto store = dyn_cast<ir::TileStoreOp>(op)) {
    auto tile = store.getTile().getDefiningOp<ir::TileComputeOp>();
    return !hasQueries(store.getAxes()) && tile && !variesWithQueries(tile.getValue());
  }
  return isa<ir::TileComputeOp>(op) &&
         llvm::any_of(op.getUsers(), [&](Operation *user) { return isa<ir::TileStoreOp>(user) && isStill(*user); });
}

bool TileEmitter::storesStill() {
  return kernel.extentOf("i") >= 0 && kernel.getBody().walk([&](Operation *op) {
           return isa<ir::TileStoreOp, ir::TileStoreRowOp>(op) && isStill(*op) ? WalkResult::interrupt() : WalkResult::advance();
         }).wasInterrupted();
}

void TileEmitter::emitStill() {
  Value isFirst = code.compare(arith::CmpIPredicate::eq, functions.place.firstQuery, code.integer(0));
  if (merge)
    isFirst = code.both(isFirst, code.compare(arith::CmpIPredicate::eq, part, code.integer(0)));
  code.when(isFirst, [&] {
    FunctionEmitter::Scope scope(functions);
    isCareful = code.boolean(false);
    exact = SmallVector<Value>(vectors, code.broadcast(isCareful, functions.vectorType(code.i1())));
    rows = code.integer(1);
    auto emitStillOf = [&](Block &block) {
      for (Operation &op : block)
        if (auto visit = dyn_cast<ir::TileVisitOp>(op))
          emitStillVisit(visit);
        else if (isStill(op))
          emitOperation(op);
    };
    emitStillOf(kernel.getBody().front());
    if (merge)
      emitStillOf(merge.getBody().front());
  });
}

/// What of a pass over the keys is stored once for every key.
void TileEmitter::emitStillVisit(ir::TileVisitOp op) {
  Block &body = op.getBody().front();
  if (llvm::none_of(body, [&](Operation &inner) { return isStill(inner); }))
    return;
  Value keys = extentOf("j");
  code.loop(code.integer(0), keys, schedule.getKeyBlock(), {}, [&](Value first, ValueRange) -> SmallVector<Value> {
    KeyBlock block{first, code.minimum(code.add(first, code.integer(schedule.getKeyBlock())), keys), Value()};
    return forEachPart(op, block, {}, [&](KeyBlock, ValueRange) -> SmallVector<Value> {
      for (Operation &inner : body)
        if (isStill(inner))
          emitOperation(inner);
      return {};
    });
  });
}

} // namespace attn::lower
