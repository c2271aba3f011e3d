#include "compiler/lower/vector/FunctionEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace attn::lower {

namespace {

/// What a stored element is loaded as: booleans are bytes.
Type storageType(Code &code, Type element) {
  if (auto real = dyn_cast<FloatType>(element))
    return code.loadedAs(real);
  return code.builder.getIntegerType(element.isInteger(1) ? 8 : element.getIntOrFloatBitWidth());
}

/// A loaded element in the type it is computed in.
Value widen(Code &code, Value loaded, Type stored, Type computed) {
  if (auto real = dyn_cast<FloatType>(stored))
    loaded = code.asFloats(loaded, real);
  Type target = computed;
  if (auto vector = dyn_cast<VectorType>(loaded.getType()))
    target = vector.clone(computed);
  if (loaded.getType() == target)
    return loaded;
  if (stored.isInteger(1))
    return code.compare(arith::CmpIPredicate::ne, loaded, code.integer(0, loaded.getType()));
  if (stored.isUnsignedInteger())
    return arith::ExtUIOp::create(code.builder, code.location, target, loaded);
  if (stored.isInteger())
    return arith::ExtSIOp::create(code.builder, code.location, target, loaded);
  return arith::ExtFOp::create(code.builder, code.location, target, loaded);
}

} // namespace

bool isKnownInside(Operation *op, int64_t dimension) {
  auto inside = op->getAttrOfType<DenseI64ArrayAttr>("attn.inside");
  auto read = dyn_cast<ir::ReadOp>(op);
  return (read && read.getUnchecked()) || (inside && llvm::is_contained(inside.asArrayRef(), dimension));
}

/// How an index moves from lane to lane: by a constant, 0 where it is the same in all; nothing where it isn't known to.
static std::optional<int64_t> stepOf(Value index, StringRef lane) {
  if (!cast<ir::FnType>(index.getType()).variesWith(lane))
    return 0;
  if (index.getDefiningOp<ir::CoordinateOp>())
    return 1;
  auto op = index.getDefiningOp<ir::BinaryOp>();
  if (!op || (op.getKind() != ir::BinaryKind::Add && op.getKind() != ir::BinaryKind::Subtract))
    return std::nullopt;
  auto left = stepOf(op.getLhs(), lane), right = stepOf(op.getRhs(), lane);
  if (!left || !right)
    return std::nullopt;
  return op.getKind() == ir::BinaryKind::Add ? *left + *right : *left - *right;
}

/// Where one index moves by 1 along the lanes and the others stay, the elements of a vector lie side by side if that dimension's stride is 1. That, and
/// whether all of them are inside, is known only at run time.
Value FunctionEmitter::loadAdjacent(ir::ReadOp op, ArrayRef<Plain> indices, const std::optional<Plain> &where, Type storage, int64_t part,
                                    function_ref<Value()> gather) {
  if (headsInLanes || (where && where->perQuery))
    return gather();
  std::optional<size_t> moving;
  for (auto [dimension, index] : llvm::enumerate(op.getIndices())) {
    std::optional<int64_t> step = stepOf(index, lane);
    if (!step || *step < 0 || *step > 1 || (*step == 1 && moving))
      return gather();
    if (*step == 1)
      moving = dimension;
  }
  if (!moving)
    return gather();
  auto tensor = op.getTensor().getDefiningOp<ir::TensorOp>();
  int64_t number = tensor.getIndex();
  Value possible = where ? where->parts[0] : code.boolean(true), offset = code.integer(0);
  for (auto [dimension, index] : llvm::enumerate(indices)) {
    Value first = index.parts[index.perQuery ? part : 0];
    if (index.perQuery)
      first = vector::ExtractOp::create(code.builder, code.location, first, 0);
    first = resize(first, 64);
    Value stride = run.stride(number, dimension);
    bool moves = dimension == *moving;
    if (moves)
      possible = code.both(possible, code.compare(arith::CmpIPredicate::eq, stride, code.integer(1)));
    if (moves || !isKnownInside(op, dimension)) {
      Value limit = run.size(number, dimension, tensor.getSizes());
      Value last = moves ? code.add(first, code.integer(lanes - 1)) : first;
      possible = code.both(possible, code.compare(arith::CmpIPredicate::sge, first, code.integer(0)));
      possible = code.both(possible, code.compare(arith::CmpIPredicate::slt, last, limit));
    }
    offset = code.add(offset, code.multiply(first, stride));
  }
  VectorType type = vectorType(storage);
  return code.branch(
      possible, type,
      [&]() -> SmallVector<Value> {
        return {code.load(type, code.at(run.data(number), storage, offset), storage.getIntOrFloatBitWidth() / 8)};
      },
      [&]() -> SmallVector<Value> { return {gather()}; })[0];
}

