#pragma once

#include "compiler/diagnostics/Diagnostics.h"
#include "compiler/syntax/Ast.h"

#include <string_view>
#include <vector>

namespace attn::syntax {

/// What a person types at a prompt: items as in a file, lines as in an attention, or one expression.
struct Fragment {
  enum class Kind : uint8_t { Nothing, Items, Lines, Expression };
  Kind kind = Kind::Nothing;
  File file; ///< the items; owns the expressions of the others, too
  std::vector<Line> lines;
  const Expr *expression = nullptr;
};

/// Parses one. Which kind it is the first words decide. Never fails, as `parse`. `source` must outlive the result.
Fragment parseFragment(const SourceFile &source, Diagnostics &diagnostics);

/// Whether text that ends here can only be the beginning of something: a bracket is open, or the last word wants another after it.
bool expectsMore(std::string_view text);
/// Whether a line can only be the rest of what the line before it said: it begins with `|>`, `and` or the like.
bool continuesLine(std::string_view line);

} // namespace attn::syntax
