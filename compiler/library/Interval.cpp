#include "compiler/library/Interval.h"

#include <algorithm>

using namespace attn;
using namespace attn::library;
using namespace attn::sema;

namespace {

bool isFloat(ScalarType type) { return type == ScalarType::Float32 || type == ScalarType::Float64; }

/// Ends computed in 128 bits; what leaves 64 wraps, of which nothing is known.
Interval fit(__int128 low, __int128 high) {
  if (low < INT64_MIN || high > INT64_MAX)
    return Interval::whole();
  return {int64_t(low), int64_t(high)};
}

Interval joined(Interval x, Interval y) { return {std::min(x.low, y.low), std::max(x.high, y.high)}; }

Interval add(Interval x, Interval y) {
  if (x.isWhole() || y.isWhole())
    return Interval::whole();
  return fit(__int128(x.low) + y.low, __int128(x.high) + y.high);
}

Interval subtract(Interval x, Interval y) {
  if (x.isWhole() || y.isWhole())
    return Interval::whole();
  return fit(__int128(x.low) - y.high, __int128(x.high) - y.low);
}

Interval multiply(Interval x, Interval y) {
  __int128 products[] = {__int128(x.low) * y.low, __int128(x.low) * y.high, __int128(x.high) * y.low,
                         __int128(x.high) * y.high};
  return fit(*std::min_element(products, products + 4), *std::max_element(products, products + 4));
}

int64_t floorQuotient(int64_t x, int64_t y) { return x / y - (x % y != 0 && (x < 0) != (y < 0)); }

Interval floorDivide(Interval x, Interval y) {
  if (y.low <= 0)
    return Interval::whole();
  int64_t ends[] = {floorQuotient(x.low, y.low), floorQuotient(x.low, y.high), floorQuotient(x.high, y.low),
                    floorQuotient(x.high, y.high)};
  return {*std::min_element(ends, ends + 4), *std::max_element(ends, ends + 4)};
}

Interval modulo(Interval x, Interval y) {
  if (y.low <= 0)
    return Interval::whole();
  if (y.isSingle() && floorQuotient(x.low, y.low) == floorQuotient(x.high, y.low)) {
    int64_t base = floorQuotient(x.low, y.low) * y.low;
    return {x.low - base, x.high - base};
  }
  if (x.low >= 0 && x.high < y.low)
    return x;
  return {0, y.high - 1};
}

/// Of x & y: no more than the smaller where both are not negative.
Interval bitAnd(Interval x, Interval y) {
  if (x.isSingle() && y.isSingle())
    return Interval::of(x.low & y.low);
  if (x.low >= 0 && y.low >= 0)
    return {0, std::min(x.high, y.high)};
  if (x.low >= 0 || y.low >= 0)
    return {0, x.low >= 0 ? x.high : y.high};
  return Interval::whole();
}

constexpr Interval unknownBool{0, 1};

/// Rebasing evaluates a sub-graph again: a graph that nests it deeply is given up on.
constexpr uint64_t mostSteps = 100000;

} // namespace

IntervalEvaluator::IntervalEvaluator(const Attention &attention, const reference::Binding &binding, TableRange tables)
    : attention(attention), binding(binding), tables(std::move(tables)),
      heads(attention.coordinates[coordinateH].extent), groups(attention.coordinates[coordinateG].extent) {}

Interval IntervalEvaluator::extent(const Box &box, ExtentId id) const {
  if (id < binding.extents.size() && binding.extents[id])
    return Interval::of(*binding.extents[id]);
  if (id < binding.perBatch.size() && !binding.perBatch[id].empty()) {
    const std::vector<int64_t> &values = binding.perBatch[id];
    Interval batch = box[coordinateB];
    Interval range = Interval::whole();
    bool first = true;
    for (int64_t b = std::max<int64_t>(0, batch.low); b <= std::min<int64_t>(batch.high, int64_t(values.size()) - 1); ++b) {
      range = first ? Interval::of(values[b]) : joined(range, Interval::of(values[b]));
      first = false;
    }
    return range;
  }
  return Interval::whole();
}

Box IntervalEvaluator::wholeBox() const {
  Box box(attention.coordinates.size());
  box[coordinateB] = Interval{0, INT64_MAX};
  for (size_t n = 0; n < box.size(); ++n) {
    ExtentId id = attention.coordinates[n].extent;
    if (id == none) {
      box[n] = Interval::of(0);
      continue;
    }
    Interval size = extent(box, id);
    box[n] = Interval{0, size.high == INT64_MAX ? INT64_MAX : std::max<int64_t>(0, size.high - 1)};
  }
  return box;
}

