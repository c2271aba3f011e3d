#include "compiler/driver/Commands.h"

#include "compiler/console/Console.h"
#include "compiler/library/Tuning.h"

#include <fmt/format.h>

#include <algorithm>

using namespace attn;
using namespace attn::driver;
using namespace attn::library;

namespace {

int forget(const TunedSchedules &store, const Spec &spec, const sema::Attention &attention, const RunData &data, const MeasureOptions &options) {
  Result<bool> forgotten = store.forget(spec, attention, data.binding, options.compile);
  if (!forgotten) {
    printError(forgotten.message());
    return exitInput;
  }
  return writeOut(fmt::format("{} was remembered for `{}` at these extents{}\n", *forgotten ? "what" : "nothing", attention.name,
                              *forgotten ? " is forgotten" : ""))
             ? exitSuccess
             : exitInput;
}

/// Puts the best into the place of what was remembered before; forgets that where the compiler's choice is the best.
int remember(const TunedSchedules &store, const Spec &spec, const sema::Attention &attention, const RunData &data, const MeasureOptions &options,
             const Tuning &tuning) {
  const MeasuredSchedule &best = tuning.schedules[tuning.best];
  if (tuning.best == 0) {
    if (Result<bool> forgotten = store.forget(spec, attention, data.binding, options.compile); !forgotten)
      printNote(forgotten.message());
    return writeOut(fmt::format("nothing is at least {:.0f} % faster than the compiler's choice, and faster in three rounds of four: it stays\n", 100 * leastGain)) ? exitSuccess : exitInput;
  }
  TunedSchedule tuned{best.alternative.fact.text, today(), best.medianMs, tuning.schedules.front().medianMs};
  if (Status stored = store.remember(spec, attention, data.binding, options.compile, tuned); !stored) {
    printError(fmt::format("the best can't be remembered: {}", stored.message()));
    return exitInput;
  }
  return writeOut(fmt::format("remembered: {}, {:.2f} times as fast as the compiler's choice; `attnc tune --forget` with the same arguments forgets it\n",
                              shortText(best.alternative.fact), 1 / best.ratio))
             ? exitSuccess
             : exitInput;
}

} // namespace

int driver::tuneMain(const Arguments &arguments) {
  int status = exitSuccess;
  std::optional<MeasureOptions> options = parseMeasure(arguments, status);
  if (!options)
    return status;
  std::shared_ptr<const Spec> spec = openSpec(arguments.files.front(), status);
  const sema::Attention *chosen = spec ? chooseAttention(*spec, arguments, status) : nullptr;
  if (!chosen)
    return status;
  std::optional<KernelCache> cache = KernelCache::ofThisPerson();
  if (!cache) {
    printError("there is no folder to remember a schedule in: ATTN_CACHE_DIR is empty, or no home is known; set ATTN_CACHE_DIR to one");
    return exitInput;
  }
  Result<sema::Attention> special = specialise(*chosen, options->compile.extents);
  if (!special) {
    printError(special.message());
    return exitInput;
  }
  std::vector<std::string> errors;
  std::optional<RunData> data = gatherInputs(*special, options->inputs, errors);
  for (const std::string &error : errors)
    printError(error);
  if (!data)
    return exitInput;
  TunedSchedules store(*cache);
  if (arguments.has(OptionId::Forget))
    return forget(store, *spec, *special, *data, *options);

  TuningRequest request;
  request.compile = options->compile;
  request.seed = options->inputs.seed;
  request.rounds = size_t(options->repeat);
  Compiler compiler(cache);
  Runner runner(options->threads);
  CompileReport report;
  std::optional<Tuning> tuning;
  {
    ProgressLine progress;
    request.progress = [&](std::string_view text) { progress(text); };
    tuning = tune(compiler, spec, *special, *data, request, runner, report);
  }
  if (!tuning)
    return compileError(report);
  printDiagnostics(report.diagnostics);
  if (!writeOut(tuningText(*tuning)))
    return exitInput;
  status = remember(store, *spec, *special, *data, *options, *tuning);
  if (status != exitSuccess || !tuning->isWrong)
    return status;
  printError("the check of a schedule failed: its outputs are not what the oracle says");
  return exitCheck;
}
