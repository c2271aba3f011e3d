#include "compiler/library/Needs.h"

using namespace attn;
using namespace attn::library;
using namespace attn::sema;

namespace {

class NeedFinder {
public:
  explicit NeedFinder(const Attention &attention) : attention(attention), seen(attention.nodes.size()) {
    needs.tensors.resize(attention.tensors.size());
    needs.extents.resize(attention.extents.size());
  }

  void visit(NodeId root) {
    std::vector<NodeId> waiting{root};
    while (!waiting.empty()) {
      NodeId id = waiting.back();
      waiting.pop_back();
      if (id == none || seen[id])
        continue;
      seen[id] = true;
      const Node &node = attention.node(id);
      if (node.kind == NodeKind::Load)
        needs.tensors[node.index] = true;
      if (node.kind == NodeKind::Extent)
        needs.extents[node.index] = true;
      need(node.varies);
      if (node.kind == NodeKind::Coordinate)
        need(setOf(node.coordinate));
      for (CoordinateId coordinate : node.coordinates)
        need(setOf(coordinate));
      waiting.insert(waiting.end(), node.operands.begin(), node.operands.end());
    }
  }

  /// The extents of coordinates. A group that is a head's, which needs the numbers of both, is read beside something that varies with heads.
  void need(CoordinateSet coordinates) {
    for (size_t n = 0; n < attention.coordinates.size(); ++n)
      if (ExtentId extent = attention.coordinates[n].extent; (coordinates & setOf(CoordinateId(n))) && extent != none)
        needs.extents[extent] = true;
  }

  Needs needs;

private:
  const Attention &attention;
  std::vector<bool> seen;
};

} // namespace

Needs library::needsOf(const Attention &attention, const std::vector<NodeId> &nodes, bool wholePlane) {
  NeedFinder finder(attention);
  for (NodeId node : nodes)
    finder.visit(node);
  if (wholePlane)
    finder.need(setOf(coordinateI) | setOf(coordinateJ));
  for (const Extent &extent : attention.extents)
    finder.visit(extent.value);
  for (const Output &output : attention.outputs)
    for (NodeId index : output.indices)
      finder.visit(index);
  return std::move(finder.needs);
}
