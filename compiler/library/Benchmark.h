#pragma once

#include "compiler/library/Accuracy.h"
#include "compiler/library/MaskStatistics.h"
#include "compiler/library/MemoryUse.h"
#include "compiler/library/PeakRate.h"
#include "compiler/library/Runner.h"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace attn::library {

struct BenchmarkRequest {
  CompileRequest compile; ///< extents to fix, and how hard to optimise
  uint64_t seed = 0;      ///< of the rows that are compared with the oracle
  uint64_t repeat = 0;    ///< timed runs; 0: as many as fit in a second
  bool check = true;      ///< whether the outputs are compared with the oracle
  std::function<void(std::string_view)> progress; ///< told what begins; may be empty
};

/// Several threads beside one, both measured in turn with the same loops beside them.
struct Scaling {
  double kernel = 0; ///< times as fast as one thread
  double fma = 0;    ///< the same of the loop of multiply-adds
  double share = 0;  ///< the first over the second
};

/// What a kernel's functions of reals would take for every visible pair, if they were all that it did.
struct FunctionShare {
  std::string names;    ///< `tanh`
  double rate = 0;      ///< values per second over arrays in the first level of cache, of all of them one after the other
  double share = 0;     ///< that time over the kernel's
};

/// Everything measured about one kernel.
struct Measurement {
  std::string name;
  std::map<std::string, int64_t> dims;
  unsigned threads = 1;
  size_t runs = 0;
  double medianMs = 0, minMs = 0;
  double gflops = 0, peakGflops = 0, maxPeakGflops = 0, shareOfPeak = 0;
  std::optional<NarrowRates> narrow; ///< where inputs are stored as bf16
  double classificationMs = 0, shareOfClassification = 0;
  std::optional<Scaling> scaling;
  std::optional<FunctionShare> functions; ///< where some function is evaluated for every pair and feature
  MemoryUse memory;
  double readGbs = 0, bandwidthGbs = 0;
  MaskStatistics mask;
  std::optional<CheckResult> check; ///< where one was asked for
};

/// Compiles an attention for the data, times it beside the machine's ceilings and compares what it computes with the oracle. Nothing on
/// failure, which the report explains. A comparison that fails is none: it is in `Measurement::check`.
std::optional<Measurement> measure(Compiler &compiler, const std::shared_ptr<const Spec> &spec,
                                   const sema::Attention &attention, const RunData &data, const BenchmarkRequest &request,
                                   Runner &runner, CompileReport &report);

/// One JSON object and a newline.
std::string jsonText(const Measurement &measurement);
/// For a person.
std::string plainText(const Measurement &measurement);

} // namespace attn::library
