#include "compiler/driver/Commands.h"

#include "attn/executor.h"
#include "compiler/driver/Console.h"
#include "compiler/library/Accuracy.h"
#include "compiler/library/Facts.h"
#include "compiler/library/MaskStatistics.h"
#include "compiler/library/MemoryUse.h"
#include "compiler/library/PeakRate.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
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

/// Several threads beside one, both measured in turn with the same loops beside them.
struct Scaling {
  double kernel = 0; ///< times as fast as one thread
  double fma = 0;    ///< the same of the loop of multiply-adds
  double share = 0;  ///< the first over the second
};

/// Everything measured about one kernel.
struct Measurement {
  std::string name;
  std::map<std::string, int64_t> dims;
  unsigned threads = 1;
  size_t runs = 0;
  double medianMs = 0, minMs = 0;
  double gflops = 0, peakGflops = 0, maxPeakGflops = 0, shareOfPeak = 0;
  double classificationMs = 0, shareOfClassification = 0;
  std::optional<Scaling> scaling;
  MemoryUse memory;
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
  std::shared_ptr<const Kernel> load(bool onlyVisits, int &status);
  bool runOnce(const Kernel &which, int &status);
  double millisecondsOf(const Kernel &which, const attn_context &how) const;
  void time(Measurement &result);

  std::shared_ptr<const Spec> spec;
  const sema::Attention &attention;
  const BenchOptions &options;
  std::optional<RunData> data;
  Compiler compiler;
  std::shared_ptr<const Kernel> kernel;
  /// The kernel's search for visible keys and nothing else. With nothing between its calls the classifier finds caches and
  /// branch predictors warmer than in the whole kernel; in return a whole launch counts, with the minima and maxima of tables.
  std::shared_ptr<const Kernel> search;
  std::vector<DLTensor> views;
  std::vector<const DLTensor *> pointers;
  attn_context context{};
};

std::shared_ptr<const Kernel> KernelBench::load(bool onlyVisits, int &status) {
  CompileRequest request;
  request.extents = options.fixed;
  request.optimiseHarder = options.harder;
  request.onlyVisits = onlyVisits;
  for (const auto &[name, size] : featureExtents(attention, data->binding))
    request.extents.insert({name, size});
  CompileReport report;
  std::shared_ptr<const Kernel> loaded = compiler.load(spec, attention.name, request, report);
  if (!loaded)
    status = compileError(report);
  return loaded;
}

bool KernelBench::runOnce(const Kernel &which, int &status) {
  Status done = which.run(pointers, data->scalars, &context);
  if (!done) {
    printError(done.message());
    status = exitInput;
  }
  return bool(done);
}

