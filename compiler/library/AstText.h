#pragma once

#include "compiler/syntax/Ast.h"

#include <string>

namespace attn::library {

/// The tree of a file as indented text, one node per line, for `--emit=ast`.
std::string astText(const syntax::File &file);

} // namespace attn::library