Interval IntervalEvaluator::evaluate(NodeId id, const Box &box) const {
  uint64_t steps = 0;
  Scope scope{box, steps, {}};
  return evaluate(id, scope);
}

Interval IntervalEvaluator::evaluate(NodeId id, Scope &scope) const {
  const Node &node = attention.node(id);
  if (isFloat(node.type))
    return Interval::whole();
  if (auto known = scope.known.find(id); known != scope.known.end())
    return known->second;
  Interval range = ++scope.steps > mostSteps ? Interval::whole() : compute(node, scope);
  if (node.type == ScalarType::Bool)
    range = {std::max<int64_t>(range.low, 0), std::min<int64_t>(range.high, 1)};
  scope.known.emplace(id, range);
  return range;
}

Interval IntervalEvaluator::compute(const Node &node, Scope &scope) const {
  switch (node.kind) {
  case NodeKind::Integer:
  case NodeKind::Boolean: return Interval::of(node.integer);
  case NodeKind::Coordinate: {
    if (node.coordinate != coordinateG || heads == none || groups == none || !(node.varies & setOf(coordinateH)))
      return scope.box[node.coordinate];
    Interval h = extent(scope.box, heads), g = extent(scope.box, groups);
    if (!h.isSingle() || !g.isSingle() || g.low <= 0 || h.low < g.low)
      return scope.box[coordinateG];
    return floorDivide(scope.box[coordinateH], Interval::of(h.low / g.low));
  }
  case NodeKind::Extent: return extent(scope.box, node.index);
  case NodeKind::Scalar:
    if (node.index < binding.scalars.size() && binding.scalars[node.index])
      return Interval::of(binding.scalars[node.index]->integer);
    return Interval::whole();
  case NodeKind::Load: return load(node, scope);
  case NodeKind::Unary: return unary(node, scope);
  case NodeKind::Binary: return binary(node, scope);
  case NodeKind::Compare: return compare(node, scope);
  case NodeKind::And: {
    Interval x = evaluate(node.operands[0], scope);
    if (x.high == 0)
      return Interval::of(0);
    Interval y = evaluate(node.operands[1], scope);
    return {std::min(x.low, y.low), std::min(x.high, y.high)};
  }
  case NodeKind::Or: {
    Interval x = evaluate(node.operands[0], scope);
    if (x.low == 1)
      return Interval::of(1);
    Interval y = evaluate(node.operands[1], scope);
    return {std::max(x.low, y.low), std::max(x.high, y.high)};
  }
  case NodeKind::Not: {
    Interval x = evaluate(node.operands[0], scope);
    return {1 - x.high, 1 - x.low};
  }
  case NodeKind::Select: {
    Interval condition = evaluate(node.operands[0], scope);
    if (condition.low == 1)
      return evaluate(node.operands[1], scope);
    if (condition.high == 0)
      return evaluate(node.operands[2], scope);
    return joined(evaluate(node.operands[1], scope), evaluate(node.operands[2], scope));
  }
  case NodeKind::Convert:
    return isFloat(attention.node(node.operands[0]).type) ? Interval::whole() : evaluate(node.operands[0], scope);
  case NodeKind::Rebase: {
    Box box = scope.box;
    for (size_t n = 0; n < node.coordinates.size(); ++n)
      box[node.coordinates[n]] = evaluate(node.operands[1 + n], scope);
    Scope inner{box, scope.steps, {}};
    return evaluate(node.operands[0], inner);
  }
  case NodeKind::Reduce: {
    if (node.reduction == Reduction::Sum)
      return Interval::whole();
    // A reduction over nothing gives its neutral element, so only Bools stay inside what the operand can be.
    if (node.type != ScalarType::Bool)
      return Interval::whole();
    Box box = scope.box, whole = wholeBox();
    for (CoordinateId coordinate : node.coordinates)
      box[coordinate] = whole[coordinate];
    Scope inner{box, scope.steps, {}};
    Interval x = evaluate(node.operands[0], inner);
    return node.reduction == Reduction::Any ? Interval{0, x.high} : Interval{x.low, 1};
  }
  default: return node.type == ScalarType::Bool ? unknownBool : Interval::whole();
  }
}

