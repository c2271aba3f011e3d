#pragma once

#include "compiler/lower/vector/Code.h"
#include "dialect/AttnDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace attn::lower {

/// The classifier of a visit as functions of their own beside the kernel's, since it is called from several places.
///
/// `tile`: (run, uniform values..., first query, last query, values of the row block..., first key, last key) -> may show, may hide.
/// `rowBlock`, null where it would give nothing: (run, uniform values..., first query, last query) -> values of the row block. These are
/// what the classifier finds out of tables by the queries alone, asked for once and not again for each block of keys.
struct Classifier {
  mlir::func::FuncOp rowBlock, tile;
  llvm::SmallVector<mlir::Value> uniforms; ///< functions of coordinates, in the order of the arguments
};

Classifier outlineClassifier(Code &code, ir::TileKernelOp kernel, ir::TileVisitOp visit);

} // namespace attn::lower
