#pragma once

#include "compiler/lower/vector/Code.h"
#include "dialect/AttnDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <optional>

namespace attn::lower {

/// The classifier of a visit as functions of their own beside the kernel's, since it is called from several places.
///
/// `tile`: (run, uniform values..., first query, last query, values of the row block..., first key, last key) -> may
/// show, may hide, and whether both are known to be there if the visit's classifier says so. `rowBlock`, null where it
/// would give nothing: (run, uniform values..., first query, last query) -> values of the row block. These are what the
/// classifier finds out of tables by the queries alone, asked for once and not again for each block of keys.
///
/// `part`, null where the classifier is exact: (closure, first query, last query, first key, last key) -> 1 where it
/// may show + 2 where it may hide + 4 where both are known to be there, for `attn_classify_parts`. The closure holds
/// the run and the uniform values, 8 bytes each.
struct Classifier {
  mlir::func::FuncOp rowBlock, tile, part;
  llvm::SmallVector<mlir::Value> uniforms; ///< functions of coordinates, in the order of the arguments
};

Classifier outlineClassifier(Code &code, ir::TileKernelOp kernel, ir::TileVisitOp visit);

} // namespace attn::lower
