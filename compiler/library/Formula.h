#pragma once

#include "compiler/sema/Program.h"

#include <string>
#include <vector>

namespace attn::library {

/// What an attention computes, as formulas in MathML (`<math>` elements): a line for each definition that isn't a tensor itself, then one for each
/// output. A definition that another uses stands there by its name.
std::vector<std::string> formulas(const sema::Attention &attention);

} // namespace attn::library
