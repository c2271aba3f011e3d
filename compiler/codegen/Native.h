#pragma once

#include "compiler/codegen/KernelInfo.h"
#include "compiler/codegen/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <string>
#include <vector>

namespace attn::codegen {

/// A module of LLVM IR and the context it lives in, which must outlive it.
struct NativeModule {
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
  std::vector<KernelVersion> kernels; ///< what `translate` put into it
};

/// Translates a module of the LLVM dialect that holds one kernel, adds its tables, and marks every function with the target's CPU and vector
/// width. A module that holds kernels already, or the same for other CPUs, gets one more.
llvm::Error translate(mlir::ModuleOp module, const KernelSource &kernel, const Target &target, NativeModule &native);

/// The same for functions that belong to no kernel, each of which is visible outside. The module holds nothing else.
llvm::Error translate(mlir::ModuleOp module, const Target &target, NativeModule &native);

/// Whether some kernel of a module has products on the matrix unit.
bool usesMatrixUnit(const llvm::Module &module);

/// Adds the entries of all kernels. Nothing else is visible outside.
llvm::Error addEntries(NativeModule &native, Entry entry);

/// Runs LLVM's optimiser.
void optimise(llvm::Module &module, const Target &target, Optimisation level);

/// Machine code as the bytes of an ELF object, or as assembly text.
enum class NativeForm : uint8_t { Object, Assembly };
llvm::Expected<std::string> emit(llvm::Module &module, const Target &target, NativeForm form);

} // namespace attn::codegen
