#include "compiler/reference/GraphEvaluator.h"

#include <span>

namespace attn::reference {

using namespace sema;

namespace {

/// Operands read at the node's own coordinates; the others are evaluated elsewhere, by the node itself.
std::span<const NodeId> ownOperands(const Node &node) {
  const std::span<const NodeId> operands = node.operands;
  if (node.kind == NodeKind::Rebase)
    return operands.subspan(1);
  if (node.kind == NodeKind::Reduce || node.kind == NodeKind::Dot || isRowFunction(node))
    return {};
  return operands;
}

} // namespace

// Works through the operands with an explicit stack: a sum of a hundred thousand terms is a graph as deep.
Value GraphEvaluator::evaluate(NodeId root, const Environment &environment) {
  if (Value value = known(root, environment))
    return value;
  std::vector<NodeId> pending{root};
  Value value;
  while (!pending.empty()) {
    const NodeId id = pending.back();
    if ((value = known(id, environment))) {
      pending.pop_back();
      continue;
    }
    if ((value = sharedByRows(id, environment))) {
      remember(Aspect::Value, id, depends.of(id), environment, value);
      pending.pop_back();
      continue;
    }
    const size_t before = pending.size();
    for (NodeId operand : ownOperands(spec.node(id)))
      if (!known(operand, environment))
        pending.push_back(operand);
    if (pending.size() == before) {
      value = compute(id, environment);
      remember(Aspect::Value, id, depends.of(id), environment, value);
      pending.pop_back();
    }
  }
  return value;
}

Value GraphEvaluator::compute(NodeId id, const Environment &environment) {
  const Node &node = spec.node(id);
  if (id == spec.score)
    if (Value scores = scoreFromRow(environment))
      return scores;
  switch (node.kind) {
  case NodeKind::Integer:
  case NodeKind::Boolean:
    return std::make_shared<Array>(Array::ofInteger(node.integer));
  case NodeKind::Float:
    return std::make_shared<Array>(Array::ofReal(node.real));
  case NodeKind::Coordinate:
    return environment[node.coordinate].values;
  case NodeKind::Extent:
    return extentValue(node, id, environment);
  case NodeKind::Scalar: {
    const ScalarValue scalar = binding.scalars[node.index].value_or(ScalarValue{});
    const bool real = spec.scalars[node.index].kind == ScalarKind::Float;
    return std::make_shared<Array>(real ? Array::ofReal(scalar.real) : Array::ofInteger(scalar.integer));
  }
  case NodeKind::Load:
    return load(node, id, environment);
  case NodeKind::Unary:
  case NodeKind::Not:
    return unaryValue(node, environment);
  case NodeKind::Binary:
    return binaryValue(node, id, environment);
  case NodeKind::Compare:
    return compareValue(node, environment);
  case NodeKind::And:
  case NodeKind::Or:
    return logicalValue(node, environment);
  case NodeKind::Select:
    return selectValue(node, environment);
  case NodeKind::Convert:
    return convertValue(node, environment);
  case NodeKind::Rebase:
    return rebase(node, environment);
  case NodeKind::Reduce:
    return bindsCoordinate(node, coordinateJ) ? reduceRow(node, id, environment) : reduce(node, id, environment);
  case NodeKind::Dot:
    return reduce(node, id, environment);
  case NodeKind::Softmax:
  case NodeKind::LogSumExp:
  case NodeKind::Normalize:
  case NodeKind::TopK:
  case NodeKind::Sparsemax:
  case NodeKind::Entmax15:
  case NodeKind::SumAfter:
    return rowFunction(node, id, environment);
  }
  return nullptr;
}

Value GraphEvaluator::extentValue(const Node &node, NodeId id, const Environment &environment) {
  if (!spec.extents[node.index].perBatch)
    return std::make_shared<Array>(Array::ofInteger(binding.extents[node.index].value_or(0)));
  const std::vector<int64_t> &sizes = binding.perBatch[node.index];
  const Array &batch = *environment[coordinateB].values;
  auto result = std::make_shared<Array>(batch.axes, false);
  result->faults = batch.faults;
  for (int64_t n = 0; n < batch.size(); ++n) {
    const int64_t b = batch.integers[n];
    const bool inside = b >= 0 && b < static_cast<int64_t>(sizes.size());
    result->integers[n] = inside ? sizes[b] : 0;
    if (inside)
      continue;
    result->allocateFaults();
    if (!result->faults[n])
      result->faults[n] = {id, Fault::batch, b};
  }
  return result;
}

Value GraphEvaluator::rebase(const Node &node, const Environment &environment) {
  const CoordinateSet inside = depends.of(node.operands[0]);
  Environment inner = environment;
  // g follows h, and an explicit g is set after it.
  for (bool heads : {true, false})
    for (size_t n = 0; n < node.coordinates.size(); ++n) {
      const CoordinateId coordinate = node.coordinates[n];
      const CoordinateSet sets = setOf(coordinate) | (coordinate == coordinateH ? setOf(coordinateG) : 0);
      if ((coordinate == coordinateH) != heads || !(inside & sets))
        continue;
      const NodeId value = node.operands[1 + n];
      setPlace(inner, coordinate, intern(evaluate(value, environment), scopeOf(depends.of(value), environment)));
    }
  return evaluate(node.operands[0], inner);
}

Value GraphEvaluator::forEachSlice(NodeId id, const Environment &environment, const Axes &axes) {
  const Node &node = spec.node(id);
  const bool real = node.type == ScalarType::Float32 || node.type == ScalarType::Float64;
  auto result = std::make_shared<Array>(axesOf(depends.of(id), environment), real);
  const std::vector<int64_t> strides = stridesOver(axes, result->axes);
  const Axes rest = without(result->axes, axes);
  forEachIndex(axes, [&](const std::vector<int64_t> &point) {
    int64_t start = 0;
    for (size_t n = 0; n < axes.size(); ++n)
      start += strides[n] * point[n];
    const Value part = evaluate(id, sliced(environment, depends.of(id), axes, point));
    Walk<2>(rest, {&result->axes, &part->axes}).forEachPoint([&](const std::array<int64_t, 2> &at) {
      result->copyElement(start + at[0], *part, at[1]);
    });
  });
  return result;
}

} // namespace attn::reference
