#include "compiler/library/Benchmark.h"

#include "compiler/library/Facts.h"
#include "compiler/library/FunctionRate.h"
#include "compiler/library/Median.h"
#include "compiler/library/ReadRate.h"
#include "compiler/library/TileVisits.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

using namespace attn;
using namespace attn::library;

namespace {

/// Has all threads of an executor awake, as a program that runs one kernel after the other has them: what an operating system takes to wake one is longer than many
/// a kernel.
void wake(const attn_context &context, unsigned threads) {
  using Clock = std::chrono::steady_clock;
  struct Arrivals {
    std::atomic<unsigned> count = 0;
    unsigned wanted;
    Clock::time_point limit;
  } arrivals{.wanted = threads, .limit = Clock::now() + std::chrono::milliseconds(1)};
  if (threads < 2)
    return;
  context.parallel_for(
      context.executor, threads,
      [](void *argument, int64_t begin, int64_t end) {
        auto &arrivals = *static_cast<Arrivals *>(argument);
        arrivals.count += unsigned(end - begin);
        while (arrivals.count < arrivals.wanted && Clock::now() < arrivals.limit) {
        }
      },
      &arrivals);
}

class KernelBench {
public:
  KernelBench(Compiler &compiler, std::shared_ptr<const Spec> spec, const sema::Attention &attention, const RunData &data,
              const BenchmarkRequest &request, Runner &runner, CompileReport &report)
      : compiler(compiler), spec(std::move(spec)), attention(attention), data(data), request(request), runner(runner),
        report(report), views(data.views()), context(attn_executor_context(runner.executor())) {
    for (const DLTensor &view : views)
      pointers.push_back(&view);
  }

  std::optional<Measurement> measure();

private:
  bool load();
  std::shared_ptr<const Kernel> loadOne(bool onlyVisits);
  bool runOnce(const Kernel &which);
  double millisecondsOf(const Kernel &which, const attn_context &how, unsigned threads) const;
  void time(Measurement &result);
  bool readsBrainFloats() const;
  /// Prepares to measure the functions that are evaluated for every pair and feature.
  bool loadFunctions(const Facts &facts, double visible);
  /// Seconds that they would take by themselves.
  double secondsOfFunctions(double burstMs) const;
  bool failed();
  void begin(std::string_view what) const {
    if (request.progress)
      request.progress(what);
  }

