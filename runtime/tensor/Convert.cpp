#include "runtime/tensor/Convert.h"

#include <fmt/format.h>

#include <cmath>

namespace attn {

static Status convertFloats(const Tensor &from, Tensor &to, int64_t &changed) {
  for (int64_t n = 0; n < from.elementCount(); ++n) {
    double value = from.real(n);
    to.setReal(n, value);
    changed += to.real(n) != value && !std::isnan(value);
  }
  return std::monostate{};
}

static Status convertIntegers(const Tensor &from, Tensor &to) {
  ElementType element = to.element();
  for (int64_t n = 0; n < from.elementCount(); ++n) {
    int64_t value = from.integer(n);
    bool fits;
    if (isFloat(element)) {
      to.setInteger(n, value);
      // 2^63 itself would be out of range for the comparison as integers.
      double back = to.real(n);
      fits = back >= -0x1p63 && back < 0x1p63 && int64_t(back) == value;
    } else {
      fits = value >= lowestInteger(element) && value <= highestInteger(element);
      to.setInteger(n, value);
    }
    if (!fits)
      return Failure{fmt::format("value {} does not fit in {}", value, spelling(element))};
  }
  return std::monostate{};
}

Result<Converted> convert(const Tensor &tensor, ElementType element) {
  Result<Tensor> source = tensor.compacted();
  if (!source)
    return source.failure();
  if (tensor.element() == element)
    return Converted{std::move(*source), ""};
  if (isFloat(tensor.element()) && !isFloat(element))
    return Failure{
        fmt::format("{} cannot become {}: round it to integers first", tensor.describe(), spelling(element))};
  Result<Tensor> target = Tensor::create(element, tensor.shape());
  if (!target)
    return target.failure();
  int64_t changed = 0;
  Status status =
      isFloat(tensor.element()) ? convertFloats(*source, *target, changed) : convertIntegers(*source, *target);
  if (!status)
    return status.failure();
  std::string note;
  if (changed)
    note = fmt::format("rounded from {} to {}", spelling(tensor.element()), spelling(element));
  return Converted{std::move(*target), std::move(note)};
}

} // namespace attn
