#pragma once

#include "compiler/codegen/KernelInfo.h"
#include "compiler/codegen/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <string>

namespace attn::codegen {

/// A module of LLVM IR and the context it lives in, which must outlive it.
struct NativeModule {
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
};

/// Translates a module of the LLVM dialect that holds one kernel, adds its tables and entry, and marks every function with the
/// target's CPU and vector width. Only entries are visible outside. A module that holds kernels already gets one more.
llvm::Error translate(mlir::ModuleOp module, const KernelSource &kernel, const Target &target, NativeModule &native);

/// Runs LLVM's optimiser.
void optimise(llvm::Module &module, const Target &target, Optimisation level);

/// Machine code as the bytes of an ELF object, or as assembly text.
enum class NativeForm : uint8_t { Object, Assembly };
llvm::Expected<std::string> emit(llvm::Module &module, const Target &target, NativeForm form);

} // namespace attn::codegen
