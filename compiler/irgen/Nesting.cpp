#include "compiler/irgen/Nesting.h"

#include <algorithm>

namespace attn::irgen {

using sema::CoordinateId;
using sema::CoordinateSet;
using sema::Node;
using sema::NodeKind;

/// What a node binds, j apart: sums over the keys nested in others are passes one after the other, at one key at a time.
static CoordinateSet bound(const Node &node) {
  CoordinateSet set = 0;
  if (node.kind == NodeKind::Reduce || node.kind == NodeKind::Dot)
    for (CoordinateId coordinate : node.coordinates)
      if (coordinate != sema::coordinateJ)
        set |= sema::setOf(coordinate);
  return set;
}

Nesting::Nesting(const sema::Attention &attention) : attention(attention), depths(attention.coordinates.size()) {
  // Operands come before their users.
  CoordinateSet nested = 0;
  std::vector<CoordinateSet> inside(attention.nodes.size());
  for (size_t id = 0; id < attention.nodes.size(); ++id) {
    const Node &node = attention.nodes[id];
    for (sema::NodeId operand : node.operands)
      inside[id] |= inside[operand];
    nested |= inside[id] & bound(node);
    inside[id] |= bound(node);
  }
  for (CoordinateId coordinate = 0; coordinate < attention.coordinates.size(); ++coordinate) {
    if (!(nested & sema::setOf(coordinate)))
      continue;
    std::vector<uint32_t> &depth = depths[coordinate];
    depth.resize(attention.nodes.size());
    for (size_t id = 0; id < attention.nodes.size(); ++id) {
      const Node &node = attention.nodes[id];
      for (sema::NodeId operand : node.operands)
        depth[id] = std::max(depth[id], depth[operand]);
      if (bound(node) & sema::setOf(coordinate))
        ++depth[id];
    }
  }
}

uint32_t Nesting::level(sema::NodeId reduction, CoordinateId coordinate) const {
  return depths[coordinate].empty() ? 0 : depths[coordinate][reduction] - 1;
}

uint32_t Nesting::deepest(CoordinateId coordinate) const {
  const std::vector<uint32_t> &depth = depths[coordinate];
  return depth.empty() ? 0 : *std::max_element(depth.begin(), depth.end()) - 1;
}

std::string Nesting::name(CoordinateId coordinate, uint32_t level) const {
  const std::string &own = attention.coordinates[coordinate].name;
  return level == 0 ? own : own + "." + std::to_string(level);
}

} // namespace attn::irgen
