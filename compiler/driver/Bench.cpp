#include "compiler/driver/Commands.h"

#include "compiler/console/Console.h"
#include "compiler/library/Benchmark.h"

#include <fmt/format.h>

#include <algorithm>

using namespace attn;
using namespace attn::driver;
using namespace attn::library;

namespace {

struct BenchOptions : MeasureOptions {
  bool json = false, check = true;
};

std::optional<BenchOptions> parseBench(const Arguments &arguments, int &status) {
  std::optional<MeasureOptions> common = parseMeasure(arguments, status);
  if (!common)
    return std::nullopt;
  return BenchOptions{*std::move(common), arguments.has(OptionId::Json), !arguments.has(OptionId::NoCheck)};
}

int benchOne(const std::shared_ptr<const Spec> &spec, const sema::Attention &attention, const BenchOptions &options, const Arguments &arguments,
             Compiler &compiler, Runner &runner) {
  Result<sema::Attention> special = specialise(attention, options.compile.extents);
  if (!special) {
    printError(special.message());
    return exitInput;
  }
  std::vector<std::string> errors;
  std::optional<RunData> data = gatherInputs(*special, options.inputs, errors);
  for (const std::string &error : errors)
    printError(error);
  if (!data)
    return exitInput;
  BenchmarkRequest request;
  request.compile = options.compile;
  if (takeTuned(arguments, *spec, *special, data->binding, request.compile))
    printNote(tunedText(attention));
  request.seed = options.inputs.seed;
  request.repeat = options.repeat;
  request.check = options.check;
  CompileReport report;
  std::optional<Measurement> result;
  {
    ProgressLine progress;
    request.progress = [&](std::string_view text) { progress(text); };
    result = measure(compiler, spec, *special, *data, request, runner, report);
  }
  if (!result)
    return compileError(report);
  if (result->check && !result->check->failure.empty()) {
    printError(fmt::format("the oracle: {}", result->check->failure));
    return exitInput;
  }
  if (!writeOut(options.json ? jsonText(*result) : plainText(*result)))
    return exitInput;
  if (!result->check || result->check->agrees())
    return exitSuccess;
  printError(fmt::format("the check of `{}` failed: its outputs are not what the oracle says", attention.name));
  return exitCheck;
}

} // namespace

int driver::benchMain(const Arguments &arguments) {
  int status = exitSuccess;
  std::optional<BenchOptions> options = parseBench(arguments, status);
  if (!options)
    return status;
  std::shared_ptr<const Spec> spec = openSpec(arguments.files.front(), status);
  if (!spec)
    return status;
  std::vector<const sema::Attention *> chosen;
  if (arguments.has(OptionId::Only) || spec->program().attentions.empty()) {
    const sema::Attention *one = chooseAttention(*spec, arguments, status);
    if (!one)
      return status;
    chosen.push_back(one);
  } else {
    for (const sema::Attention &attention : spec->program().attentions)
      chosen.push_back(&attention);
  }
  Compiler compiler(cacheOf(arguments));
  Runner runner(options->threads);
  for (const sema::Attention *attention : chosen) {
    int one = benchOne(spec, *attention, *options, arguments, compiler, runner);
    if (one != exitSuccess && one != exitCheck)
      return one;
    status = std::max(status, one);
  }
  return status;
}
