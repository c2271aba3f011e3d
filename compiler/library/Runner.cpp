#include "compiler/library/Runner.h"

#include "compiler/reference/Evaluator.h"

#include <fmt/format.h>

using namespace attn;
using namespace attn::library;

static_assert(std::atomic<bool>::is_always_lock_free);

Runner::Runner(unsigned threads) : count(threads), pool(attn_executor_create(int32_t(threads)), attn_executor_destroy) {}

void Runner::stop() {
  isStopped = true;
  attn_executor_stop(pool.get());
}

void Runner::resume() {
  isStopped = false;
  attn_executor_resume(pool.get());
}

std::shared_ptr<const Kernel> library::loadFor(Compiler &compiler, const std::shared_ptr<const Spec> &spec,
                                               const sema::Attention &attention, const RunData &data,
                                               CompileRequest request, CompileReport &report) {
  return compiler.load(spec, attention.name, forRun(attention, data.binding, std::move(request)), report);
}

Status library::runKernel(const Kernel &kernel, const RunData &data, Runner &runner) {
  attn_context context = attn_executor_context(runner.executor());
  std::vector<DLTensor> views = data.views();
  std::vector<const DLTensor *> pointers;
  for (const DLTensor &view : views)
    pointers.push_back(&view);
  Status done = kernel.run(pointers, data.scalars, &context);
  return runner.stopped() ? Status(Failure{std::string(stoppedText)}) : done;
}

Status library::runOracle(const sema::Attention &attention, RunData &data, Runner &runner) {
  std::vector<reference::TensorView> views;
  for (size_t n = attention.tensors.size(); n < data.tensors.size(); ++n)
    views.push_back(viewOf(data.tensors[n]));
  auto error = reference::evaluateAll(attention, data.binding, views, runner.threads(), &runner.stopped());
  return error ? Status(Failure{error->message}) : Status(std::monostate());
}

std::string library::describe(const CheckResult &result, const CheckOptions &options) {
  std::string text;
  for (const OutputCheck &check : result.outputs) {
    std::string rows = check.checkedRows == check.rows
                           ? fmt::format("all {} rows", check.rows)
                           : fmt::format("{} of {} rows", check.checkedRows, check.rows);
    text += fmt::format("{}: error {:.2g}, {} {:.2g} ({})", check.output, check.error,
                        options.tolerance ? "tolerance" : "bound", check.bound, rows);
    if (!check.agrees)
      text += fmt::format(": too far off at {}: {}", check.worstRow.empty() ? "its only row" : check.worstRow,
                          check.disagreement);
    text += "\n";
  }
  return text;
}
