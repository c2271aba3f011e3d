#include "compiler/lower/vector/Code.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace attn::lower {

Value Code::integer(int64_t value, Type type) {
  if (!type)
    type = i64();
  Type element = getElementTypeOrSelf(type);
  TypedAttr attribute = builder.getIntegerAttr(element, APInt(element.getIntOrFloatBitWidth(), value, true, true));
  if (auto vector = dyn_cast<VectorType>(type))
    attribute = DenseElementsAttr::get(vector, Attribute(attribute));
  return arith::ConstantOp::create(builder, location, attribute);
}

Value Code::real(double value, Type type) {
  if (!type)
    type = f32();
  TypedAttr attribute = builder.getFloatAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    attribute = DenseElementsAttr::get(vector, Attribute(attribute));
  return arith::ConstantOp::create(builder, location, attribute);
}

Value Code::add(Value left, Value right) { return builder.createOrFold<arith::AddIOp>(location, left, right); }
Value Code::subtract(Value left, Value right) { return builder.createOrFold<arith::SubIOp>(location, left, right); }
Value Code::multiply(Value left, Value right) { return builder.createOrFold<arith::MulIOp>(location, left, right); }
Value Code::divide(Value left, Value right) { return builder.createOrFold<arith::DivUIOp>(location, left, right); }
Value Code::remainder(Value left, Value right) { return builder.createOrFold<arith::RemUIOp>(location, left, right); }
Value Code::minimum(Value left, Value right) { return builder.createOrFold<arith::MinSIOp>(location, left, right); }

Value Code::roundUp(Value value, int64_t multiple) {
  return multiply(divide(add(value, integer(multiple - 1)), integer(multiple)), integer(multiple));
}

Value Code::compare(arith::CmpIPredicate predicate, Value left, Value right) {
  return builder.createOrFold<arith::CmpIOp>(location, predicate, left, right);
}

Value Code::both(Value left, Value right) { return builder.createOrFold<arith::AndIOp>(location, left, right); }

Value Code::negate(Value condition) {
  return builder.createOrFold<arith::XOrIOp>(location, condition, integer(1, condition.getType()));
}

Value Code::select(Value condition, Value then, Value otherwise) {
  return builder.createOrFold<arith::SelectOp>(location, condition, then, otherwise);
}

Value Code::at(Value base, Type element, Value index) {
  return LLVM::GEPOp::create(builder, location, pointer(), element, base, ArrayRef<LLVM::GEPArg>{index});
}

Value Code::at(Value base, Type element, int64_t index) {
  return index == 0 ? base
                    : LLVM::GEPOp::create(builder, location, pointer(), element, base,
                                          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
}

Value Code::load(Type type, Value address, unsigned alignment) {
  return LLVM::LoadOp::create(builder, location, type, address, alignment);
}

void Code::store(Value value, Value address, unsigned alignment) {
  LLVM::StoreOp::create(builder, location, value, address, alignment);
}

Value Code::broadcast(Value scalar, Type vector) {
  return scalar.getType() == vector ? scalar : vector::BroadcastOp::create(builder, location, vector, scalar);
}

SmallVector<Value> Code::loop(Value begin, Value end, int64_t step, ValueRange carried, LoopBody body) {
  auto loop = scf::ForOp::create(builder, location, begin, end, integer(step), carried);
  OpBuilder::InsertionGuard guard(builder);
  // Without carried values the builder has already made the empty yield.
  if (carried.empty())
    builder.setInsertionPoint(loop.getBody()->getTerminator());
  else
    builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> results = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!carried.empty())
    scf::YieldOp::create(builder, location, results);
  return loop.getResults();
}

SmallVector<Value> Code::unrolledLoop(Value end, int64_t factor, ValueRange carried, LoopBody body) {
  if (factor == 1)
    return loop(integer(0), end, 1, carried, body);
  APInt known;
  bool isWhole = matchPattern(end, m_ConstantInt(&known)) && known.getSExtValue() % factor == 0;
  Value whole = isWhole ? end : multiply(divide(end, integer(factor)), integer(factor));
  SmallVector<Value> values = loop(integer(0), whole, factor, carried, [&](Value index, ValueRange inner) {
    SmallVector<Value> next(inner);
    for (int64_t step = 0; step < factor; ++step)
      next = body(add(index, integer(step)), next);
    return next;
  });
  return isWhole ? values : loop(whole, end, 1, values, body);
}

