#include "compiler/library/ErrorBound.h"

#include <limits>
#include <unordered_map>

using namespace attn;
using namespace attn::library;
using namespace attn::sema;

namespace {

constexpr CoordinateSet rowCoordinates =
    setOf(coordinateB) | setOf(coordinateH) | setOf(coordinateG) | setOf(coordinateI);

bool isFloat(ScalarType type) { return type == ScalarType::Float32 || type == ScalarType::Float64; }

class BoundBuilder {
public:
  explicit BoundBuilder(const Attention &original) : original(original) { result.attention = original; }
  BoundedAttention build();

private:
  NodeId add(Node node) {
    result.attention.nodes.push_back(std::move(node));
    return NodeId(result.attention.nodes.size() - 1);
  }
  const Node &node(NodeId id) const { return result.attention.nodes[id]; }
  NodeId unary(UnaryOp op, NodeId operand);
  NodeId binary(BinaryOp op, NodeId left, NodeId right);
  NodeId reduceMaximum(NodeId operand, std::vector<CoordinateId> coordinates);
  NodeId magnitude(NodeId id);
  NodeId computeMagnitude(NodeId id);
  bool isOneOrMore(NodeId id) const;
  NodeId real(double value);
  NodeId compare(CompareOp op, NodeId left, NodeId right);
  NodeId select(NodeId condition, NodeId ifTrue, NodeId ifFalse);
  NodeId finite(NodeId id);
  /// A weight that is a softmax, and the v, of `sum(j: weight * v)`.
  struct WeightedSum {
    NodeId softmax = none, values = none;
  };
  WeightedSum findValues(NodeId output) const;
  uint32_t addOutput(const Output &like, NodeId value);