Plain FunctionEmitter::emitRead(ir::ReadOp op) {
  auto tensor = op.getTensor().getDefiningOp<ir::TensorOp>();
  Type stored = cast<ir::TensorHandleType>(tensor.getType()).getElementType();
  Type storage = storageType(code, stored);
  Type computed = cast<ir::FnType>(op.getType()).getElementType();
  int64_t number = tensor.getIndex();

  SmallVector<Plain> indices;
  for (Value index : op.getIndices())
    indices.push_back(emit(index));
  std::optional<Plain> where;
  if (op.getWhere())
    where = emit(op.getWhere());

  Plain result;
  result.narrow = op->hasAttr("attn.range");
  result.perQuery = isInLanes(op);
  Value base = run.data(number);
  auto isInside = [&](int64_t dimension, Value counts, Value value) {
    Value limit = run.size(number, dimension, tensor.getSizes());
    Value inside = code.compare(arith::CmpIPredicate::ult, value, code.broadcast(limit, value.getType()));
    if (!op.getSafe()) {
      Value wrong = counts ? code.both(counts, code.negate(inside)) : code.negate(inside);
      report(sites.number(op, ATTN_SITE_INDEX, number, dimension, op.getTextAttr()), wrong, value, limit);
    }
    return inside;
  };
  // Where the element is loaded at all: where it counts and every index is inside. What is the same in every lane is looked at once.
  bool countsAlike = !where || !where->perQuery;
  auto isAlike = [&](size_t dimension) { return countsAlike && !indices[dimension].perQuery; };
  Value countsInAll = where && countsAlike ? where->parts[0] : Value(), loadInAll = countsInAll;
  for (size_t dimension = 0; dimension < indices.size(); ++dimension)
    if (isAlike(dimension) && !isKnownInside(op, dimension)) {
      Value inside = isInside(dimension, countsInAll, resize(indices[dimension].parts[0], 64));
      loadInAll = loadInAll ? code.both(loadInAll, inside) : inside;
    }
  for (int64_t part = 0; part < (result.perQuery ? vectors : 1); ++part) {
    auto partOf = [&](const Plain &plain) {
      Value value = plain.parts[plain.perQuery ? part : 0];
      return code.broadcast(value, vectorType(getElementTypeOrSelf(value.getType())));
    };
    auto inLanes = [&](Value value) { return value && result.perQuery ? code.broadcast(value, vectorType(code.i1())) : value; };
    Value counts = countsAlike ? inLanes(countsInAll) : partOf(*where), load = countsAlike ? inLanes(loadInAll) : counts;
    Value offset;
    for (auto [dimension, index] : llvm::enumerate(indices)) {
      if (!isAlike(dimension) && !isKnownInside(op, dimension)) {
        Value inside = isInside(dimension, counts, resize(partOf(index), 64));
        load = load ? code.both(load, inside) : inside;
      }
      Value value = resize(index.parts[index.perQuery ? part : 0], 64);
      Value stride = run.stride(number, dimension);
      Value term = code.multiply(value, code.broadcast(stride, value.getType()));
      if (offset && offset.getType() != term.getType()) {
        Type wide = vectorType(code.i64());
        offset = code.broadcast(offset, wide), term = code.broadcast(term, wide);
      }
      offset = offset ? code.add(offset, term) : term;
    }

    if (!result.perQuery) {
      auto loadElement = [&]() -> SmallVector<Value> { return {code.load(storage, offset ? code.at(base, storage, offset) : base)}; };
      Value loaded = !load ? loadElement()[0]
                           : code.branch(load, storage, loadElement, [&]() -> SmallVector<Value> {
                               return {code.zero(storage)};
                             })[0];
      result.parts.push_back(widen(code, loaded, stored, computed));
      continue;
    }
    VectorType type = vectorType(storage);
    offset = offset ? code.broadcast(offset, vectorType(code.i64())) : code.integer(0, vectorType(code.i64()));
    Value addresses = LLVM::GEPOp::create(code.builder, code.location, vectorType(code.pointer()), storage, base,
                                          ArrayRef<LLVM::GEPArg>{offset});
    if (!load)
      load = code.integer(1, vectorType(code.i1()));
    Value otherwise = code.zero(type);
    auto alignment = code.builder.getI32IntegerAttr(storage.getIntOrFloatBitWidth() / 8);
    Value loaded = loadAdjacent(op, indices, where, storage, part, [&]() -> Value {
      return LLVM::masked_gather::create(code.builder, code.location, type, addresses, load, ValueRange{otherwise}, alignment);
    });
    Value widened = widen(code, loaded, stored, computed);
    result.parts.push_back(computed.isInteger(64) && result.narrow ? resize(widened, 32) : widened);
  }
  return result;
}

