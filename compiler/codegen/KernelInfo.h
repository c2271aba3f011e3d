#pragma once

#include "compiler/sema/Program.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace attn::codegen {

/// A place where data can be wrong, by the number generated code passes to `attn_fail`.
struct Site {
  int32_t tensor = -1; ///< -1: an integer divisor
  int32_t dimension = 0;
  std::string place; ///< `spec.attn:3:5`
  std::string text;  ///< the source of the load or division
};

/// What one kernel's tables are made of. `bind` and `body` are functions of the module, by the signatures of
/// runtime/kernel/Kernel.h.
struct KernelSource {
  const sema::Attention *attention = nullptr;
  std::string symbol; ///< the exported name, from `exportedName`
  std::string bind;
  std::string body;
  std::vector<Site> sites;
  std::vector<int32_t> summaries;
};

/// Reads bind, body, sites (`attn.sites`) and summaries (`attn.summaries`) of an attention from a module at the vector level or
/// below: functions `NAME_bind` and `NAME_body`, the attributes on the latter. The attributes are removed, which LLVM
/// IR has no place for.
llvm::Expected<KernelSource> takeKernelSource(mlir::ModuleOp module, const sema::Attention &attention);

/// Adds the constant tables `attn_kernel_info` and the entry
///   int32_t SYMBOL(const SYMBOL_args *arguments, const attn_context *context, attn_error *error)
/// which hands them to `attn_launch`. Bind and body become internal.
llvm::Error addKernel(llvm::Module &module, const KernelSource &kernel);

} // namespace attn::codegen
