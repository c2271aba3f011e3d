#include "compiler/lower/vector/Classifier.h"
#include "compiler/lower/vector/Support.h"
#include "compiler/lower/vector/TileEmitter.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace attn::lower {

void TileEmitter::countVisited(const KeyBlock &block) {
  auto add = [&](VisitCount which, Value more) {
    Value count = code.at(hint, code.i64(), 1 + which);
    code.store(code.add(code.load(code.i64(), count, 8), more), count, 8);
  };
  Value one = code.integer(1), full = block.mayHide ? code.select(block.mayHide, code.integer(0), one) : one;
  add(visitedPairs, code.multiply(code.subtract(block.end, block.first), rows));
  add(visitedBlocks, one);
  add(fullBlocks, full);
}

SmallVector<Value> TileEmitter::registersOf(ValueRange carried) {
  SmallVector<Value> registers;
  for (Value value : carried) {
    if (isa<ir::StateType>(value.getType()))
      llvm::append_range(registers, states[value]);
    else if (isa<ir::FnType>(value.getType()))
      llvm::append_range(registers, functions.emitVectors(value));
  }
  return registers;
}

void TileEmitter::setRegisters(ValueRange carried, ValueRange registers) {
  for (Value value : carried) {
    size_t count = isa<ir::FnType>(value.getType()) ? vectors : 0;
    if (isa<ir::StateType>(value.getType()))
      states[value] = SmallVector<Value>(registers.take_front(count = normaliserOf(value).initial().size()));
    else if (count)
      functions.define(value, {SmallVector<Value>(registers.take_front(count)), true, false});
    registers = registers.drop_front(count);
  }
}

SmallVector<Value>
TileEmitter::forEachPart(ir::TileVisitOp op, KeyBlock block, ValueRange carried,
                         function_ref<SmallVector<Value>(KeyBlock, ValueRange)> body) {
  FunctionEmitter::Scope ofBlock(functions);
  auto emitPart = [&](KeyBlock part, ValueRange values) {
    FunctionEmitter::Scope scope(functions);
    blocks[op.getBody().front().getArgument(0)] = part;
    currentBlock = part;
    functions.place.firstKey = part.first;
    return body(part, values);
  };
  if (op.getSplits().empty())
    return emitPart(block, carried);
  SmallVector<Value> splits = llvm::map_to_vector(op.getSplits(), [&](Value split) { return functions.emitScalar(split); });
  // Carried: how far the block is done, from its first key on or from its last key down; then the rest.
  bool descending = op.getDescending();
  SmallVector<Value> initial{descending ? block.end : block.first};
  initial.append(carried.begin(), carried.end());
  auto isLeft = [&](ValueRange values) {
    return descending ? code.compare(arith::CmpIPredicate::slt, block.first, values[0])
                      : code.compare(arith::CmpIPredicate::slt, values[0], block.end);
  };
  SmallVector<Value> results = code.repeat(initial, isLeft, [&](ValueRange values) {
    KeyBlock part{descending ? block.first : values[0], descending ? values[0] : block.end, block.mayHide};
    for (Value split : splits) {
      Value isInside = code.both(code.compare(arith::CmpIPredicate::slt, part.first, split),
                                 code.compare(arith::CmpIPredicate::slt, split, part.end));
      Value &bound = descending ? part.first : part.end;
      bound = code.select(isInside, split, bound);
    }
    SmallVector<Value> next{descending ? part.first : part.end};
    next.append(emitPart(part, values.drop_front()));
    return next;
  });
  return SmallVector<Value>(llvm::drop_begin(results));
}

SmallVector<Value> TileEmitter::emitBlock(ir::TileVisitOp op, KeyBlock block, ValueRange carried) {
  if (onlyVisits) {
    countVisited(block);
    return SmallVector<Value>(carried);
  }
  return forEachPart(op, block, carried, [&](KeyBlock part, ValueRange values) {
    if (hasStrips()) {
      emitBlockInStrips(op, part);
      return SmallVector<Value>();
    }
    if (asksForParts && part.mayHide)
      part.visible = visibleParts(part).first;
    return emitBody(op, part, values);
  });
}

SmallVector<Value> TileEmitter::emitBody(ir::TileVisitOp op, const KeyBlock &block, ValueRange registers) {
  Block &body = op.getBody().front();
  blocks[body.getArgument(0)] = currentBlock = block;
  takeOver(body.getArguments().drop_front(), op.getInits(), registers);
  for (Operation &inner : body)
    emitOperation(inner);
  return registersOf(body.getTerminator()->getOperands());
}

void TileEmitter::takeOver(ValueRange values, ValueRange carried, ValueRange registers) {
  setRegisters(values, registers);
  for (auto [value, before] : llvm::zip(values, carried))
    if (isa<ir::TileType>(value.getType()))
      tiles[value] = tiles[before];
}

