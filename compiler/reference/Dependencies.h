#pragma once

#include "compiler/sema/Program.h"

#include <vector>

namespace attn::reference {

/// Which coordinates each node's value really depends on, found afresh from the graph rather than taken from
/// `Node::varies`: `g` is kept beside `h`, and what decides visibility counts for everything computed over visible
/// keys.
class Dependencies {
public:
  explicit Dependencies(const sema::Attention &attention);

  sema::CoordinateSet of(sema::NodeId node) const { return sets[node]; }
  /// What the set of visible keys of a row depends on: coordinates other than j.
  sema::CoordinateSet ofRow() const { return row; }
  /// Whether a score of -inf makes a key invisible: `weight` (or `lse`) uses the score.
  bool scoreHides() const { return hides; }
  bool usesScore(sema::NodeId node) const { return scoreUsers[node]; }

private:
  void compute(const sema::Attention &attention);

  std::vector<sema::CoordinateSet> sets;
  std::vector<bool> scoreUsers;
  sema::CoordinateSet row = 0;
  bool hides = false;
};

bool bindsCoordinate(const sema::Node &node, sema::CoordinateId coordinate);

/// The coordinates a Rebase, Reduce or Dot sets: its own, and g where it sets h.
sema::CoordinateSet boundBy(const sema::Node &node);

} // namespace attn::reference
