#pragma once

#include "compiler/lower/TargetInfo.h"

#include "dialect/AttnDialect.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>

namespace attn::lower {

/// What a function loop is called with. Arrays of f32 are aligned to 64 bytes.
struct FunctionLoopArguments {
  const float *operands;
  float *results;
  int64_t count; ///< a multiple of 16
};

/// A module at the vector level with one function, of the signature of a kernel's entry and called `functionLoopName`, that applies a function to every number of an array: with
/// the vectors and the arithmetic that kernels for the target have, and nothing else to do. Null on failure, which the context has heard of.
mlir::OwningOpRef<mlir::ModuleOp> buildFunctionLoop(mlir::MLIRContext &context, ir::UnaryKind kind, const TargetInfo &target);

inline constexpr llvm::StringLiteral functionLoopName = "attn_function_loop";

} // namespace attn::lower
