#pragma once

#include "compiler/library/Compiler.h"

#include <optional>
#include <string>

namespace attn::library {

/// What `attnc tune` found to be faster than the compiler's choice.
struct TunedSchedule {
  std::string schedule; ///< as `CompileRequest::schedule` takes it
  std::string day;      ///< `2026-11-23`
  double milliseconds = 0, chosenMilliseconds = 0; ///< medians: its own, and that of the compiler's choice beside it
};

/// Schedules that were tuned on this machine, in the folder of compiled kernels and as safe there as these. One is for runs of a spec, as its text stands, with
/// extents, each to the nearest power of two, on a CPU, by a build of the compiler; another's is never taken. Nothing but `remember` and `forget` changes what a run
/// computes with: where a file is lost or damaged, the compiler chooses.
class TunedSchedules {
public:
  explicit TunedSchedules(KernelCache cache) : cache(std::move(cache)) {}

  struct Lookup {
    std::optional<TunedSchedule> tuned;
    bool isDamaged = false; ///< something was remembered and can't be read any more
  };
  /// `request` as for `loadFor`.
  Lookup find(const Spec &spec, const sema::Attention &attention, const reference::Binding &binding, const CompileRequest &request) const;
  Status remember(const Spec &spec, const sema::Attention &attention, const reference::Binding &binding, const CompileRequest &request,
                  const TunedSchedule &tuned) const;
  /// False where there was nothing.
  Result<bool> forget(const Spec &spec, const sema::Attention &attention, const reference::Binding &binding, const CompileRequest &request) const;

private:
  KernelCache cache;
};

/// Today, as a person writes it.
std::string today();

} // namespace attn::library
