#include "compiler/driver/Commands.h"

#include "attn/executor.h"
#include "compiler/driver/Console.h"
#include "compiler/library/Accuracy.h"
#include "compiler/library/Facts.h"
#include "compiler/library/MaskStatistics.h"
#include "compiler/library/PeakRate.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

using namespace attn;
using namespace attn::driver;
using namespace attn::library;

namespace {

struct BenchOptions {
  InputRequest inputs;
  std::map<std::string, int64_t> fixed;
  unsigned threads = 1;
  uint64_t repeat = 0; ///< 0: as many as fit in a second
  bool json = false, harder = false;
};

std::optional<BenchOptions> parseBench(const Arguments &arguments, int &status) {
  BenchOptions options;
  auto inputs = parseInputs(arguments, status);
  auto fixed = inputs ? parseExtents(arguments, OptionId::Set, status) : std::nullopt;
  auto threads = fixed ? parseNumber(arguments, OptionId::Threads, "--threads", 0, 4096, 1, status) : std::nullopt;
  auto repeat = threads ? parseNumber(arguments, OptionId::Repeat, "--repeat", 1, 1000000, 0, status) : std::nullopt;
  if (!repeat)
    return std::nullopt;
  options.inputs = *std::move(inputs);
  options.inputs.random = true;
  options.fixed = *std::move(fixed);
  options.threads = *threads ? unsigned(*threads) : std::max(1u, std::thread::hardware_concurrency());
  options.repeat = *repeat;
  options.json = arguments.has(OptionId::Json);
  options.harder = arguments.has(OptionId::Optimise);
  return options;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  size_t n = values.size();
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/// Everything measured about one kernel.
struct Measurement {
  std::string name;
  std::map<std::string, int64_t> dims;
  unsigned threads = 1;
  size_t runs = 0;
  double medianMs = 0, minMs = 0;
  double gflops = 0, peakGflops = 0, shareOfPeak = 0;
  double readGbs = 0, bandwidthGbs = 0;
  MaskStatistics mask;
  CheckResult check;
};

class KernelBench {
public:
  KernelBench(std::shared_ptr<const Spec> spec, const sema::Attention &attention, const BenchOptions &options)
      : spec(std::move(spec)), attention(attention), options(options) {}

  /// False on failure; `status` says how.
  bool measure(Measurement &result, int &status);

private:
  bool runOnce(int &status);
  void time(Measurement &result);

  std::shared_ptr<const Spec> spec;
  const sema::Attention &attention;
  const BenchOptions &options;
  std::optional<RunData> data;
  std::shared_ptr<const Kernel> kernel;
  std::vector<DLTensor> views;
  std::vector<const DLTensor *> pointers;
  attn_context context{};
};

bool KernelBench::runOnce(int &status) {
  Status done = kernel->run(pointers, data->scalars, &context);
  if (!done) {
    printError(done.message());
    status = exitInput;
  }
  return bool(done);
}

/// Bursts of multiply-adds before each run, so that both see the same machine; their ratio is taken run by run.
void KernelBench::time(Measurement &result) {
  using Clock = std::chrono::steady_clock;
  constexpr double burstMs = 2, budgetMs = 1000;
  constexpr size_t least = 5, most = 1000;
  std::vector<double> times, peaks, shares;
  double operations = result.gflops;
  Clock::time_point begin = Clock::now();
  auto enough = [&] {
    if (options.repeat)
      return times.size() >= options.repeat;
    double elapsed = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    return times.size() >= most || (times.size() >= least && elapsed > budgetMs);
  };
  while (!enough()) {
    peaks.push_back(measureFmaRate(options.threads, burstMs));
    Clock::time_point start = Clock::now();
    Status done = kernel->run(pointers, data->scalars, &context);
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    if (!done)
      break;
    shares.push_back(operations / (times.back() * 1e6) / peaks.back());
  }
  result.runs = times.size();
  result.medianMs = median(times);
  result.minMs = *std::min_element(times.begin(), times.end());
  result.peakGflops = median(peaks);
  result.shareOfPeak = shares.empty() ? 0 : median(shares);
  result.gflops = operations / (result.medianMs * 1e6);
}

bool KernelBench::measure(Measurement &result, int &status) {
  std::vector<std::string> errors;
  data = gatherInputs(attention, options.inputs, errors);
  for (const std::string &error : errors)
    printError(error);
  if (!data) {
    status = exitInput;
    return false;
  }
  CompileRequest request;
  request.extents = options.fixed;
  request.optimiseHarder = options.harder;
  for (const auto &[name, size] : featureExtents(attention, data->binding))
    request.extents.insert({name, size});
  Compiler compiler;
  CompileReport report;
  kernel = compiler.load(spec, attention.name, request, report);
  std::optional<Facts> facts;
  if (kernel)
    facts = findFacts(kernel->attention(), request, report);
  if (!kernel || !facts) {
    status = compileError(report);
    return false;
  }
  std::unique_ptr<attn_executor, void (*)(attn_executor *)> executor(
      options.threads > 1 ? attn_executor_create(int32_t(options.threads)) : nullptr, attn_executor_destroy);
  context = attn_executor_context(executor.get());
  views = data->views();
  for (const DLTensor &view : views)
    pointers.push_back(&view);

  result.name = attention.name;
  result.threads = options.threads;
  for (size_t n = 0; n < attention.extents.size(); ++n)
    if (data->binding.extents[n])
      result.dims[attention.extents[n].name] = *data->binding.extents[n];
  {
    Progress progress("counting visible pairs");
    result.mask = countMask(attention, *data, facts->queryBlock, facts->keyBlock);
  }
  double perPair = result.mask.pairs > 0 ? 2 * multiplyAdds(attention, data->binding) / result.mask.pairs : 0;
  result.gflops = perPair * result.mask.visible;
  {
    Progress progress(fmt::format("timing `{}`", attention.name));
    measureFmaRate(options.threads, 50);
    if (!runOnce(status) || !runOnce(status))
      return false;
    time(result);
  }
  double bytes = 0;
  for (const Tensor &tensor : data->tensors)
    bytes += double(tensor.byteCount());
  result.readGbs = bytes / (result.medianMs * 1e6);
  constexpr double leastBytes = 64 << 20, mostBytes = 512 << 20;
  result.bandwidthGbs = measureReadRate(options.threads, size_t(std::clamp(bytes, leastBytes, mostBytes)));
  Progress progress("comparing with the oracle");
  CheckOptions how;
  how.seed = options.inputs.seed;
  how.threads = std::max(1u, std::thread::hardware_concurrency());
  result.check = checkOutputs(attention, *data, how);
  return true;
}

const OutputCheck *worstOf(const CheckResult &check) {
  const OutputCheck *worst = nullptr;
  for (const OutputCheck &output : check.outputs)
    if (!worst || output.error * worst->bound > worst->error * output.bound || (worst->agrees && !output.agrees))
      worst = &output;
  return worst;
}

std::string jsonText(const Measurement &it) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::json::OStream json(stream);
  const OutputCheck *worst = worstOf(it.check);
  json.object([&] {
    json.attribute("name", it.name);
    json.attributeObject("dims", [&] {
      for (const auto &[name, size] : it.dims)
        json.attribute(name, size);
    });
    json.attribute("threads", int64_t(it.threads));
    json.attribute("runs", int64_t(it.runs));
    json.attribute("median_ms", it.medianMs);
    json.attribute("min_ms", it.minMs);
    json.attribute("visible_gflops", it.gflops);
    json.attribute("peak_gflops", it.peakGflops);
    json.attribute("share_of_peak", it.shareOfPeak);
    json.attribute("read_gbs", it.readGbs);
    json.attribute("bandwidth_gbs", it.bandwidthGbs);
    json.attribute("share_of_bandwidth", it.bandwidthGbs > 0 ? it.readGbs / it.bandwidthGbs : 0);
    json.attributeObject("tiles", [&] {
      json.attribute("empty", it.mask.empty);
      json.attribute("full", it.mask.full);
      json.attribute("mixed", it.mask.mixed);
    });
    // JSON has no infinity: an error without measure is null.
    if (worst && worst->error <= std::numeric_limits<double>::max())
      json.attribute("max_error", worst->error);
    else
      json.attribute("max_error", nullptr);
  });
  return text + "\n";
}

std::string plainText(const Measurement &it) {
  std::string dims;
  for (const auto &[name, size] : it.dims)
    dims += fmt::format(" {}={}", name, size);
  std::string text = fmt::format("{} {}, {} thread{}\n", it.name, dims, it.threads, it.threads == 1 ? "" : "s");
  text += fmt::format("  time    {:.3f} ms median, {:.3f} ms minimum of {} runs\n", it.medianMs, it.minMs, it.runs);
  text += fmt::format("  speed   {:.1f} GFLOP/s over visible pairs: {:.1f} % of the FMA peak measured beside it ({:.1f} GFLOP/s)\n",
                      it.gflops, 100 * it.shareOfPeak, it.peakGflops);
  text += fmt::format("  memory  {:.2f} GB/s of tensors, {:.0f} % of the read bandwidth ({:.1f} GB/s)\n", it.readGbs,
                      it.bandwidthGbs > 0 ? 100 * it.readGbs / it.bandwidthGbs : 0, it.bandwidthGbs);
  double tiles = std::max<double>(1, double(it.mask.empty + it.mask.full + it.mask.mixed));
  text += fmt::format("  tiles   {} empty (skipped), {} full, {} mixed of {} × {}: {:.0f} % skipped, {:.1f} % of the pairs visible\n",
                      it.mask.empty, it.mask.full, it.mask.mixed, it.mask.tileQueries, it.mask.tileKeys,
                      100 * double(it.mask.empty) / tiles,
                      it.mask.pairs > 0 ? 100 * it.mask.visible / it.mask.pairs : 0);
  for (const OutputCheck &check : it.check.outputs)
    text += fmt::format("  error   {}: {:.2g}, bound {:.2g} ({} of {} rows){}\n", check.output, check.error, check.bound,
                        check.checkedRows, check.rows, check.agrees ? "" : ": TOO FAR OFF");
  return text;
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
  for (const sema::Attention *attention : chosen) {
    Result<sema::Attention> special = specialise(*attention, options->fixed);
    if (!special) {
      printError(special.message());
      return exitInput;
    }
    Measurement result;
    if (!KernelBench(spec, *special, *options).measure(result, status))
      return status;
    if (!result.check.failure.empty()) {
      printError(fmt::format("the oracle: {}", result.check.failure));
      return exitInput;
    }
    if (!writeOut(options->json ? jsonText(result) : plainText(result)))
      return exitInput;
    if (!result.check.agrees()) {
      printError(fmt::format("the check of `{}` failed: its outputs are not what the oracle says", attention->name));
      status = exitCheck;
    }
  }
  return status;
}
