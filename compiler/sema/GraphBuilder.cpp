#include "compiler/sema/GraphBuilder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace attn::sema {

CoordinateSet withoutImpliedGroup(CoordinateSet set) {
  return set & setOf(coordinateH) ? set & ~setOf(coordinateG) : set;
}

std::optional<int64_t> foldInteger(BinaryOp op, int64_t x, int64_t y) {
  auto wrap = [](uint64_t bits) { return static_cast<int64_t>(bits); };
  auto ux = static_cast<uint64_t>(x), uy = static_cast<uint64_t>(y);
  switch (op) {
  case BinaryOp::Add:
    return wrap(ux + uy);
  case BinaryOp::Subtract:
    return wrap(ux - uy);
  case BinaryOp::Multiply:
    return wrap(ux * uy);
  case BinaryOp::FloorDivide:
  case BinaryOp::Modulo: {
    if (y == 0)
      return std::nullopt;
    if (y == -1)
      return op == BinaryOp::FloorDivide ? wrap(0 - ux) : 0;
    int64_t quotient = x / y, rest = x % y;
    if (rest != 0 && (rest < 0) != (y < 0))
      --quotient, rest += y;
    return op == BinaryOp::FloorDivide ? quotient : rest;
  }
  case BinaryOp::Power: {
    if (y < 0)
      return std::nullopt;
    uint64_t result = 1, square = ux;
    for (; uy != 0; uy >>= 1, square *= square)
      if (uy & 1)
        result *= square;
    return wrap(result);
  }
  case BinaryOp::Minimum:
    return std::min(x, y);
  case BinaryOp::Maximum:
    return std::max(x, y);
  case BinaryOp::BitAnd:
    return x & y;
  case BinaryOp::BitOr:
    return x | y;
  case BinaryOp::BitXor:
    return x ^ y;
  case BinaryOp::ShiftLeft:
    return uy > 63 ? 0 : wrap(ux << uy);
  case BinaryOp::ShiftRight:
    return uy > 63 ? (x < 0 ? -1 : 0) : x >> uy;
  case BinaryOp::Divide:
    break;
  }
  return std::nullopt;
}

