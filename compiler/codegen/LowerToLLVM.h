#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"

#include <memory>

namespace mlir {
class OpPassManager;
class Pass;
} // namespace mlir

namespace attn::codegen {

/// Adds the passes that take a module from the vector level (func, scf, arith, math, vector, memref, cf, and pieces of the LLVM
/// dialect) to the LLVM dialect alone. Expects `math` operations to be intrinsics of LLVM by now; what would become a
/// call into libm is the lowering's mistake, not this stage's.
void addLowerToLLVMPasses(mlir::OpPassManager &passes);

/// Registers the dialects those passes produce and read, and their translation to LLVM IR.
void registerLLVMDialects(mlir::DialectRegistry &registry);

/// Runs the passes. On failure the context's diagnostic handler has heard why.
mlir::LogicalResult lowerToLLVM(mlir::ModuleOp module);

} // namespace attn::codegen
