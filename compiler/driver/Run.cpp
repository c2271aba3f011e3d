#include "compiler/driver/Commands.h"

#include "compiler/console/Console.h"
#include "compiler/library/Runner.h"
#include "compiler/library/Stopwatch.h"
#include "runtime/file/Npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <thread>

using namespace attn;
using namespace attn::driver;
using namespace attn::library;

namespace {

struct RunOptions {
  InputRequest inputs;
  std::vector<std::pair<std::string, std::string>> outputs;
  std::map<std::string, int64_t> fixed;
  unsigned threads = 1;
  std::optional<double> tolerance;
  bool check, reference, time, raw, harder;
};

std::optional<RunOptions> parseRun(const Arguments &arguments, int &status) {
  RunOptions options;
  options.check = arguments.has(OptionId::Check);
  options.reference = arguments.has(OptionId::Reference);
  options.time = arguments.has(OptionId::Time);
  options.raw = arguments.has(OptionId::Raw);
  options.harder = arguments.has(OptionId::Optimise);
  auto inputs = parseInputs(arguments, status);
  auto outputs = inputs ? parseNamed(arguments, OptionId::Output, status) : std::nullopt;
  auto fixed = outputs ? parseExtents(arguments, OptionId::Set, status) : std::nullopt;
  auto threads = fixed ? parseNumber(arguments, OptionId::Threads, "--threads", 0, 4096, 0, status) : std::nullopt;
  if (!threads)
    return std::nullopt;
  if (options.reference && options.check) {
    status = usageError("`--reference` runs only the oracle: there is nothing to `--check` it with");
    return std::nullopt;
  }
  if (std::optional<std::string> text = arguments.value(OptionId::Tolerance)) {
    char *rest = nullptr;
    double value = std::strtod(text->c_str(), &rest);
    if (text->empty() || *rest || !(value >= 0) || std::isinf(value)) {
      status = usageError(fmt::format("`--tolerance {}`: expected a number that is not negative", *text));
      return std::nullopt;
    }
    if (!options.check) {
      status = usageError("`--tolerance` is of no use without `--check`");
      return std::nullopt;
    }
    options.tolerance = value;
  }
  for (auto output = outputs->begin(); output != outputs->end(); ++output) {
    if (output->second == "-") {
      status = usageError(fmt::format("`-o {}=-`: arrays are not written to standard output; name a file", output->first));
      return std::nullopt;
    }
    auto same = std::find_if(outputs->begin(), output, [&](const auto &other) { return other.second == output->second; });
    if (same != output) {
      status = usageError(fmt::format("outputs `{}` and `{}` can't both be written to {}", same->first, output->first,
                                      output->second));
      return std::nullopt;
    }
  }
  options.inputs = *std::move(inputs);
  options.outputs = *std::move(outputs);
  options.fixed = *std::move(fixed);
  options.threads = *threads ? unsigned(*threads) : std::max(1u, std::thread::hardware_concurrency());
  return options;
}

bool checkOutputNames(const sema::Attention &attention, const RunOptions &options) {
  std::vector<std::string> names;
  for (const sema::Output &output : attention.outputs)
    names.push_back(output.name);
  bool good = true;
  for (const auto &[name, path] : options.outputs) {
    if (std::find(names.begin(), names.end(), name) != names.end())
      continue;
    std::string close = closestName(name, names), list;
    for (const std::string &known : names)
      list += (list.empty() ? "" : ", ") + known;
    printError(close.empty() ? fmt::format("`{}` has no output `{}`; it has {}", attention.name, name, list)
                             : fmt::format("`{}` has no output `{}`; did you mean `{}`?", attention.name, name, close));
    good = false;
  }
  return good;
}

int runReference(const sema::Attention &attention, RunData &data, Runner &runner, StageTimes *times) {
  Progress progress("evaluating by the oracle");
  Stopwatch watch(times, "oracle");
  Status done = runOracle(attention, data, runner);
  watch.stop();
  if (done)
    return exitSuccess;
  printError(done.message());
  return exitInput;
}

int runCompiled(const std::shared_ptr<const Spec> &spec, const sema::Attention &attention, RunData &data,
                const RunOptions &options, Runner &runner, StageTimes *times) {
  CompileRequest request;
  request.extents = options.fixed;
  request.optimiseHarder = options.harder;
  Compiler compiler;
  CompileReport report;
  std::shared_ptr<const Kernel> kernel = loadFor(compiler, spec, attention, data, request, report);
  if (times)
    times->insert(times->end(), report.times.begin(), report.times.end());
  if (!kernel)
    return compileError(report);
  printDiagnostics(report.diagnostics);
  Stopwatch watch(times, "run");
  Status done = runKernel(*kernel, data, runner);
  watch.stop();
  if (done)
    return exitSuccess;
  printError(done.message());
  return exitInput;
}

int checkRun(const sema::Attention &attention, const RunData &data, const RunOptions &options, StageTimes *times) {
  CheckOptions how;
  how.tolerance = options.tolerance;
  how.seed = options.inputs.seed;
  how.threads = options.threads;
  Progress progress("comparing with the oracle");
  Stopwatch watch(times, "oracle");
  CheckResult result = checkOutputs(attention, data, how);
  watch.stop();
  if (!result.failure.empty()) {
    printError(fmt::format("the oracle: {}", result.failure));
    return exitInput;
  }
  if (!writeOut(describe(result, how)))
    return exitInput;
  if (!result.agrees())
    printError("the check failed: an output is not what the oracle says");
  return result.agrees() ? exitSuccess : exitCheck;
}

int writeOutputs(const sema::Attention &attention, const RunData &data, const RunOptions &options) {
  for (const auto &[name, path] : options.outputs)
    for (size_t n = 0; n < attention.outputs.size(); ++n)
      if (attention.outputs[n].name == name) {
        Status written = writeNpy(path, data.tensors[attention.tensors.size() + n], options.raw);
        if (!written) {
          printError(fmt::format("output `{}`: {}", name, written.message()));
          return exitInput;
        }
      }
  return exitSuccess;
}

} // namespace

