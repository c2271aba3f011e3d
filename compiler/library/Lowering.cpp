#include "compiler/library/Lowering.h"

#include "compiler/library/Descent.h"
#include "compiler/library/Stopwatch.h"
#include "compiler/lower/Pipeline.h"

#include <fmt/format.h>

using namespace attn;
using namespace attn::library;

std::vector<std::string> library::loweringStageNames() {
  std::vector<std::string> names{std::string(coordinateStage)};
  for (const lower::Stage &stage : lower::loweringStages())
    names.push_back(stage.name.str());
  names.push_back(std::string(dialectStage));
  return names;
}

std::optional<std::string> library::lowerToText(const sema::Attention &attention, const codegen::Target &target,
                                                std::string_view stage, CompileReport &report) {
  Descent descent(attention, target, report);
  if (!descent.go(stage))
    return std::nullopt;
  return descent.text();
}

std::optional<codegen::NativeModule>
library::lowerToNative(const std::vector<const sema::Attention *> &attentions, const codegen::Target &target,
                       codegen::Optimisation level, bool onlyVisits, CompileReport &report,
                       std::vector<codegen::KernelSource> &kernels) {
  codegen::NativeModule native;
  for (const sema::Attention *attention : attentions) {
    Descent descent(*attention, target, report);
    descent.onlyVisits = onlyVisits;
    // The others are looked at too: a person wants to know of everything that isn't compiled yet at once.
    if (!descent.go(""))
      continue;
    Stopwatch watch(&report.times, "llvm ir");
    if (llvm::Error error = codegen::translate(descent.module(), descent.source(), target, native)) {
      report.isInternal = true;
      report.failure = fmt::format("`{}`: {}", attention->name, llvm::toString(std::move(error)));
      return std::nullopt;
    }
    kernels.push_back(std::move(descent.source()));
  }
  if (report.failed() || !native.module)
    return std::nullopt;
  Stopwatch watch(&report.times, "optimise");
  codegen::optimise(*native.module, target, level);
  return native;
}