SmallVector<Value> TileEmitter::visitKeys(ir::TileVisitOp op, ValueRange carried) {
  asksForParts = false;
  if (op.getClassifier().empty())
    return visitAll(op, carried);
  return op.getDescending() ? visitDescending(op, carried) : visitClassified(op, carried);
}

void TileEmitter::emitVisit(ir::TileVisitOp op) {
  // Where only visits are emitted there is nothing to carry: what comes before them isn't.
  SmallVector<Value> carried = visitKeys(op, onlyVisits ? SmallVector<Value>() : registersOf(op.getInits()));
  if (!onlyVisits)
    takeOver(op.getResults(), op.getInits(), carried);
}

/// Every block of keys.
SmallVector<Value> TileEmitter::visitAll(ir::TileVisitOp op, ValueRange carried) {
  bool mayHide = false;
  op.getBody().walk([&](ir::TileMapOp map) { mayHide |= map.getMask() != nullptr; });
  Value keys = keysEnd(), size = code.integer(schedule.getKeyBlock());
  Value whole = code.roundUp(keys, schedule.getKeyBlock());
  return code.loop(keysBegin(), keys, schedule.getKeyBlock(), carried, [&](Value step, ValueRange values) {
    Value first = op.getDescending() ? code.subtract(code.subtract(whole, size), step) : step;
    Value end = code.minimum(code.add(first, size), keys);
    return emitBlock(op, {first, end, mayHide ? code.boolean(true) : Value()}, values);
  });
}

/// The blocks with something visible, the last first. Each is classified by itself.
SmallVector<Value> TileEmitter::visitDescending(ir::TileVisitOp op, ValueRange carried) {
  prepareClassifier(op);
  Value keys = extentOf("j"), one = code.integer(1), size = code.integer(schedule.getKeyBlock());
  Value whole = code.roundUp(keys, schedule.getKeyBlock());
  SmallVector<Type> types = llvm::map_to_vector(carried, [](Value value) { return value.getType(); });
  return code.loop(code.integer(0), keys, schedule.getKeyBlock(), carried, [&](Value step, ValueRange values) {
    Value first = code.subtract(code.subtract(whole, size), step);
    Value end = code.minimum(code.add(first, size), keys);
    Value last = code.subtract(end, one);
    auto [mayShow, mayHide] = classifyParts(first, last, code.boolean(true));
    return code.branch(
        mayShow, types, [&] { return emitBlock(op, {first, end, mayHide}, values); }, [&] { return SmallVector<Value>(values); });
  });
}

TileEmitter::TileAnswer TileEmitter::classify(Value first, Value last) {
  SmallVector<Value> arguments(classifierArguments);
  arguments.append({first, last});
  auto call = func::CallOp::create(code.builder, code.location, classifier, arguments);
  Value open = code.both(call.getResult(0), call.getResult(1));
  if (call.getNumResults() > 2)
    open = code.both(open, code.negate(call.getResult(2)));
  return {call.getResult(0), call.getResult(1), open};
}

SmallVector<Value> TileEmitter::classifierArgumentsOf(Value firstQuery, Value lastQuery) {
  SmallVector<Value> arguments(ArrayRef(classifierArguments).take_front(uniformArguments));
  arguments.append({firstQuery, lastQuery});
  if (rowClassifier)
    llvm::append_range(arguments, func::CallOp::create(code.builder, code.location, rowClassifier, SmallVector<Value>(arguments)).getResults());
  return arguments;
}

