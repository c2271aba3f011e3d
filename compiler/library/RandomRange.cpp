#include "compiler/library/RandomRange.h"

#include "compiler/library/Interval.h"

#include <fmt/format.h>

#include <algorithm>

using namespace attn;
using namespace attn::library;
using namespace attn::sema;

namespace {

/// Values where nothing asks for others: a few, so that equal ones are common.
constexpr int64_t plainHigh = 4;

class RangeFinder {
public:
  RangeFinder(const Attention &attention, const reference::Binding &binding,
              const std::vector<std::vector<int64_t>> &shapes, TensorId tensor)
      : attention(attention), binding(binding), shapes(shapes), tensor(tensor), depends(attention.nodes.size()) {
    for (NodeId id = 0; id < attention.nodes.size(); ++id) {
      const Node &node = attention.node(id);
      depends[id] = node.kind == NodeKind::Load && node.index == tensor;
      for (NodeId operand : node.operands)
        depends[id] = depends[id] || depends[operand];
      if (node.kind == NodeKind::Extent && attention.extents[node.index].value != none)
        depends[id] = depends[id] || depends[attention.extents[node.index].value];
    }
  }

  RandomRange find();

private:
  /// Whether a node stays within `limit` where the tensor's values lie in [low, high).
  bool fits(NodeId node, Interval limit, int64_t low, int64_t high) const {
    IntervalEvaluator evaluator(attention, binding, [&](TensorId loaded, const std::vector<Interval> &) {
      return loaded == tensor ? Interval{low, high - 1} : Interval::whole();
    });
    return evaluator.evaluate(node, evaluator.wholeBox()).within(limit);
  }
  /// Narrows [low, high) until the node fits; false if no upper end will do.
  bool narrow(NodeId node, Interval limit, RandomRange &range) const;
  std::string sourceOf(const Node &node) const {
    return node.range ? std::string(node.range.text()) : attention.tensors[node.index].name;
  }

  const Attention &attention;
  const reference::Binding &binding;
  const std::vector<std::vector<int64_t>> &shapes;
  TensorId tensor;
  std::vector<bool> depends; ///< per node: reads the tensor, directly or not
};

bool RangeFinder::narrow(NodeId node, Interval limit, RandomRange &range) const {
  if (fits(node, limit, range.low, range.high))
    return true;
  if (!fits(node, limit, range.low, range.low + 1))
    return false;
  int64_t good = range.low + 1, bad = range.high;
  while (bad - good > 1) {
    int64_t middle = good + (bad - good) / 2;
    (fits(node, limit, range.low, middle) ? good : bad) = middle;
  }
  range.high = good;
  return true;
}

RandomRange RangeFinder::find() {
  constexpr int64_t most = int64_t(1) << 31;
  RandomRange range;
  range.high = most;
  bool hinted = false, divides = false;
  int64_t hint = 0;
  for (NodeId id = 0; id < attention.nodes.size(); ++id) {
    const Node &node = attention.node(id);
    if (node.kind == NodeKind::Load) {
      for (size_t n = 0; n < node.operands.size(); ++n) {
        if (!depends[node.operands[n]])
          continue;
        bool hasShape = node.index < shapes.size() && n < shapes[node.index].size();
        Interval limit = hasShape ? Interval{0, shapes[node.index][n] - 1} : Interval::whole();
        if (!narrow(node.operands[n], limit, range)) {
          range.known = false;
          range.reason = fmt::format("its values decide an index in `{}`", sourceOf(node));
          return range;
        }
      }
    } else if (node.kind == NodeKind::Binary && node.type == ScalarType::Int && depends[node.operands[1]] &&
               (node.binary == BinaryOp::FloorDivide || node.binary == BinaryOp::Modulo)) {
      divides = true;
    } else if (node.kind == NodeKind::Compare) {
      for (int side = 0; side < 2; ++side) {
        const Node &load = attention.node(node.operands[side]);
        NodeId other = node.operands[1 - side];
        if (load.kind != NodeKind::Load || load.index != tensor || depends[other])
          continue;
        IntervalEvaluator evaluator(attention, binding);
        Interval values = evaluator.evaluate(other, evaluator.wholeBox());
        if (values.high < most && values.high >= 0) {
          hint = std::max(hint, values.high + 2);
          hinted = true;
        }
      }
    }
  }
  for (const Extent &extent : attention.extents)
    if (extent.value != none && depends[extent.value] && !extent.fixed) {
      range.known = false;
      range.reason = fmt::format("its values decide the extent `{}`", extent.name);
      return range;
    }
  if (range.high == most)
    range.high = hinted ? hint : plainHigh;
  if (divides && range.low == 0) {
    range.low = 1;
    range.high = std::max<int64_t>(range.high, 2);
  }
  return range;
}

} // namespace

RandomRange library::inferRandomRange(const Attention &attention, const reference::Binding &binding,
                                      const std::vector<std::vector<int64_t>> &shapes, TensorId tensor) {
  if (attention.tensors[tensor].element == ElementType::Bool)
    return {true, 0, 2, ""};
  RandomRange range = RangeFinder(attention, binding, shapes, tensor).find();
  int64_t typeHigh = attention.tensors[tensor].element == ElementType::I8   ? 127
                     : attention.tensors[tensor].element == ElementType::U8 ? 255
                                                                            : INT32_MAX;
  range.high = std::min(range.high, typeHigh + 1);
  return range;
}
