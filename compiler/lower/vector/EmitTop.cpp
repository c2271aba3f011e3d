#include "compiler/lower/vector/TileEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace attn::lower {

/// A list in scratch memory: for each of its places a row of values, the largest first, and a row of their keys; -inf and -1 where none has come yet.
static Value keysOf(Code &code, Value values) {
  return arith::BitcastOp::create(code.builder, code.location, cast<VectorType>(values.getType()).clone(Type(code.i32())), values);
}

static Value asValues(Code &code, Value keys) {
  return arith::BitcastOp::create(code.builder, code.location, cast<VectorType>(keys.getType()).clone(Type(code.f32())), keys);
}

/// No more than there are keys.
Value TileEmitter::placesOf(ir::TileTopInitOp op) {
  Value count = code.minimum(functions.emitScalar(op.getCount()), extentOf("j")), none = code.integer(0);
  return code.select(code.compare(arith::CmpIPredicate::sgt, count, none), count, none);
}

void TileEmitter::emitTopInit(ir::TileTopInitOp op) {
  Value list = scratchTiles[op.getResult()];
  Value lowest = code.real(-std::numeric_limits<double>::infinity(), vectorType);
  Value none = asValues(code, code.integer(-1, vectorType.clone(code.i32())));
  code.loop(code.integer(0), placesOf(op), 1, {}, [&](Value place, ValueRange) -> SmallVector<Value> {
    Value row = code.multiply(place, code.integer(2));
    for (int64_t part = 0; part < vectors; ++part) {
      storeScratch(lowest, list, row, part);
      storeScratch(none, list, code.add(row, code.integer(1)), part);
    }
    return {};
  });
}

/// Keys come in ascending order, so that one that equals the smallest of a full list is too late for it.
void TileEmitter::emitTopAbsorb(ir::TileTopAbsorbOp op) {
  auto init = op.getList().getDefiningOp<ir::TileTopInitOp>();
  Value list = scratchTiles[op.getList()], count = placesOf(init), scores = tiles[op.getScores()].address;
  KeyBlock block = blocks[op.getBlock()];
  Value two = code.integer(2), one = code.integer(1);
  auto greater = [&](Value left, Value right) -> Value {
    return arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::OGT, left, right);
  };
  code.when(code.compare(arith::CmpIPredicate::sgt, count, code.integer(0)), [&] {
    Value last = code.multiply(code.subtract(count, one), two);
    code.loop(code.integer(0), code.subtract(block.end, block.first), 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      SmallVector<Value> candidates;
      Value any = code.boolean(false);
      for (int64_t part = 0; part < vectors; ++part) {
        candidates.push_back(loadScratch(scores, row, part));
        Value enters = greater(candidates.back(), loadScratch(list, last, part));
        Value some = vector::ReductionOp::create(code.builder, code.location, vector::CombiningKind::OR, enters);
        any = arith::OrIOp::create(code.builder, code.location, any, some);
      }
      code.when(any, [&] {
        Value key = arith::TruncIOp::create(code.builder, code.location, code.i32(), code.add(block.first, row));
        Value keys = asValues(code, code.broadcast(key, vectorType.clone(code.i32())));
        SmallVector<Value> carried(candidates);
        carried.append(vectors, keys);
        code.loop(code.integer(0), count, 1, carried, [&](Value place, ValueRange values) {
          Value row = code.multiply(place, two), keyRow = code.add(row, one);
          SmallVector<Value> nextValues, nextKeys;
          for (int64_t part = 0; part < vectors; ++part) {
            Value listed = loadScratch(list, row, part), listedKeys = loadScratch(list, keyRow, part);
            Value value = values[part], ownKeys = values[vectors + part];
            // Of equal ones the earlier key goes first, also where a larger one has pushed it out of its place.
            Value isEqual = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::OEQ, value, listed);
            Value isEarlier = code.compare(arith::CmpIPredicate::slt, keysOf(code, ownKeys), keysOf(code, listedKeys));
            Value isLarger = arith::OrIOp::create(code.builder, code.location, greater(value, listed), code.both(isEqual, isEarlier));
            storeScratch(code.select(isLarger, value, listed), list, row, part);
            storeScratch(code.select(isLarger, ownKeys, listedKeys), list, keyRow, part);
            nextValues.push_back(code.select(isLarger, listed, value));
            nextKeys.push_back(code.select(isLarger, listedKeys, ownKeys));
          }
          nextValues.append(nextKeys);
          return nextValues;
        });
      });
      return {};
    });
  });
}

void TileEmitter::emitTopLast(ir::TileTopLastOp op) {
  auto init = op.getList().getDefiningOp<ir::TileTopInitOp>();
  Value list = scratchTiles[op.getList()], count = placesOf(init);
  Value infinity = code.real(std::numeric_limits<double>::infinity(), vectorType);
  Value none = asValues(code, code.integer(-1, vectorType.clone(code.i32())));
  SmallVector<Type> types(2 * vectors, vectorType);
  SmallVector<Value> parts = code.branch(
      code.compare(arith::CmpIPredicate::sgt, count, code.integer(0)), types,
      [&] {
        Value row = code.multiply(code.subtract(count, code.integer(1)), code.integer(2));
        SmallVector<Value> loaded;
        for (int64_t half = 0; half < 2; ++half)
          for (int64_t part = 0; part < vectors; ++part)
            loaded.push_back(loadScratch(list, code.add(row, code.integer(half)), part));
        return loaded;
      },
      [&] {
        SmallVector<Value> nothing(vectors, infinity);
        nothing.append(vectors, none);
        return nothing;
      });
  SmallVector<Value> keys;
  for (Value part : ArrayRef(parts).drop_front(vectors))
    keys.push_back(functions.resize(keysOf(code, part), 64));
  functions.define(op.getSmallest(), {SmallVector<Value>(ArrayRef(parts).take_front(vectors)), true, false});
  functions.define(op.getLast(), {keys, true, false});
}

void TileEmitter::emitRepeat(ir::TileRepeatOp op) {
  constexpr int64_t most = 64;
  SmallVector<Value> initial = functions.emitVectors(op.getInit());
  initial.append({code.integer(0), code.boolean(true)});
  SmallVector<Value> results = code.repeat(
      initial, [&](ValueRange values) { return values.back(); },
      [&](ValueRange values) {
        FunctionEmitter::Scope scope(functions);
        Block &body = op.getBody().front();
        functions.define(body.getArgument(0), {SmallVector<Value>(values.take_front(vectors)), true, false});
        for (Operation &inner : body)
          emitOperation(inner);
        SmallVector<Value> next = functions.emitVectors(body.getTerminator()->getOperand(0));
        Value grew = code.boolean(false);
        for (int64_t part = 0; part < vectors; ++part) {
          Value larger = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::OGT, next[part], values[part]);
          Value some = vector::ReductionOp::create(code.builder, code.location, vector::CombiningKind::OR, larger);
          grew = arith::OrIOp::create(code.builder, code.location, grew, some);
          next[part] = code.select(larger, next[part], values[part]);
        }
        Value step = code.add(values[vectors], code.integer(1));
        next.append({step, code.both(grew, code.compare(arith::CmpIPredicate::slt, step, code.integer(most)))});
        return next;
      });
  functions.define(op.getResult(), {SmallVector<Value>(ArrayRef(results).take_front(vectors)), true, false});
}

} // namespace attn::lower