std::pair<Value, Value> TileEmitter::visibleParts(const KeyBlock &block) {
  Value all = code.integer(-1), one = code.integer(1), zero = code.integer(0), last = code.integer(visibleSide - 1);
  auto find = [&]() -> SmallVector<Value> {
    auto [firstQuery, lastQuery] = queriesOfBlock();
    Value lastKey = code.subtract(block.end, one), begin = firstQuery, end = lastQuery;
    auto ask = [&](SmallVector<Value> arguments, Value first, Value last) {
      arguments.append({first, last});
      return func::CallOp::create(code.builder, code.location, classifier, arguments);
    };
    SmallVector<Value> found = code.loop(
        zero, code.integer(schedule.queryBlock() / visibleSide), 1, {zero, code.boolean(false)},
        [&](Value group, ValueRange sofar) -> SmallVector<Value> {
          Value query = code.add(begin, code.multiply(group, code.integer(visibleSide)));
          return code.branch(
              code.compare(arith::CmpIPredicate::sle, query, end), {code.i64(), code.i1()},
              [&]() -> SmallVector<Value> {
                SmallVector<Value> arguments = classifierArgumentsOf(query, code.minimum(end, code.add(query, last)));
                Value bits = sofar[0], hides = sofar[1];
                for (int64_t half = 0; half < 2; ++half) {
                  Value key = code.add(block.first, code.integer(half * visibleSide));
                  SmallVector<Value> answer = code.branch(
                      code.compare(arith::CmpIPredicate::sle, key, lastKey), {code.i1(), code.i1()},
                      [&]() -> SmallVector<Value> {
                        auto call = ask(arguments, key, code.minimum(lastKey, code.add(key, last)));
                        return {call.getResult(0), call.getResult(1)};
                      },
                      [&]() -> SmallVector<Value> { return {code.boolean(false), code.boolean(false)}; });
                  Value bit = code.add(code.multiply(group, code.integer(2)), code.integer(half));
                  Value set = arith::ShLIOp::create(code.builder, code.location, one, bit);
                  bits = arith::OrIOp::create(code.builder, code.location, bits, code.select(answer[0], set, zero));
                  hides = arith::OrIOp::create(code.builder, code.location, hides, answer[1]);
                }
                return {bits, hides};
              },
              [&]() -> SmallVector<Value> { return SmallVector<Value>(sofar); });
        });
    return found;
  };
  SmallVector<Value> found =
      code.branch(block.mayHide, {code.i64(), code.i1()}, find, [&]() -> SmallVector<Value> { return {all, code.boolean(false)}; });
  return {found[0], found[1]};
}

std::pair<Value, Value> TileEmitter::classifyParts(Value first, Value last, Value condition) {
  TileAnswer whole = classify(first, last);
  if (!partClassifier)
    return {whole.mayShow, whole.mayHide};
  SmallVector<Value> answer = code.branch(
      code.both(condition, whole.isOpen), {code.i1(), code.i1()},
      [&]() -> SmallVector<Value> {
        Value function = func::ConstantOp::create(code.builder, code.location, partClassifier.getFunctionType(), partClassifier.getSymName());
        Value credit = code.at(partArguments, code.i64(), partWords() - 1);
        auto [firstQuery, lastQuery] = queriesOfBlock();
        Value found = callSupport(code, "attn_classify_parts",
                                  {function, partArguments, credit, firstQuery, lastQuery, first, last},
                                  code.i32())[0];
        auto has = [&](int64_t bit) {
          Value masked = arith::AndIOp::create(code.builder, code.location, found, code.integer(bit, code.i32()));
          return code.compare(arith::CmpIPredicate::ne, masked, code.integer(0, code.i32()));
        };
        return {has(1), has(2)};
      },
      [&]() -> SmallVector<Value> {
        return {whole.mayShow, whole.mayHide};
      });
  return {answer[0], answer[1]};
}

KeyBlock TileEmitter::trim(KeyBlock block, Value followsVisible) {
  // Halving steps: keyBlock / 2, ..., keyStep.
  int64_t steps = llvm::Log2_64(schedule.getKeyBlock() / schedule.getKeyStep());
  Value half = code.integer(schedule.getKeyBlock() / 2), one = code.integer(1);
  SmallVector<Value> ends = code.loop(code.integer(0), code.integer(steps), 1, {block.first, block.end}, [&](Value step, ValueRange ends) {
    Value size = arith::ShRUIOp::create(code.builder, code.location, half, step);
    auto movesTo = [&](Value condition, Value candidate, Value first, Value last, Value old) {
      Value inside = code.both(code.compare(arith::CmpIPredicate::slt, ends[0], candidate),
                               code.compare(arith::CmpIPredicate::slt, candidate, ends[1]));
      return code.branch(
          code.both(condition, inside), code.i64(),
          [&]() -> SmallVector<Value> { return {code.select(classify(first, last).mayShow, old, candidate)}; },
          [&]() -> SmallVector<Value> { return {old}; })[0];
    };
    Value begin = code.add(ends[0], size), end = code.subtract(ends[1], size);
    Value newFirst = movesTo(code.negate(followsVisible), begin, ends[0], code.subtract(begin, one), ends[0]);
    Value newEnd = movesTo(code.boolean(true), end, end, code.subtract(ends[1], one), ends[1]);
    // Both may move only while something is left between them.
    Value apart = code.compare(arith::CmpIPredicate::slt, newFirst, newEnd);
    return SmallVector<Value>{newFirst, code.select(apart, newEnd, ends[1])};
  });
  return {ends[0], ends[1], block.mayHide};
}

