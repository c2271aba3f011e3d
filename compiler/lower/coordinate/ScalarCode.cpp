#include "compiler/lower/coordinate/ScalarCode.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace attn::lower {

ScalarCode::Key ScalarCode::key(StringRef operation, Type type, int64_t detail, ArrayRef<Value> operands) {
  auto operand = [&](size_t n) { return n < operands.size() ? operands[n].getAsOpaquePointer() : nullptr; };
  return {operation.data(), type.getAsOpaquePointer(), detail, operand(0), operand(1), operand(2)};
}

Value ScalarCode::remember(const Key &key, llvm::function_ref<Value()> create) {
  if (auto known = made.find(key); known != made.end())
    return known->second;
  Value result = create();
  if (TypedAttr value; matchPattern(result, m_Constant(&value)))
    result = constant(value);
  return made[key] = result;
}

Value ScalarCode::constant(TypedAttr value) {
  Value &known = constants[value];
  if (!known) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(builder.getInsertionBlock());
    known = arith::ConstantOp::create(builder, location, value);
  }
  return known;
}

Value ScalarCode::integer(int64_t value) { return constant(builder.getI64IntegerAttr(value)); }
Value ScalarCode::boolean(bool value) { return constant(builder.getBoolAttr(value)); }
Value ScalarCode::real(double value, Type type) { return constant(builder.getFloatAttr(type, value)); }

Value ScalarCode::compare(arith::CmpIPredicate predicate, Value left, Value right) {
  return remember(key(arith::CmpIOp::getOperationName(), {}, int64_t(predicate), {left, right}),
                  [&] { return builder.createOrFold<arith::CmpIOp>(location, predicate, left, right); });
}

Value ScalarCode::compare(arith::CmpFPredicate predicate, Value left, Value right) {
  return remember(key(arith::CmpFOp::getOperationName(), {}, int64_t(predicate), {left, right}),
                  [&] { return builder.createOrFold<arith::CmpFOp>(location, predicate, left, right); });
}

Value ScalarCode::floorDivide(Value dividend, Value divisor, bool isNonNegative) {
  APInt power;
  if (matchPattern(divisor, m_ConstantInt(&power)) && power.isPowerOf2() && !power.isNegative())
    return make<arith::ShRSIOp>({dividend, integer(power.exactLogBase2())});
  Value quotient = make<arith::DivSIOp>({dividend, divisor});
  if (isNonNegative)
    return quotient;
  Value rest = subtract(dividend, multiply(quotient, divisor));
  return add(quotient, make<arith::ShRSIOp>({rest, integer(63)}));
}

} // namespace attn::lower
