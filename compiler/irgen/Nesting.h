#pragma once

#include "compiler/sema/Program.h"

namespace attn::irgen {

/// Reductions inside others over the same coordinate. `any(n: n > 2 and any(n: t[n] > x))` has two coordinates of one name; what comes after
/// irgen knows coordinates by their names only, so that all but the innermost get names of their own: `n.1` runs over the `n` around another.
///
/// A reduction's level counts those nested in what it reduces, whether or not they see its coordinate's value: a rebase may carry the value of
/// an outer coordinate under an inner reduction.
class Nesting {
public:
  explicit Nesting(const sema::Attention &attention);

  /// The level of what a reduction or dot product binds: 0 for the innermost.
  uint32_t level(sema::NodeId reduction, sema::CoordinateId coordinate) const;

  /// The highest level of a coordinate.
  uint32_t deepest(sema::CoordinateId coordinate) const;

  /// `n`, `n.1`, `n.2`.
  std::string name(sema::CoordinateId coordinate, uint32_t level) const;

private:
  const sema::Attention &attention;
  /// Of each coordinate that has reductions in others, per node: how many are nested in it, itself included. Empty for other coordinates.
  std::vector<std::vector<uint32_t>> depths;
};

} // namespace attn::irgen