SmallVector<Value> Code::repeat(ValueRange initial, function_ref<Value(ValueRange)> condition,
                                function_ref<SmallVector<Value>(ValueRange)> body) {
  // The blocks are made by hand so that what is emitted into them already has its module around it.
  auto loop = scf::WhileOp::create(builder, location, initial.getTypes(), initial);
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Location> locations(initial.size(), location);
  Block *before = builder.createBlock(&loop.getBefore(), {}, initial.getTypes(), locations);
  scf::ConditionOp::create(builder, location, condition(before->getArguments()), before->getArguments());
  Block *after = builder.createBlock(&loop.getAfter(), {}, initial.getTypes(), locations);
  scf::YieldOp::create(builder, location, body(after->getArguments()));
  return loop.getResults();
}

Type Code::loadedAs(FloatType stored) { return stored.getWidth() == 16 ? builder.getI16Type() : Type(stored); }

Value Code::asFloats(Value loaded, FloatType stored) {
  if (stored.getWidth() != 16)
    return loaded;
  auto typeOf = [&](Type scalar) -> Type {
    auto vector = dyn_cast<VectorType>(loaded.getType());
    return vector ? Type(vector.clone(scalar)) : scalar;
  };
  if (stored.isF16() && convertsHalf) {
    Value half = arith::BitcastOp::create(builder, location, typeOf(stored), loaded);
    return arith::ExtFOp::create(builder, location, typeOf(f32()), half);
  }
  Type wide = typeOf(i32()), real = typeOf(f32());
  Value bits = arith::ExtUIOp::create(builder, location, wide, loaded);
  auto shifted = [&](Value value, int64_t places) -> Value {
    return arith::ShLIOp::create(builder, location, value, integer(places, wide));
  };
  if (stored.isBF16())
    return arith::BitcastOp::create(builder, location, real, shifted(bits, 16));
  // The significand and exponent in their places make the number but for the bias, which also sets numbers that aren't normal right; an exponent of ones stays one.
  Value sign = shifted(arith::AndIOp::create(builder, location, bits, integer(0x8000, wide)), 16);
  Value magnitude = shifted(arith::AndIOp::create(builder, location, bits, integer(0x7FFF, wide)), 13);
  Value scaled = arith::MulFOp::create(builder, location, arith::BitcastOp::create(builder, location, real, magnitude),
                                       this->real(0x1p112, real));
  Value finite = arith::BitcastOp::create(builder, location, wide, scaled);
  Value isFinite = compare(arith::CmpIPredicate::slt, magnitude, integer(0x0F800000, wide));
  Value unsignedBits = select(isFinite, finite, arith::OrIOp::create(builder, location, magnitude, integer(0x7F800000, wide)));
  return arith::BitcastOp::create(builder, location, real, arith::OrIOp::create(builder, location, unsignedBits, sign));
}

Value Code::asStored(Value floats, FloatType stored) {
  auto typeOf = [&](Type scalar) -> Type { return cast<VectorType>(floats.getType()).clone(scalar); };
  Type wide = typeOf(i32()), real = typeOf(f32()), narrow = typeOf(builder.getI16Type());
  if (stored.isF16() && convertsHalf)
    return arith::BitcastOp::create(builder, location, narrow,
                                    arith::TruncFOp::create(builder, location, typeOf(stored), floats));
  auto bitsOf = [&](Value value) -> Value { return arith::BitcastOp::create(builder, location, wide, value); };
  auto masked = [&](Value bits, int64_t mask) -> Value {
    return arith::AndIOp::create(builder, location, bits, integer(mask, wide));
  };
  auto shifted = [&](Value bits, int64_t places) -> Value {
    return arith::ShRUIOp::create(builder, location, bits, integer(places, wide));
  };
  Value bits = shifted(bitsOf(floats), 16);
  if (stored.isF16()) {
    Value magnitude = arith::BitcastOp::create(builder, location, real, masked(bitsOf(floats), 0x7FFFFFFF));
    Value scaled = arith::MulFOp::create(builder, location, magnitude, this->real(0x1p-112, real));
    bits = arith::OrIOp::create(builder, location, masked(bits, 0x8000), masked(shifted(bitsOf(scaled), 13), 0x7FFF));
  }
  return arith::TruncIOp::create(builder, location, narrow, bits);
}

SmallVector<Value> Code::branch(Value condition, TypeRange types, Branch then, Branch otherwise) {
  auto branch = scf::IfOp::create(builder, location, types, condition, true);
  OpBuilder::InsertionGuard guard(builder);
  for (auto [block, emit] : {std::pair(branch.thenBlock(), then), std::pair(branch.elseBlock(), otherwise)}) {
    if (types.empty())
      builder.setInsertionPoint(block->getTerminator());
    else
      builder.setInsertionPointToStart(block);
    SmallVector<Value> results = emit();
    if (!types.empty())
      scf::YieldOp::create(builder, location, results);
  }
  return branch.getResults();
}

void Code::when(Value condition, function_ref<void()> then) {
  auto branch = scf::IfOp::create(builder, location, condition, false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(branch.thenBlock()->getTerminator());
  then();
}

} // namespace attn::lower
