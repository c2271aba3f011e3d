#pragma once

#include "attn/executor.h"
#include "compiler/library/Compiler.h"

#include <cstddef>
#include <optional>
#include <span>

namespace attn::library {

/// Memory that one thread of a kernel needs beside its tensors.
struct MemoryUse {
  /// The most bytes held at a time through the caller's allocator: workspace, and what the launcher keeps of tables.
  size_t allocated = 0;
  /// Bytes of stack touched, the thread's own start included; 0 where it can't be told.
  size_t stack = 0;
};

/// Runs the kernel once, serially, on a thread whose stack and allocator are watched. `executor`, which may be null, runs its tasks where it
/// has one thread, and may stop them. A failure is the kernel's.
Result<MemoryUse> measureMemory(const Kernel &kernel, std::span<const DLTensor *const> tensors,
                                std::span<const ScalarArgument> scalars, attn_executor *executor = nullptr);

} // namespace attn::library
