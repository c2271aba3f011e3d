#include "compiler/reference/Array.h"

#include <algorithm>

namespace attn::reference {

namespace {
bool before(const Axis &a, const Axis &b) { return a.id < b.id; }
} // namespace

Axes merge(const Axes &a, const Axes &b) {
  Axes merged;
  merged.reserve(a.size() + b.size());
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(merged), before);
  return merged;
}

Axes without(const Axes &axes, const Axes &removed) {
  Axes kept;
  std::set_difference(axes.begin(), axes.end(), removed.begin(), removed.end(), std::back_inserter(kept), before);
  return kept;
}

bool contains(const Axes &axes, AxisId id) {
  return std::any_of(axes.begin(), axes.end(), [&](const Axis &axis) { return axis.id == id; });
}

int64_t elementCount(const Axes &axes) {
  int64_t count = 1;
  for (const Axis &axis : axes)
    count *= axis.size;
  return count;
}

Array::Array(Axes axes, bool real) : axes(std::move(axes)), real(real) {
  const auto count = static_cast<size_t>(elementCount(this->axes));
  if (real)
    reals.resize(count);
  else
    integers.resize(count);
}

Array Array::ofInteger(int64_t value) {
  Array array({}, false);
  array.integers[0] = value;
  return array;
}

Array Array::ofReal(double value) {
  Array array({}, true);
  array.reals[0] = value;
  return array;
}

std::vector<int64_t> stridesOver(const Axes &axes, const Axes &array) {
  std::vector<int64_t> strides(axes.size(), 0);
  int64_t stride = 1;
  for (size_t a = array.size(); a-- > 0;) {
    for (size_t n = 0; n < axes.size(); ++n)
      if (axes[n].id == array[a].id)
        strides[n] = stride;
    stride *= array[a].size;
  }
  return strides;
}

Array sliceAt(const Array &array, const Axes &sliced, const std::vector<int64_t> &point) {
  const Axes rest = without(array.axes, sliced);
  const std::vector<int64_t> strides = stridesOver(sliced, array.axes);
  int64_t start = 0;
  for (size_t n = 0; n < sliced.size(); ++n)
    start += strides[n] * point[n];
  Array result(rest, array.real);
  if (!array.faults.empty())
    result.allocateFaults();
  Walk<2>(rest, {&rest, &array.axes}).forEachPoint([&](const std::array<int64_t, 2> &at) {
    result.copyElement(at[0], array, start + at[1]);
  });
  return result;
}

} // namespace attn::reference
