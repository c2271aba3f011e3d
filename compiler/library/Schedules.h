#pragma once

#include "compiler/library/Facts.h"

#include <optional>
#include <string>
#include <vector>

namespace attn::library {

/// What the cost model expects of a schedule, in cycles of one core for a whole run.
struct ScheduleCost {
  double products = 0, conversions = 0, scores = 0, rows = 0, reading = 0;
  double total() const { return products + conversions + scores + rows + reading; }
};

/// A schedule that a kernel may have, whichever is chosen.
struct ScheduleAlternative {
  ScheduleFact fact;
  ScheduleCost cost;
};

/// Those worth measuring for a run, the compiler's own choice first. `request` is one made by `forRun`; `visible` is the share of pairs that the mask lets through. Nothing
/// on failure.
std::optional<std::vector<ScheduleAlternative>> scheduleAlternatives(const sema::Attention &attention, const reference::Binding &binding,
                                                                     const CompileRequest &request, double visible, CompileReport &report);

/// A schedule in a line: `48 queries, 64 keys, tiles of 8 × 3 vectors`.
std::string shortText(const ScheduleFact &fact);

} // namespace attn::library
