#include "compiler/lower/vector/FunctionEmitter.h"

using namespace mlir;

namespace attn::lower {

namespace {

/// The value of a reduction over nothing: 0, or the number that no other changes.
Value neutral(Code &code, ir::ReductionKind kind, Type type) {
  Type element = getElementTypeOrSelf(type);
  bool isMaximum = kind == ir::ReductionKind::Maximum;
  switch (kind) {
  case ir::ReductionKind::Sum:
    return isa<FloatType>(element) ? code.real(0, type) : code.integer(0, type);
  case ir::ReductionKind::Maximum:
  case ir::ReductionKind::Minimum: {
    double infinity = std::numeric_limits<double>::infinity();
    if (isa<FloatType>(element))
      return code.real(isMaximum ? -infinity : infinity, type);
    return code.integer(isMaximum ? INT64_MIN : INT64_MAX, type);
  }
  case ir::ReductionKind::Any:
    return code.integer(0, type);
  case ir::ReductionKind::All:
    return code.integer(1, type);
  }
  llvm_unreachable("unknown reduction");
}

Value combine(Code &code, ir::ReductionKind kind, Value left, Value right) {
  OpBuilder &builder = code.builder;
  Location location = code.location;
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(left.getType()));
  switch (kind) {
  case ir::ReductionKind::Sum:
    return isFloat ? arith::AddFOp::create(builder, location, left, right).getResult() : code.add(left, right);
  case ir::ReductionKind::Maximum:
    return isFloat ? arith::MaximumFOp::create(builder, location, left, right).getResult()
                   : arith::MaxSIOp::create(builder, location, left, right).getResult();
  case ir::ReductionKind::Minimum:
    return isFloat ? arith::MinimumFOp::create(builder, location, left, right).getResult() : code.minimum(left, right);
  case ir::ReductionKind::Any:
    return arith::OrIOp::create(builder, location, left, right);
  case ir::ReductionKind::All:
    return code.both(left, right);
  }
  llvm_unreachable("unknown reduction");
}

} // namespace

/// Emits what `root` needs and doesn't vary with the coordinate, ahead of the coordinate's loop.
void FunctionEmitter::emitInvariant(Value root, StringRef coordinate) {
  SmallVector<Value> open = {root};
  llvm::DenseSet<Value> seen;
  while (!open.empty()) {
    Value value = open.pop_back_val();
    auto type = dyn_cast<ir::FnType>(value.getType());
    if (!type || !seen.insert(value).second || values.contains(value))
      continue;
    if (type.variesWith(coordinate))
      llvm::append_range(open, value.getDefiningOp()->getOperands());
    else if (canEmitHere(type))
      emit(value);
  }
}

/// Whether all coordinates of a type have a value.
bool FunctionEmitter::canEmitHere(ir::FnType type) const {
  return llvm::all_of(type.getCoordinates(), [&](StringAttr name) {
    return name == "j" ? bool(place.key) : llvm::is_contained({"b", "h", "g", "i"}, name.getValue()) || place.others.contains(name);
  });
}

/// A loop over each coordinate, the last innermost. Integers are carried in 64 bits.
Plain FunctionEmitter::emitReduce(ir::ReduceOp op) {
  auto type = cast<ir::FnType>(op.getType());
  Plain result;
  result.perQuery = type.variesWith("i");
  Type carriedType = result.perQuery ? Type(vectorType(type.getElementType())) : type.getElementType();
  SmallVector<Value> initial(result.perQuery ? vectors : 1, neutral(code, op.getKind(), carriedType));
  SmallVector<StringRef> over = llvm::to_vector(op.getOver().getAsValueRange<StringAttr>());

  std::function<SmallVector<Value>(size_t, ValueRange)> nest = [&](size_t depth, ValueRange carried) -> SmallVector<Value> {
    if (depth == over.size()) {
      SmallVector<Value> parts = result.perQuery ? emitVectors(op.getOperand()) : SmallVector<Value>{emitScalar(op.getOperand())};
      SmallVector<Value> next;
      for (auto [part, sum] : llvm::zip_equal(parts, carried))
        next.push_back(combine(code, op.getKind(), sum, resize(part, 64)));
      return next;
    }
    emitInvariant(op.getOperand(), over[depth]);
    Value count = run.extent(cast<IntegerAttr>(coordinates.get(over[depth])).getInt());
    return code.loop(code.integer(0), count, 1, carried, [&](Value index, ValueRange inner) {
      Scope scope(*this);
      assert(!place.others.contains(over[depth]) && "a reduction inside another over the same coordinate");
      place.others[over[depth]] = index;
      SmallVector<Value> next = nest(depth + 1, inner);
      place.others.erase(over[depth]);
      return next;
    });
  };
  result.parts = nest(0, initial);
  result.narrow = op->hasAttr("attn.range") && type.getElementType().isInteger(64);
  if (result.perQuery && result.narrow)
    for (Value &part : result.parts)
      part = resize(part, 32);
  return result;
}

} // namespace attn::lower
