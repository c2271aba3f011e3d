#pragma once

#include "dialect/AttnDialect.h"

#include <optional>

/// What a kernel's expression allows a schedule to be. What it should be of that is the cost model's to say.
namespace attn::lower {

/// Whether products may have features in lanes: a function as values, which varies with the query, takes queries in lanes.
bool allowsFeaturesInLanes(ir::KernelOp kernel);
/// How many bf16 a key or value is the sum of, at most, where products with all of them can be formed on the matrix unit. Their rows lie in memory or are computed
/// once for all queries, and weights are those of a softmax: whatever is lost by taking them for 0 below 2^-100 is nothing beside the largest.
std::optional<int64_t> partsOfKeysAndValues(ir::KernelOp kernel);
/// Whether the strips of a row block can go through the keys together: once, by keys and values as they lie in memory, for results of queries.
bool canHaveStrips(ir::KernelOp kernel);
/// Whether the heads of a group can share a row block: what they share is the same for all of them, and they have
/// results of their own.
bool allowsHeadsTogether(ir::KernelOp kernel);
/// Whether all that is asked of the keys is merged from parts of them: one pass, of states, sums and reductions.
bool allowsParts(ir::KernelOp kernel);

} // namespace attn::lower