void FunctionEmitter::emitCheck(ir::CheckOp op) {
  auto tensor = op.getTensor() ? op.getTensor().getDefiningOp<ir::TensorOp>() : ir::TensorOp();
  for (auto [dimension, checked] : llvm::enumerate(op.getValues())) {
    if (isKnownInside(op, dimension))
      continue;
    Plain values = emit(checked);
    Value limit = tensor ? run.size(tensor.getIndex(), dimension, tensor.getSizes()) : code.integer(0);
    SmallVector<Value> wide, wrong;
    Value any = code.boolean(false);
    for (Value part : values.parts) {
      wide.push_back(resize(part, 64));
      Value bound = code.broadcast(limit, wide.back().getType());
      wrong.push_back(code.compare(tensor ? arith::CmpIPredicate::uge : arith::CmpIPredicate::eq, wide.back(), bound));
      Value some = values.perQuery ? vector::ReductionOp::create(code.builder, code.location, vector::CombiningKind::OR, wrong.back()).getResult()
                                   : wrong.back();
      any = arith::OrIOp::create(code.builder, code.location, any, some);
    }
    int32_t site = sites.number(op, tensor ? ATTN_SITE_INDEX : ATTN_SITE_DIVISOR, tensor ? tensor.getIndex() : -1, dimension, op.getTextAttr());
    code.when(any, [&] {
      Scope scope(*this);
      Plain counts = emit(op.getWhere());
      bool inLanes = values.perQuery || counts.perQuery;
      auto partOf = [&](ArrayRef<Value> parts, bool perQuery, size_t part) {
        Value value = parts[perQuery ? part : 0];
        return inLanes ? code.broadcast(value, vectorType(getElementTypeOrSelf(value.getType()))) : value;
      };
      // The largest of all parts, reported once.
      Value isBad, largest;
      for (size_t part = 0; part < std::max(wrong.size(), counts.parts.size()); ++part) {
        Value bad = code.both(partOf(wrong, values.perQuery, part), partOf(counts.parts, counts.perQuery, part));
        Value value = partOf(wide, values.perQuery, part);
        Value seen = isBad ? arith::MaxSIOp::create(code.builder, code.location, largest, value).getResult() : value;
        largest = isBad ? code.select(code.both(isBad, bad), seen, code.select(bad, value, largest)) : value;
        isBad = isBad ? arith::OrIOp::create(code.builder, code.location, isBad, bad).getResult() : bad;
      }
      sites.reportIfAny(code, run.pointer(), site, isBad, largest, limit);
    });
  }
}

} // namespace attn::lower
