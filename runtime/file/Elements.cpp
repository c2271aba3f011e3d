#include "runtime/file/Elements.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

namespace attn {

static_assert(std::endian::native == std::endian::little);

namespace {

/// The type that stores the elements.
std::optional<ElementType> storageOf(const StoredElements &header) {
  switch (header.kind) {
  case 'f':
    return header.itemSize == 2                           ? std::optional(ElementType::F16)
           : header.itemSize == 4 || header.itemSize == 8 ? std::optional(ElementType::F32)
                                                          : std::nullopt;
  case 'i':
    return header.itemSize == 1   ? std::optional(ElementType::I8)
           : header.itemSize == 2 ? std::optional(ElementType::I32)
           : header.itemSize == 4 ? std::optional(ElementType::I32)
           : header.itemSize == 8 ? std::optional(ElementType::I64)
                                  : std::nullopt;
  case 'u':
    return header.itemSize == 1                           ? std::optional(ElementType::U8)
           : header.itemSize == 2                         ? std::optional(ElementType::I32)
           : header.itemSize == 4 || header.itemSize == 8 ? std::optional(ElementType::I64)
                                                          : std::nullopt;
  case 'B':
    return header.itemSize == 2 ? std::optional(ElementType::BF16) : std::nullopt;
  case 'b':
    return header.itemSize == 1 ? std::optional(ElementType::Bool) : std::nullopt;
  default:
    return std::nullopt;
  }
}

template <class T> T decode(const char *bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

/// Stores one element given by its little-endian bytes. False if no tensor can hold it.
bool storeElement(Tensor &tensor, int64_t offset, const StoredElements &header, const char *bytes) {
  if (header.kind == 'f' && header.itemSize == 8) {
    tensor.setReal(offset, decode<double>(bytes));
    return true;
  }
  if (header.kind == 'u' && header.itemSize == 8 && decode<int64_t>(bytes) < 0)
    return false;
  switch (header.itemSize) {
  case 2:
    tensor.setInteger(offset, header.kind == 'u' ? int64_t(decode<uint16_t>(bytes)) : decode<int16_t>(bytes));
    break;
  case 4:
    tensor.setInteger(offset, int64_t(decode<uint32_t>(bytes)));
    break;
  default:
    tensor.setInteger(offset, decode<int64_t>(bytes));
    break;
  }
  return true;
}

Status readDirectly(std::FILE *file, const StoredElements &header, Tensor &tensor) {
  size_t size = size_t(header.itemSize), bytes = size_t(tensor.byteCount());
  if (bytes > 0 && std::fread(tensor.data(), 1, bytes, file) != bytes)
    return Failure{"could not be read to its end"};
  if (header.bigEndian && size > 1)
    for (std::byte *element = tensor.data(); element != tensor.data() + bytes; element += size)
      std::reverse(element, element + size);
  if (tensor.element() == ElementType::Bool)
    for (uint8_t &value : tensor.values<uint8_t>())
      value = value != 0;
  return std::monostate{};
}

Status readConverting(std::FILE *file, const StoredElements &header, Tensor &tensor) {
  constexpr int64_t elementsAtATime = 8192;
  size_t size = size_t(header.itemSize);
  std::vector<char> buffer(size_t(elementsAtATime) * size);
  for (int64_t done = 0; done < tensor.elementCount();) {
    int64_t now = std::min(elementsAtATime, tensor.elementCount() - done);
    if (std::fread(buffer.data(), size, size_t(now), file) != size_t(now))
      return Failure{"could not be read to its end"};
    for (int64_t n = 0; n < now; ++n) {
      char *element = buffer.data() + size_t(n) * size;
      if (header.bigEndian)
        std::reverse(element, element + size);
      if (!storeElement(tensor, done + n, header, element))
        return Failure{fmt::format("element {} of type {} does not fit in i64", done + n, header.name)};
    }
    done += now;
  }
  return std::monostate{};
}

} // namespace

Result<int64_t> storedBytes(const StoredElements &elements) {
  Result<int64_t> count = shapeBytes(ElementType::U8, elements.shape);
  int64_t bytes = 0;
  if (count && __builtin_mul_overflow(*count, elements.itemSize, &bytes))
    return Failure{fmt::format("the number of bytes in shape {} overflows 64 bits", describeShape(elements.shape))};
  return count ? Result<int64_t>(bytes) : count;
}

Result<Converted> readElements(std::FILE *file, const StoredElements &header, std::optional<ElementType> wanted) {
  bool twoBytes = header.maybeBfloats && header.itemSize == 2 && (header.kind == 'u' || header.kind == 'V');
  bool bits = twoBytes && wanted == ElementType::BF16;
  bool rounding = header.kind == 'f' && header.itemSize == 8;
  std::optional<ElementType> storage = bits ? wanted : storageOf(header);
  if (!storage)
    return Failure{fmt::format("has elements of type `{}`{}", header.name,
                               twoBytes ? ", whose meaning is known only where bf16 is wanted"
                                        : ", which no tensor can hold; convert it to another type first")};
  if (rounding && wanted && isFloat(*wanted))
    storage = wanted;
  std::vector<size_t> order(header.shape.size());
  std::iota(order.begin(), order.end(), size_t(0));
  if (header.fortranOrder)
    std::reverse(order.begin(), order.end());
  Result<Tensor> tensor = Tensor::createOrdered(*storage, header.shape, order);
  if (!tensor)
    return tensor.failure();
  // A type is stored as it is where the sizes agree, but for u8, half of whose values fit in no tensor.
  bool direct = bits || (byteSize(*storage) == header.itemSize && !(header.kind == 'u' && header.itemSize == 8));
  Status status =
      direct ? readDirectly(file, header, *tensor) : readConverting(file, header, *tensor);
  if (!status)
    return status.failure();
  std::string note;
  if (rounding)
    note = fmt::format("rounded from float64 to {}", spelling(*storage));
  if (!wanted || *wanted == *storage)
    return Converted{std::move(*tensor), std::move(note)};
  return convert(*tensor, *wanted);
}

} // namespace attn
