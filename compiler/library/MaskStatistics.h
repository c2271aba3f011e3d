#pragma once

#include "compiler/library/Inputs.h"

#include <cstdint>
#include <string>
#include <vector>

namespace attn::library {

/// What a mask does to the (i, j) plane of all batches and heads, cut into tiles. Counted by the definition of the mask, from the
/// checked program: a tile is empty or full where interval arithmetic proves it, and mixed otherwise.
struct MaskStatistics {
  double pairs = 0;   ///< B * H * I * J
  double visible = 0; ///< of those; exact
  int64_t empty = 0, full = 0, mixed = 0;
  int64_t tileQueries = 0, tileKeys = 0;
  /// Of the first batch and head, per row block of queries: first and last+1 key of a tile that isn't empty.
  std::vector<std::pair<int64_t, int64_t>> keyRanges;
};

MaskStatistics countMask(const sema::Attention &attention, const RunData &data, int64_t tileQueries, int64_t tileKeys);

/// Whether that takes seconds at most, and the counts fit their type.
bool canCountMask(const sema::Attention &attention, const RunData &data, int64_t tileQueries, int64_t tileKeys);

} // namespace attn::library
