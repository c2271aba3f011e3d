#include "compiler/library/Tuning.h"

#include "compiler/library/MaskStatistics.h"
#include "compiler/library/Median.h"
#include "compiler/library/PeakRate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

using namespace attn;
using namespace attn::library;

namespace {

using Clock = std::chrono::steady_clock;

double millisecondsSince(Clock::time_point begin) { return std::chrono::duration<double, std::milli>(Clock::now() - begin).count(); }

/// Below which three quarters of them are.
double upperQuartile(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[std::min(values.size() - 1, values.size() * 3 / 4)];
}

struct Candidate {
  std::shared_ptr<const Kernel> kernel;
  size_t repeats = 1; ///< in a row, so that what is timed isn't shorter than a clock can tell
  std::vector<double> times, ratios;
  bool isOut = false;
};

class Tuner {
public:
  Tuner(Compiler &compiler, std::shared_ptr<const Spec> spec, const sema::Attention &attention, const RunData &data, const TuningRequest &request,
        Runner &runner, CompileReport &report)
      : compiler(compiler), spec(std::move(spec)), attention(attention), data(data), request(request), runner(runner), report(report) {}

  std::optional<Tuning> tune();

private:
  bool prepare(MeasuredSchedule &schedule, Candidate &candidate);
  double timeOf(const Candidate &candidate);
  void measure();
  void judge();
  bool stopped() {
    if (runner.stopped() && !report.failed())
      report.failure = stoppedText;
    return report.failed();
  }
  void begin(std::string_view what) const {
    if (request.progress)
      request.progress(what);
  }