namespace {

size_t mix(size_t hash, uint64_t value) { return (hash ^ value) * 0x9E3779B97F4A7C15ull + (hash >> 29); }

size_t hashOf(const Node &node) {
  size_t hash = mix(static_cast<size_t>(node.kind), static_cast<uint64_t>(node.type));
  hash = mix(hash, static_cast<uint64_t>(node.unary) << 24 | static_cast<uint64_t>(node.binary) << 16 |
                       static_cast<uint64_t>(node.compare) << 8 | static_cast<uint64_t>(node.reduction));
  hash = mix(hash, uint64_t(node.coordinate) << 32 | node.index);
  hash = mix(hash, static_cast<uint64_t>(node.integer));
  hash = mix(hash, std::bit_cast<uint64_t>(node.real));
  for (CoordinateId coordinate : node.coordinates)
    hash = mix(hash, coordinate);
  for (NodeId operand : node.operands)
    hash = mix(hash, operand);
  return hash;
}

bool sameNode(const Node &a, const Node &b) {
  return a.kind == b.kind && a.type == b.type && a.unary == b.unary && a.binary == b.binary && a.compare == b.compare &&
         a.reduction == b.reduction && a.coordinate == b.coordinate && a.index == b.index && a.integer == b.integer &&
         std::bit_cast<uint64_t>(a.real) == std::bit_cast<uint64_t>(b.real) && a.varies == b.varies &&
         a.coordinates == b.coordinates && a.operands == b.operands;
}

int64_t truncated(double value) {
  if (std::isnan(value))
    return 0;
  if (value >= 9223372036854775808.0)
    return std::numeric_limits<int64_t>::max();
  if (value < -9223372036854775808.0)
    return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

bool compares(CompareOp op, int64_t x, int64_t y) {
  switch (op) {
  case CompareOp::Less:
    return x < y;
  case CompareOp::LessEqual:
    return x <= y;
  case CompareOp::Greater:
    return x > y;
  case CompareOp::GreaterEqual:
    return x >= y;
  case CompareOp::Equal:
    return x == y;
  case CompareOp::NotEqual:
    return x != y;
  }
  return false;
}

} // namespace

NodeId GraphBuilder::add(Node node) {
  node.varies = withoutImpliedGroup(node.varies);
  size_t hash = hashOf(node);
  auto [begin, end] = known.equal_range(hash);
  for (auto it = begin; it != end; ++it)
    if (sameNode(attention.nodes[it->second], node))
      return it->second;
  uint32_t depth = 0;
  for (NodeId operand : node.operands)
    depth = std::max(depth, depths[operand] + 1);
  if (attention.nodes.size() >= nodeBudget || depth > depthBudget) {
    deep |= !spent && depth > depthBudget;
    spent = true;
    // Any node of the type will do from here on.
    node = Node{.kind = NodeKind::Integer, .type = node.type, .varies = node.varies, .range = node.range};
    depth = 0;
    if (attention.nodes.size() >= nodeBudget + 16)
      for (NodeId id = static_cast<NodeId>(nodeBudget); id < attention.nodes.size(); ++id)
        if (attention.nodes[id].type == node.type)
          return id;
  }
  auto id = static_cast<NodeId>(attention.nodes.size());
  attention.nodes.push_back(std::move(node));
  depths.push_back(depth);
  known.emplace(hash, id);
  return id;
}

CoordinateSet GraphBuilder::batchIfRagged(CoordinateId coordinate) const {
  ExtentId extent = attention.coordinates[coordinate].extent;
  return extent != none && attention.extents[extent].perBatch ? setOf(coordinateB) : 0;
}

NodeId GraphBuilder::integer(int64_t value, SourceRange range) {
  return add({.kind = NodeKind::Integer, .type = ScalarType::Int, .integer = value, .range = range});
}

NodeId GraphBuilder::real(double value, ScalarType type, SourceRange range) {
  return add({.kind = NodeKind::Float, .type = type, .real = value, .range = range});
}

NodeId GraphBuilder::boolean(bool value, SourceRange range) {
  return add({.kind = NodeKind::Boolean, .type = ScalarType::Bool, .integer = value, .range = range});
}

NodeId GraphBuilder::coordinate(CoordinateId id, SourceRange range) {
  return add(
      {.kind = NodeKind::Coordinate, .type = ScalarType::Int, .varies = setOf(id), .coordinate = id, .range = range});
}

NodeId GraphBuilder::extent(ExtentId id, SourceRange range) {
  return add({.kind = NodeKind::Extent,
              .type = ScalarType::Int,
              .varies = attention.extents[id].perBatch ? setOf(coordinateB) : 0,
              .index = id,
              .range = range});
}

NodeId GraphBuilder::scalar(ScalarId id, SourceRange range) {
  ScalarType type = ScalarType::Int;
  if (attention.scalars[id].kind == ScalarKind::Float)
    type = ScalarType::Float64;
  else if (attention.scalars[id].kind == ScalarKind::Bool)
    type = ScalarType::Bool;
  return add({.kind = NodeKind::Scalar, .type = type, .index = id, .range = range});
}

NodeId GraphBuilder::load(TensorId tensor, std::vector<NodeId> indices, SourceRange range) {
  CoordinateSet set = 0;
  for (NodeId index : indices)
    set |= varies(index);
  ScalarType type = ScalarType::Int;
  switch (attention.tensors[tensor].element) {
  case ElementType::F16:
  case ElementType::BF16:
  case ElementType::F32:
    type = ScalarType::Float32;
    break;
  case ElementType::Bool:
    type = ScalarType::Bool;
    break;
  default:
    break;
  }
  return add({.kind = NodeKind::Load,
              .type = type,
              .varies = set,
              .index = tensor,
              .operands = std::move(indices),
              .range = range});
}

NodeId GraphBuilder::unary(UnaryOp op, NodeId x, SourceRange range) {
  const Node &operand = attention.nodes[x];
  if (op == UnaryOp::Negate && operand.kind == NodeKind::Integer)
    return integer(static_cast<int64_t>(0 - static_cast<uint64_t>(operand.integer)), range);
  if (op == UnaryOp::Negate && operand.kind == NodeKind::Float)
    return real(-operand.real, operand.type, range);
  return add({.kind = NodeKind::Unary,
              .type = operand.type,
              .varies = operand.varies,
              .unary = op,
              .operands = {x},
              .range = range});
}

NodeId GraphBuilder::binary(BinaryOp op, ScalarType type, NodeId x, NodeId y, SourceRange range) {
  const Node &a = attention.nodes[x], &b = attention.nodes[y];
  if (a.kind == NodeKind::Integer && b.kind == NodeKind::Integer && type == ScalarType::Int)
    if (auto value = foldInteger(op, a.integer, b.integer))
      return integer(*value, range);
  return add({.kind = NodeKind::Binary,
              .type = type,
              .varies = a.varies | b.varies,
              .binary = op,
              .operands = {x, y},
              .range = range});
}

NodeId GraphBuilder::compare(CompareOp op, NodeId x, NodeId y, SourceRange range) {
  const Node &a = attention.nodes[x], &b = attention.nodes[y];
  if (a.kind == NodeKind::Integer && b.kind == NodeKind::Integer)
    return boolean(compares(op, a.integer, b.integer), range);
  return add({.kind = NodeKind::Compare,
              .type = ScalarType::Bool,
              .varies = a.varies | b.varies,
              .compare = op,
              .operands = {x, y},
              .range = range});
}

NodeId GraphBuilder::logicalAnd(NodeId x, NodeId y, SourceRange range) {
  const Node &a = attention.nodes[x], &b = attention.nodes[y];
  if (a.kind == NodeKind::Boolean)
    return a.integer ? y : x;
  if (b.kind == NodeKind::Boolean && b.integer)
    return x;
  return add({.kind = NodeKind::And,
              .type = ScalarType::Bool,
              .varies = a.varies | b.varies,
              .operands = {x, y},
              .range = range});
}

NodeId GraphBuilder::logicalOr(NodeId x, NodeId y, SourceRange range) {
  const Node &a = attention.nodes[x], &b = attention.nodes[y];
  if (a.kind == NodeKind::Boolean)
    return a.integer ? x : y;
  if (b.kind == NodeKind::Boolean && !b.integer)
    return x;
  return add({.kind = NodeKind::Or,
              .type = ScalarType::Bool,
              .varies = a.varies | b.varies,
              .operands = {x, y},
              .range = range});
}

NodeId GraphBuilder::logicalNot(NodeId x, SourceRange range) {
  if (attention.nodes[x].kind == NodeKind::Boolean)
    return boolean(!attention.nodes[x].integer, range);
  if (attention.nodes[x].kind == NodeKind::Not)
    return attention.nodes[x].operands[0];
  return add({.kind = NodeKind::Not, .type = ScalarType::Bool, .varies = varies(x), .operands = {x}, .range = range});
}

NodeId GraphBuilder::select(NodeId condition, NodeId x, NodeId y, SourceRange range) {
  if (attention.nodes[condition].kind == NodeKind::Boolean)
    return attention.nodes[condition].integer ? x : y;
  if (x == y)
    return x;
  return add({.kind = NodeKind::Select,
              .type = type(x),
              .varies = varies(condition) | varies(x) | varies(y),
              .operands = {condition, x, y},
              .range = range});
}

NodeId GraphBuilder::convert(NodeId x, ScalarType to, SourceRange range) {
  const Node &operand = attention.nodes[x];
  if (operand.type == to)
    return x;
  bool toFloat = to == ScalarType::Float32 || to == ScalarType::Float64;
  if (operand.kind == NodeKind::Integer || operand.kind == NodeKind::Boolean) {
    if (toFloat)
      return real(static_cast<double>(operand.integer), to, range);
    if (to == ScalarType::Int)
      return integer(operand.integer, range);
  }
  if (operand.kind == NodeKind::Float)
    return toFloat ? real(operand.real, to, range) : integer(truncated(operand.real), range);
  return add({.kind = NodeKind::Convert, .type = to, .varies = operand.varies, .operands = {x}, .range = range});
}

NodeId GraphBuilder::groupOfHead(NodeId head, SourceRange range) {
  ExtentId heads = attention.coordinates[coordinateH].extent, groups = attention.coordinates[coordinateG].extent;
  NodeId ratio = binary(BinaryOp::FloorDivide, ScalarType::Int, extent(heads, range), extent(groups, range), range);
  return binary(BinaryOp::FloorDivide, ScalarType::Int, head, ratio, range);
}

NodeId GraphBuilder::rebase(NodeId x, const std::vector<std::pair<CoordinateId, NodeId>> &values, SourceRange range) {
  CoordinateSet from = varies(x), replaced = 0, set = 0;
  std::vector<std::pair<CoordinateId, NodeId>> kept;
  for (auto [coordinate, value] : values) {
    CoordinateSet touched = setOf(coordinate) | (coordinate == coordinateH ? setOf(coordinateG) : 0);
    const Node &node = attention.nodes[value];
    bool identity = node.kind == NodeKind::Coordinate && node.coordinate == coordinate;
    if (!(from & touched) || identity)
      continue;
    kept.emplace_back(coordinate, value);
    replaced |= touched;
    set |= node.varies;
  }
  if (kept.empty())
    return x;
  std::sort(kept.begin(), kept.end());

  auto find = [&](CoordinateId coordinate) {
    auto it = std::find_if(kept.begin(), kept.end(), [&](auto &entry) { return entry.first == coordinate; });
    return it == kept.end() ? none : it->second;
  };
  auto replacement = [&](CoordinateId coordinate) {
    NodeId value = find(coordinate);
    if (value == none && coordinate == coordinateG && find(coordinateH) != none)
      return groupOfHead(find(coordinateH), range);
    return value;
  };
  if (attention.nodes[x].kind == NodeKind::Coordinate)
    return replacement(attention.nodes[x].coordinate);
  if (attention.nodes[x].kind == NodeKind::Load) {
    std::vector<NodeId> indices = attention.nodes[x].operands;
    bool simple = true;
    for (NodeId index : indices)
      simple &= attention.nodes[index].kind == NodeKind::Coordinate || !(varies(index) & replaced);
    if (simple) {
      for (NodeId &index : indices)
        if (attention.nodes[index].kind == NodeKind::Coordinate)
          if (NodeId value = replacement(attention.nodes[index].coordinate); value != none)
            index = value;
      return load(attention.nodes[x].index, std::move(indices), range);
    }
  }
  Node node{
      .kind = NodeKind::Rebase, .type = type(x), .varies = (from & ~replaced) | set, .operands = {x}, .range = range};
  for (auto [coordinate, value] : kept) {
    node.coordinates.push_back(coordinate);
    node.operands.push_back(value);
  }
  return add(std::move(node));
}

NodeId GraphBuilder::reduce(Reduction reduction, NodeId x, std::vector<CoordinateId> coordinates, CoordinateSet visible,
                            SourceRange range) {
  CoordinateSet set = varies(x), bound = 0;
  for (CoordinateId coordinate : coordinates) {
    bound |= setOf(coordinate) | (coordinate == coordinateH ? setOf(coordinateG) : 0);
    set |= batchIfRagged(coordinate);
    if (coordinate == coordinateJ)
      set |= visible;
  }
  std::sort(coordinates.begin(), coordinates.end());
  return add({.kind = NodeKind::Reduce,
              .type = type(x),
              .varies = set & ~bound,
              .reduction = reduction,
              .coordinates = std::move(coordinates),
              .operands = {x},
              .range = range});
}

NodeId GraphBuilder::dot(NodeId x, NodeId y, std::vector<CoordinateId> coordinates, SourceRange range) {
  CoordinateSet set = varies(x) | varies(y);
  for (CoordinateId coordinate : coordinates)
    set = (set | batchIfRagged(coordinate)) & ~setOf(coordinate);
  return add({.kind = NodeKind::Dot,
              .type = type(x),
              .varies = set,
              .coordinates = std::move(coordinates),
              .operands = {x, y},
              .range = range});
}

NodeId GraphBuilder::rowFunction(NodeKind kind, std::vector<NodeId> operands, CoordinateSet visible,
                                 SourceRange range) {
  CoordinateSet set = visible | batchIfRagged(coordinateJ) | setOf(coordinateJ);
  for (NodeId operand : operands)
    set |= varies(operand);
  if (kind == NodeKind::LogSumExp)
    set &= ~setOf(coordinateJ);
  return add({.kind = kind, .type = type(operands[0]), .varies = set, .operands = std::move(operands), .range = range});
}

std::optional<int64_t> GraphBuilder::constant(NodeId id) const { return constant(id, 0); }

std::optional<int64_t> GraphBuilder::constant(NodeId id, unsigned depth) const {
  const Node &node = attention.nodes[id];
  if (depth > 64)
    return std::nullopt;
  auto operand = [&](size_t n) { return constant(node.operands[n], depth + 1); };
  switch (node.kind) {
  case NodeKind::Integer:
  case NodeKind::Boolean:
    return node.integer;
  case NodeKind::Extent:
    return attention.extents[node.index].fixed;
  case NodeKind::Unary:
    if (auto x = node.unary == UnaryOp::Negate ? operand(0) : std::nullopt; x && node.type == ScalarType::Int)
      return foldInteger(BinaryOp::Subtract, 0, *x);
    return std::nullopt;
  case NodeKind::Binary: {
    if (node.type != ScalarType::Int)
      return std::nullopt;
    auto x = operand(0), y = operand(1);
    return x && y ? foldInteger(node.binary, *x, *y) : std::nullopt;
  }
  case NodeKind::Compare: {
    if (type(node.operands[0]) != ScalarType::Int)
      return std::nullopt;
    auto x = operand(0), y = operand(1);
    return x && y ? std::optional<int64_t>(compares(node.compare, *x, *y)) : std::nullopt;
  }
  case NodeKind::Not:
    if (auto x = operand(0))
      return !*x;
    return std::nullopt;
  case NodeKind::Select:
    if (auto condition = operand(0))
      return operand(*condition ? 1 : 2);
    return std::nullopt;
  default:
    return std::nullopt;
  }
}

} // namespace attn::sema
