#include "compiler/lower/vector/RunState.h"

#include "runtime/kernel/Kernel.h"

#include "mlir/IR/AffineExpr.h"

using namespace mlir;

namespace attn::lower {

Value runArray(Code &code, Value run, size_t fieldOffset) {
  return code.load(code.pointer(), code.at(run, code.builder.getI8Type(), static_cast<int64_t>(fieldOffset)), 8);
}

template <typename Emit> Value RunState::cached(StringRef what, int64_t index, Emit emit) {
  Value &value = loaded[(what + Twine(index)).str()];
  if (!value) {
    OpBuilder builder(prologue);
    Code code(builder, prologue->getLoc());
    value = emit(code);
  }
  return value;
}

Value RunState::extent(int64_t index) {
  if (Value here = current.lookup(index))
    return here;
  return cached("extent", index, [&](Code &code) -> Value {
    if (auto known = fixedExtent(index))
      return code.integer(*known);
    return code.load(code.i64(), code.at(runArray(code, run, offsetof(attn_run, extents)), code.i64(), index), 8);
  });
}

Value RunState::batchExtents(int64_t slot, int64_t batches) {
  return cached("batch extents", slot, [&](Code &code) {
    Value first = code.multiply(code.integer(slot), extent(batches));
    return code.at(runArray(code, run, offsetof(attn_run, batch_extents)), code.i64(), first);
  });
}

Value RunState::shape(int64_t tensor, int64_t dimension) {
  int64_t index = tensor * ATTN_MAX_RANK + dimension;
  return cached("shape", index, [&](Code &code) {
    return code.load(code.i64(), code.at(runArray(code, run, offsetof(attn_run, shape)), code.i64(), index), 8);
  });
}

Value RunState::scalar(int64_t index, Type type) {
  return cached("scalar", index, [&](Code &code) -> Value {
    Value address = code.at(runArray(code, run, offsetof(attn_run, scalars)), code.i64(), index);
    if (!type.isInteger(1))
      return code.load(type, address, 8);
    return code.compare(arith::CmpIPredicate::ne, code.load(code.i64(), address, 8), code.integer(0));
  });
}

Value RunState::data(int64_t tensor) {
  return cached("data", tensor, [&](Code &code) {
    return code.load(code.pointer(), code.at(runArray(code, run, offsetof(attn_run, data)), code.pointer(), tensor), 8);
  });
}

Value RunState::field(size_t offset, Type type) {
  return cached("field", int64_t(offset), [&](Code &code) { return code.load(type, code.at(run, code.builder.getI8Type(), int64_t(offset)), 8); });
}

Value RunState::stride(int64_t tensor, int64_t dimension) {
  int64_t index = tensor * ATTN_MAX_RANK + dimension;
  return cached("stride", index, [&](Code &code) {
    return code.load(code.i64(), code.at(runArray(code, run, offsetof(attn_run, strides)), code.i64(), index), 8);
  });
}

static Value emitSize(Code &code, AffineExpr expression, function_ref<Value(int64_t)> extent) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expression))
    return code.integer(constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expression))
    return extent(symbol.getPosition());
  auto binary = cast<AffineBinaryOpExpr>(expression);
  Value left = emitSize(code, binary.getLHS(), extent), right = emitSize(code, binary.getRHS(), extent);
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return code.add(left, right);
  case AffineExprKind::Mul:
    return code.multiply(left, right);
  case AffineExprKind::FloorDiv:
    return code.divide(left, right);
  case AffineExprKind::CeilDiv:
    return code.divide(code.add(left, code.subtract(right, code.integer(1))), right);
  default:
    return code.remainder(left, right);
  }
}

Value RunState::size(int64_t tensor, int64_t dimension, AffineMap sizes) {
  return cached("size", tensor * ATTN_MAX_RANK + dimension, [&](Code &code) {
    Value wanted = emitSize(code, sizes.getResult(dimension), [&](int64_t index) { return extent(index); });
    if (trustsShapes)
      return wanted;
    Value own = shape(tensor, dimension);
    return code.select(code.compare(arith::CmpIPredicate::eq, own, code.integer(1)), wanted, own);
  });
}

} // namespace attn::lower
