#pragma once

#include "attn/executor.h"
#include "compiler/library/Accuracy.h"
#include "compiler/library/Compiler.h"

#include <atomic>
#include <memory>

namespace attn::library {

/// The threads that runs of a person's commands compute on, and the way to stop them.
class Runner {
public:
  explicit Runner(unsigned threads);

  unsigned threads() const { return count; }
  /// Null where the threads can't be had; kernels then run serially.
  attn_executor *executor() const { return pool.get(); }

  /// Ends what runs here soon: kernels, the oracle, comparisons, measurements; and lets nothing begin until `resume`. May be called from any
  /// thread and from a signal handler.
  void stop();
  /// For what computes without the executor.
  const std::atomic<bool> &stopped() const { return isStopped; }
  void resume();

private:
  unsigned count;
  std::unique_ptr<attn_executor, void (*)(attn_executor *)> pool;
  std::atomic<bool> isStopped = false;
};

/// The kernel that fits the data: compiled for the extents that a request fixes, and for the sizes of features. Null on failure.
std::shared_ptr<const Kernel> loadFor(Compiler &compiler, const std::shared_ptr<const Spec> &spec,
                                      const sema::Attention &attention, const RunData &data, CompileRequest request,
                                      CompileReport &report);

/// Runs a kernel on data, into its outputs.
Status runKernel(const Kernel &kernel, const RunData &data, Runner &runner);

/// Computes the outputs by the oracle.
Status runOracle(const sema::Attention &attention, RunData &data, Runner &runner);

/// The result of a comparison for a person, a line for each output.
std::string describe(const CheckResult &result, const CheckOptions &options);

} // namespace attn::library
