#pragma once

#include "compiler/codegen/Native.h"
#include "compiler/codegen/Target.h"
#include "compiler/library/Compiler.h"

#include <optional>
#include <vector>

/// From a request to an LLVM module: what loading a kernel and writing an object share.
namespace attn::library {

/// The attentions a request means, each made for its extents.
std::optional<std::vector<sema::Attention>> choose(const Spec &spec, const CompileRequest &request, CompileReport &report);

std::vector<const sema::Attention *> pointersTo(const std::vector<sema::Attention> &attentions);

/// The CPUs a request names, the most capable first.
std::optional<std::vector<codegen::Target>> targetsOf(const CompileRequest &request, CompileReport &report);

/// A value, or its error in the report.
template <class T>
std::optional<T> taken(llvm::Expected<T> value, CompileReport &report, bool isInternal = false) {
  if (value)
    return std::move(*value);
  report.failure = llvm::toString(value.takeError());
  report.isInternal = isInternal;
  return std::nullopt;
}

/// Text that is equal for two requests of an attention only if they give the same code, on one CPU by one compiler. The attention is made for the request's extents.
std::string requestKey(const sema::Attention &attention, const CompileRequest &request);

/// The same for any spec, CPU and build of the compiler. The key of a request has everything that sema knows, so imports are in it as what
/// they mean. Fails where this build of the compiler can't be told from others.
Result<std::string> cacheKey(const Spec &spec, const std::string &request, const codegen::Target &target);

struct NativeWork {
  std::vector<codegen::Target> targets;
  codegen::NativeModule native;

  /// The machine that emits code: functions name their own CPU.
  const codegen::Target &emitter() const { return targets.back(); }
};

std::optional<NativeWork> compileNative(const std::vector<sema::Attention> &attentions, const CompileRequest &request,
                                        std::vector<codegen::Target> targets, codegen::Entry entry, CompileReport &report);

} // namespace attn::library
