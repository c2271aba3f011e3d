#pragma once

#include "compiler/library/Runner.h"
#include "compiler/library/Schedules.h"

#include <functional>
#include <map>

namespace attn::library {

struct TuningRequest {
  CompileRequest compile; ///< as for `loadFor`
  uint64_t seed = 0;      ///< of the rows that are compared with the oracle
  size_t rounds = 0;      ///< each measures every schedule once; 0: as many as fit in three seconds
  std::function<void(std::string_view)> progress; ///< told what begins; may be empty
};

/// A schedule, as it was measured.
struct MeasuredSchedule {
  ScheduleAlternative alternative;
  double medianMs = 0;
  double estimateMs = 0; ///< the cost model's, at the multiply-adds measured in the same process
  double ratio = 1;      ///< its time over that of the compiler's choice: the median of the rounds, each with both
  size_t rounds = 0;     ///< fewer than others' where it was out of the question soon
  std::string trouble;   ///< why it was not measured; empty if it was
};

struct Tuning {
  std::string name;
  std::map<std::string, int64_t> dims;
  unsigned threads = 1;
  std::vector<MeasuredSchedule> schedules; ///< the compiler's choice first
  size_t best = 0;                         ///< 0 where nothing else is faster by more than a measurement is off by
  bool isWrong = false;                    ///< a schedule's outputs weren't what the oracle says
};

/// How much faster than the compiler's choice a schedule must have been to be taken.
inline constexpr double leastGain = 0.02;

/// Compiles an attention with every schedule that is worth it, compares a sample of what each computes with the oracle, and times them in turn. Nothing on
/// failure, which the report explains.
std::optional<Tuning> tune(Compiler &compiler, const std::shared_ptr<const Spec> &spec, const sema::Attention &attention, const RunData &data,
                           const TuningRequest &request, Runner &runner, CompileReport &report);

/// The table, for a person.
std::string tuningText(const Tuning &tuning);

} // namespace attn::library
