#pragma once

#include "compiler/library/Inputs.h"

#include <vector>

namespace attn::library {

/// All tensors of a run, outputs among them, for a kernel that reads only some: what the data lacks has its shape, and addresses that nothing
/// else has, where zeros are read and nothing may be written. They take no memory. The data must outlive it.
class StandIns {
public:
  StandIns(const sema::Attention &attention, const RunData &data);
  ~StandIns();
  StandIns(const StandIns &) = delete;
  StandIns &operator=(const StandIns &) = delete;

  /// For `Kernel::run`. Null where a shape is impossible, or there are not enough addresses.
  const std::vector<const DLTensor *> *all() const { return isWhole ? &pointers : nullptr; }

private:
  bool reserve(const std::vector<std::pair<size_t, size_t>> &places, size_t size);

  std::vector<std::vector<int64_t>> shapes, strides; ///< by tensor
  std::vector<DLTensor> views;
  std::vector<const DLTensor *> pointers;
  void *memory = nullptr;
  size_t bytes = 0;
  bool isWhole = false;
};

} // namespace attn::library
