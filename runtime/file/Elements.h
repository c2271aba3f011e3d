#pragma once

#include "runtime/tensor/Convert.h"

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace attn {

/// How a file stores the elements of a tensor.
struct StoredElements {
  char kind = 'f';        ///< NumPy's letter: f i u b V; and B, a bfloat
  int64_t itemSize = 0;   ///< bytes per element
  bool bigEndian = false;
  std::string name;       ///< of the type, as the file's format calls it
  std::vector<int64_t> shape;
  bool fortranOrder = false;
  bool maybeBfloats = false; ///< the format has no bf16: two bytes without a meaning may be one
};

/// The bytes the elements take, or why their shape is impossible.
Result<int64_t> storedBytes(const StoredElements &elements);

/// Reads the elements from where `file` stands; the caller has made sure that the bytes are there. Without `wanted` the elements stay what
/// they are where a tensor can store them; 16- and 32-bit integers without a type of their own widen, float64 is rounded to f32 (the note
/// says so). With `wanted` they are converted as `convert` does; two-byte elements (`<u2`, `|V2`) that may be bfloats are the bits of a wanted bf16.
Result<Converted> readElements(std::FILE *file, const StoredElements &elements, std::optional<ElementType> wanted);

} // namespace attn
