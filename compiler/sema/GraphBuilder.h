#pragma once

#include "compiler/sema/Program.h"

#include <optional>
#include <unordered_map>

namespace attn::sema {

/// Adds nodes to an attention's graph. Equal nodes are added once; literals fold. It knows what a node varies with, not
/// what a person may write: operands must have the types Program.h asks for. No operand may be `none`.
class GraphBuilder {
public:
  /// No attention needs as many nodes: past it definitions have multiplied without bound.
  static constexpr size_t nodeBudget = 100'000;
  /// The longest path from a node to a leaf, so that later stages may recurse over the graph.
  static constexpr uint32_t depthBudget = 4000;

  explicit GraphBuilder(Attention &attention) : attention(attention) {}

  /// A budget is spent: new nodes are no longer kept apart and the graph is meaningless, which the caller reports.
  bool exhausted() const { return spent; }
  /// It is the budget of depth.
  bool tooDeep() const { return deep; }

  NodeId integer(int64_t value, SourceRange range);
  NodeId real(double value, ScalarType type, SourceRange range);
  NodeId boolean(bool value, SourceRange range);
  NodeId coordinate(CoordinateId id, SourceRange range);
  NodeId extent(ExtentId id, SourceRange range);
  NodeId scalar(ScalarId id, SourceRange range);
  NodeId load(TensorId tensor, std::vector<NodeId> indices, SourceRange range);
  NodeId unary(UnaryOp op, NodeId x, SourceRange range);
  /// The result has `type`.
  NodeId binary(BinaryOp op, ScalarType type, NodeId x, NodeId y, SourceRange range);
  NodeId compare(CompareOp op, NodeId x, NodeId y, SourceRange range);
  NodeId logicalAnd(NodeId x, NodeId y, SourceRange range);
  NodeId logicalOr(NodeId x, NodeId y, SourceRange range);
  NodeId logicalNot(NodeId x, SourceRange range);
  NodeId select(NodeId condition, NodeId x, NodeId y, SourceRange range);
  NodeId convert(NodeId x, ScalarType type, SourceRange range);
  /// `x` where each coordinate has its value. Coordinates that `x` doesn't vary with fall away; a coordinate or a
  /// simple load is rewritten instead of wrapped.
  NodeId rebase(NodeId x, const std::vector<std::pair<CoordinateId, NodeId>> &values, SourceRange range);
  /// `visible` is what the visibility of a key varies with; it counts where `coordinates` hold j.
  NodeId reduce(Reduction reduction, NodeId x, std::vector<CoordinateId> coordinates, CoordinateSet visible,
                SourceRange range);
  NodeId dot(NodeId x, NodeId y, std::vector<CoordinateId> coordinates, SourceRange range);
  NodeId rowFunction(NodeKind kind, std::vector<NodeId> operands, CoordinateSet visible, SourceRange range);
  /// h // (H // G) of a head.
  NodeId groupOfHead(NodeId head, SourceRange range);

  ScalarType type(NodeId id) const { return attention.nodes[id].type; }
  CoordinateSet varies(NodeId id) const { return attention.nodes[id].varies; }
  /// The value of an Int or Bool node that depends on fixed extents and literals only.
  std::optional<int64_t> constant(NodeId id) const;

private:
  NodeId add(Node node);
  CoordinateSet batchIfRagged(CoordinateId coordinate) const;
  std::optional<int64_t> constant(NodeId id, unsigned depth) const;

  Attention &attention;
  std::unordered_multimap<size_t, NodeId> known;
  std::vector<uint32_t> depths;
  bool spent = false, deep = false;
};

/// Integer arithmetic as the language defines it: 64 bits that wrap, floored division. Empty where it has no value (a
/// divisor of 0).
std::optional<int64_t> foldInteger(BinaryOp op, int64_t x, int64_t y);

/// `g` falls away where `h` is known: there it follows from it.
CoordinateSet withoutImpliedGroup(CoordinateSet set);

} // namespace attn::sema
