#pragma once

#include "compiler/library/Compiler.h"
#include "compiler/library/Facts.h"
#include "compiler/library/Inputs.h"

#include <cstdint>
#include <span>

namespace attn::library {

/// What a kernel does with the tiles of its schedule (a row block of queries and a block of keys), over all batches and heads.
struct TileVisits {
  int64_t tiles = 0;
  int64_t empty = 0; ///< skipped
  int64_t full = 0;  ///< visited without the mask
  int64_t mixed = 0; ///< visited with the mask
  /// Pairs of a tile that is visited, less the keys that are trimmed off its ends, as a share of all pairs.
  double visitedPairs = 0;
};

/// Runs the search of `visits`, a kernel compiled for a run with `CompileRequest::onlyVisits`, and counts what it finds: the kernel's own
/// decisions, with its own minima and maxima of tables. `facts` are those of the run. Of the tensors those that the mask and the extents need
/// must be there, as `InputRequest::onlyNodes` gives them. A mask that is the constant true has no search: all its tiles are full. Of several
/// passes over the keys it is what one does on average. Fails where the kernel can't run, or has another mask and searches nothing.
Result<TileVisits> countVisits(const Kernel &visits, const RunData &data, const Facts &facts);

/// The same by looking at every pair, by the mask's definition.
TileVisits countTruly(const sema::Attention &attention, const RunData &data, int64_t tileQueries, int64_t tileKeys);

} // namespace attn::library
