#pragma once

#include "compiler/sema/Program.h"

#include <vector>

namespace attn::library {

/// What evaluating some nodes of an attention reads. A picture of a mask needs no keys and values, however large the run it shows.
struct Needs {
  std::vector<bool> tensors, extents; ///< by TensorId and ExtentId
};

/// What the nodes read themselves, and what binding the extents reads: extents and places of stores that are computed from tensors.
/// The extents are those that the nodes refer to, vary with or reduce over and, with
/// `wholePlane`, I and J.
Needs needsOf(const sema::Attention &attention, const std::vector<sema::NodeId> &nodes, bool wholePlane = true);

} // namespace attn::library
