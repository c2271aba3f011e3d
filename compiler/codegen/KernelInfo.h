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
  int32_t kind = 0; ///< attn_site_kind
  int32_t tensor = -1;
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

/// Adds the constant tables `attn_kernel_info` of a kernel compiled for one CPU. Bind and body become internal, and get names
/// that end in `suffix`, as the tables do whose name is returned.
llvm::Expected<std::string> addTables(llvm::Module &module, const KernelSource &kernel, const std::string &suffix);

/// A kernel's tables, and what a CPU needs to run the code behind them.
struct KernelVersion {
  std::string symbol; ///< the exported name
  std::string tables; ///< from `addTables`
  std::string cpu;    ///< for messages
  uint64_t features = 0;
};

/// How a kernel's entry comes to its code.
enum class Entry : uint8_t {
  Direct,  ///< the only version: this process compiled it for itself
  Checked, ///< the first version that the CPU can run, or an error that says what it lacks
};

/// Adds the entry of one kernel, whose versions lie in the order of preference:
///   int32_t SYMBOL(const SYMBOL_args *arguments, const attn_context *context, attn_error *error)
llvm::Error addEntry(llvm::Module &module, const std::vector<KernelVersion> &versions, Entry entry);

} // namespace attn::codegen
