#pragma once

#include "compiler/diagnostics/Diagnostics.h"
#include "compiler/sema/Program.h"
#include "compiler/syntax/Ast.h"

#include <optional>

namespace attn::sema {

/// Checks a parsed file: loads what it imports (through `sources`, relative to the importing file), resolves every
/// name, and builds each attention's graph. Empty iff an error was reported, by this or an earlier stage. Every mistake
/// a person can make ends here: later stages meet only checked programs. `file` is needed during the call only; the
/// result points into `sources`.
std::optional<Program> check(const syntax::File &file, SourceManager &sources, Diagnostics &diagnostics);

/// Checks an expression as if it stood behind the last line of `scope`, an attention of `file` or one of its own. Mistakes elsewhere that the
/// expression doesn't meet are not mentioned. The attention returned is only good for evaluating it: it has the expression as its only
/// output, without a name, over the coordinates it varies with.
std::optional<Attention> checkExpression(const syntax::File &file, const syntax::Attention &scope,
                                         const syntax::Expr &expression, SourceManager &sources,
                                         Diagnostics &diagnostics);

} // namespace attn::sema
