#include "compiler/lower/coordinate/Passes.h"
#include "compiler/lower/math/ExpandMath.h"
#include "compiler/lower/tile/Passes.h"
#include "compiler/lower/vector/Passes.h"
#include "dialect/AttnDialect.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

/// `mlir-opt` with the project's dialect and passes: what the FileCheck tests of test/ run.
int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<attn::ir::AttnDialect, mlir::affine::AffineDialect, mlir::arith::ArithDialect, mlir::cf::ControlFlowDialect,
                  mlir::func::FuncDialect, mlir::LLVM::LLVMDialect, mlir::math::MathDialect,
                  mlir::memref::MemRefDialect, mlir::scf::SCFDialect, mlir::vector::VectorDialect>();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  attn::lower::registerAttnCoordinatePasses();
  attn::lower::registerAttnTilePasses();
  attn::lower::registerAttnVectorPasses();
  attn::lower::registerExpandMathPass();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "attn pass driver\n", registry));
}
