#pragma once

#include "compiler/reference/Binding.h"
#include "compiler/sema/Program.h"

#include <cstdint>
#include <string>
#include <vector>

namespace attn::library {

/// What random values an integer input may hold without the run ending in an error.
struct RandomRange {
  bool known = true;
  int64_t low = 0, high = 0; ///< [low, high)
  std::string reason;        ///< where not known: why, for the message that asks for the values
};

/// Infers it from how the spec uses the tensor: where its values index another tensor they must stay inside, a divisor isn't 0, and a
/// value compared with a coordinate lies in that coordinate's range. A value that is only compared with its like (a document
/// number) gets a small range. `shapes` are the input tensors' sizes; `binding` holds extents and scalars, as far as they are known.
RandomRange inferRandomRange(const sema::Attention &attention, const reference::Binding &binding,
                             const std::vector<std::vector<int64_t>> &shapes, sema::TensorId tensor);

} // namespace attn::library
