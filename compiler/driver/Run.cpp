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
  std::vector<std::pair<std::string, std::string>> outputs, computed;
  std::map<std::string, int64_t> fixed;
  std::string cpu;
  std::optional<KernelCache> cache;
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
  auto computed = outputs ? parseNamed(arguments, OptionId::Computed, status) : std::nullopt;
  auto fixed = computed ? parseExtents(arguments, OptionId::Set, status) : std::nullopt;
  auto threads = fixed ? parseNumber(arguments, OptionId::Threads, "--threads", 0, 4096, 0, status) : std::nullopt;
  if (!threads)
    return std::nullopt;
  if (options.reference && options.check) {
    status = usageError("`--reference` runs only the oracle: there is nothing to `--check` it with");
    return std::nullopt;
  }
  if (!computed->empty() && !options.check) {
    status = usageError("`--computed` is of no use without `--check`");
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
  options.computed = *std::move(computed);
  options.cpu = arguments.value(OptionId::Cpu).value_or("");
  options.cache = cacheOf(arguments);
  options.fixed = *std::move(fixed);
  options.threads = *threads ? unsigned(*threads) : std::max(1u, std::thread::hardware_concurrency());
  return options;
}

/// Whether each name that an option gives is among those it may give.
bool checkNames(const std::vector<std::pair<std::string, std::string>> &given, const std::vector<std::string> &names,
                const sema::Attention &attention) {
  bool good = true;
  for (const auto &[name, path] : given) {
    if (std::find(names.begin(), names.end(), name) != names.end())
      continue;
    std::string close = closestName(name, names), list;
    for (const sema::Output &output : attention.outputs)
      list += (list.empty() ? "" : ", ") + output.name;
    printError(close.empty() ? fmt::format("`{}` has no output `{}`; it has {}", attention.name, name, list)
                             : fmt::format("`{}` has no output `{}`; did you mean `{}`?", attention.name, name, close));
    good = false;
  }
  return good;
}

bool checkOutputNames(const sema::Attention &attention, const RunOptions &options) {
  std::vector<std::string> names;
  for (const sema::Output &output : attention.outputs)
    names.push_back(output.name);
  bool good = checkNames(options.computed, names, attention);
  for (const sema::Tensor &tensor : attention.tensors)
    names.push_back(tensor.name);
  return checkNames(options.outputs, names, attention) && good;
}

/// Outputs from files, in place of a run.
int readComputed(const sema::Attention &attention, RunData &data, const RunOptions &options) {
  int status = exitSuccess;
  for (size_t n = 0; n < attention.outputs.size(); ++n) {
    const std::string &name = attention.outputs[n].name;
    Tensor &tensor = data.tensors[attention.tensors.size() + n];
    auto given = std::find_if(options.computed.begin(), options.computed.end(), [&](const auto &it) { return it.first == name; });
    std::string problem;
    if (given == options.computed.end()) {
      problem = "`--computed` gives some outputs and not this one; give every output of the spec";
    } else if (Result<Converted> read = readNpy(given->second, tensor.element()); !read) {
      problem = read.message();
    } else if (read->tensor.shape() != tensor.shape()) {
      problem = fmt::format("{}: expected {}, got {}", given->second, tensor.describe(), read->tensor.describe());
    } else {
      tensor = std::move(read->tensor);
    }
    if (!problem.empty()) {
      printError(fmt::format("output `{}`: {}", name, problem));
      status = exitInput;
    }
  }
  return status;
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
                const RunOptions &options, const Arguments &arguments, Runner &runner, StageTimes *times) {
  CompileRequest request;
  request.extents = options.fixed;
  request.optimiseHarder = options.harder;
  request.cpu = options.cpu;
  if (takeTuned(arguments, *spec, attention, data.binding, request))
    printNote(tunedText(attention));
  Compiler compiler(options.cache);
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

/// Writes those of `tensors` that were asked for; the first of them is number `first` of the run's.
template <class Tensors>
bool writeNamed(const Tensors &tensors, size_t first, const char *kind, const RunData &data, const RunOptions &options) {
  for (const auto &[name, path] : options.outputs)
    for (size_t n = 0; n < tensors.size(); ++n) {
      if (tensors[n].name != name)
        continue;
      if (Status written = writeNpy(path, data.tensors[first + n], options.raw); !written) {
        printError(fmt::format("{} `{}`: {}", kind, name, written.message()));
        return false;
      }
    }
  return true;
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
  for (const auto &[name, path] : options->outputs)
    if (!mayWrite(path, *spec, status))
      return status;
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

  // First: what made a run fail is worth a look.
  if (!writeNamed(special->tensors, 0, "input", *data, *options))
    return exitInput;
  Runner runner(options->threads);
  status = options->reference           ? runReference(*special, *data, runner, times)
           : !options->computed.empty() ? readComputed(*special, *data, *options)
                                        : runCompiled(spec, *special, *data, *options, arguments, runner, times);
  if (status != exitSuccess)
    return status;
  if (options->check)
    status = checkRun(*special, *data, *options, times);
  // What was computed is written even where it doesn't agree: that is when people want to look at it.
  if ((status == exitSuccess || status == exitCheck) &&
      !writeNamed(special->outputs, special->tensors.size(), "output", *data, *options))
    return exitInput;
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