  const Attention &original;
  BoundedAttention result;
  std::unordered_map<NodeId, NodeId> magnitudes;
};

NodeId BoundBuilder::unary(UnaryOp op, NodeId operand) {
  Node made;
  made.kind = NodeKind::Unary;
  made.unary = op;
  made.type = node(operand).type;
  made.varies = node(operand).varies;
  made.range = node(operand).range;
  made.operands = {operand};
  return add(std::move(made));
}

NodeId BoundBuilder::binary(BinaryOp op, NodeId left, NodeId right) {
  Node made;
  made.kind = NodeKind::Binary;
  made.binary = op;
  made.type = node(left).type == ScalarType::Float32 ? ScalarType::Float32 : node(right).type;
  made.varies = node(left).varies | node(right).varies;
  made.range = node(left).range;
  made.operands = {left, right};
  return add(std::move(made));
}

NodeId BoundBuilder::reduceMaximum(NodeId operand, std::vector<CoordinateId> coordinates) {
  Node made;
  made.kind = NodeKind::Reduce;
  made.reduction = Reduction::Maximum;
  made.type = node(operand).type;
  made.varies = node(operand).varies;
  for (CoordinateId coordinate : coordinates) {
    // Which keys are visible varies with what mask and score vary with.
    if (coordinate == coordinateJ)
      made.varies |= node(original.mask).varies | (original.score != none ? node(original.score).varies : 0);
  }
  for (CoordinateId coordinate : coordinates)
    made.varies &= ~setOf(coordinate);
  made.range = node(operand).range;
  made.coordinates = std::move(coordinates);
  made.operands = {operand};
  return add(std::move(made));
}

NodeId BoundBuilder::magnitude(NodeId id) {
  if (auto known = magnitudes.find(id); known != magnitudes.end())
    return known->second;
  NodeId made = computeMagnitude(id);
  magnitudes.emplace(id, made);
  return made;
}

/// How large the terms are that a node's value is a sum of: its rounding error is a small multiple of this.
NodeId BoundBuilder::computeMagnitude(NodeId id) {
  Node copy = node(id);
  switch (copy.kind) {
  case NodeKind::Dot:
  case NodeKind::Reduce:
  case NodeKind::SumAfter:
    for (NodeId &operand : copy.operands)
      operand = magnitude(operand);
    return add(std::move(copy));
  case NodeKind::Softmax: {
    NodeId value = unary(UnaryOp::Abs, id);
    return binary(BinaryOp::Maximum, value, binary(BinaryOp::Multiply, value, magnitude(copy.operands[0])));
  }
  case NodeKind::Select:
    copy.operands[1] = magnitude(copy.operands[1]);
    copy.operands[2] = magnitude(copy.operands[2]);
    return add(std::move(copy));
  case NodeKind::Rebase:
    copy.operands[0] = magnitude(copy.operands[0]);
    return add(std::move(copy));
  case NodeKind::TopK: return magnitude(copy.operands[0]);
  case NodeKind::Convert:
    if (!isFloat(node(copy.operands[0]).type))
      return unary(UnaryOp::Abs, id);
    copy.operands[0] = magnitude(copy.operands[0]);
    return add(std::move(copy));
  case NodeKind::Unary:
    switch (copy.unary) {
    case UnaryOp::Negate:
    case UnaryOp::Abs:
    // Of slope about 1 at most: what their operand is off by, so are they.
    case UnaryOp::Tanh:
    case UnaryOp::Sin:
    case UnaryOp::Cos:
    case UnaryOp::Atan:
    case UnaryOp::Erf:
    case UnaryOp::LogSigmoid:
    case UnaryOp::Softplus:
    case UnaryOp::Relu:
    case UnaryOp::Elu:
    case UnaryOp::Silu:
    case UnaryOp::Gelu: return binary(BinaryOp::Maximum, magnitude(copy.operands[0]), unary(UnaryOp::Abs, id));
    // Of slope y (1 - y).
    case UnaryOp::Sigmoid: {
      NodeId slope = binary(BinaryOp::Multiply, id, binary(BinaryOp::Subtract, real(1), id));
      return binary(BinaryOp::Maximum, id, binary(BinaryOp::Multiply, slope, magnitude(copy.operands[0])));
    }
    // What their operand is off by, as a part of it.
    case UnaryOp::Log:
    case UnaryOp::Log2:
      return binary(BinaryOp::Maximum, unary(UnaryOp::Abs, id),
                    binary(BinaryOp::Divide, magnitude(copy.operands[0]), unary(UnaryOp::Abs, copy.operands[0])));
    default: {
      NodeId value = unary(UnaryOp::Abs, id);
      return binary(BinaryOp::Maximum, value, binary(BinaryOp::Multiply, value, magnitude(copy.operands[0])));
    }
    }
  case NodeKind::Binary:
    switch (copy.binary) {
    case BinaryOp::Add:
    case BinaryOp::Subtract: return binary(BinaryOp::Add, magnitude(copy.operands[0]), magnitude(copy.operands[1]));
    case BinaryOp::Multiply: return binary(BinaryOp::Multiply, magnitude(copy.operands[0]), magnitude(copy.operands[1]));
    case BinaryOp::Divide:
      return binary(BinaryOp::Divide, magnitude(copy.operands[0]), unary(UnaryOp::Abs, copy.operands[1]));
    case BinaryOp::Minimum:
    case BinaryOp::Maximum: {
      auto [left, right] = std::pair(copy.operands[0], copy.operands[1]);
      bool isLeast = copy.binary == BinaryOp::Minimum;
      return select(compare(isLeast ? CompareOp::Less : CompareOp::Greater, left, right), magnitude(left), magnitude(right));
    }
    case BinaryOp::Power:
      // As `x * x` is.
      return isOneOrMore(copy.operands[1]) ? binary(BinaryOp::Power, magnitude(copy.operands[0]), copy.operands[1])
                                           : unary(UnaryOp::Abs, id);
    default: return unary(UnaryOp::Abs, id);
    }
  default: return unary(UnaryOp::Abs, id);
  }
}

/// Whether a node is a constant of 1 at least.
bool BoundBuilder::isOneOrMore(NodeId id) const {
  while (node(id).kind == NodeKind::Convert)
    id = node(id).operands[0];
  return node(id).kind == NodeKind::Integer ? node(id).integer >= 1 : node(id).kind == NodeKind::Float && node(id).real >= 1;
}

NodeId BoundBuilder::real(double value) {
  Node made;
  made.kind = NodeKind::Float;
  made.type = ScalarType::Float32;
  made.real = value;
  return add(std::move(made));
}

NodeId BoundBuilder::compare(CompareOp op, NodeId left, NodeId right) {
  Node made;
  made.kind = NodeKind::Compare;
  made.compare = op;
  made.type = ScalarType::Bool;
  made.varies = node(left).varies | node(right).varies;
  made.operands = {left, right};
  return add(std::move(made));
}

NodeId BoundBuilder::select(NodeId condition, NodeId ifTrue, NodeId ifFalse) {
  Node made;
  made.kind = NodeKind::Select;
  made.type = node(ifTrue).type;
  made.varies = node(condition).varies | node(ifTrue).varies | node(ifFalse).varies;
  made.range = node(ifTrue).range;
  made.operands = {condition, ifTrue, ifFalse};
  return add(std::move(made));
}

/// 0 where it is no finite number, as at keys that a score hides.
NodeId BoundBuilder::finite(NodeId id) {
  NodeId limit = real(std::numeric_limits<double>::infinity());
  return select(compare(CompareOp::Less, id, limit), id, real(0));
}

BoundBuilder::WeightedSum BoundBuilder::findValues(NodeId output) const {
  while (node(output).kind == NodeKind::Convert)
    output = node(output).operands[0];
  const Node &sum = node(output);
  if (sum.kind != NodeKind::Reduce || sum.reduction != Reduction::Sum || sum.coordinates != std::vector{coordinateJ})
    return {};
  const Node &product = node(sum.operands[0]);
  if (product.kind != NodeKind::Binary || product.binary != BinaryOp::Multiply)
    return {};
  for (int side = 0; side < 2; ++side) {
    NodeId weight = product.operands[side];
    while (node(weight).kind == NodeKind::Convert)
      weight = node(weight).operands[0];
    if (node(weight).kind == NodeKind::Softmax)
      return {weight, product.operands[1 - side]};
  }
  return {};
}

/// One value per row of `like`.
uint32_t BoundBuilder::addOutput(const Output &like, NodeId value) {
  Output made;
  made.name = like.name + "'";
  made.element = ElementType::F32;
  made.value = value;
  for (CoordinateId coordinate : like.coordinates) {
    if (!(setOf(coordinate) & rowCoordinates))
      continue;
    // An extent that varies with b is no dimension: any size will do that is large enough.
    Node size;
    size.type = ScalarType::Int;
    size.index = original.coordinates[coordinate].extent;
    bool isDimension = size.index == none || !original.extents[size.index].perBatch;
    size.kind = isDimension ? NodeKind::Extent : NodeKind::Integer;
    size.integer = std::numeric_limits<int32_t>::max();
    Dimension dimension;
    dimension.value = add(size);
    made.dimensions.push_back(dimension);
    made.coordinates.push_back(coordinate);
  }
  result.attention.outputs.push_back(std::move(made));
  return uint32_t(result.attention.outputs.size() - 1);
}

BoundedAttention BoundBuilder::build() {
  size_t count = original.outputs.size();
  result.kinds.assign(count, ErrorKind::Other);
  result.scoreMagnitude.assign(count, none);
  result.valueMagnitude.assign(count, none);
  for (size_t n = 0; n < count; ++n) {
    const Output &output = original.outputs[n];
    NodeId value = output.value;
    while (node(value).kind == NodeKind::Convert)
      value = node(value).operands[0];
    auto [softmax, values] = findValues(output.value);
    bool isLse = node(value).kind == NodeKind::LogSumExp;
    auto largestOf = [&](NodeId magnitude) {
      std::vector<CoordinateId> features;
      for (CoordinateId coordinate : output.coordinates)
        if (!(setOf(coordinate) & rowCoordinates) && (node(magnitude).varies & setOf(coordinate)))
          features.push_back(coordinate);
      return features.empty() ? magnitude : reduceMaximum(magnitude, features);
    };
    if (original.score == none || (values == none && !isLse)) {
      if (isFloat(node(output.value).type))
        result.valueMagnitude[n] = addOutput(output, largestOf(magnitude(output.value)));
      continue;
    }
    result.kinds[n] = isLse ? ErrorKind::LogSumExp : ErrorKind::Values;
    NodeId score = node(isLse ? value : softmax).operands[0];
    result.scoreMagnitude[n] = addOutput(output, reduceMaximum(finite(magnitude(score)), {coordinateJ}));
    if (isLse)
      continue;
    result.valueMagnitude[n] = addOutput(output, reduceMaximum(largestOf(magnitude(values)), {coordinateJ}));
  }
  return std::move(result);
}

} // namespace

BoundedAttention library::withBounds(const Attention &attention) { return BoundBuilder(attention).build(); }
