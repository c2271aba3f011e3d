#include "runtime/tensor/Tensor.h"

#include "runtime/kernel/Kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <unistd.h>

namespace attn {

static_assert(int(ElementType::F16) == ATTN_F16 && int(ElementType::BF16) == ATTN_BF16 &&
              int(ElementType::F32) == ATTN_F32 && int(ElementType::I8) == ATTN_I8 && int(ElementType::U8) == ATTN_U8 &&
              int(ElementType::I32) == ATTN_I32 && int(ElementType::I64) == ATTN_I64 &&
              int(ElementType::Bool) == ATTN_BOOL);
static_assert(Tensor::maxRank == ATTN_MAX_RANK);

static constexpr int64_t alignment = 64;

void Tensor::Free::operator()(std::byte *pointer) const { std::free(pointer); }

Tensor::Tensor() : sizes{0}, steps{1} {}

std::string describeShape(std::span<const int64_t> shape) {
  std::string text = "[";
  for (size_t n = 0; n < shape.size(); ++n)
    text += fmt::format("{}{}", n ? ", " : "", shape[n]);
  return text + "]";
}

Result<int64_t> shapeBytes(ElementType element, std::span<const int64_t> shape) {
  int64_t bytes = byteSize(element);
  bool empty = false;
  if (shape.size() > Tensor::maxRank)
    return Failure{fmt::format("rank {} is above {}, the most a tensor may have", shape.size(), Tensor::maxRank)};
  for (int64_t size : shape) {
    if (size < 0)
      return Failure{fmt::format("shape {} has a negative dimension", describeShape(shape))};
    empty |= size == 0;
    if (__builtin_mul_overflow(bytes, size > 0 ? size : 1, &bytes))
      return Failure{fmt::format("the number of bytes in shape {} overflows 64 bits", describeShape(shape))};
  }
  return empty ? 0 : bytes;
}

/// An allocation above this would succeed, being only a promise, and end the process when it is written.
static int64_t machineMemory() {
  int64_t pages = sysconf(_SC_PHYS_PAGES), pageSize = sysconf(_SC_PAGE_SIZE);
  return pages > 0 && pageSize > 0 ? pages * pageSize : INT64_MAX;
}

Result<Tensor> Tensor::createOrdered(ElementType element, std::vector<int64_t> shape, const std::vector<size_t> &order,
                                     const std::atomic<bool> *stop) {
  Result<int64_t> bytes = shapeBytes(element, shape);
  if (!bytes)
    return bytes.failure();
  Tensor tensor;
  tensor.elementType = element;
  tensor.count = *bytes / byteSize(element);
  tensor.steps.assign(shape.size(), 1);
  int64_t step = 1;
  for (size_t n = order.size(); n-- > 0;) {
    tensor.steps[order[n]] = step;
    step *= shape[order[n]] > 0 ? shape[order[n]] : 1;
  }
  if (*bytes > 0) {
    if (*bytes <= machineMemory() - alignment)
      tensor.memory.reset(static_cast<std::byte *>(
          std::aligned_alloc(size_t(alignment), size_t((*bytes + alignment - 1) / alignment * alignment))));
    if (!tensor.memory)
      return Failure{
          fmt::format("out of memory: no {} bytes for {}{}", *bytes, spelling(element), describeShape(shape))};
    constexpr int64_t part = int64_t(64) << 20;
    for (int64_t done = 0; done < *bytes; done += part) {
      if (stop && *stop)
        return Failure{std::string(stoppedText)};
      std::memset(tensor.memory.get() + done, 0, size_t(std::min(part, *bytes - done)));
    }
  }
  tensor.sizes = std::move(shape);
  return tensor;
}

Result<Tensor> Tensor::create(ElementType element, std::vector<int64_t> shape, const std::atomic<bool> *stop) {
  std::vector<size_t> order(shape.size());
  std::iota(order.begin(), order.end(), size_t(0));
  return createOrdered(element, std::move(shape), order, stop);
}

bool Tensor::isCompact() const {
  int64_t step = 1;
  for (size_t n = sizes.size(); n-- > 0;) {
    if (sizes[n] > 1 && steps[n] != step)
      return false;
    step *= sizes[n];
  }
  return true;
}

int64_t Tensor::offset(std::span<const int64_t> index) const {
  int64_t total = 0;
  for (size_t n = 0; n < sizes.size(); ++n)
    total += index[n] * steps[n];
  return total;
}

template <class T> static T loadAs(const std::byte *memory, int64_t offset) {
  T value;
  std::memcpy(&value, memory + offset * int64_t(sizeof(T)), sizeof(T));
  return value;
}

template <class T> static void storeAs(std::byte *memory, int64_t offset, T value) {
  std::memcpy(memory + offset * int64_t(sizeof(T)), &value, sizeof(T));
}

double Tensor::real(int64_t offset) const {
  switch (elementType) {
  case ElementType::F16:
    return fromHalf(loadAs<uint16_t>(memory.get(), offset));
  case ElementType::BF16:
    return fromBfloat(loadAs<uint16_t>(memory.get(), offset));
  case ElementType::F32:
    return loadAs<float>(memory.get(), offset);
  default:
    return double(integer(offset));
  }
}

int64_t Tensor::integer(int64_t offset) const {
  switch (elementType) {
  case ElementType::I8:
    return loadAs<int8_t>(memory.get(), offset);
  case ElementType::U8:
    return loadAs<uint8_t>(memory.get(), offset);
  case ElementType::I32:
    return loadAs<int32_t>(memory.get(), offset);
  case ElementType::I64:
    return loadAs<int64_t>(memory.get(), offset);
  case ElementType::Bool:
    return loadAs<uint8_t>(memory.get(), offset) != 0;
  default:
    return int64_t(real(offset));
  }
}

void Tensor::setReal(int64_t offset, double value) {
  switch (elementType) {
  case ElementType::F16:
    storeAs(memory.get(), offset, toHalf(value));
    break;
  case ElementType::BF16:
    storeAs(memory.get(), offset, toBfloat(value));
    break;
  case ElementType::F32:
    storeAs(memory.get(), offset, float(value));
    break;
  case ElementType::Bool:
    storeAs(memory.get(), offset, uint8_t(value != 0));
    break;
  default:
    setInteger(offset, int64_t(value));
    break;
  }
}

void Tensor::setInteger(int64_t offset, int64_t value) {
  switch (elementType) {
  case ElementType::I8:
    storeAs(memory.get(), offset, int8_t(value));
    break;
  case ElementType::U8:
    storeAs(memory.get(), offset, uint8_t(value));
    break;
  case ElementType::I32:
    storeAs(memory.get(), offset, int32_t(value));
    break;
  case ElementType::I64:
    storeAs(memory.get(), offset, value);
    break;
  case ElementType::Bool:
    storeAs(memory.get(), offset, uint8_t(value != 0));
    break;
  default:
    setReal(offset, double(value));
    break;
  }
}

Result<Tensor> Tensor::compacted() const {
  Result<Tensor> result = create(elementType, sizes);
  if (!result || count == 0)
    return result;
  size_t size = size_t(byteSize(elementType));
  if (isCompact()) {
    std::memcpy(result->data(), data(), size_t(byteCount()));
    return result;
  }
  std::vector<int64_t> index(sizes.size());
  int64_t source = 0;
  for (int64_t target = 0; target < count; ++target) {
    std::memcpy(result->data() + size_t(target) * size, data() + size_t(source) * size, size);
    for (size_t n = sizes.size(); n-- > 0;) {
      source += steps[n];
      if (++index[n] < sizes[n])
        break;
      source -= sizes[n] * steps[n];
      index[n] = 0;
    }
  }
  return result;
}

DLDataType dlpackType(ElementType element) {
  constexpr uint8_t codes[] = {kDLFloat, kDLBfloat, kDLFloat, kDLInt, kDLUInt, kDLInt, kDLInt, kDLBool};
  return {codes[size_t(element)], uint8_t(8 * byteSize(element)), 1};
}

DLTensor Tensor::view() const {
  DLTensor view{};
  view.data = memory.get();
  view.device = {kDLCPU, 0};
  view.ndim = int32_t(sizes.size());
  view.dtype = dlpackType(elementType);
  view.shape = const_cast<int64_t *>(sizes.data());
  view.strides = const_cast<int64_t *>(steps.data());
  return view;
}

std::string Tensor::describe() const { return fmt::format("{}{}", spelling(elementType), describeShape(sizes)); }

} // namespace attn