  Compiler &compiler;
  std::shared_ptr<const Spec> spec;
  const sema::Attention &attention;
  const RunData &data;
  const BenchmarkRequest &request;
  Runner &runner;
  CompileReport &report;
  std::shared_ptr<const Kernel> kernel;
  /// The kernel's search for visible keys and nothing else. With nothing between its calls the classifier finds caches and
  /// branch predictors warmer than in the whole kernel; in return a whole launch counts, with the minima and maxima of tables.
  std::shared_ptr<const Kernel> search;
  std::vector<DLTensor> views;
  std::vector<const DLTensor *> pointers;
  attn_context context;
  /// A function, and how many values of it there are.
  struct CountedFunction {
    std::string name;
    std::shared_ptr<FunctionRate> rate;
    double count = 0;
  };
  std::vector<CountedFunction> functions;
  unsigned lanes = 0; ///< of the kernel's vectors: its peak is that of the CPU it is compiled for
};

/// Whether there is a failure already; being stopped is one.
bool KernelBench::failed() {
  if (runner.stopped() && !report.failed())
    report.failure = stoppedText;
  return report.failed();
}

std::shared_ptr<const Kernel> KernelBench::loadOne(bool onlyVisits) {
  CompileRequest one = request.compile;
  one.onlyVisits = onlyVisits;
  CompileReport own;
  std::shared_ptr<const Kernel> loaded = loadFor(compiler, spec, attention, data, one, own);
  if (!loaded)
    report = std::move(own);
  return loaded;
}

bool KernelBench::load() {
  kernel = loadOne(false);
  search = kernel ? loadOne(true) : nullptr;
  return search != nullptr;
}

bool KernelBench::runOnce(const Kernel &which) {
  Status done = which.run(pointers, data.scalars, &context);
  if (!done && !failed())
    report.failure = done.message();
  return !failed();
}

/// Of a run that is known to succeed.
double KernelBench::millisecondsOf(const Kernel &which, const attn_context &how, unsigned threads) const {
  using Clock = std::chrono::steady_clock;
  wake(how, threads);
  Clock::time_point start = Clock::now();
  (void)which.run(pointers, data.scalars, &how);
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

bool KernelBench::loadFunctions(const Facts &facts, double visible) {
  for (const PairFunction &function : facts.functions) {
    double count = visible;
    for (const std::string &coordinate : function.coordinates)
      for (const sema::Coordinate &own : attention.coordinates)
        if (own.name == coordinate.substr(0, coordinate.find('.')) && own.extent != sema::none)
          count *= double(data.binding.extents[own.extent].value_or(0));
    auto same = std::find_if(functions.begin(), functions.end(), [&](const CountedFunction &known) { return known.name == function.name; });
    if (same != functions.end()) {
      same->count += count;
      continue;
    }
    functions.push_back({function.name, FunctionRate::compile(function.name, request.compile, report), count});
    if (!functions.back().rate)
      return false;
  }
  return true;
}

double KernelBench::secondsOfFunctions(double burstMs) const {
  double seconds = 0;
  for (const CountedFunction &function : functions)
    seconds += function.count / function.rate->measure(runner.threads(), burstMs);
  return seconds;
}

/// Bursts of multiply-adds on both sides of each run, so that all see the same machine; ratios are taken run by run.
void KernelBench::time(Measurement &result) {
  using Clock = std::chrono::steady_clock;
  constexpr double leastBurstMs = 2, mostBurstMs = 20, budgetMs = 1000;
  constexpr size_t least = 5, most = 1000;
  unsigned threads = runner.threads();
  std::vector<double> times, peaks, shares, searches, searchShares, kernelScalings, fmaScalings, scalingShares, functionSeconds,
      functionShares;
  double operations = result.gflops, burstMs = leastBurstMs;
  double bytes = 0;
  for (const Tensor &tensor : data.tensors)
    bytes += double(tensor.byteCount());
  constexpr double leastBytes = 1 << 20, mostBytes = 512 << 20;
  ReadRate reading(threads, size_t(std::clamp(bytes, leastBytes, mostBytes)));
  Runner alone(1);
  attn_context serial = attn_executor_context(alone.executor());
  Clock::time_point begin = Clock::now();
  auto enough = [&] {
    if (runner.stopped())
      return true;
    if (request.repeat)
      return times.size() >= request.repeat;
    double elapsed = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    return times.size() >= most || (times.size() >= least && elapsed > budgetMs);
  };
  auto beside = [&](unsigned count, const attn_context &how, double &milliseconds) {
    double before = measureFmaRate(count, burstMs, lanes);
    milliseconds = millisecondsOf(*kernel, how, count);
    return (before + measureFmaRate(count, burstMs, lanes)) / 2;
  };
  while (!enough()) {
    double milliseconds, peak = beside(threads, context, milliseconds);
    times.push_back(milliseconds);
    peaks.push_back(peak);
    shares.push_back(operations / (milliseconds * 1e6) / peak);
    if (!functions.empty()) {
      functionSeconds.push_back(secondsOfFunctions(burstMs));
      functionShares.push_back(1e3 * functionSeconds.back() / milliseconds);
    }
    searches.push_back(millisecondsOf(*search, context, threads));
    searchShares.push_back(searches.back() / milliseconds);
    if (threads > 1) {
      double lone, loneFma = beside(1, serial, lone);
      kernelScalings.push_back(lone / milliseconds);
      fmaScalings.push_back(peak / loneFma);
      scalingShares.push_back(kernelScalings.back() / fmaScalings.back());
    }
    measureFmaRate(threads, burstMs, lanes);
    reading.walk();
    burstMs = std::clamp(milliseconds / 20, leastBurstMs, mostBurstMs);
  }
  if (failed())
    return;
  result.runs = times.size();
  result.medianMs = median(times);
  result.minMs = *std::min_element(times.begin(), times.end());
  result.peakGflops = median(peaks);
  result.maxPeakGflops = *std::max_element(peaks.begin(), peaks.end());
  result.shareOfPeak = median(shares);
  result.gflops = operations / (result.medianMs * 1e6);
  result.readGbs = bytes / (result.medianMs * 1e6);
  result.bandwidthGbs = reading.best();
  result.classificationMs = median(searches);
  result.shareOfClassification = median(searchShares);
  if (!functions.empty()) {
    FunctionShare share;
    double count = 0;
    for (const CountedFunction &function : functions) {
      share.names += (share.names.empty() ? "" : ", ") + function.name;
      count += function.count;
    }
    share.rate = count / median(functionSeconds), share.share = median(functionShares);
    result.functions = share;
  }
  if (threads > 1)
    result.scaling = Scaling{median(kernelScalings), median(fmaScalings), median(scalingShares)};
}

bool KernelBench::readsBrainFloats() const {
  return std::any_of(data.tensors.begin(), data.tensors.begin() + ptrdiff_t(attention.tensors.size()),
                     [](const Tensor &tensor) { return tensor.element() == ElementType::BF16; });
}

std::optional<Measurement> KernelBench::measure() {
  if (!load())
    return std::nullopt;
  std::optional<Facts> facts = findFactsOfRun(attention, data.binding, request.compile, report);
  if (!facts || failed())
    return std::nullopt;
  lanes = unsigned(facts->schedule.lanes);
  Measurement result;
  result.name = attention.name;
  result.threads = runner.threads();
  for (size_t n = 0; n < attention.extents.size(); ++n)
    if (data.binding.extents[n])
      result.dims[attention.extents[n].name] = *data.binding.extents[n];

  begin("counting visible pairs");
  result.mask = countMask(attention, data, facts->schedule.rowBlock(), facts->schedule.keyBlock);
  if (Result<TileVisits> visits = countVisits(*search, data, *facts))
    result.mask.empty = visits->empty, result.mask.full = visits->full, result.mask.mixed = visits->mixed;
  double perPair = result.mask.pairs > 0 ? 2 * multiplyAdds(attention, data.binding) / result.mask.pairs : 0;
  result.gflops = perPair * result.mask.visible;

  if (!loadFunctions(*facts, result.mask.visible))
    return std::nullopt;
  begin(fmt::format("timing `{}`", attention.name));
  measureFmaRate(runner.threads(), 50, lanes);
  if (!runOnce(*kernel) || !runOnce(*search) || !runOnce(*kernel))
    return std::nullopt;
  time(result);
  if (failed())
    return std::nullopt;
  constexpr unsigned widest = 16;
  if (lanes >= widest && readsBrainFloats())
    result.narrow = measureNarrowRates(runner.threads(), 50);
  Result<MemoryUse> memory = measureMemory(*kernel, pointers, data.scalars, runner.executor());
  if (!memory && !failed())
    report.failure = memory.message();
  if (failed())
    return std::nullopt;
  result.memory = *memory;
  if (!request.check)
    return result;

  begin("comparing with the oracle");
  CheckOptions how;
  how.seed = request.seed;
  how.threads = std::max(1u, std::thread::hardware_concurrency());
  how.stop = &runner.stopped();
  result.check = checkOutputs(attention, data, how);
  if (failed())
    return std::nullopt;
  return result;
}

} // namespace

std::optional<Measurement> library::measure(Compiler &compiler, const std::shared_ptr<const Spec> &spec,
                                            const sema::Attention &attention, const RunData &data,
                                            const BenchmarkRequest &request, Runner &runner, CompileReport &report) {
  return KernelBench(compiler, spec, attention, data, request, runner, report).measure();
}