  Compiler &compiler;
  std::shared_ptr<const Spec> spec;
  const sema::Attention &attention;
  const RunData &data;
  const TuningRequest &request;
  Runner &runner;
  CompileReport &report;
  Tuning result;
  std::vector<Candidate> candidates;
};

/// Compiles a schedule, runs it and looks at what it computes. False where that is an end of everything.
bool Tuner::prepare(MeasuredSchedule &schedule, Candidate &candidate) {
  CompileRequest one = request.compile;
  one.schedule = schedule.alternative.fact.text;
  CompileReport own;
  candidate.isOut = true;
  candidate.kernel = loadFor(compiler, spec, attention, data, one, own);
  if (!candidate.kernel) {
    schedule.trouble = own.failure.empty() ? "not compiled" : own.failure;
    return !stopped();
  }
  if (Status done = runKernel(*candidate.kernel, data, runner); !done) {
    if (!stopped())
      report.failure = done.message();
    return false;
  }
  CheckOptions how;
  how.seed = request.seed;
  how.threads = std::max(1u, std::thread::hardware_concurrency());
  how.stop = &runner.stopped();
  how.mostWhole = int64_t(1) << 24;
  CheckResult check = checkOutputs(attention, data, how);
  if (stopped())
    return false;
  if (!check.failure.empty()) {
    report.failure = "the oracle: " + check.failure;
    return false;
  }
  if (!check.agrees()) {
    result.isWrong = true;
    schedule.trouble = "its outputs are not what the oracle says";
    return true;
  }
  candidate.isOut = false;
  constexpr double leastMs = 1;
  double once = timeOf(candidate);
  candidate.repeats = size_t(std::clamp(leastMs / std::max(once, 1e-4), 1.0, 10000.0));
  return !stopped();
}

/// Milliseconds of a run.
double Tuner::timeOf(const Candidate &candidate) {
  Clock::time_point start = Clock::now();
  for (size_t n = 0; n < candidate.repeats; ++n)
    (void)runKernel(*candidate.kernel, data, runner);
  return millisecondsSince(start) / double(candidate.repeats);
}

/// In turn, so that all see the same machine; a schedule that is half as fast as the best so far is left alone.
void Tuner::measure() {
  constexpr double budgetMs = 3000, hopeless = 1.5;
  constexpr size_t least = 5, most = 100, firstLook = 2;
  Clock::time_point start = Clock::now();
  for (size_t round = 0; !runner.stopped(); ++round) {
    if (request.rounds ? round >= request.rounds : round >= most || (round >= least && millisecondsSince(start) > budgetMs))
      break;
    begin(fmt::format("timing `{}`, round {}", attention.name, round + 1));
    for (Candidate &candidate : candidates)
      if (!candidate.isOut) {
        candidate.times.push_back(timeOf(candidate));
        candidate.ratios.push_back(candidate.times.back() / candidates.front().times.back());
      }
    if (round + 1 < firstLook)
      continue;
    double least = 1;
    for (const Candidate &candidate : candidates)
      if (!candidate.isOut)
        least = std::min(least, median(candidate.ratios));
    for (Candidate &candidate : candidates)
      candidate.isOut = candidate.isOut || (&candidate != &candidates.front() && median(candidate.ratios) > hopeless * least);
  }
}

void Tuner::judge() {
  unsigned lanes = unsigned(result.schedules.front().alternative.fact.lanes);
  // Two fused multiply-adds of two operations a cycle.
  double cycles = measureFmaRate(1, 50, lanes) * 1e6 / (4 * lanes) * runner.threads();
  for (size_t n = 0; n < candidates.size(); ++n) {
    MeasuredSchedule &schedule = result.schedules[n];
    schedule.estimateMs = schedule.alternative.cost.total() / cycles;
    if (candidates[n].times.empty())
      continue;
    schedule.rounds = candidates[n].times.size();
    schedule.medianMs = median(candidates[n].times);
    schedule.ratio = median(candidates[n].ratios);
    // Most rounds must say so, too: on a machine that is busy with other things the median of few is luck.
    bool isFaster = schedule.ratio < 1 - leastGain && upperQuartile(candidates[n].ratios) < 1;
    if (!candidates[n].isOut && isFaster && schedule.ratio < result.schedules[result.best].ratio)
      result.best = n;
  }
}

std::optional<Tuning> Tuner::tune() {
  begin("counting visible pairs");
  constexpr int64_t tile = 64;
  double visible = 1;
  if (canCountMask(attention, data, tile, tile)) {
    MaskStatistics mask = countMask(attention, data, tile, tile);
    visible = mask.pairs > 0 ? mask.visible / mask.pairs : 1;
  }
  std::optional<std::vector<ScheduleAlternative>> alternatives =
      scheduleAlternatives(attention, data.binding, forRun(attention, data.binding, request.compile), visible, report);
  if (!alternatives || stopped())
    return std::nullopt;
  result.name = attention.name;
  result.threads = runner.threads();
  for (size_t n = 0; n < attention.extents.size(); ++n)
    if (data.binding.extents[n])
      result.dims[attention.extents[n].name] = *data.binding.extents[n];
  for (ScheduleAlternative &alternative : *alternatives) {
    begin(fmt::format("compiling `{}`, schedule {} of {}", attention.name, result.schedules.size() + 1, alternatives->size()));
    result.schedules.push_back({});
    result.schedules.back().alternative = std::move(alternative);
    candidates.push_back({});
    if (!prepare(result.schedules.back(), candidates.back()))
      return std::nullopt;
  }
  if (candidates.empty() || candidates.front().isOut) {
    report.failure = fmt::format("`{}` with the compiler's own schedule: {}", attention.name,
                                 result.schedules.empty() ? "there is none" : result.schedules.front().trouble);
    return std::nullopt;
  }
  measure();
  if (stopped())
    return std::nullopt;
  judge();
  return std::move(result);
}

} // namespace

std::optional<Tuning> library::tune(Compiler &compiler, const std::shared_ptr<const Spec> &spec, const sema::Attention &attention, const RunData &data,
                                    const TuningRequest &request, Runner &runner, CompileReport &report) {
  return Tuner(compiler, spec, attention, data, request, runner, report).tune();
}

std::string library::tuningText(const Tuning &tuning) {
  std::string dims;
  for (const auto &[name, size] : tuning.dims)
    dims += fmt::format(" {}={}", name, size);
  std::string text = fmt::format("{} {}, {} thread{}\n  {:>10} {:>10} {:>8}  schedule\n", tuning.name, dims, tuning.threads, tuning.threads == 1 ? "" : "s", "ms", "estimate",
                                 "ratio");
  for (size_t n = 0; n < tuning.schedules.size(); ++n) {
    const MeasuredSchedule &one = tuning.schedules[n];
    std::string remark = n == 0 && n == tuning.best ? "  (the compiler's choice, kept)" : n == 0 ? "  (the compiler's choice)" : n == tuning.best ? "  (best)" : "";
    std::string time = one.trouble.empty() ? fmt::format("{:10.3f} {:10.3f} {:8.3f}", one.medianMs, one.estimateMs, one.ratio)
                                           : fmt::format("{:>10} {:10.3f} {:>8}", "-", one.estimateMs, "-");
    text += fmt::format("  {}  {}{}{}\n", time, shortText(one.alternative.fact), remark, one.trouble.empty() ? "" : ": " + one.trouble);
  }
  return text;
}
