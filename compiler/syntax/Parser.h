#pragma once

#include "compiler/diagnostics/Diagnostics.h"
#include "compiler/syntax/Ast.h"

namespace attn::syntax {

/// Expressions deeper than this are refused, so that later stages may recurse over the tree (`Expr::depth`).
inline constexpr uint32_t maximumDepth = 1000;
/// Brackets, unary operators, `**` and `else` may nest this deep: the parser recurses over them.
inline constexpr uint32_t maximumNesting = 256;
/// The parser gives up on a file after so many errors.
inline constexpr uint32_t maximumErrors = 100;

/// Parses a whole file. Never fails: what can't be understood is reported and left out, or stands in the tree as
/// `ExprKind::Error`. If nothing was reported the tree is complete: no Error nodes, no null expressions where the
/// grammar asks for one. `source` must outlive the result.
File parse(const SourceFile &source, Diagnostics &diagnostics);

} // namespace attn::syntax