Interval IntervalEvaluator::unary(const Node &node, Scope &scope) const {
  Interval x = evaluate(node.operands[0], scope);
  switch (node.unary) {
  case UnaryOp::Negate: return subtract(Interval::of(0), x);
  case UnaryOp::BitNot: return x.isWhole() ? x : Interval{~x.high, ~x.low};
  case UnaryOp::Abs:
    if (x.low == INT64_MIN)
      return Interval::whole();
    if (x.low >= 0)
      return x;
    return {x.high < 0 ? -x.high : 0, std::max(-x.low, x.high)};
  case UnaryOp::Sign: return {x.low > 0 ? 1 : x.low < 0 ? -1 : 0, x.high > 0 ? 1 : x.high < 0 ? -1 : 0};
  case UnaryOp::Relu: return {std::max<int64_t>(0, x.low), std::max<int64_t>(0, x.high)};
  default: return Interval::whole();
  }
}

Interval IntervalEvaluator::binary(const Node &node, Scope &scope) const {
  if (node.binary == BinaryOp::Subtract && node.operands[0] == node.operands[1])
    return Interval::of(0);
  Interval x = evaluate(node.operands[0], scope), y = evaluate(node.operands[1], scope);
  switch (node.binary) {
  case BinaryOp::Add: return add(x, y);
  case BinaryOp::Subtract: return subtract(x, y);
  case BinaryOp::Multiply: return multiply(x, y);
  case BinaryOp::FloorDivide: return floorDivide(x, y);
  case BinaryOp::Modulo: return modulo(x, y);
  case BinaryOp::Minimum: return {std::min(x.low, y.low), std::min(x.high, y.high)};
  case BinaryOp::Maximum: return {std::max(x.low, y.low), std::max(x.high, y.high)};
  case BinaryOp::BitAnd: return bitAnd(x, y);
  case BinaryOp::BitOr: return x.isSingle() && y.isSingle() ? Interval::of(x.low | y.low) : Interval::whole();
  case BinaryOp::BitXor: return x.isSingle() && y.isSingle() ? Interval::of(x.low ^ y.low) : Interval::whole();
  case BinaryOp::ShiftRight:
    if (y.isSingle() && y.low >= 0)
      return {x.low >> std::min<int64_t>(y.low, 63), x.high >> std::min<int64_t>(y.low, 63)};
    return Interval::whole();
  case BinaryOp::ShiftLeft:
    if (y.isSingle() && y.low >= 0 && y.low < 62)
      return multiply(x, Interval::of(int64_t(1) << y.low));
    return Interval::whole();
  default: return Interval::whole();
  }
}

Interval IntervalEvaluator::compare(const Node &node, Scope &scope) const {
  NodeId left = node.operands[0], right = node.operands[1];
  if (isFloat(attention.node(left).type))
    return unknownBool;
  Interval x = evaluate(left, scope), y = evaluate(right, scope);
  if (left == right)
    x = y = Interval::of(0);
  auto decide = [](bool always, bool never) { return always ? Interval::of(1) : never ? Interval::of(0) : unknownBool; };
  switch (node.compare) {
  case CompareOp::Less: return decide(x.high < y.low, x.low >= y.high);
  case CompareOp::LessEqual: return decide(x.high <= y.low, x.low > y.high);
  case CompareOp::Greater: return decide(x.low > y.high, x.high <= y.low);
  case CompareOp::GreaterEqual: return decide(x.low >= y.high, x.high < y.low);
  case CompareOp::Equal: return decide(x.isSingle() && x == y, x.high < y.low || x.low > y.high);
  case CompareOp::NotEqual: return decide(x.high < y.low || x.low > y.high, x.isSingle() && x == y);
  }
  return unknownBool;
}

Interval IntervalEvaluator::load(const Node &node, Scope &scope) const {
  Interval type = node.type == ScalarType::Bool ? unknownBool : Interval::whole();
  if (!tables)
    return type;
  const Tensor &tensor = attention.tensors[node.index];
  std::vector<Interval> indices;
  for (size_t n = 0; n < node.operands.size(); ++n) {
    bool broadcast = n < tensor.dimensions.size() && tensor.dimensions[n].broadcastable &&
                     node.index < binding.tensors.size() && n < binding.tensors[node.index].shape.size() &&
                     binding.tensors[node.index].shape[n] == 1;
    indices.push_back(broadcast ? Interval::of(0) : evaluate(node.operands[n], scope));
  }
  Interval range = tables(TensorId(node.index), indices);
  return range.isWhole() ? type : range;
}
