#include "compiler/lower/vector/Support.h"
#include "compiler/lower/vector/TileEmitter.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace attn::lower {

void TileEmitter::countVisited(const KeyBlock &block) {
  Value count = code.at(hint, code.i64(), 1);
  code.store(code.add(code.load(code.i64(), count, 8), code.subtract(block.end, block.first)), count, 8);
}

SmallVector<Value> TileEmitter::emitBlock(ir::TileVisitOp op, KeyBlock block, ValueRange state) {
  if (onlyVisits) {
    countVisited(block);
    return SmallVector<Value>(state);
  }
  Block &body = op.getBody().front();
  blocks[body.getArgument(0)] = block;
  states[body.getArgument(1)] = SmallVector<Value>(state);
  tiles[body.getArgument(2)] = tiles[op.getInits()[1]];
  for (Operation &inner : body)
    emitOperation(inner);
  return states[cast<ir::YieldOp>(body.getTerminator()).getOperand(0)];
}

void TileEmitter::emitVisit(ir::TileVisitOp op) {
  SmallVector<Value> state = states[op.getInits()[0]];
  if (op.getClassifier().empty()) {
    bool mayHide = false;
    op.getBody().walk([&](ir::TileMapOp map) { mayHide |= map.getBody().front().getTerminator()->getNumOperands() > 1; });
    Value keys = extentOf("j");
    state = code.loop(code.integer(0), keys, schedule.getKeyBlock(), state, [&](Value first, ValueRange carried) {
      Value end = code.minimum(code.add(first, code.integer(schedule.getKeyBlock())), keys);
      return emitBlock(op, {first, end, mayHide ? code.boolean(true) : Value()}, carried);
    });
  } else {
    state = visitClassified(op, state);
  }
  states[op.getResult(0)] = state;
  tiles[op.getResult(1)] = tiles[op.getInits()[1]];
}

/// The classifier as a function of its own: (run, uniform values..., first query, last query, first key, last key) -> two booleans.
static func::FuncOp outlineClassifier(Code &code, ir::TileKernelOp kernel, ir::TileVisitOp visit, SmallVector<Value> &uniforms) {
  auto module = kernel->getParentOfType<ModuleOp>();
  SmallVector<Type> inputs{code.pointer()};
  visit.getClassifier().walk([&](ir::UniformOp uniform) {
    uniforms.push_back(uniform.getOperand());
    inputs.push_back(uniform.getResult().getType());
  });
  inputs.append(4, code.i64());
  OpBuilder top = OpBuilder::atBlockEnd(module.getBody());
  auto type = FunctionType::get(kernel.getContext(), inputs, {code.i1(), code.i1()});
  std::string name = (kernel.getSymName() + ".classify").str();
  for (int64_t more = 2; module.lookupSymbol(name); ++more)
    name = (kernel.getSymName() + ".classify_" + Twine(more)).str();
  auto function = func::FuncOp::create(top, kernel.getLoc(), name, type);
  function.setPrivate();
  Block *entry = function.addEntryBlock();
  OpBuilder builder = OpBuilder::atBlockEnd(entry);
  Code inner(builder, kernel.getLoc());

  IRMapping mapping;
  Block &source = visit.getClassifier().front();
  for (unsigned n = 0; n < 4; ++n)
    mapping.map(source.getArgument(n), entry->getArgument(1 + uniforms.size() + n));
  unsigned argument = 1;
  source.walk([&](ir::UniformOp uniform) { mapping.map(uniform.getResult(), entry->getArgument(argument++)); });

  auto lowerTableRange = [&](ir::TableRangeOp range) {
    unsigned rank = range.getLow().size();
    auto array = [&](unsigned count) -> Value {
      OpBuilder atEntry = OpBuilder::atBlockBegin(entry);
      Code first(atEntry, range.getLoc());
      return LLVM::AllocaOp::create(atEntry, range.getLoc(), first.pointer(), first.i64(), first.integer(count), 8);
    };
    Value low = array(rank), high = array(rank), result = array(2);
    for (unsigned n = 0; n < rank; ++n) {
      inner.store(mapping.lookup(range.getLow()[n]), inner.at(low, inner.i64(), n), 8);
      inner.store(mapping.lookup(range.getHigh()[n]), inner.at(high, inner.i64(), n), 8);
    }
    bool isFloat = isa<FloatType>(range.getMinimum().getType());
    Value tensor = inner.integer(range.getTensor().getDefiningOp<ir::TensorOp>().getIndex(), inner.i32());
    Value known = callSupport(inner, isFloat ? "attn_table_range_float" : "attn_table_range_int",
                              {entry->getArgument(0), tensor, low, high, result}, inner.i32())[0];
    mapping.map(range.getKnown(), inner.compare(arith::CmpIPredicate::ne, known, inner.integer(0, inner.i32())));
    mapping.map(range.getMinimum(), inner.load(range.getMinimum().getType(), result, 8));
    mapping.map(range.getMaximum(), inner.load(range.getMaximum().getType(), inner.at(result, inner.i64(), 1), 8));
  };
  for (Operation &op : source) {
    if (isa<ir::UniformOp>(op))
      continue;
    if (auto range = dyn_cast<ir::TableRangeOp>(op)) {
      lowerTableRange(range);
    } else if (auto yield = dyn_cast<ir::YieldOp>(op)) {
      func::ReturnOp::create(builder, op.getLoc(), ValueRange{mapping.lookup(yield.getOperand(0)), mapping.lookup(yield.getOperand(1))});
    } else {
      builder.clone(op, mapping);
    }
  }
  return function;
}

