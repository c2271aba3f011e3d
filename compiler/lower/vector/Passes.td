#ifndef ATTN_LOWER_VECTOR_PASSES
#define ATTN_LOWER_VECTOR_PASSES

include "mlir/Pass/PassBase.td"

def LowerTiles : Pass<"attn-lower-tiles", "::mlir::ModuleOp"> {
  let summary = "emits vector code for each tile kernel and binder";
  let description = [{
    Each `attn.tile_kernel @NAME` becomes the function `NAME_body(run, begin, end, workspace)` of runtime/kernel/Kernel.h, each
    `attn.binder @NAME_binder` the function `NAME_bind(run)`, in `scf`, `arith`, `math`, `vector` and loads and stores through pointers. Tensors are
    strided as the caller pleases, so memory is addressed by base and stride rather than through memrefs.
  }];
  let options = [
    Option<"avx512", "avx512", "bool", "false", "the target has vscalefps">,
    Option<"fma", "fma", "bool", "true", "the target has a fused multiply-add">,
    Option<"hasRound", "round", "bool", "true", "the target rounds to integral values in one instruction">,
    Option<"onlyVisits", "only-visits", "bool", "false", "find out which keys to visit, compute nothing: to time just that">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"
  ];
}

#endif
