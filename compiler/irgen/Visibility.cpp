#include "compiler/irgen/Visibility.h"

#include <cmath>
#include <vector>

namespace attn::irgen {

using namespace sema;

namespace {

class Search {
public:
  explicit Search(const Attention &attention) : attention(attention) {}

  /// The nodes that `root` is computed from, itself included; `enter` says whether to look at a node's operands.
  template <typename Enter> std::vector<NodeId> reach(std::vector<NodeId> roots, Enter enter) const {
    std::vector<bool> seen(attention.nodes.size());
    std::vector<NodeId> found;
    auto add = [&](NodeId id) {
      if (seen[id])
        return;
      seen[id] = true;
      found.push_back(id);
    };
    for (NodeId root : roots)
      add(root);
    for (size_t n = 0; n < found.size(); ++n)
      if (enter(at(found[n])))
        for (NodeId operand : at(found[n]).operands)
          add(operand);
    return found;
  }

  bool weightUsesScore() const {
    for (NodeId root : {attention.weight, attention.lse})
      if (root != none)
        for (NodeId id : reach({root}, [](const Node &) { return true; }))
          if (id == attention.score)
            return true;
    return false;
  }

  /// Whether anything but a softmax of the score, its logarithm and its weighted sum looks at a row.
  bool hasOtherRowFunction() const {
    std::vector<NodeId> outputs;
    for (const Output &output : attention.outputs)
      outputs.push_back(output.value);
    for (NodeId id : reach(outputs, [](const Node &) { return true; })) {
      const Node &node = at(id);
      bool isSoftmaxOfScore = (node.kind == NodeKind::Softmax || node.kind == NodeKind::LogSumExp) && node.operands[0] == attention.score;
      if (isRowFunction(node) && !isSoftmaxOfScore && !isWeightedSum(node))
        return true;
    }
    return false;
  }

  bool mayBeMinusInfinity(NodeId root) const {
    auto enter = [](const Node &node) { return node.kind != NodeKind::Dot; };
    for (NodeId id : reach({root}, enter)) {
      const Node &node = at(id);
      bool isFloat = node.type == ScalarType::Float32 || node.type == ScalarType::Float64;
      if (node.kind == NodeKind::Float && std::isinf(node.real))
        return true;
      if (isFloat && (node.kind == NodeKind::Load || node.kind == NodeKind::Scalar))
        return true;
      if (node.kind == NodeKind::Unary && (node.unary == UnaryOp::Log || node.unary == UnaryOp::Log2 || node.unary == UnaryOp::Log1p))
        return true;
    }
    return false;
  }

private:
  const Node &at(NodeId id) const { return attention.nodes[id]; }

  bool isWeightedSum(const Node &sum) const {
    if (sum.kind != NodeKind::Reduce || sum.coordinates != std::vector<CoordinateId>{coordinateJ})
      return false;
    const Node &product = at(sum.operands[0]);
    if (sum.reduction != Reduction::Sum || product.kind != NodeKind::Binary || product.binary != BinaryOp::Multiply)
      return false;
    return at(product.operands[0]).kind == NodeKind::Softmax || at(product.operands[1]).kind == NodeKind::Softmax;
  }

  const Attention &attention;
};

} // namespace

bool scoreHidesKeys(const Attention &attention) {
  if (attention.score == none)
    return false;
  Search search(attention);
  // A softmax of a score that is one number for the row becomes a sum of values with that number's weight, in front of it.
  bool isOnlySoftmax = !search.hasOtherRowFunction() && attention.node(attention.score).varies & setOf(coordinateJ);
  return search.weightUsesScore() && !isOnlySoftmax && search.mayBeMinusInfinity(attention.score);
}

} // namespace attn::irgen