void TileEmitter::prepareClassifier(ir::TileVisitOp op) {
  Classifier outlined = outlineClassifier(code, kernel, op);
  classifier = outlined.tile;
  classifierArguments = {run.pointer()};
  for (Value uniform : outlined.uniforms)
    classifierArguments.push_back(functions.emitScalar(uniform));
  partClassifier = outlined.part;
  if (partClassifier) {
    for (auto [n, value] : llvm::enumerate(classifierArguments))
      code.store(value, code.at(partArguments, code.i64(), int64_t(n)), 8);
    code.store(code.integer(0), code.at(partArguments, code.i64(), partWords() - 1), 8);
  }
  auto [first, last] = queriesOfBlock();
  classifierArguments.append({first, last});
  // What tables say of queries is asked again for each strip, but not for parts of those that are side by side.
  rowClassifier = outlined.rowBlock;
  uniformArguments = classifierArguments.size() - 2;
  asksForParts = usesMatrixUnit() && schedule.getKeyBlock() <= 2 * visibleSide && !onlyVisits && !holdsGroups() &&
                 (!rowClassifier || hasStrips());
  if (outlined.rowBlock)
    llvm::append_range(classifierArguments,
                       func::CallOp::create(code.builder, code.location, outlined.rowBlock, classifierArguments).getResults());
}

/// Blocks start at multiples of the key block, so that sums are formed in the same order wherever the search for visible keys began. Where
/// nothing is visible the search takes ever larger steps, and where a large step holds something visible it takes half of it.
SmallVector<Value> TileEmitter::visitClassified(ir::TileVisitOp op, ValueRange state) {
  prepareClassifier(op);
  Value start = keysBegin(), keys = keysEnd(), one = code.integer(1), blockSize = code.integer(schedule.getKeyBlock());
  // The last row block's beginning is a good guess, if nothing before it is visible here either.
  Value guess = code.load(code.i64(), hint, 8);
  Value useful = code.both(code.compare(arith::CmpIPredicate::sgt, guess, start),
                           code.compare(arith::CmpIPredicate::slt, guess, keys));
  Value begin = code.branch(
      useful, code.i64(),
      [&]() -> SmallVector<Value> {
        return {code.select(classify(start, code.subtract(guess, one)).mayShow, start, guess)};
      },
      [&]() -> SmallVector<Value> { return {start}; })[0];

  // Carried: next key, step, whether a block was processed just before, whether any was, the state.
  SmallVector<Value> initial{begin, blockSize, code.boolean(false), code.boolean(false)};
  initial.append(state.begin(), state.end());
  SmallVector<Value> results = code.repeat(
      initial, [&](ValueRange values) { return code.compare(arith::CmpIPredicate::slt, values[0], keys); },
      [&](ValueRange values) {
        Value first = values[0], step = values[1];
        Value end = code.minimum(code.add(first, step), keys);
        Value last = code.subtract(end, one);
        Value isOneBlock = code.compare(arith::CmpIPredicate::sle, step, blockSize);
        auto [mayShow, mayHide] = classifyParts(first, last, isOneBlock);
        SmallVector<Type> types = llvm::to_vector(llvm::map_range(values, [](Value value) { return value.getType(); }));
        return code.branch(
            code.both(mayShow, isOneBlock), types,
            [&]() -> SmallVector<Value> {
              code.when(code.negate(values[3]), [&] { code.store(first, hint, 8); });
              SmallVector<Value> ends = code.branch(
                  mayHide, {code.i64(), code.i64()},
                  [&]() -> SmallVector<Value> {
                    KeyBlock trimmed = trim({first, end, mayHide}, values[2]);
                    return {trimmed.first, trimmed.end};
                  },
                  [&]() -> SmallVector<Value> { return {first, end}; });
              SmallVector<Value> next{end, blockSize, code.boolean(true), code.boolean(true)};
              next.append(emitBlock(op, {ends[0], ends[1], mayHide}, values.drop_front(4)));
              return next;
            },
            [&]() -> SmallVector<Value> {
              // After a processed block nothing may be left at all: try the rest, rounded up to a power of two of blocks.
              Value left = code.divide(code.add(code.subtract(keys, end), code.subtract(blockSize, one)), blockSize);
              Value zeros = math::CountLeadingZerosOp::create(code.builder, code.location, code.subtract(left, one));
              Value power = arith::ShLIOp::create(code.builder, code.location, one, code.subtract(code.integer(64), zeros));
              Value rest = code.select(code.compare(arith::CmpIPredicate::sgt, left, one), code.multiply(power, blockSize), blockSize);
              Value doubled = code.multiply(step, code.integer(2));
              Value halved = code.divide(step, code.integer(2));
              Value skipped = code.select(values[2], rest, doubled);
              SmallVector<Value> next{code.select(mayShow, first, end), code.select(mayShow, halved, skipped), code.boolean(false),
                                      values[3]};
              next.append(values.begin() + 4, values.end());
              return next;
            });
      });
  return SmallVector<Value>(llvm::drop_begin(results, 4));
}

} // namespace attn::lower
