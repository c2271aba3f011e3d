#include "compiler/lower/coordinate/ThreeValued.h"

#include "compiler/lower/coordinate/Coordinates.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

namespace attn::lower {

using ir::BinaryKind;
using ir::CompareKind;
using ir::UnaryKind;

static std::optional<int64_t> constantOf(Value value) {
  auto constant = value.getDefiningOp<ir::ConstantOp>();
  return constant ? std::optional(cast<IntegerAttr>(constant.getValue()).getInt()) : std::nullopt;
}

Hull TileEvaluator::hullOf(Value value) const {
  const Bounds &own = bounds.of(value);
  return {own.low, own.high};
}

/// The plain value of a function that a row block computes once.
Value TileEvaluator::uniform(Value value) {
  Value &known = uniforms[value];
  if (known)
    return known;
  if (auto constant = value.getDefiningOp<ir::ConstantOp>()) {
    if (auto number = dyn_cast<FloatAttr>(constant.getValue()))
      return known = code.real(number.getValueAsDouble(), number.getType());
    auto number = cast<IntegerAttr>(constant.getValue());
    return known = number.getType().isInteger(1) ? code.boolean(number.getValue().getBoolValue()) : code.integer(number.getInt());
  }
  return known = ir::UniformOp::create(code.builder, code.location, functionType(value).getElementType(), value);
}

Interval TileEvaluator::integer(Value value) {
  if (auto known = integers.find(value); known != integers.end())
    return known->second;
  Interval computed = computeInteger(value);
  return integers[value] = computed;
}

RealInterval TileEvaluator::real(Value value) {
  if (auto known = realIntervals.find(value); known != realIntervals.end())
    return known->second;
  RealInterval computed = computeReal(value);
  return realIntervals[value] = computed;
}

ir::TableRangeOp TileEvaluator::tableRange(Value tensor, ValueRange indices) {
  std::vector<const void *> key = {tensor.getAsOpaquePointer()};
  SmallVector<Value> low, high;
  for (Value index : indices) {
    key.push_back(index.getAsOpaquePointer());
    Interval range = integer(index);
    low.push_back(range.low);
    high.push_back(range.high);
  }
  ir::TableRangeOp &known = tableRanges[key];
  if (!known) {
    Type stored = cast<ir::TensorHandleType>(tensor.getType()).getElementType();
    Type result = isa<FloatType>(stored) ? Type(code.builder.getF64Type()) : code.builder.getI64Type();
    known = ir::TableRangeOp::create(code.builder, code.location, code.builder.getI1Type(), result, result, tensor, low, high);
  }
  return known;
}

/// The extent a coordinate runs over.
Value TileEvaluator::extent(StringRef coordinate) {
  int64_t number = kernel.extentOf(coordinate);
  if (auto fixed = kernel.fixedExtent(number))
    return code.integer(*fixed);
  for (auto known : kernel.getBody().getOps<ir::ExtentOp>())
    if (int64_t(known.getIndex()) == number)
      return uniform(known);
  return uniform(lower::extent(outside, code.location, kernel, coordinate));
}

/// What `op` gives: one arm where the condition is decided, otherwise either.
template <typename IntervalOf> auto TileEvaluator::choose(ir::SelectOp op, IntervalOf intervalOf) {
  Truth condition = truth(op.getCondition());
  auto ifTrue = intervalOf(op.getIfTrue()), ifFalse = intervalOf(op.getIfFalse());
  const auto &domain = [&]() -> const auto & {
    if constexpr (std::is_same_v<decltype(ifTrue), Interval>)
      return intervals;
    else
      return reals;
  }();
  return domain.select(code.both(condition.mayBeTrue, condition.mayBeFalse), domain.join(ifTrue, ifFalse),
                       domain.select(condition.mayBeTrue, ifTrue, ifFalse));
}

Interval TileEvaluator::computeInteger(Value value) {
  if (auto number = constantOf(value))
    return intervals.constant(*number);
  if (isUniform(value))
    return intervals.between(uniform(value), uniform(value), hullOf(value));
  Operation *op = value.getDefiningOp();
  if (auto coordinate = dyn_cast<ir::CoordinateOp>(op)) {
    if (coordinate.getName() == "i")
      return intervals.between(tile.firstQuery, tile.lastQuery, hullOf(value));
    if (coordinate.getName() == "j")
      return intervals.between(tile.firstKey, tile.lastKey, hullOf(value));
    if (kernel.extentOf(coordinate.getName()) >= 0) {
      Value last = code.subtract(extent(coordinate.getName()), code.integer(1));
      return intervals.between(code.integer(0), code.maximum(last, code.integer(0)), {0, largestExtent});
    }
  } else if (auto read = dyn_cast<ir::ReadOp>(op)) {
    ir::TableRangeOp range = tableRange(read.getTensor(), read.getIndices());
    Interval within = intervals.between(range.getMinimum(), range.getMaximum(), hullOf(value));
    return intervals.select(range.getKnown(), within, intervals.unknown(hullOf(value)));
  } else if (auto binary = dyn_cast<ir::BinaryOp>(op)) {
    return computeBinary(binary);
  } else if (auto choice = dyn_cast<ir::SelectOp>(op)) {
    return choose(choice, [&](Value arm) { return integer(arm); });
  } else if (auto conversion = dyn_cast<ir::ConvertOp>(op)) {
    if (functionType(conversion.getOperand()).getElementType().isInteger(1)) {
      Truth condition = truth(conversion.getOperand());
      auto asInteger = [&](Value bit) { return code.convert<arith::ExtUIOp>(code.builder.getI64Type(), bit); };
      return intervals.between(asInteger(code.negate(condition.mayBeFalse)), asInteger(condition.mayBeTrue), {0, 1});
    }
  } else if (auto unary = dyn_cast<ir::UnaryOp>(op)) {
    const Interval operand = integer(unary.getOperand());
    switch (unary.getKind()) {
    case UnaryKind::Negate:
      return intervals.negate(operand);
    case UnaryKind::BitNot:
      return intervals.bitNot(operand);
    case UnaryKind::Abs:
      return intervals.absolute(operand);
    case UnaryKind::Sign:
      return intervals.sign(operand);
    case UnaryKind::Relu:
      return intervals.maximum(operand, intervals.constant(0));
    default:
      break;
    }
  }
  return intervals.unknown(hullOf(value));
}

Interval TileEvaluator::computeBinary(ir::BinaryOp op) {
  const Interval left = integer(op.getLhs()), right = integer(op.getRhs());
  std::optional<int64_t> constant = constantOf(op.getRhs());
  switch (op.getKind()) {
  case BinaryKind::Add:
    return intervals.add(left, right);
  case BinaryKind::Subtract:
    return intervals.subtract(left, right);
  case BinaryKind::Multiply:
    return intervals.multiply(left, right);
  case BinaryKind::FloorDivide:
    return divideMultiple(op, intervals.floorDivide(left, right));
  case BinaryKind::Modulo:
    return divideMultiple(op, intervals.modulo(left, right));
  case BinaryKind::Minimum:
    return intervals.minimum(left, right);
  case BinaryKind::Maximum:
    return intervals.maximum(left, right);
  case BinaryKind::BitAnd:
    return intervals.bitAnd(left, right);
  case BinaryKind::BitOr:
    return intervals.bitOr(left, right);
  case BinaryKind::BitXor:
    return intervals.bitXor(left, right);
  case BinaryKind::ShiftLeft:
    return constant ? intervals.shiftLeft(left, *constant) : intervals.unknown(hullOf(op));
  case BinaryKind::ShiftRight:
    return constant ? intervals.shiftRight(left, *constant) : intervals.unknown(hullOf(op));
  case BinaryKind::Power:
    return constant ? intervals.power(left, *constant) : intervals.unknown(hullOf(op));
  case BinaryKind::Divide:
    break;
  }
  return intervals.unknown(hullOf(op));
}

/// (a * c + b) // c is a + b // c, and (a * c + b) % c is b % c, where nothing wraps: positions that are put together from a row and a column,
/// and taken apart again.
Interval TileEvaluator::divideMultiple(ir::BinaryOp op, const Interval &plain) {
  auto sum = op.getLhs().getDefiningOp<ir::BinaryOp>();
  if (!sum || sum.getKind() != BinaryKind::Add)
    return plain;
  for (auto [term, other] : {std::pair(sum.getLhs(), sum.getRhs()), std::pair(sum.getRhs(), sum.getLhs())}) {
    auto product = term.getDefiningOp<ir::BinaryOp>();
    if (!product || product.getKind() != BinaryKind::Multiply || (product.getLhs() != op.getRhs() && product.getRhs() != op.getRhs()))
      continue;
    Interval multiple = integer(product), whole = integer(sum), divisor = integer(op.getRhs()), rest = integer(other);
    // A point is computed as the program does, wrapping where that wraps; any other interval whose sum wraps is everything.
    if (multiple.isPoint() || whole.isPoint())
      return plain;
    Interval factor = integer(product.getLhs() == op.getRhs() ? product.getRhs() : product.getLhs());
    Interval apart = op.getKind() == BinaryKind::Modulo ? intervals.modulo(rest, divisor)
                                                        : intervals.add(factor, intervals.floorDivide(rest, divisor));
    Value fits = code.boolean(true);
    for (const Interval &interval : {multiple, whole})
      if (!interval.hull.isWithin(INT64_MAX - 1))
        fits = code.both(fits, code.both(code.compare(CmpIPredicate::ne, interval.low, code.integer(INT64_MIN)),
                                         code.compare(CmpIPredicate::ne, interval.high, code.integer(INT64_MAX))));
    return intervals.select(fits, apart, plain);
  }
  return plain;
}

RealInterval TileEvaluator::computeReal(Value value) {
  Type type = functionType(value).getElementType();
  if (isUniform(value))
    return reals.point(uniform(value));
  Operation *op = value.getDefiningOp();
  if (auto read = dyn_cast<ir::ReadOp>(op)) {
    ir::TableRangeOp range = tableRange(read.getTensor(), read.getIndices());
    return reals.round({range.getMinimum(), range.getMaximum(), code.negate(range.getKnown())}, type);
  }
  if (auto choice = dyn_cast<ir::SelectOp>(op))
    return choose(choice, [&](Value arm) { return real(arm); });
  if (auto conversion = dyn_cast<ir::ConvertOp>(op)) {
    Type from = functionType(conversion.getOperand()).getElementType();
    if (from.isInteger(64))
      return reals.ofInteger(integer(conversion.getOperand()), type);
    if (isa<FloatType>(from))
      return reals.round(real(conversion.getOperand()), type);
    Truth condition = truth(conversion.getOperand());
    auto asReal = [&](Value bit) { return code.convert<arith::UIToFPOp>(type, bit); };
    return {asReal(code.negate(condition.mayBeFalse)), asReal(condition.mayBeTrue), code.boolean(false)};
  }
  if (auto unary = dyn_cast<ir::UnaryOp>(op)) {
    switch (unary.getKind()) {
    case UnaryKind::Negate:
      return reals.negate(real(unary.getOperand()));
    case UnaryKind::Abs:
      return reals.absolute(real(unary.getOperand()));
    case UnaryKind::Floor:
      return reals.monotone<math::FloorOp>(real(unary.getOperand()));
    case UnaryKind::Ceil:
      return reals.monotone<math::CeilOp>(real(unary.getOperand()));
    case UnaryKind::Round:
      return reals.monotone<math::RoundEvenOp>(real(unary.getOperand()));
    default:
      return reals.unknown(type);
    }
  }
  auto binary = dyn_cast<ir::BinaryOp>(op);
  if (!binary || !isa<FloatType>(functionType(binary.getRhs()).getElementType()))
    return reals.unknown(type);
  switch (binary.getKind()) {
  case BinaryKind::Add:
    return reals.add(real(binary.getLhs()), real(binary.getRhs()));
  case BinaryKind::Subtract:
    return reals.subtract(real(binary.getLhs()), real(binary.getRhs()));
  case BinaryKind::Multiply:
    return reals.multiply(real(binary.getLhs()), real(binary.getRhs()));
  case BinaryKind::Divide:
    return reals.divide(real(binary.getLhs()), real(binary.getRhs()));
  case BinaryKind::Minimum:
    return reals.minimum(real(binary.getLhs()), real(binary.getRhs()));
  case BinaryKind::Maximum:
    return reals.maximum(real(binary.getLhs()), real(binary.getRhs()));
  default:
    return reals.unknown(type);
  }
}

Truth TileEvaluator::compareReals(ir::CompareOp op) {
  const RealInterval left = real(op.getLhs()), right = real(op.getRhs());
  Value unordered = code.either(left.mayBeUnordered, right.mayBeUnordered);
  auto either = [&](Value mayBeTrue, Value mayBeFalse) {
    return Truth{code.either(unordered, mayBeTrue), code.either(unordered, mayBeFalse)};
  };
  auto order = [&](CmpFPredicate predicate, const RealInterval &a, const RealInterval &b) {
    // a < b somewhere just if the least a is below the largest b; everywhere just if the largest a is below the least b.
    return either(code.compare(predicate, a.low, b.high), code.negate(code.compare(predicate, a.high, b.low)));
  };
  switch (op.getKind()) {
  case CompareKind::Less:
    return order(CmpFPredicate::OLT, left, right);
  case CompareKind::LessEqual:
    return order(CmpFPredicate::OLE, left, right);
  case CompareKind::Greater:
    return order(CmpFPredicate::OLT, right, left);
  case CompareKind::GreaterEqual:
    return order(CmpFPredicate::OLE, right, left);
  case CompareKind::Equal:
  case CompareKind::NotEqual:
    break;
  }
  Value meet = code.both(code.compare(CmpFPredicate::OLE, left.low, right.high), code.compare(CmpFPredicate::OLE, right.low, left.high));
  Value same = code.both(code.compare(CmpFPredicate::OEQ, left.low, right.high), code.compare(CmpFPredicate::OEQ, right.low, left.high));
  Truth equal = either(meet, code.negate(same));
  return op.getKind() == CompareKind::Equal ? equal : Truth{equal.mayBeFalse, equal.mayBeTrue};
}

/// A boolean that isn't made of others.
/// any(r: t[x, r] == y), with x and y that don't vary with r: some element that the box reads must be one that y may be. Where x and y are one value
/// each, that decides it.
std::optional<Truth> TileEvaluator::tableHolds(ir::ReduceOp any) {
  auto compare = any.getOperand().getDefiningOp<ir::CompareOp>();
  if (!compare || compare.getKind() != CompareKind::Equal || any.getOver().size() != 1)
    return std::nullopt;
  StringRef over = cast<StringAttr>(any.getOver()[0]).getValue();
  for (auto [left, right] : {std::pair(compare.getLhs(), compare.getRhs()), std::pair(compare.getRhs(), compare.getLhs())}) {
    auto read = left.getDefiningOp<ir::ReadOp>();
    if (!read || functionType(right).variesWith(over) || !functionType(right).getElementType().isInteger(64) ||
        isa<FloatType>(cast<ir::TensorHandleType>(read.getTensor().getType()).getElementType()))
      continue;
    Interval wanted = integer(right);
    Value isPoint = code.equal(wanted.low, wanted.high);
    SmallVector<Value> low, high;
    bool plain = true;
    for (Value index : read.getIndices()) {
      auto coordinate = index.getDefiningOp<ir::CoordinateOp>();
      bool isOver = coordinate && coordinate.getName() == over;
      plain &= isOver || !functionType(index).variesWith(over);
      Interval range = integer(index);
      low.push_back(range.low);
      high.push_back(range.high);
      if (!isOver)
        isPoint = code.both(isPoint, code.equal(range.low, range.high));
    }
    if (!plain)
      continue;
    auto holds = ir::TableHoldsOp::create(code.builder, code.location, code.builder.getI1Type(), code.builder.getI1Type(), read.getTensor(),
                                          low, high, wanted.low, wanted.high);
    Value some = holds.getHolds(), unknown = code.negate(holds.getKnown());
    return Truth{code.either(unknown, some), code.negate(code.both(isPoint, code.both(holds.getKnown(), some)))};
  }
  return std::nullopt;
}

Truth TileEvaluator::ownTruth(Value value) {
  Operation *op = value.getDefiningOp();
  if (isUniform(value))
    return {uniform(value), code.negate(uniform(value))};
  if (auto read = dyn_cast<ir::ReadOp>(op)) {
    ir::TableRangeOp range = tableRange(read.getTensor(), read.getIndices());
    Value unknown = code.negate(range.getKnown()), zero = code.integer(0);
    return {code.either(unknown, code.compare(CmpIPredicate::ne, range.getMaximum(), zero)),
            code.either(unknown, code.equal(range.getMinimum(), zero))};
  }
  if (auto compare = dyn_cast<ir::CompareOp>(op); compare && isa<FloatType>(functionType(compare.getLhs()).getElementType()))
    return compareReals(compare);
  if (auto conversion = dyn_cast<ir::ConvertOp>(op); conversion && functionType(conversion.getOperand()).getElementType().isInteger(64)) {
    const Interval operand = integer(conversion.getOperand());
    Value zero = code.integer(0);
    return {code.either(code.compare(CmpIPredicate::ne, operand.low, zero), code.compare(CmpIPredicate::ne, operand.high, zero)),
            code.both(code.atMost(operand.low, zero), code.atMost(zero, operand.high))};
  }
  if (auto reduce = dyn_cast<ir::ReduceOp>(op); reduce && !reduce.getWhere()) {
    Truth operand = truth(reduce.getOperand());
    Value isEmpty = code.boolean(false);
    for (StringRef coordinate : reduce.getOver().getAsValueRange<StringAttr>())
      isEmpty = code.either(isEmpty, code.compare(CmpIPredicate::slt, extent(coordinate), code.integer(1)));
    if (reduce.getKind() == ir::ReductionKind::Any) {
      if (std::optional<Truth> held = tableHolds(reduce))
        return {code.both(operand.mayBeTrue, held->mayBeTrue), code.either(code.both(operand.mayBeFalse, held->mayBeFalse), isEmpty)};
      return {operand.mayBeTrue, code.either(operand.mayBeFalse, isEmpty)};
    }
    if (reduce.getKind() == ir::ReductionKind::All)
      return {code.either(operand.mayBeTrue, isEmpty), operand.mayBeFalse};
  }
  return {code.boolean(true), code.boolean(true)};
}

/// Connectives of three truth values; the others are leaves.
Truth TileEvaluator::truth(Value value) {
  if (auto known = truths.find(value); known != truths.end())
    return known->second;
  Truth result;
  Operation *op = value.getDefiningOp();
  const std::optional<Terms> holds = terms(value, false), fails = terms(value, true);
  if (holds && fails) {
    result = {differences.mayHold(*holds), differences.mayHold(*fails)};
  } else if (auto both = dyn_cast<ir::AndOp>(op)) {
    Truth left = truth(both.getLhs()), right = truth(both.getRhs());
    result = {code.both(left.mayBeTrue, right.mayBeTrue), code.either(left.mayBeFalse, right.mayBeFalse)};
  } else if (auto either = dyn_cast<ir::OrOp>(op)) {
    Truth left = truth(either.getLhs()), right = truth(either.getRhs());
    result = {code.either(left.mayBeTrue, right.mayBeTrue), code.both(left.mayBeFalse, right.mayBeFalse)};
  } else if (auto negation = dyn_cast<ir::NotOp>(op)) {
    Truth operand = truth(negation.getOperand());
    result = {operand.mayBeFalse, operand.mayBeTrue};
  } else if (auto choice = dyn_cast<ir::SelectOp>(op)) {
    Truth condition = truth(choice.getCondition()), left = truth(choice.getIfTrue()), right = truth(choice.getIfFalse());
    auto any = [&](Value ifTrue, Value ifFalse) {
      return code.either(code.both(condition.mayBeTrue, ifTrue), code.both(condition.mayBeFalse, ifFalse));
    };
    result = {any(left.mayBeTrue, right.mayBeTrue), any(left.mayBeFalse, right.mayBeFalse)};
  } else if (auto compare = dyn_cast<ir::CompareOp>(op); compare && functionType(compare.getLhs()).getElementType().isInteger(1)) {
    Truth left = truth(compare.getLhs()), right = truth(compare.getRhs());
    Value mayBeEqual = code.either(code.both(left.mayBeTrue, right.mayBeTrue), code.both(left.mayBeFalse, right.mayBeFalse));
    Value mayDiffer = code.either(code.both(left.mayBeTrue, right.mayBeFalse), code.both(left.mayBeFalse, right.mayBeTrue));
    result = compare.getKind() == CompareKind::Equal      ? Truth{mayBeEqual, mayDiffer}
             : compare.getKind() == CompareKind::NotEqual ? Truth{mayDiffer, mayBeEqual}
                                                          : Truth{code.boolean(true), code.boolean(true)};
  } else {
    result = ownTruth(value);
  }
  if (holds && !fails)
    result.mayBeTrue = differences.mayHold(*holds);
  if (fails && !holds)
    result.mayBeFalse = differences.mayHold(*fails);
  return truths[value] = result;
}

/// Whether a scalar of the classifier's code depends on the tile.
bool TileEvaluator::varies(Value scalar) const {
  if (!scalar)
    return false;
  SmallVector<Value> waiting{scalar};
  llvm::DenseSet<Value> seen;
  while (!waiting.empty()) {
    Value value = waiting.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    if (llvm::is_contained({tile.firstQuery, tile.lastQuery, tile.firstKey, tile.lastKey}, value))
      return true;
    if (Operation *op = value.getDefiningOp(); op && !isa<ir::UniformOp>(op))
      llvm::append_range(waiting, op->getOperands());
  }
  return false;
}

bool TileEvaluator::isExact(Value value) {
  auto isUniformRange = [&](const Range &range) { return !varies(range.low) && !varies(range.high); };
  auto isExactTerm = [&](const Term &term) {
    if (term.chunks && (varies(term.chunks->size) || varies(term.chunks->queryOffset) || varies(term.chunks->keyOffset) ||
                        !isUniformRange(term.chunks->range)))
      return false;
    return llvm::all_of(term.ranges, isUniformRange) && llvm::none_of(term.conditions, [&](Value scalar) { return varies(scalar); });
  };
  const std::optional<Terms> holds = terms(value, false), fails = terms(value, true);
  return holds && fails && llvm::all_of(*holds, isExactTerm) && llvm::all_of(*fails, isExactTerm);
}

Value TileEvaluator::mayBeZero(Value divisor) {
  Interval range = integer(divisor);
  return code.both(code.atMost(range.low, code.integer(0)), code.atMost(code.integer(0), range.high));
}

/// Whether a check looks after a read: what varies with a feature is known to be inside, and counts as 0 there.
static bool looksAfter(ir::CheckOp check, ir::ReadOp read) {
  return read.getSafe() && read.getTensor() == check.getTensor() &&
         llvm::all_of(llvm::zip(read.getIndices(), check.getValues()), [](auto pair) {
           auto [index, checked] = pair;
           return index == checked || !featuresOf(index).empty();
         });
}

/// A read outside its table, or a divisor of 0, where the pair is evaluated at all.
Value TileEvaluator::mayFail(Value value) {
  Value any = code.boolean(false);
  auto add = [&](Value wrong, Value where) {
    any = code.either(any, where ? code.both(wrong, truth(where).mayBeTrue) : wrong);
  };
  SmallVector<Operation *> graph = computedFrom({value});
  for (Operation *op : graph) {
    if (!ir::canFail(op))
      continue;
    if (auto read = dyn_cast<ir::ReadOp>(op))
      add(code.negate(tableRange(read.getTensor(), read.getIndices()).getKnown()), read.getWhere());
    else
      add(mayBeZero(cast<ir::BinaryOp>(op).getRhs()), cast<ir::BinaryOp>(op).getWhere());
  }
  for (auto check : kernel.getBody().getOps<ir::CheckOp>()) {
    bool isOfGraph = llvm::any_of(graph, [&](Operation *op) {
      if (auto read = dyn_cast<ir::ReadOp>(op))
        return looksAfter(check, read);
      auto division = dyn_cast<ir::BinaryOp>(op);
      return division && division.getSafe() && !check.getTensor() && check.getValues()[0] == division.getRhs();
    });
    if (!isOfGraph)
      continue;
    if (check.getTensor())
      add(code.negate(tableRange(check.getTensor(), check.getValues()).getKnown()), check.getWhere());
    else
      add(mayBeZero(check.getValues()[0]), check.getWhere());
  }
  return any;
}

} // namespace attn::lower
