#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/coordinate/ThreeValued.h"

using namespace mlir;
using arith::CmpIPredicate;

namespace attn::lower {

using ir::BinaryKind;
using ir::CompareKind;

static bool isConstant(Value value) { return value.getDefiningOp<ir::ConstantOp>() != nullptr; }

/// The one of i and j whose values' image is the whole of `index`'s interval; nothing for any other index.
static std::optional<StringRef> coveredBy(Value index) {
  if (auto coordinate = index.getDefiningOp<ir::CoordinateOp>())
    return coordinate.getName() == "i" || coordinate.getName() == "j" ? std::optional(coordinate.getName())
                                                                      : std::nullopt;
  auto binary = index.getDefiningOp<ir::BinaryOp>();
  if (!binary)
    return std::nullopt;
  switch (binary.getKind()) {
  case BinaryKind::Add:
    return isUniform(binary.getLhs())   ? coveredBy(binary.getRhs())
           : isUniform(binary.getRhs()) ? coveredBy(binary.getLhs())
                                        : std::nullopt;
  case BinaryKind::Subtract:
    return isUniform(binary.getRhs()) ? coveredBy(binary.getLhs()) : std::nullopt;
  case BinaryKind::FloorDivide:
    return isConstant(binary.getRhs()) ? coveredBy(binary.getLhs()) : std::nullopt;
  default:
    return std::nullopt;
  }
}

/// Whether every element of the box that a read's indices lie in is read by some pair: each index goes through its
/// interval with a coordinate of its own. Names those.
static std::optional<SmallVector<StringRef, 2>> readsWholeBox(ir::ReadOp read) {
  SmallVector<StringRef, 2> with;
  if (read.getWhere() && !isUniform(read.getWhere()))
    return std::nullopt;
  for (Value index : read.getIndices()) {
    if (isUniform(index))
      continue;
    std::optional<StringRef> coordinate = coveredBy(index);
    if (!coordinate || llvm::is_contained(with, *coordinate))
      return std::nullopt;
    with.push_back(*coordinate);
  }
  return with;
}

/// Whether i and j enter through nothing but what terms take apart: of anything else an interval may be wider than the
/// values in it.
bool TileEvaluator::isPlain(Value value) {
  if (isUniform(value))
    return true;
  if (auto known = plain.find(value); known != plain.end())
    return known->second;
  Operation *op = value.getDefiningOp();
  bool isKnown = isa<ir::AndOp, ir::OrOp, ir::NotOp, ir::SelectOp, ir::CompareOp>(op);
  if (auto coordinate = dyn_cast<ir::CoordinateOp>(op))
    isKnown = coordinate.getName() == "i" || coordinate.getName() == "j";
  else if (auto unary = dyn_cast<ir::UnaryOp>(op))
    isKnown = unary.getKind() == ir::UnaryKind::Negate || unary.getKind() == ir::UnaryKind::Abs;
  else if (auto binary = dyn_cast<ir::BinaryOp>(op))
    isKnown = llvm::is_contained({BinaryKind::Add, BinaryKind::Subtract, BinaryKind::Multiply, BinaryKind::FloorDivide,
                                  BinaryKind::Minimum, BinaryKind::Maximum},
                                 binary.getKind());
  isKnown &= llvm::all_of(op->getOperands(), [&](Value operand) { return isPlain(operand); });
  return plain[value] = isKnown;
}

std::optional<TileEvaluator::Ends> TileEvaluator::attainedEnds(Value value) {
  if (isUniform(value))
    return Ends{code.boolean(true), ""};
  if (std::optional<StringRef> coordinate = coveredBy(value))
    return Ends{code.boolean(true), *coordinate};
  if (auto read = value.getDefiningOp<ir::ReadOp>())
    if (auto with = readsWholeBox(read); with && with->size() == 1)
      return Ends{tableRange(read.getTensor(), read.getIndices()).getKnown(), with->front()};
  return std::nullopt;
}

/// Whether it does where its truth says both. Of sides that vary apart any two values meet in some pair.
Value TileEvaluator::compareHoldsBoth(ir::CompareOp op) {
  std::optional<Ends> left, right;
  if (functionType(op.getLhs()).getElementType().isInteger(64)) {
    left = attainedEnds(op.getLhs());
    right = attainedEnds(op.getRhs());
  }
  if (!left || !right || (left->with == right->with && !left->with.empty()))
    return code.boolean(false);
  Value attained = code.both(left->known, right->known);
  if (op.getKind() != CompareKind::Equal && op.getKind() != CompareKind::NotEqual)
    return attained;
  // They are equal in a pair if they share an end.
  Interval a = integer(op.getLhs()), b = integer(op.getRhs());
  Value share = code.either(code.either(code.equal(a.low, b.low), code.equal(a.low, b.high)),
                            code.either(code.equal(a.high, b.low), code.equal(a.high, b.high)));
  return code.both(attained, share);
}

Value TileEvaluator::holdsBoth(Value value) {
  if (auto known = bothHeld.find(value); known != bothHeld.end())
    return known->second;
  Value computed = computeHoldsBoth(value);
  return bothHeld[value] = computed;
}

Value TileEvaluator::computeHoldsBoth(Value value) {
  auto where = [&](Value known) {
    Truth truth = this->truth(value);
    return code.both(known, code.both(truth.mayBeTrue, truth.mayBeFalse));
  };
  if (isPlain(value) && isExact(value))
    return where(code.boolean(true));
  // Where one side doesn't matter, the other decides.
  auto unless = [&](Value one, bool when, Value other) {
    Truth truth = this->truth(one);
    return code.both(code.negate(when ? truth.mayBeTrue : truth.mayBeFalse), holdsBoth(other));
  };
  Operation *op = value.getDefiningOp();
  if (auto both = dyn_cast<ir::AndOp>(op))
    return code.either(unless(both.getLhs(), false, both.getRhs()), unless(both.getRhs(), false, both.getLhs()));
  if (auto either = dyn_cast<ir::OrOp>(op))
    return code.either(unless(either.getLhs(), true, either.getRhs()), unless(either.getRhs(), true, either.getLhs()));
  if (auto negation = dyn_cast<ir::NotOp>(op))
    return holdsBoth(negation.getOperand());
  if (auto choice = dyn_cast<ir::SelectOp>(op))
    return code.either(unless(choice.getCondition(), false, choice.getIfTrue()),
                       unless(choice.getCondition(), true, choice.getIfFalse()));
  if (auto compare = dyn_cast<ir::CompareOp>(op))
    return where(compareHoldsBoth(compare));
  if (auto read = dyn_cast<ir::ReadOp>(op); read && readsWholeBox(read))
    return where(tableRange(read.getTensor(), read.getIndices()).getKnown());
  return code.boolean(false);
}

} // namespace attn::lower
