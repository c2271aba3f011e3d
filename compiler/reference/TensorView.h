#pragma once

#include "compiler/sema/Program.h"

#include <cstdint>
#include <vector>

namespace attn::reference {

/// Somebody else's strided tensor: nothing here is owned. `data` is the address of the element whose indices are all 0;
/// `strides` count elements, one per dimension. Inputs are only read, at in-range indices; outputs are only written.
struct TensorView {
  void *data = nullptr;
  sema::ElementType element = sema::ElementType::F32;
  std::vector<int64_t> shape;
  std::vector<int64_t> strides;

  /// A row-major tensor.
  static TensorView contiguous(void *data, sema::ElementType element, std::vector<int64_t> shape) {
    std::vector<int64_t> strides(shape.size(), 1);
    for (size_t n = shape.size(); n-- > 1;)
      strides[n - 1] = strides[n] * shape[n];
    return {data, element, std::move(shape), std::move(strides)};
  }
};

} // namespace attn::reference
