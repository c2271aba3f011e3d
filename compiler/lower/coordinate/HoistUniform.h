#pragma once

#include "dialect/AttnDialect.h"

#include "mlir/IR/Builders.h"

namespace attn::lower {

/// Moves what a classifier computes from uniform values alone out of it, where a row block computes it once instead of for every tile. The new
/// functions of coordinates go in with `outside`. Leaves unused operations behind in the classifier.
void hoistUniform(ir::ClassifyOp classifier, mlir::OpBuilder &outside);

} // namespace attn::lower