std::pair<Value, Value> TileEmitter::classify(Value first, Value last) {
  SmallVector<Value> arguments(classifierArguments);
  arguments.append({first, last});
  auto call = func::CallOp::create(code.builder, code.location, classifier, arguments);
  return {call.getResult(0), call.getResult(1)};
}

KeyBlock TileEmitter::trim(KeyBlock block) {
  // Halving steps: keyBlock / 2, ..., keyStep.
  int64_t steps = llvm::Log2_64(schedule.getKeyBlock() / schedule.getKeyStep());
  Value half = code.integer(schedule.getKeyBlock() / 2), one = code.integer(1);
  SmallVector<Value> ends = code.loop(code.integer(0), code.integer(steps), 1, {block.first, block.end}, [&](Value step, ValueRange ends) {
    Value size = arith::ShRUIOp::create(code.builder, code.location, half, step);
    auto movesTo = [&](Value candidate, Value first, Value last, Value old) {
      Value inside = code.both(code.compare(arith::CmpIPredicate::slt, ends[0], candidate),
                               code.compare(arith::CmpIPredicate::slt, candidate, ends[1]));
      return code.branch(
          inside, code.i64(),
          [&]() -> SmallVector<Value> { return {code.select(classify(first, last).first, old, candidate)}; },
          [&]() -> SmallVector<Value> { return {old}; })[0];
    };
    Value begin = code.add(ends[0], size), end = code.subtract(ends[1], size);
    Value newFirst = movesTo(begin, ends[0], code.subtract(begin, one), ends[0]);
    Value newEnd = movesTo(end, end, code.subtract(ends[1], one), ends[1]);
    // Both may move only while something is left between them.
    Value apart = code.compare(arith::CmpIPredicate::slt, newFirst, newEnd);
    return SmallVector<Value>{newFirst, code.select(apart, newEnd, ends[1])};
  });
  return {ends[0], ends[1], block.mayHide};
}

/// Blocks start at multiples of the key block, so that sums are formed in the same order wherever the search for visible keys began. Where
/// nothing is visible the search takes ever larger steps, and where a large step holds something visible it takes half of it.
SmallVector<Value> TileEmitter::visitClassified(ir::TileVisitOp op, ValueRange state) {
  SmallVector<Value> uniforms;
  classifier = outlineClassifier(code, kernel, op, uniforms);
  classifierArguments = {run.pointer()};
  for (Value uniform : uniforms)
    classifierArguments.push_back(functions.emitScalar(uniform));
  Value lastQuery = code.subtract(code.add(functions.place.firstQuery, rows), code.integer(1));
  classifierArguments.append({functions.place.firstQuery, lastQuery});

  Value keys = extentOf("j"), one = code.integer(1), blockSize = code.integer(schedule.getKeyBlock());
  // The last row block's beginning is a good guess, if nothing before it is visible here either.
  Value guess = code.load(code.i64(), hint, 8);
  Value useful = code.both(code.compare(arith::CmpIPredicate::sgt, guess, code.integer(0)),
                           code.compare(arith::CmpIPredicate::slt, guess, keys));
  Value begin = code.branch(
      useful, code.i64(),
      [&]() -> SmallVector<Value> {
        return {code.select(classify(code.integer(0), code.subtract(guess, one)).first, code.integer(0), guess)};
      },
      [&]() -> SmallVector<Value> { return {code.integer(0)}; })[0];

  // Carried: next key, step, whether a block was processed just before, whether any was, the state.
  SmallVector<Value> initial{begin, blockSize, code.boolean(false), code.boolean(false)};
  initial.append(state.begin(), state.end());
  SmallVector<Value> results = code.repeat(
      initial, [&](ValueRange values) { return code.compare(arith::CmpIPredicate::slt, values[0], keys); },
      [&](ValueRange values) {
        Value first = values[0], step = values[1];
        Value end = code.minimum(code.add(first, step), keys);
        auto [mayShow, mayHide] = classify(first, code.subtract(end, one));
        Value isOneBlock = code.compare(arith::CmpIPredicate::sle, step, blockSize);
        SmallVector<Type> types = llvm::to_vector(llvm::map_range(values, [](Value value) { return value.getType(); }));
        return code.branch(
            code.both(mayShow, isOneBlock), types,
            [&]() -> SmallVector<Value> {
              code.when(code.negate(values[3]), [&] { code.store(first, hint, 8); });
              SmallVector<Value> ends = code.branch(
                  mayHide, {code.i64(), code.i64()},
                  [&]() -> SmallVector<Value> {
                    KeyBlock trimmed = trim({first, end, mayHide});
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
