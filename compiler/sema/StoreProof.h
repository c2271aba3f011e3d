#pragma once

#include "compiler/sema/GraphBuilder.h"

namespace attn::sema {

enum class StoreProof : uint8_t {
  OneToOne,  ///< no two values of the loop domain can fall on one element
  Checkable, ///< the index is `table[b] + i` in one place, else proven: the run compares the ranges
  Unproven,
};

/// Whether a store at `indices` for every value of the coordinates of `domain` is one-to-one. An index determines a
/// coordinate that it is a multiple of, up to what is determined already, and several that it counts in mixed radix: `h
/// * D + d`.
StoreProof proveStore(const Attention &attention, const GraphBuilder &graph, const std::vector<NodeId> &indices,
                      CoordinateSet domain);

} // namespace attn::sema
