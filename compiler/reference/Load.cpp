#include "compiler/reference/ElementCodec.h"
#include "compiler/reference/GraphEvaluator.h"

namespace attn::reference {

using namespace sema;

namespace {

/// The element offsets one dimension's indices contribute.
struct IndexOffsets {
  Axes axes;
  Buffer<int64_t> offsets;
  Buffer<Fault> faults; ///< empty, or one per offset
};

IndexOffsets checkIndices(const Array &indices, NodeId node, int32_t dimension, int64_t size, int64_t stride,
                          bool broadcast) {
  IndexOffsets result{indices.axes, {}, indices.faults};
  const size_t count = indices.integers.size();
  result.offsets.resize(count);
  for (size_t n = 0; n < count; ++n) {
    const int64_t index = broadcast ? 0 : indices.integers[n];
    const bool inside = index >= 0 && index < size;
    result.offsets[n] = inside ? index * stride : 0;
    if (inside)
      continue;
    if (result.faults.empty())
      result.faults.assign(count, Fault{});
    if (!result.faults[n])
      result.faults[n] = {node, dimension, index};
  }
  return result;
}

/// Adds up the offsets of several dimensions.
IndexOffsets combine(IndexOffsets x, IndexOffsets y) {
  if (y.axes.empty() && y.faults.empty() && x.faults.empty()) {
    for (int64_t &offset : x.offsets)
      offset += y.offsets[0];
    return x;
  }
  IndexOffsets sum{merge(x.axes, y.axes), {}, {}};
  sum.offsets.resize(elementCount(sum.axes));
  const bool anyFault = !x.faults.empty() || !y.faults.empty();
  if (anyFault)
    sum.faults.assign(sum.offsets.size(), Fault{});
  Walk<3>(sum.axes, {&sum.axes, &x.axes, &y.axes})
      .forEachRun([&](std::array<int64_t, 3> at, const std::array<int64_t, 3> &step, int64_t count) {
        for (int64_t n = 0; n < count; ++n) {
          sum.offsets[at[0]] = x.offsets[at[1]] + y.offsets[at[2]];
          if (anyFault) {
            if (!x.faults.empty() && x.faults[at[1]])
              sum.faults[at[0]] = x.faults[at[1]];
            else if (!y.faults.empty() && y.faults[at[2]])
              sum.faults[at[0]] = y.faults[at[2]];
          }
          for (size_t a = 0; a < 3; ++a)
            at[a] += step[a];
        }
      });
  return sum;
}

bool isProgression(const Buffer<int64_t> &offsets, int64_t &step) {
  step = offsets.size() > 1 ? offsets[1] - offsets[0] : 0;
  for (size_t n = 2; n < offsets.size(); ++n)
    if (offsets[n] - offsets[n - 1] != step)
      return false;
  return true;
}

/// result[p] = data[outer[p] + inner[p]], all in range.
template <typename R, typename T>
void gather(Array &result, const T *data, const IndexOffsets &outer, const IndexOffsets &inner) {
  R *out = result.data<R>();
  int64_t stride = 0;
  const bool regular = inner.axes.size() == 1 && isProgression(inner.offsets, stride);
  Walk<3>(result.axes, {&result.axes, &outer.axes, &inner.axes})
      .forEachRun([&](const std::array<int64_t, 3> &at, const std::array<int64_t, 3> &step, int64_t count) {
        R *to = out + at[0];
        const int64_t *base = outer.offsets.data() + at[1], *more = inner.offsets.data() + at[2];
        if (regular && step[1] == 0 && stride == 1)
          for (const T *from = data + *base + *more; count-- > 0;)
            *to++ = static_cast<R>(*from++);
        else if (regular && step[1] == 0)
          for (int64_t n = 0, from = *base + *more; n < count; ++n, from += stride * step[2])
            to[n] = static_cast<R>(data[from]);
        else
          for (int64_t n = 0; n < count; ++n)
            to[n] = static_cast<R>(data[base[n * step[1]] + more[n * step[2]]]);
      });
}

/// The same where some elements have faults and must not be read.
template <typename R, typename T> void gatherGuarded(Array &result, const T *data, const IndexOffsets &index) {
  R *out = result.data<R>();
  result.faults = index.faults;
  for (size_t n = 0; n < index.offsets.size(); ++n)
    out[n] = index.faults[n] ? R(0) : static_cast<R>(data[index.offsets[n]]);
}

} // namespace

Value GraphEvaluator::load(const Node &node, NodeId id, const Environment &environment) {
  const TensorView &view = binding.tensors[node.index];
  const Tensor &tensor = spec.tensors[node.index];
  Axes axes;
  for (NodeId operand : node.operands)
    axes = merge(axes, evaluate(operand, environment)->axes);
  // Dimensions indexed along the innermost axis alone are kept apart, so that the inner loop adds one offset to a
  // constant.
  IndexOffsets outer{{}, {0}, {}}, inner{{}, {0}, {}};
  for (size_t n = 0; n < node.operands.size(); ++n) {
    const Value indices = evaluate(node.operands[n], environment);
    const bool broadcast = tensor.dimensions[n].broadcastable && view.shape[n] == 1;
    IndexOffsets offsets =
        checkIndices(*indices, id, static_cast<int32_t>(n), view.shape[n], view.strides[n], broadcast);
    const bool innermost = !axes.empty() && offsets.axes == Axes{axes.back()};
    IndexOffsets &target = innermost ? inner : outer;
    target = combine(std::move(target), std::move(offsets));
  }
  auto result = std::make_shared<Array>(axes, isReal(tensor.element));
  visitElements(tensor.element, view.data, [&](const auto *data) {
    auto read = [&](auto zero) {
      using R = decltype(zero);
      if (outer.faults.empty() && inner.faults.empty())
        gather<R>(*result, data, outer, inner);
      else
        gatherGuarded<R>(*result, data, combine(std::move(outer), std::move(inner)));
    };
    if (result->real)
      read(double());
    else
      read(int64_t());
  });
  if (tensor.element == ElementType::Bool)
    for (int64_t &value : result->integers)
      value = value != 0;
  return result;
}

} // namespace attn::reference
