#include "compiler/lower/coordinate/DifferenceTerms.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace attn::lower {

static bool isConstant(Value value, bool expected) {
  APInt constant;
  return matchPattern(value, m_ConstantInt(&constant)) && constant.getBoolValue() == expected;
}

static bool isEmpty(const Range &range) {
  APInt low, high;
  return range.low && range.high && matchPattern(range.low, m_ConstantInt(&low)) && matchPattern(range.high, m_ConstantInt(&high)) &&
         low.sgt(high);
}

static bool implies(const Range &narrow, const Range &wide) {
  return (!wide.low || wide.low == narrow.low) && (!wide.high || wide.high == narrow.high);
}

bool DifferenceCode::implies(const Term &narrow, const Term &wide) {
  for (auto [own, other] : llvm::zip(narrow.ranges, wide.ranges))
    if (!lower::implies(own, other))
      return false;
  if (wide.chunks &&
      (!narrow.chunks || narrow.chunks->size != wide.chunks->size || narrow.chunks->queryOffset != wide.chunks->queryOffset ||
       narrow.chunks->keyOffset != wide.chunks->keyOffset || !lower::implies(narrow.chunks->range, wide.chunks->range)))
    return false;
  return llvm::all_of(wide.conditions, [&](Value condition) { return llvm::is_contained(narrow.conditions, condition); });
}

std::optional<Term> DifferenceCode::both(const Term &left, const Term &right) const {
  Term result = left;
  for (auto [range, other] : llvm::zip(result.ranges, right.ranges)) {
    if (other.low)
      range.low = range.low ? code.maximum(range.low, other.low) : other.low;
    if (other.high)
      range.high = range.high ? code.minimum(range.high, other.high) : other.high;
    if (isEmpty(range))
      return std::nullopt;
  }
  auto require = [&](Value condition) {
    if (!isConstant(condition, true) && !llvm::is_contained(result.conditions, condition))
      result.conditions.push_back(condition);
    return !isConstant(condition, false);
  };
  if (right.chunks) {
    const ChunkRange &more = *right.chunks;
    if (!result.chunks) {
      result.chunks = more;
    } else if (result.chunks->size == more.size && result.chunks->queryOffset == more.queryOffset &&
               result.chunks->keyOffset == more.keyOffset) {
      Range &range = result.chunks->range;
      if (more.range.low)
        range.low = range.low ? code.maximum(range.low, more.range.low) : more.range.low;
      if (more.range.high)
        range.high = range.high ? code.minimum(range.high, more.range.high) : more.range.high;
      if (isEmpty(range))
        return std::nullopt;
    } else {
      // Two kinds of chunks are decided apart.
      Term alone;
      alone.chunks = more;
      if (!require(mayHold(alone)))
        return std::nullopt;
    }
  }
  for (Value condition : right.conditions)
    if (!require(condition))
      return std::nullopt;
  for (auto literal : right.literals) {
    if (llvm::is_contained(result.literals, std::pair(literal.first, !literal.second)))
      return std::nullopt;
    if (!llvm::is_contained(result.literals, literal))
      result.literals.push_back(literal);
  }
  return result;
}

Value DifferenceCode::mayHold(const Terms &terms) const {
  Value any = code.boolean(false);
  for (const Term &term : terms)
    any = code.either(any, mayHold(term));
  return any;
}

/// Three ranges of i, j and i - j have a common pair just if those of i and j aren't empty and that of i - j meets the differences between
/// them: the constraints' matrix is totally unimodular.
Value DifferenceCode::mayHold(const Term &term) const {
  Value result = code.boolean(true);
  auto require = [&](Value condition) { result = code.both(result, condition); };
  auto requireOrder = [&](Value low, Value high) {
    if (low && high)
      require(code.atMost(low, high));
  };
  std::array<Range, axisCount> box = term.ranges;
  Range ends[] = {{tile.firstQuery, tile.lastQuery}, {tile.firstKey, tile.lastKey}};
  for (Axis axis : {queryAxis, keyAxis}) {
    Range &range = box[axis];
    bool isBounded = range.low || range.high;
    range.low = range.low ? code.maximum(range.low, ends[axis].low) : ends[axis].low;
    range.high = range.high ? code.minimum(range.high, ends[axis].high) : ends[axis].high;
    if (isBounded)
      requireOrder(range.low, range.high);
  }
  Range difference = term.ranges[differenceAxis];
  requireOrder(difference.low, difference.high);
  if (difference.low)
    require(code.atMost(difference.low, code.subtract(box[queryAxis].high, box[keyAxis].low)));
  if (difference.high)
    require(code.atMost(code.subtract(box[queryAxis].low, box[keyAxis].high), difference.high));
  if (term.chunks)
    require(chunksMeet(*term.chunks, box, difference));
  for (Value condition : term.conditions)
    require(condition);
  return result;
}

/// With K = (j + b) // c and low <= (i + a) // c - K <= high, for B = c K:
///   B + c low - a <= i <= B + c high + c - 1 - a   and   B - b <= j <= B + c - 1 - b,
/// where without `low` the last bound on j goes, without `high` the first. All conditions that some (i, j) satisfies these and the ranges are then
/// bounds on B, of which a multiple of c must satisfy all.
Value DifferenceCode::chunksMeet(const ChunkRange &chunks, std::array<Range, axisCount> box, Range difference) const {
  Value size = chunks.size, last = code.subtract(size, code.integer(1)), result = code.boolean(true);
  Range i = box[queryAxis], j = box[keyAxis];
  Range query, key;
  if (chunks.range.low) {
    query.low = code.subtract(code.multiply(size, chunks.range.low), chunks.queryOffset);
    key.high = code.subtract(last, chunks.keyOffset);
  }
  if (chunks.range.high) {
    query.high = code.subtract(code.add(code.multiply(size, chunks.range.high), last), chunks.queryOffset);
    key.low = code.subtract(code.integer(0), chunks.keyOffset);
  }
  auto require = [&](Value condition) { result = code.both(result, condition); };
  if (chunks.range.low && chunks.range.high)
    require(code.atMost(chunks.range.low, chunks.range.high));

  Value low, high;
  auto atLeast = [&](Value bound) { low = low ? code.maximum(low, bound) : bound; };
  auto atMost = [&](Value bound) { high = high ? code.minimum(high, bound) : bound; };
  if (query.high)
    atLeast(code.subtract(i.low, query.high));
  if (query.low)
    atMost(code.subtract(i.high, query.low));
  if (key.high)
    atLeast(code.subtract(j.low, key.high));
  if (key.low)
    atMost(code.subtract(j.high, key.low));
  if (difference.low) {
    if (key.low)
      atMost(code.subtract(code.subtract(i.high, key.low), difference.low));
    if (query.high)
      atLeast(code.subtract(code.add(difference.low, j.low), query.high));
    if (query.high && key.low)
      require(code.atMost(difference.low, code.subtract(query.high, key.low)));
  }
  if (difference.high) {
    if (key.high)
      atLeast(code.subtract(code.subtract(i.low, key.high), difference.high));
    if (query.low)
      atMost(code.subtract(code.add(difference.high, j.high), query.low));
    if (query.low && key.high)
      require(code.atMost(code.subtract(query.low, key.high), difference.high));
  }
  Value multiple = code.multiply(code.floorDivide(high, size, false), size);
  require(code.atMost(low, multiple));
  return result;
}

} // namespace attn::lower
