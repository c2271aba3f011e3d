#pragma once

#include "compiler/syntax/Parser.h"

#include <string>

namespace attn::syntax {

/// The tree fully bracketed: `(+ a (* b c))`; `!` before what is written in parentheses.
std::string treeText(const Expr &expression);
/// Everything the tree holds but ranges.
std::string treeText(const File &file);

/// A text, its tree and what was reported about it.
struct Parsed {
  explicit Parsed(std::string text);

  SourceManager sources;
  Diagnostics diagnostics;
  File file;

  /// The kinds reported, with their lines: `missing-else@3 too-long@4`.
  std::string reports() const;
};

/// The tree of an expression, or `reports()`.
std::string expression(const std::string &text);

} // namespace attn::syntax
