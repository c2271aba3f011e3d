#pragma once

#include "compiler/lower/vector/Code.h"

#include "dialect/AttnDialect.h"

namespace attn::lower {

/// The value of a reduction over nothing: 0, or the number that no other changes. Of a scalar or vector type.
mlir::Value neutral(Code &code, ir::ReductionKind kind, mlir::Type type);

/// One more value, or two parts of a reduction.
mlir::Value combine(Code &code, ir::ReductionKind kind, mlir::Value left, mlir::Value right);

} // namespace attn::lower
