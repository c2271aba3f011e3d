#include "compiler/lower/vector/Reductions.h"

#include "compiler/lower/vector/FunctionEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace attn::lower {

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

static vector::CombiningKind combiningKind(ir::ReductionKind kind, bool isFloat) {
  switch (kind) {
  case ir::ReductionKind::Sum:
    return vector::CombiningKind::ADD;
  case ir::ReductionKind::Maximum:
    return isFloat ? vector::CombiningKind::MAXIMUMF : vector::CombiningKind::MAXSI;
  case ir::ReductionKind::Minimum:
    return isFloat ? vector::CombiningKind::MINIMUMF : vector::CombiningKind::MINSI;
  case ir::ReductionKind::Any:
    return vector::CombiningKind::OR;
  case ir::ReductionKind::All:
    return vector::CombiningKind::AND;
  }
  llvm_unreachable("unknown reduction");
}

/// A scalar that is reduced over one coordinate has that coordinate in lanes.
Value FunctionEmitter::reduceInLanes(ir::ReduceOp op, StringRef over) {
  Value count = run.extent(cast<IntegerAttr>(coordinates.get(over)).getInt());
  FunctionEmitter inner = withLanes(over);
  inner.place.others.erase(over);
  inner.place.lastQuery = code.subtract(count, code.integer(1));
  Type element = cast<ir::FnType>(op.getType()).getElementType();
  Type type = vectorType(element);
  Value otherwise = neutral(code, op.getKind(), type);
  auto numbers = llvm::to_vector(llvm::seq<int64_t>(0, lanes));
  VectorType wide = vectorType(code.i64());
  Value lane = arith::ConstantOp::create(code.builder, code.location, DenseElementsAttr::get(wide, ArrayRef(numbers)));
  Value total = code.loop(code.integer(0), count, lanes, {otherwise}, [&](Value first, ValueRange carried) -> SmallVector<Value> {
    Scope scope(inner);
    inner.place.firstQuery = first;
    Value part = resize(inner.emitVectors(op.getOperand())[0], 64);
    Value left = code.broadcast(code.subtract(count, first), wide);
    Value isThere = code.compare(arith::CmpIPredicate::slt, lane, left);
    return {combine(code, op.getKind(), carried[0], code.select(isThere, part, otherwise))};
  })[0];
  vector::CombiningKind kind = combiningKind(op.getKind(), isa<FloatType>(element));
  arith::FastMathFlags flags = isa<FloatType>(element) ? arith::FastMathFlags::reassoc : arith::FastMathFlags::none;
  return vector::ReductionOp::create(code.builder, code.location, kind, total, flags);
}

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
    return name == "j" ? bool(place.key)
                       : name == lane || llvm::is_contained({"b", "h", "g"}, name.getValue()) || place.others.contains(name);
  });
}

/// A loop over each coordinate, the last innermost. Integers are carried in 64 bits.
Plain FunctionEmitter::emitReduce(ir::ReduceOp op) {
  auto type = cast<ir::FnType>(op.getType());
  Plain result;
  result.perQuery = isInLanes(op);
  SmallVector<StringRef> over = llvm::to_vector(op.getOver().getAsValueRange<StringAttr>());
  // The coordinate in lanes can't be a loop's; of others one is put there where that is faster.
  std::optional<StringRef> inLanes;
  if (!result.perQuery && llvm::is_contained(over, lane))
    inLanes = lane;
  else if (!result.perQuery && over.size() == 1 && over[0] != "j" && type.getElementType().isF32() &&
           cast<ir::FnType>(op.getOperand().getType()).variesWith(over[0]))
    inLanes = over[0];
  if (inLanes)
    over.erase(llvm::find(over, *inLanes));
  Type carriedType = result.perQuery ? Type(vectorType(type.getElementType())) : type.getElementType();
  SmallVector<Value> initial(result.perQuery ? vectors : 1, neutral(code, op.getKind(), carriedType));

  std::function<SmallVector<Value>(size_t, ValueRange)> nest = [&](size_t depth, ValueRange carried) -> SmallVector<Value> {
    if (depth == over.size()) {
      SmallVector<Value> parts;
      if (result.perQuery)
        parts = emitVectors(op.getOperand());
      else
        parts = {inLanes ? reduceInLanes(op, *inLanes) : emitScalar(op.getOperand())};
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
