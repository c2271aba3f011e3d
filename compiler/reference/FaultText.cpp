#include "compiler/reference/FaultText.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace attn::reference {

using namespace sema;

std::string placeOf(SourceRange range) {
  if (!range)
    return "";
  const LineColumn at = range.file->locate(range.begin);
  return fmt::format("{}:{}:{}", range.file->path(), at.line, at.column);
}

std::string describe(const Attention &attention, const Binding &binding, const Fault &fault) {
  const Node &node = attention.node(fault.node);
  const std::string source = node.range ? fmt::format(" in `{}` at {}", node.range.text(), placeOf(node.range)) : "";
  switch (fault.dimension) {
  case Fault::divisor:
    return fmt::format("integer division by zero{}", source);
  case Fault::batch:
    return fmt::format("b is {}, which is no batch{}", fault.value, source);
  default: {
    const Tensor &tensor = attention.tensors[node.index];
    const int64_t size = binding.tensors[node.index].shape[fault.dimension];
    return fmt::format("{}: index {} is outside dimension {} ({}) of size {}{}", tensor.name, fault.value,
                       fault.dimension, format(attention, tensor.dimensions[fault.dimension].value), size, source);
  }
  }
}

std::string describeShape(ElementType element, const std::vector<int64_t> &shape) {
  return fmt::format("{}[{}]", spelling(element), fmt::join(shape, ", "));
}

} // namespace attn::reference
