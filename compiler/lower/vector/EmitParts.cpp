#include "compiler/lower/Parts.h"
#include "compiler/lower/vector/Reductions.h"
#include "compiler/lower/vector/TileEmitter.h"
#include "runtime/kernel/Kernel.h"

using namespace mlir;

namespace attn::lower {

/// An i1 is stored as an i32.
static Type storedType(Code &code, Type type) {
  return getElementTypeOrSelf(type).isInteger(1) ? Type(cast<VectorType>(type).clone(code.i32())) : type;
}

Value TileEmitter::keysBegin() {
  return merge ? code.multiply(currentPart, run.field(offsetof(attn_run, part_keys), code.i64())) : code.integer(0);
}

Value TileEmitter::keysEnd() {
  return merge ? code.minimum(code.add(keysBegin(), run.field(offsetof(attn_run, part_keys), code.i64())), extentOf("j")) : extentOf("j");
}

/// As many parts as bring the number of tasks to what the schedule asks for, with as many keys each as it asks for, that fit in memory.
std::optional<TileEmitter::Parts> TileEmitter::chooseParts() {
  if (!merge)
    return std::nullopt;
  Value one = code.integer(1), keys = extentOf("j"), blocks = taskCount();
  auto atLeastOne = [&](Value value) { return code.select(code.compare(arith::CmpIPredicate::sgt, value, one), value, one); };
  auto quotientUp = [&](Value value, Value divisor) { return code.divide(code.add(value, code.subtract(divisor, one)), divisor); };
  blocks = atLeastOne(blocks);
  Value floats = partLayout().end;
  Value wanted = quotientUp(code.integer(schedule.getTasks()), blocks);
  Value large = code.divide(keys, code.integer(schedule.getPartKeys()));
  Value fitting = code.divide(code.divide(code.integer(mostPartBytes / 4), blocks), atLeastOne(floats));
  Value count = atLeastOne(code.minimum(code.minimum(wanted, large), fitting));
  Value each = code.roundUp(quotientUp(keys, count), schedule.getKeyBlock());
  return Parts{atLeastOne(quotientUp(keys, atLeastOne(each))), each, floats};
}

TileEmitter::PartLayout TileEmitter::partLayout() {
  PartLayout layout;
  Value next = code.integer(usesMatrixUnit() ? 16 : 0);
  for (Value operand : merge.getPart()) {
    layout.offsets.push_back(next);
    if (isa<ir::TileType>(operand.getType())) {
      next = code.add(next, code.roundUp(accumulatorFloats(operand, code.integer(schedule.queryBlock())), 16));
      continue;
    }
    for (Type type : registerTypes(operand))
      next = code.add(next, code.integer(registerFloats(type)));
  }
  layout.end = next;
  return layout;
}

Value TileEmitter::accumulatorFloats(Value accumulator, Value queries) {
  if (lanesOf(accumulator) == "i")
    return code.multiply(extentOf(featureOf(accumulator)), code.integer(schedule.queryBlock()));
  return code.multiply(queries, rowFloats(accumulator));
}

SmallVector<Type> TileEmitter::registerTypes(Value carried) {
  if (auto function = dyn_cast<ir::FnType>(carried.getType()))
    return SmallVector<Type>(vectors, storedType(code, vectorType.clone(function.getElementType())));
  return SmallVector<Type>(normaliserOf(carried).initial().size(), vectorType);
}

int64_t TileEmitter::registerFloats(Type type) {
  return int64_t(llvm::alignTo(schedule.getLanes() * getElementTypeOrSelf(type).getIntOrFloatBitWidth() / 32, 16));
}

Value TileEmitter::stateOfPart(Value number) {
  Value task = code.add(code.multiply(rowBlock, parts), number);
  Value bytes = code.multiply(task, run.field(offsetof(attn_run, part_bytes), code.i64()));
  return code.at(run.field(offsetof(attn_run, part_states), code.pointer()), code.builder.getI8Type(), bytes);
}

void TileEmitter::copyAccumulator(Value accumulator, Value source, Value target) {
  unsigned alignment = 4 * schedule.getLanes();
  code.loop(code.integer(0), accumulatorFloats(accumulator, rows), schedule.getLanes(), {}, [&](Value element, ValueRange) -> SmallVector<Value> {
    code.store(code.load(vectorType, code.at(source, code.f32(), element), alignment), code.at(target, code.f32(), element), alignment);
    return {};
  });
}

void TileEmitter::storePart(const PartLayout &layout, ValueRange registers) {
  Value state = stateOfPart(currentPart);
  if (usesMatrixUnit())
    code.store(code.load(code.i32(), irregular, 4), state, 4);
  for (auto [operand, offset] : llvm::zip(merge.getPart(), layout.offsets)) {
    Value place = code.at(state, code.f32(), offset);
    if (isa<ir::TileType>(operand.getType())) {
      copyAccumulator(operand, tiles[operand].address, place);
      continue;
    }
    for (Type type : registerTypes(operand)) {
      Value value = registers.front();
      registers = registers.drop_front();
      if (value.getType() != type)
        value = arith::ExtUIOp::create(code.builder, code.location, type, value);
      code.store(value, place, 64);
      place = code.at(place, code.f32(), registerFloats(type));
    }
  }
}

SmallVector<Value> TileEmitter::loadRegisters(const PartLayout &layout, Value state) {
  SmallVector<Value> registers;
  for (auto [operand, offset] : llvm::zip(merge.getPart(), layout.offsets)) {
    if (isa<ir::TileType>(operand.getType()))
      continue;
    bool isBoolean = isa<ir::FnType>(operand.getType()) && cast<ir::FnType>(operand.getType()).getElementType().isInteger(1);
    Value place = code.at(state, code.f32(), offset);
    for (Type type : registerTypes(operand)) {
      Value value = code.load(type, place, 64);
      registers.push_back(isBoolean ? code.compare(arith::CmpIPredicate::ne, value, code.integer(0, type)) : value);
      place = code.at(place, code.f32(), registerFloats(type));
    }
  }
  return registers;
}

/// The state of the first part, then each other one in turn.
SmallVector<Value> TileEmitter::mergeParts(const PartLayout &layout) {
  Value first = stateOfPart(code.integer(0));
  auto noteIrregularOf = [&](Value state) {
    if (usesMatrixUnit())
      noteIrregular(code.load(code.i32(), state, 4));
  };
  noteIrregularOf(first);
  for (auto [operand, offset] : llvm::zip(merge.getPart(), layout.offsets))
    if (isa<ir::TileType>(operand.getType()))
      copyAccumulator(operand, code.at(first, code.f32(), offset), tiles[operand].address);
  return code.loop(code.integer(1), parts, 1, loadRegisters(layout, first), [&](Value number, ValueRange ours) {
    Value state = stateOfPart(number);
    noteIrregularOf(state);
    SmallVector<Value> loaded = loadRegisters(layout, state), next, unit = whereExact(4, 1);
    ValueRange theirs = loaded;
    Normaliser::Combined plain = plainSum->combine({}, {}, unit), combined;
    ArrayRef<int64_t> accumulators = merge.getAccumulators();
    auto kinds = merge.getReductions().getAsRange<ir::ReductionKindAttr>().begin();
    int64_t ofState = 0;
    for (auto [operand, offset] : llvm::zip(merge.getPart(), layout.offsets)) {
      if (isa<ir::TileType>(operand.getType())) {
        combineAccumulators(operand, code.at(state, code.f32(), offset), ofState-- > 0 ? combined : plain);
        continue;
      }
      size_t count = registerTypes(operand).size();
      if (isa<ir::StateType>(operand.getType())) {
        combined = normaliserOf(operand).combine(ours.take_front(count), theirs.take_front(count), unit);
        llvm::append_range(next, combined.state);
        ofState = accumulators.front();
        accumulators = accumulators.drop_front();
      } else {
        ir::ReductionKind kind = (*kinds++).getValue();
        for (size_t part = 0; part < count; ++part)
          next.push_back(combine(code, kind, ours[part], theirs[part]));
      }
      ours = ours.drop_front(count), theirs = theirs.drop_front(count);
    }
    return next;
  });
}

/// Counts the part as done. Whoever counts the last sees what all others have stored.
Value TileEmitter::countPart() {
  Value one = code.integer(1), last = code.subtract(parts, one);
  return code.branch(
      isCareful, code.i1(), [&]() -> SmallVector<Value> { return {code.compare(arith::CmpIPredicate::eq, currentPart, last)}; },
      [&]() -> SmallVector<Value> {
        Value count = code.at(run.field(offsetof(attn_run, parts_done), code.pointer()), code.i64(), rowBlock);
        Value before = LLVM::AtomicRMWOp::create(code.builder, code.location, LLVM::AtomicBinOp::add, count, one, LLVM::AtomicOrdering::acq_rel);
        return {code.compare(arith::CmpIPredicate::eq, before, last)};
      })[0];
}

void TileEmitter::emitMerge(ir::TileMergeOp op) {
  PartLayout layout = partLayout();
  SmallVector<Value> own = registersOf(op.getPart());
  SmallVector<Type> types{code.i1()};
  llvm::append_range(types, ValueRange(own).getTypes());
  auto with = [&](bool isLast, ValueRange registers) {
    SmallVector<Value> values{code.boolean(isLast)};
    llvm::append_range(values, registers);
    return values;
  };
  SmallVector<Value> merged = code.branch(
      code.compare(arith::CmpIPredicate::sgt, parts, code.integer(1)), types,
      [&] {
        storePart(layout, own);
        return code.branch(countPart(), types, [&] { return with(true, mergeParts(layout)); }, [&] { return with(false, own); });
      },
      [&] { return with(true, own); });
  isLastPart = merged.front();
  SmallVector<Type> found{code.i1()};
  found.append(vectors, functions.vectorType(code.i1()));
  auto results = [&](Value isNot, ArrayRef<Value> rows) {
    SmallVector<Value> values{isNot};
    llvm::append_range(values, rows);
    return values;
  };
  SmallVector<Value> seen = code.branch(
      isLastPart, found,
      [&] {
        FunctionEmitter::Scope scope(functions);
        Block &body = op.getBody().front();
        setRegisters(body.getArguments(), ValueRange(merged).drop_front());
        for (auto [argument, operand] : llvm::zip(body.getArguments(), op.getPart()))
          if (isa<ir::TileType>(argument.getType()))
            tiles[argument] = tiles[operand];
        for (Operation &inner : body)
          emitOperation(inner);
        return results(notFinite, unbounded);
      },
      [&] { return results(code.boolean(false), exact); });
  notFinite = seen.front();
  unbounded.assign(std::next(seen.begin()), seen.end());
}

} // namespace attn::lower
