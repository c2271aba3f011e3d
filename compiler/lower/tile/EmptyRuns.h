#pragma once

#include "dialect/AttnDialect.h"

namespace attn::lower {

/// A run without batches, or without heads, has no tasks. Outputs that have no such coordinate are stored all the same, by another kernel
/// that stands beside the first: its tasks are those of the coordinates that are there.
struct EmptyRun {
  bool noBatches, noHeads;
  llvm::StringLiteral suffix; ///< of the kernel's name
};

inline constexpr EmptyRun emptyRuns[] = {{true, true, ".neither"}, {true, false, ".no_batches"}, {false, true, ".no_heads"}};

/// Whether a kernel is one of these.
bool isForEmptyRun(llvm::StringRef name);

/// A copy of a kernel behind it, with the outputs that such a run stores, and nothing else. Null if there are none. `schedule` is the kernel's.
ir::KernelOp kernelForEmptyRun(ir::KernelOp kernel, const EmptyRun &run);

/// A schedule for a kernel that does little.
ir::ScheduleAttr scheduleForEmptyRun(ir::ScheduleAttr schedule);

} // namespace attn::lower
