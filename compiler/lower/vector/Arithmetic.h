#pragma once

#include "compiler/lower/vector/Code.h"

#include "dialect/AttnDialect.h"

namespace attn::lower {

/// A function of floats, scalar or vector, in operations of `arith` and `math`.
mlir::Value applyFunction(Code &code, ir::UnaryKind kind, mlir::Value x);

} // namespace attn::lower
