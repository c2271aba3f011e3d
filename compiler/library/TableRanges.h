#pragma once

#include "compiler/library/Inputs.h"
#include "compiler/library/Interval.h"

#include <memory>
#include <vector>

namespace attn::library {

/// Minima and maxima of boxes of integer tensors: what a mask can read there. A run of elements that lie side by side takes logarithmic time;
/// the minima and maxima that needs are found when a tensor is first asked for. The data must outlive it.
class TableRanges {
public:
  explicit TableRanges(const RunData &data);
  ~TableRanges();

  /// Indices outside the tensor are left out: where one counted, a run would end. Nothing is known of floats, and of boxes without an element.
  Interval operator()(sema::TensorId id, const std::vector<Interval> &indices);

private:
  class Pyramid;

  const RunData &data;
  std::vector<std::unique_ptr<Pyramid>> pyramids; ///< by TensorId
};

} // namespace attn::library
