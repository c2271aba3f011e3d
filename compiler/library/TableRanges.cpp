#include "compiler/library/TableRanges.h"

#include <algorithm>

using namespace attn;
using namespace attn::library;

static Interval joined(Interval x, Interval y) { return {std::min(x.low, y.low), std::max(x.high, y.high)}; }

static constexpr Interval nothing{INT64_MAX, INT64_MIN};

/// Minima and maxima of blocks of a tensor's elements in memory order; each level's blocks are two of the level below.
class TableRanges::Pyramid {
public:
  explicit Pyramid(const attn::Tensor &tensor) : tensor(tensor) {
    std::vector<Interval> lowest;
    for (int64_t begin = 0; begin < tensor.elementCount(); begin += block)
      lowest.push_back(scan(begin, std::min(begin + block, tensor.elementCount())));
    levels.push_back(std::move(lowest));
    while (levels.back().size() > 1) {
      const std::vector<Interval> &below = levels.back();
      std::vector<Interval> level;
      for (size_t n = 0; n < below.size(); n += 2)
        level.push_back(n + 1 < below.size() ? joined(below[n], below[n + 1]) : below[n]);
      levels.push_back(std::move(level));
    }
  }

  /// Of the elements [begin, end), which are not none.
  Interval of(int64_t begin, int64_t end) const {
    int64_t first = (begin + block - 1) / block, last = end / block;
    if (first >= last)
      return scan(begin, end);
    Interval range = joined(scan(begin, first * block), scan(last * block, end));
    for (size_t level = 0; first < last; ++level) {
      if (first % 2)
        range = joined(range, levels[level][size_t(first++)]);
      if (last % 2)
        range = joined(range, levels[level][size_t(--last)]);
      first /= 2;
      last /= 2;
    }
    return range;
  }

private:
  static constexpr int64_t block = 32;

  Interval scan(int64_t begin, int64_t end) const {
    Interval range = nothing;
    for (int64_t n = begin; n < end; ++n)
      range = joined(range, Interval::of(tensor.integer(n)));
    return range;
  }

  const attn::Tensor &tensor;
  std::vector<std::vector<Interval>> levels;
};

TableRanges::TableRanges(const RunData &data) : data(data), pyramids(data.tensors.size()) {}
TableRanges::~TableRanges() = default;

Interval TableRanges::operator()(sema::TensorId id, const std::vector<Interval> &indices) {
  const attn::Tensor &tensor = data.tensors[id];
  if (attn::isFloat(tensor.element()) || tensor.rank() != indices.size())
    return Interval::whole();
  std::vector<Interval> box = indices;
  for (size_t n = 0; n < box.size(); ++n) {
    box[n] = {std::max<int64_t>(box[n].low, 0), std::min(box[n].high, tensor.shape()[n] - 1)};
    if (box[n].low > box[n].high)
      return Interval::whole();
  }
  if (!pyramids[id])
    pyramids[id] = std::make_unique<Pyramid>(tensor);
  if (!tensor.isCompact())
    return pyramids[id]->of(0, tensor.elementCount());

  // Dimensions that are read whole, from the right, lie side by side with the last that isn't; over those before it runs are joined.
  size_t inner = box.size();
  int64_t size = 1;
  while (inner > 0 && box[inner - 1] == Interval{0, tensor.shape()[inner - 1] - 1})
    size *= tensor.shape()[--inner];
  if (inner == 0)
    return pyramids[id]->of(0, tensor.elementCount());
  --inner;
  constexpr double mostRuns = 256;
  double runs = 1;
  for (size_t n = 0; n < inner; ++n)
    runs *= double(box[n].high - box[n].low + 1);
  if (runs > mostRuns)
    return pyramids[id]->of(0, tensor.elementCount());
  std::vector<int64_t> index(box.size(), 0);
  for (size_t n = 0; n <= inner; ++n)
    index[n] = box[n].low;
  Interval range = nothing;
  for (;;) {
    int64_t begin = tensor.offset(index);
    range = joined(range, pyramids[id]->of(begin, begin + (box[inner].high - box[inner].low + 1) * size));
    size_t n = inner;
    while (n > 0 && index[n - 1] == box[n - 1].high) {
      index[n - 1] = box[n - 1].low;
      --n;
    }
    if (n == 0)
      return range;
    ++index[n - 1];
  }
}
