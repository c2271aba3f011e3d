#pragma once

#include "runtime/tensor/Convert.h"

#include <optional>
#include <string>

namespace attn {

/// Reads NumPy's `.npy`, versions 1 to 3, either byte order, C or Fortran order. Without `wanted` the elements stay
/// what they are where a tensor can store them; 16- and 32-bit integers without a type of their own widen, float64 is
/// rounded to f32 (the note says so). With `wanted` they are converted as `convert` does; two-byte elements (`<u2`,
/// `|V2`) are the bits of a wanted bf16. Nothing is allocated before the file's size has been compared with what its
/// header promises. Messages start with the path.
Result<Converted> readNpy(const std::string &path, std::optional<ElementType> wanted = std::nullopt);

/// Writes the elements in index order; the file appears whole or not at all. NumPy has no bf16: it is written as
/// float32, or with `rawBits` as the `<u2` of its bits.
Status writeNpy(const std::string &path, const Tensor &tensor, bool rawBits = false);

} // namespace attn
