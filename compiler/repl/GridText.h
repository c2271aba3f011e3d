#pragma once

#include "compiler/session/Evaluation.h"
#include "runtime/tensor/Tensor.h"

#include <string>

namespace attn::repl {

/// The values of a grid in lines of at most `width` columns, the last coordinate across and the one before it down,
/// under the values of the others. Of what is too long or too wide the ends are shown, with `…` between.
std::string gridText(const session::Grid &grid, size_t width);

/// `float over b, i: 2 × 8`
std::string headline(sema::ScalarType type, const std::vector<std::string> &coordinates,
                     const std::vector<int64_t> &shape);

/// The elements of a tensor, with dimensions for coordinates; nothing where it is too large to be shown.
std::optional<session::Grid> gridOf(const Tensor &tensor, std::vector<std::string> names);

} // namespace attn::repl