/// Of a run that is known to succeed.
double KernelBench::millisecondsOf(const Kernel &which, const attn_context &how) const {
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
  (void)which.run(pointers, data->scalars, &how);
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// Bursts of multiply-adds on both sides of each run, so that all see the same machine; ratios are taken run by run.
void KernelBench::time(Measurement &result) {
  using Clock = std::chrono::steady_clock;
  constexpr double leastBurstMs = 2, mostBurstMs = 20, budgetMs = 1000;
  constexpr size_t least = 5, most = 1000;
  std::vector<double> times, peaks, shares, searches, searchShares, kernelScalings, fmaScalings, scalingShares;
  double operations = result.gflops, burstMs = leastBurstMs;
  attn_context serial = attn_executor_context(nullptr);
  Clock::time_point begin = Clock::now();
  auto enough = [&] {
    if (options.repeat)
      return times.size() >= options.repeat;
    double elapsed = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    return times.size() >= most || (times.size() >= least && elapsed > budgetMs);
  };
  auto beside = [&](unsigned threads, const attn_context &how, double &milliseconds) {
    double before = measureFmaRate(threads, burstMs);
    milliseconds = millisecondsOf(*kernel, how);
    return (before + measureFmaRate(threads, burstMs)) / 2;
  };
  while (!enough()) {
    double milliseconds, peak = beside(options.threads, context, milliseconds);
    times.push_back(milliseconds);
    peaks.push_back(peak);
    shares.push_back(operations / (milliseconds * 1e6) / peak);
    searches.push_back(millisecondsOf(*search, context));
    searchShares.push_back(searches.back() / milliseconds);
    if (options.threads > 1) {
      double alone, loneFma = beside(1, serial, alone);
      kernelScalings.push_back(alone / milliseconds);
      fmaScalings.push_back(peak / loneFma);
      scalingShares.push_back(kernelScalings.back() / fmaScalings.back());
    }
    burstMs = std::clamp(milliseconds / 20, leastBurstMs, mostBurstMs);
  }
  result.runs = times.size();
  result.medianMs = median(times);
  result.minMs = *std::min_element(times.begin(), times.end());
  result.peakGflops = median(peaks);
  result.maxPeakGflops = *std::max_element(peaks.begin(), peaks.end());
  result.shareOfPeak = median(shares);
  result.gflops = operations / (result.medianMs * 1e6);
  result.classificationMs = median(searches);
  result.shareOfClassification = median(searchShares);
  if (options.threads > 1)
    result.scaling = Scaling{median(kernelScalings), median(fmaScalings), median(scalingShares)};
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
  kernel = load(false, status);
  search = kernel ? load(true, status) : nullptr;
  if (!search)
    return false;
  CompileReport report;
  std::optional<Facts> facts = findFacts(kernel->attention(), {}, report);
  if (!facts) {
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
    if (!runOnce(*kernel, status) || !runOnce(*search, status) || !runOnce(*kernel, status))
      return false;
    time(result);
    Result<MemoryUse> memory = measureMemory(*kernel, pointers, data->scalars);
    if (!memory) {
      printError(memory.message());
      status = exitInput;
      return false;
    }
    result.memory = *memory;
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
    json.attribute("max_peak_gflops", it.maxPeakGflops);
    json.attribute("share_of_peak", it.shareOfPeak);
    json.attribute("read_gbs", it.readGbs);
    json.attribute("bandwidth_gbs", it.bandwidthGbs);
    json.attribute("share_of_bandwidth", it.bandwidthGbs > 0 ? it.readGbs / it.bandwidthGbs : 0);
    json.attribute("classification_ms", it.classificationMs);
    json.attribute("share_of_classification", it.shareOfClassification);
    json.attribute("allocated_bytes", int64_t(it.memory.allocated));
    json.attribute("stack_bytes", int64_t(it.memory.stack));
    if (it.scaling)
      json.attributeObject("scaling", [&] {
        json.attribute("kernel", it.scaling->kernel);
        json.attribute("fma", it.scaling->fma);
        json.attribute("share", it.scaling->share);
      });
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
  text += fmt::format("  scratch {:.1f} KiB allocated and {:.1f} KiB of stack for each thread\n",
                      double(it.memory.allocated) / 1024, double(it.memory.stack) / 1024);
  if (it.scaling)
    text += fmt::format("  threads {:.2f} times as fast as one; the multiply-adds alone {:.2f} times: {:.1f} % of that\n",
                        it.scaling->kernel, it.scaling->fma, 100 * it.scaling->share);
  double tiles = std::max<double>(1, double(it.mask.empty + it.mask.full + it.mask.mixed));
  text += fmt::format("  tiles   {} empty (skipped), {} full, {} mixed of {} × {}: {:.0f} % skipped, {:.1f} % of the pairs visible\n",
                      it.mask.empty, it.mask.full, it.mask.mixed, it.mask.tileQueries, it.mask.tileKeys,
                      100 * double(it.mask.empty) / tiles,
                      it.mask.pairs > 0 ? 100 * it.mask.visible / it.mask.pairs : 0);
  text += fmt::format("  search  {:.3f} ms, {:.2f} % of the time, went into finding the visible tiles\n",
                      it.classificationMs, 100 * it.shareOfClassification);
  for (const OutputCheck &check : it.check.outputs)
    text += fmt::format("  error   {}: {:.2g}, bound {:.2g} ({} of {} rows checked){}\n", check.output, check.error,
                        check.bound, check.checkedRows, check.rows, check.agrees ? "" : ": too far off");
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
