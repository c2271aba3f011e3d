#pragma once

#include "runtime/tensor/Tensor.h"

#include <string>

namespace attn {

/// A tensor of another element type, in index order, and what was lost on the way for a person to read (empty if
/// nothing).
struct Converted {
  Tensor tensor;
  std::string note;
};

/// Floats convert to floats (rounded: `rounded from f32 to bf16`), integers and bools to integers and floats if every
/// value fits, integers that are all 0 or 1 to bool. Floats do not become integers or bools.
Result<Converted> convert(const Tensor &tensor, ElementType element);

} // namespace attn
