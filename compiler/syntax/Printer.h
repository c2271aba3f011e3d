#pragma once

#include "compiler/syntax/Ast.h"

#include <string>

namespace attn::syntax {

/// Canonical text of a file that parsed without errors: one line per line, comments left out, parentheses as written
/// (repeated ones once). Parsing it again gives the same tree.
std::string print(const File &file);
std::string print(const Expr &expression);
std::string print(const Type &type);

} // namespace attn::syntax