int driver::runMain(const Arguments &arguments) {
  int status = exitSuccess;
  std::optional<RunOptions> options = parseRun(arguments, status);
  if (!options)
    return status;
  StageTimes allTimes;
  StageTimes *times = options->time ? &allTimes : nullptr;
  std::shared_ptr<const Spec> spec = openSpec(arguments.files.front(), status, times);
  if (!spec)
    return status;
  const sema::Attention *chosen = chooseAttention(*spec, arguments, status);
  if (!chosen || !checkOutputNames(*chosen, *options))
    return chosen ? exitInput : status;
  Result<sema::Attention> special = specialise(*chosen, options->fixed);
  if (!special) {
    printError(special.message());
    return exitInput;
  }

  std::vector<std::string> errors;
  Stopwatch gathering(times, "inputs");
  std::optional<RunData> data = gatherInputs(*special, options->inputs, errors);
  gathering.stop();
  for (const std::string &error : errors)
    printError(error);
  if (!data)
    return exitInput;
  for (const std::string &note : data->notes)
    printNote(note);

  Runner runner(options->threads);
  status = options->reference ? runReference(*special, *data, runner, times)
                              : runCompiled(spec, *special, *data, *options, runner, times);
  if (status != exitSuccess)
    return status;
  if (options->check)
    status = checkRun(*special, *data, *options, times);
  // What was computed is written even where it doesn't agree: that is when people want to look at it.
  if (status == exitSuccess || status == exitCheck)
    if (int written = writeOutputs(*special, *data, *options); written != exitSuccess)
      return written;
  if (!options->check && options->outputs.empty()) {
    std::string text;
    for (size_t n = 0; n < special->outputs.size(); ++n)
      text += fmt::format("{}: {}\n", special->outputs[n].name, data->tensors[special->tensors.size() + n].describe());
    if (!writeOut(text))
      return exitInput;
  }
  if (times)
    printTimes(*times);
  return status;
}
