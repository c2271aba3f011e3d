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

std::optional<codegen::NativeModule> library::lowerToNative(const std::vector<const sema::Attention *> &attentions,
                                                            const std::vector<codegen::Target> &targets,
                                                            codegen::Optimisation level, codegen::Entry entry, const CompileRequest &request,
                                                            CompileReport &report) {
  codegen::NativeModule native;
  auto failed = [&](std::string text) {
    report.isInternal = true;
    report.failure = std::move(text);
    return std::nullopt;
  };
  for (const codegen::Target &target : targets) {
    // What there is to say about a spec is the same for every target.
    CompileReport again;
    CompileReport &heard = &target == &targets.front() ? report : again;
    for (const sema::Attention *attention : attentions) {
      Descent descent(*attention, target, heard);
      descent.request = request;
      // The others are looked at too: a person wants to know of everything that isn't compiled yet at once.
      if (!descent.go(""))
        continue;
      Stopwatch watch(&heard.times, "llvm ir");
      if (llvm::Error error = codegen::translate(descent.module(), descent.source(), target, native))
        return failed(fmt::format("`{}`: {}", attention->name, llvm::toString(std::move(error))));
    }
    report.times.insert(report.times.end(), again.times.begin(), again.times.end());
    if (again.failed() && !report.failed())
      return failed(fmt::format("for `{}`: {}", target.info.cpu, again.failure));
    if (report.failed() || !native.module)
      return std::nullopt;
  }
  if (llvm::Error error = codegen::addEntries(native, entry))
    return failed(llvm::toString(std::move(error)));
  Stopwatch watch(&report.times, "optimise");
  codegen::optimise(*native.module, targets.back(), level);
  return native;
}
