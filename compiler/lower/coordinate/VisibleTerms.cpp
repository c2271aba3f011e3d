#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/coordinate/ThreeValued.h"

#include "mlir/IR/Matchers.h"

#include <cstdlib>

using namespace mlir;
using arith::CmpIPredicate;

namespace attn::lower {

using ir::BinaryKind;
using ir::CompareKind;

/// Coordinates lie in [0, 2^31), so that bounds further out than this don't matter.
static constexpr int64_t farOut = int64_t(1) << 33;
/// Chunks larger than every coordinate, offset included.
static constexpr int64_t largestChunk = int64_t(1) << 32;
static constexpr int64_t largestChunkBound = int64_t(1) << 28;
static constexpr unsigned mostSplits = 3;

/// Whether a term says more than conditions on the tile.
static bool isStructured(const Term &term) {
  return term.chunks || llvm::any_of(term.ranges, [](const Range &range) { return range.low || range.high; });
}

static Term single(Axis axis, Range range) {
  Term term;
  term.ranges[axis] = range;
  return term;
}

const std::optional<Terms> &TileEvaluator::terms(Value value, bool negated) {
  auto key = std::pair(static_cast<const void *>(value.getAsOpaquePointer()), negated);
  if (auto known = termsOf.find(key); known != termsOf.end())
    return known->second;
  std::optional<Terms> computed = computeTerms(value, negated);
  return termsOf[key] = std::move(computed);
}

/// One condition: the value as it is decided by itself.
Terms TileEvaluator::opaque(Value value, bool negated) {
  Truth own = truth(value);
  Term term;
  term.literals.push_back({value, negated});
  Terms result;
  if (auto possible = differences.both(term, [&] {
        Term condition;
        condition.conditions.push_back(negated ? own.mayBeFalse : own.mayBeTrue);
        return condition;
      }()))
    result.push_back(*possible);
  return result;
}

/// A term that implies another adds nothing to it.
static void addTerm(Terms &terms, const Term &term) {
  if (llvm::any_of(terms, [&](const Term &other) { return DifferenceCode::implies(term, other); }))
    return;
  llvm::erase_if(terms, [&](const Term &other) { return DifferenceCode::implies(other, term); });
  terms.push_back(term);
}

std::optional<Terms> TileEvaluator::conjunction(const std::optional<Terms> &left, const std::optional<Terms> &right) const {
  if (!left || !right)
    return std::nullopt;
  Terms product;
  for (const Term &a : *left)
    for (const Term &b : *right) {
      if (std::optional<Term> both = differences.both(a, b))
        addTerm(product, *both);
      if (product.size() > mostTerms)
        return std::nullopt;
    }
  return product;
}

std::optional<Terms> TileEvaluator::disjunction(std::optional<Terms> left, const std::optional<Terms> &right) {
  if (!left || !right)
    return std::nullopt;
  for (const Term &term : *right)
    addTerm(*left, term);
  return left->size() <= mostTerms ? left : std::nullopt;
}

std::optional<Terms> TileEvaluator::computeTerms(Value value, bool negated) {
  Operation *op = value.getDefiningOp();
  /// A part with too many terms is one condition of the whole.
  auto part = [&](Value operand, bool opposite) -> std::optional<Terms> {
    if (const std::optional<Terms> &known = terms(operand, opposite))
      return known;
    return opaque(operand, opposite);
  };
  auto all = [&](Value left, bool leftNegated, Value right, bool rightNegated) {
    return conjunction(part(left, leftNegated), part(right, rightNegated));
  };
  if (isUniform(value)) {
    Term condition;
    condition.conditions.push_back(negated ? code.negate(uniform(value)) : uniform(value));
    condition.literals.push_back({value, negated});
    APInt constant;
    if (matchPattern(condition.conditions[0], m_ConstantInt(&constant)))
      return constant.isZero() ? Terms{} : Terms{Term{}};
    return Terms{condition};
  }
  if (auto negation = dyn_cast<ir::NotOp>(op))
    return part(negation.getOperand(), !negated);
  if (isa<ir::AndOp, ir::OrOp>(op)) {
    Value left = op->getOperand(0), right = op->getOperand(1);
    if (isa<ir::AndOp>(op) != negated)
      return all(left, negated, right, negated);
    return disjunction(part(left, negated), part(right, negated));
  }
  if (auto choice = dyn_cast<ir::SelectOp>(op))
    return disjunction(all(choice.getCondition(), false, choice.getIfTrue(), negated),
                       all(choice.getCondition(), true, choice.getIfFalse(), negated));
  if (auto compare = dyn_cast<ir::CompareOp>(op)) {
    Type element = functionType(compare.getLhs()).getElementType();
    bool isEquality = compare.getKind() == CompareKind::Equal || compare.getKind() == CompareKind::NotEqual;
    if (element.isInteger(64))
      return compareTerms(compare, negated);
    if (element.isInteger(1) && isEquality) {
      bool differ = (compare.getKind() == CompareKind::NotEqual) != negated;
      return disjunction(all(compare.getLhs(), false, compare.getRhs(), differ), all(compare.getLhs(), true, compare.getRhs(), !differ));
    }
  }
  Truth own = ownTruth(value);
  Term term;
  term.literals.push_back({value, negated});
  term.conditions.push_back(negated ? own.mayBeFalse : own.mayBeTrue);
  return Terms{term};
}

static CompareKind opposite(CompareKind kind) {
  switch (kind) {
  case CompareKind::Less:
    return CompareKind::GreaterEqual;
  case CompareKind::LessEqual:
    return CompareKind::Greater;
  case CompareKind::Greater:
    return CompareKind::LessEqual;
  case CompareKind::GreaterEqual:
    return CompareKind::Less;
  case CompareKind::Equal:
    return CompareKind::NotEqual;
  case CompareKind::NotEqual:
    return CompareKind::Equal;
  }
  llvm_unreachable("unknown comparison");
}

/// Whether a <= b, a < b, a == b ... for some a and b of two intervals.
static Value mayCompare(ScalarCode &code, CompareKind kind, const Interval &left, const Interval &right) {
  switch (kind) {
  case CompareKind::Less:
    return code.compare(CmpIPredicate::slt, left.low, right.high);
  case CompareKind::LessEqual:
    return code.atMost(left.low, right.high);
  case CompareKind::Greater:
    return code.compare(CmpIPredicate::slt, right.low, left.high);
  case CompareKind::GreaterEqual:
    return code.atMost(right.low, left.high);
  case CompareKind::Equal:
    return code.both(code.atMost(left.low, right.high), code.atMost(right.low, left.high));
  case CompareKind::NotEqual:
    return code.either(code.compare(CmpIPredicate::ne, left.low, right.high), code.compare(CmpIPredicate::ne, left.high, right.low));
  }
  llvm_unreachable("unknown comparison");
}

std::optional<Terms> TileEvaluator::compareTerms(ir::CompareOp op, bool negated) {
  CompareKind kind = negated ? opposite(op.getKind()) : op.getKind();
  std::optional<LinearForm> form = differenceOfSides(op.getLhs(), op.getRhs());
  bool isPlain = form && !form->varies() && form->constant == 0 && form->leaves.size() == 2 &&
                 form->leaves[0].value == op.getLhs() && form->leaves[1].value == op.getRhs();
  std::optional<Terms> result;
  if (form) {
    switch (kind) {
    case CompareKind::Less:
      result = atMost(*form, -1);
      break;
    case CompareKind::LessEqual:
      result = atMost(*form, 0);
      break;
    case CompareKind::Greater:
      result = atMost(form->negated(), -1);
      break;
    case CompareKind::GreaterEqual:
      result = atMost(form->negated(), 0);
      break;
    case CompareKind::Equal:
      result = conjunction(atMost(*form, 0), atMost(form->negated(), 0));
      break;
    case CompareKind::NotEqual:
      result = disjunction(atMost(*form, -1), atMost(form->negated(), -1));
      break;
    }
  }
  if (result && (!isPlain || llvm::any_of(*result, isStructured)))
    return result;
  // Two values that aren't sums need no difference, which might wrap.
  Term term;
  term.literals.push_back({op, negated});
  term.conditions.push_back(mayCompare(code, kind, integer(op.getLhs()), integer(op.getRhs())));
  return Terms{term};
}

/// The part of a form that isn't a multiple of i or j. Where a leaf is so large that the program's own sums may wrap, anything.
Interval TileEvaluator::residual(const LinearForm &form) {
  Interval sum = intervals.constant(form.constant);
  Value mayWrap = code.boolean(false);
  for (const LinearForm::Leaf &leaf : form.leaves) {
    Interval own = integer(leaf.value);
    if (leaf.isWholeSide) {
      own = intervals.clamp(own, int64_t(1) << 61);
    } else if (!own.hull.isWithin(largestLeaf)) {
      mayWrap = code.either(mayWrap, code.either(code.compare(CmpIPredicate::slt, own.low, code.integer(-largestLeaf)),
                                                 code.compare(CmpIPredicate::sgt, own.high, code.integer(largestLeaf))));
      own.hull = {std::max(own.hull.low, -largestLeaf), std::min(own.hull.high, largestLeaf)};
    }
    own.bits.reset();
    if (leaf.coefficient == 1)
      sum = intervals.add(sum, own);
    else if (leaf.coefficient == -1)
      sum = intervals.subtract(sum, own);
    else
      sum = intervals.add(sum, intervals.multiply(own, intervals.constant(leaf.coefficient)));
  }
  if (mayWrap == code.boolean(false))
    return sum;
  Interval anything = intervals.unknown({-(int64_t(1) << 62), int64_t(1) << 62});
  return intervals.select(mayWrap, anything, sum);
}

/// form <= limit, as terms: by splitting what is one of two values, by chunks, by the range of i, j or i - j it means, or by itself.
std::optional<Terms> TileEvaluator::atMost(const LinearForm &form, int64_t limit, unsigned depth) {
  if (depth < mostSplits)
    if (std::optional<Terms> split = splitLeaf(form, limit, depth); split && (split->empty() || llvm::any_of(*split, isStructured)))
      return split;
  if (std::optional<Terms> chunks = chunkTerms(form, limit))
    return chunks;
  int64_t factor = form.query != 0 ? form.query : -form.key;
  bool isDifference = form.varies() && (form.query == 0 || form.key == 0 || form.query == -form.key);
  if (!isDifference) {
    Term term;
    term.conditions.push_back(mayBeAtMost(form, limit));
    return Terms{term};
  }
  Axis axis = form.key == 0 ? queryAxis : form.query == 0 ? keyAxis : differenceAxis;
  if (axis == keyAxis)
    factor = form.key;
  // factor * x <= limit - residual.
  Interval room = intervals.subtract(intervals.constant(limit), residual(form));
  Interval most = intervals.clamp(intervals.between(room.high, room.high, room.hull), farOut * std::abs(factor));
  if (std::abs(factor) != 1)
    most = intervals.floorDivide(most, intervals.constant(std::abs(factor)));
  if (factor > 0)
    return Terms{single(axis, {Value(), most.high})};
  return Terms{single(axis, {code.subtract(code.integer(0), most.high), Value()})};
}

/// |x|, min, max and choices of values that themselves compare coordinates: each is one of two, chosen by an order or a condition.
std::optional<Terms> TileEvaluator::splitLeaf(const LinearForm &form, int64_t limit, unsigned depth) {
  for (auto [n, leaf] : llvm::enumerate(form.leaves)) {
    if (leaf.coefficient == 0 || isUniform(leaf.value))
      continue;
    LinearForm rest = form.without(n);
    auto with = [&](Value value, int64_t coefficient) -> std::optional<Terms> {
      LinearForm replaced = rest;
      if (!replaced.add(value, coefficient) || (!replaced.varies() && depth + 1 == mostSplits))
        return std::nullopt;
      return atMost(replaced, limit, depth + 1);
    };
    if (auto unary = leaf.value.getDefiningOp<ir::UnaryOp>(); unary && unary.getKind() == ir::UnaryKind::Abs) {
      auto same = with(unary.getOperand(), leaf.coefficient), negative = with(unary.getOperand(), -leaf.coefficient);
      return leaf.coefficient > 0 ? conjunction(same, negative) : disjunction(same, negative);
    }
    auto binary = leaf.value.getDefiningOp<ir::BinaryOp>();
    if (binary && (binary.getKind() == BinaryKind::Minimum || binary.getKind() == BinaryKind::Maximum)) {
      auto left = with(binary.getLhs(), leaf.coefficient), right = with(binary.getRhs(), leaf.coefficient);
      return (binary.getKind() == BinaryKind::Maximum) == (leaf.coefficient > 0) ? conjunction(left, right) : disjunction(left, right);
    }
    if (auto choice = leaf.value.getDefiningOp<ir::SelectOp>())
      return disjunction(conjunction(terms(choice.getCondition(), false), with(choice.getIfTrue(), leaf.coefficient)),
                         conjunction(terms(choice.getCondition(), true), with(choice.getIfFalse(), leaf.coefficient)));
  }
  return std::nullopt;
}

Value TileEvaluator::mayBeAtMost(const LinearForm &form, int64_t limit) {
  Interval sum = residual(form);
  auto addMultiple = [&](int64_t factor, Value first, Value last) {
    if (factor == 0)
      return;
    constexpr int64_t most = int64_t(1) << 31;
    Interval coordinate = intervals.between(first, last, {0, most});
    sum = intervals.add(sum, intervals.multiply(coordinate, intervals.constant(factor)));
  };
  addMultiple(form.query, tile.firstQuery, tile.lastQuery);
  addMultiple(form.key, tile.firstKey, tile.lastKey);
  return code.atMost(sum.low, code.integer(limit));
}

namespace {
/// A leaf (i + offset) // size or (j + offset) // size.
struct ChunkLeaf {
  size_t number;
  int64_t coefficient;
  Axis axis;
  LinearForm offset;
  Value size;
};
} // namespace

static std::optional<ChunkLeaf> chunkLeaf(const LinearForm &form, size_t number) {
  const LinearForm::Leaf &leaf = form.leaves[number];
  auto division = leaf.value.getDefiningOp<ir::BinaryOp>();
  if (!division || division.getKind() != BinaryKind::FloorDivide || isUniform(leaf.value) || !isUniform(division.getRhs()) ||
      std::abs(leaf.coefficient) != 1)
    return std::nullopt;
  LinearForm dividend;
  if (!dividend.add(division.getLhs(), 1) || dividend.query + dividend.key != 1 || dividend.query * dividend.key != 0)
    return std::nullopt;
  ChunkLeaf result{number, leaf.coefficient, dividend.query == 1 ? queryAxis : keyAxis, dividend, division.getRhs()};
  result.offset.query = result.offset.key = 0;
  return result;
}

/// Chunks of i against chunks of j of the same size, or against something else.
std::optional<Terms> TileEvaluator::chunkTerms(const LinearForm &form, int64_t limit) {
  if (form.varies())
    return std::nullopt;
  SmallVector<ChunkLeaf, 2> chunks;
  for (size_t n = 0; n < form.leaves.size(); ++n)
    if (std::optional<ChunkLeaf> chunk = chunkLeaf(form, n))
      chunks.push_back(*chunk);
  if (chunks.empty() || chunks.size() > 2)
    return std::nullopt;
  bool isPair = chunks.size() == 2;
  if (isPair && (chunks[0].size != chunks[1].size || chunks[0].axis == chunks[1].axis ||
                 chunks[0].coefficient != -chunks[1].coefficient))
    return std::nullopt;
  if (isPair && chunks[0].axis == keyAxis)
    std::swap(chunks[0], chunks[1]);

  LinearForm rest = form;
  llvm::erase_if(rest.leaves, [&](const LinearForm::Leaf &leaf) {
    return llvm::any_of(chunks, [&](const ChunkLeaf &chunk) { return form.leaves[chunk.number].value == leaf.value; });
  });
  Interval room = intervals.subtract(intervals.constant(limit), residual(rest));
  SmallVector<Interval, 2> offsets;
  for (const ChunkLeaf &chunk : chunks) {
    offsets.push_back(residual(chunk.offset));
    if (!offsets.back().isPoint() || !offsets.back().hull.isWithin(int64_t(1) << 31))
      return std::nullopt;
  }
  Interval divisor = integer(chunks[0].size);
  if (divisor.hull.high < 1)
    return std::nullopt;
  Value one = code.integer(1), size = divisor.low;
  if (divisor.hull.high > largestChunk)
    size = code.minimum(size, code.integer(largestChunk));
  Value isWrong;
  if (divisor.hull.low < 1) {
    isWrong = code.compare(CmpIPredicate::slt, divisor.low, one);
    size = code.maximum(size, one);
  }
  if (!room.hull.isWithin(largestChunkBound)) {
    // Chunks' numbers are below 2^32.
    if (divisor.hull.high > largestChunkBound)
      return std::nullopt;
    room = intervals.clamp(room, largestChunk);
  }
  // coefficient * chunk <= room, and chunk >= -room for a negative one.
  Value bound = room.high;
  bool isUpper = chunks[0].coefficient > 0;
  if (!isUpper)
    bound = code.subtract(code.integer(0), bound);
  if (isPair) {
    Term term;
    term.chunks = ChunkRange{size, offsets[0].low, offsets[1].low, isUpper ? Range{Value(), bound} : Range{bound, Value()}};
    if (!isWrong)
      return Terms{term};
    // A divisor that isn't positive says nothing.
    Value anything = code.integer(isUpper ? farOut : -farOut);
    Value &end = isUpper ? term.chunks->range.high : term.chunks->range.low;
    end = code.select(isWrong, anything, end);
    return Terms{term};
  }
  // (x + offset) // size <= bound: x <= size * bound + size - 1 - offset; >= bound: x >= size * bound - offset.
  Value end = code.multiply(size, bound);
  if (isUpper)
    end = code.add(end, code.subtract(size, one));
  end = code.subtract(end, offsets[0].low);
  end = code.minimum(code.maximum(end, code.integer(-farOut)), code.integer(farOut));
  if (isWrong)
    end = code.select(isWrong, code.integer(isUpper ? farOut : -farOut), end);
  return Terms{single(chunks[0].axis, isUpper ? Range{Value(), end} : Range{end, Value()})};
}

} // namespace attn::lower
