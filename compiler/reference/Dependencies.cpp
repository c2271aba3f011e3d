#include "compiler/reference/Dependencies.h"

#include <algorithm>

namespace attn::reference {

using namespace sema;

bool bindsCoordinate(const Node &node, CoordinateId coordinate) {
  return std::find(node.coordinates.begin(), node.coordinates.end(), coordinate) != node.coordinates.end();
}

CoordinateSet boundBy(const Node &node) {
  CoordinateSet bound = 0;
  for (CoordinateId coordinate : node.coordinates)
    bound |= setOf(coordinate);
  if (bound & setOf(coordinateH))
    bound |= setOf(coordinateG);
  return bound;
}

Dependencies::Dependencies(const Attention &attention) {
  scoreUsers.assign(attention.nodes.size(), false);
  for (NodeId id = 0; id < attention.nodes.size(); ++id) {
    const auto &operands = attention.node(id).operands;
    scoreUsers[id] = id == attention.score ||
                     std::any_of(operands.begin(), operands.end(), [&](NodeId operand) { return scoreUsers[operand]; });
  }
  auto uses = [&](NodeId node) { return node != none && scoreUsers[node]; };
  hides = attention.score != none && (uses(attention.weight) || uses(attention.lse));

  // Mask and score hold no row functions, so their sets are right before those of row functions can be.
  compute(attention);
  row = sets[attention.mask] | (hides ? sets[attention.score] : 0);
  const ExtentId keys = attention.coordinates[coordinateJ].extent;
  if (keys != none && attention.extents[keys].perBatch)
    row |= setOf(coordinateB);
  row &= ~setOf(coordinateJ);
  compute(attention);
}

void Dependencies::compute(const Attention &attention) {
  sets.assign(attention.nodes.size(), 0);
  for (NodeId id = 0; id < attention.nodes.size(); ++id) {
    const Node &node = attention.node(id);
    CoordinateSet set = 0;
    if (node.kind == NodeKind::Rebase) {
      const CoordinateSet inner = sets[node.operands[0]];
      set = inner & ~boundBy(node);
      for (size_t n = 0; n < node.coordinates.size(); ++n) {
        CoordinateSet target = setOf(node.coordinates[n]);
        if (node.coordinates[n] == coordinateH)
          target |= setOf(coordinateG);
        if (inner & target)
          set |= sets[node.operands[1 + n]];
      }
    } else {
      for (NodeId operand : node.operands)
        set |= sets[operand];
      if (node.kind == NodeKind::Coordinate)
        set |= setOf(node.coordinate);
      if (node.kind == NodeKind::Extent && attention.extents[node.index].perBatch)
        set |= setOf(coordinateB);
      if (node.kind == NodeKind::Reduce || node.kind == NodeKind::Dot) {
        set &= ~boundBy(node);
        for (CoordinateId coordinate : node.coordinates)
          if (ExtentId extent = attention.coordinates[coordinate].extent;
              extent != none && attention.extents[extent].perBatch)
            set |= setOf(coordinateB);
      }
      if (isRowFunction(node)) {
        set |= row;
        if (node.kind == NodeKind::LogSumExp)
          set &= ~setOf(coordinateJ);
        else if (node.kind != NodeKind::Reduce)
          set |= setOf(coordinateJ);
      }
    }
    sets[id] = set;
  }
}

} // namespace attn::reference
