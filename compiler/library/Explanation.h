#pragma once

#include "compiler/library/Inputs.h"
#include "compiler/library/TunedSchedules.h"

#include <string>

namespace attn::library {

/// What the compiler understood and decided, as text for a person: signature, what each definition varies with and so how often it is
/// computed, matrix products, guarded loads, the schedule; with `data` (may be null) also what the mask does to the tiles. Where the
/// attention isn't compiled yet the report says so, and the text holds what is known all the same. Without `countTiles` the mask is left out.
/// `attention` is one of the spec's, or that made for some extents. Where the request's schedule was tuned, `tuned` says when; it may be null.
std::string explain(const std::shared_ptr<const Spec> &spec, const sema::Attention &attention, const RunData *data,
                    const CompileRequest &request, CompileReport &report, bool countTiles = true, const TunedSchedule *tuned = nullptr);

} // namespace attn::library
