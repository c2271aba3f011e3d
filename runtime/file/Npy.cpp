#include "runtime/file/Npy.h"

#include "runtime/file/NpyHeader.h"
#include "runtime/file/WholeFile.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <numeric>
#include <sys/stat.h>

namespace attn {

static_assert(std::endian::native == std::endian::little);

namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE *)>;

constexpr int64_t longestHeader = 1 << 20;

/// A file's header, with the file positioned at its data.
struct OpenNpy {
  File file;
  NpyHeader header;
};

Result<OpenNpy> openNpy(const std::string &path) {
  File file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file)
    return Failure{std::strerror(errno)};
  struct stat status {};
  if (fstat(fileno(file.get()), &status) != 0)
    return Failure{std::strerror(errno)};
  if (S_ISDIR(status.st_mode))
    return Failure{"is a directory, not a .npy file"};
  if (!S_ISREG(status.st_mode))
    return Failure{"is not a regular file"};
  unsigned char start[12];
  size_t got = std::fread(start, 1, 10, file.get());
  if (got < 6 || std::memcmp(start, "\x93NUMPY", 6) != 0)
    return Failure{"is not a .npy file (it does not start with `\\x93NUMPY`)"};
  if (got < 10)
    return Failure{"is truncated inside its header"};
  int version = start[6];
  if (version < 1 || version > 3)
    return Failure{fmt::format("has .npy version {}.{}; versions 1 to 3 are supported", start[6], start[7])};
  int64_t length = start[8] | start[9] << 8, offset = 10;
  if (version > 1) {
    if (std::fread(start + 10, 1, 2, file.get()) != 2)
      return Failure{"is truncated inside its header"};
    length |= int64_t(start[10]) << 16 | int64_t(start[11]) << 24;
    offset = 12;
  }
  if (length > status.st_size - offset)
    return Failure{fmt::format("is truncated: its header should have {} bytes, the file ends after {}", length,
                               status.st_size - offset)};
  if (length > longestHeader)
    return Failure{fmt::format("has a header of {} bytes; that is not a tensor's", length)};
  std::string text(size_t(length), '\0');
  if (std::fread(text.data(), 1, text.size(), file.get()) != text.size())
    return Failure{"could not be read to the end of its header"};
  Result<NpyHeader> header = parseNpyHeader(text);
  if (!header)
    return header.failure();
  Result<int64_t> count = shapeBytes(ElementType::U8, header->shape);
  if (!count)
    return count.failure();
  int64_t promised, there = status.st_size - offset - length;
  if (__builtin_mul_overflow(*count, header->itemSize, &promised))
    return Failure{fmt::format("the number of bytes in shape {} overflows 64 bits", describeShape(header->shape))};
  if (there < promised)
    return Failure{fmt::format("is truncated: {}{} needs {} bytes of data, the file has {}", header->descr,
                               describeShape(header->shape), promised, there)};
  if (there > promised)
    return Failure{fmt::format("has {} bytes after its data ({}{} needs {})", there - promised, header->descr,
                               describeShape(header->shape), promised)};
  return OpenNpy{std::move(file), std::move(*header)};
}

/// The type that stores the elements of a NumPy type.
std::optional<ElementType> storageOf(const NpyHeader &header) {
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
bool storeElement(Tensor &tensor, int64_t offset, const NpyHeader &header, const char *bytes) {
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

Status readDirectly(std::FILE *file, const NpyHeader &header, Tensor &tensor) {
  size_t size = size_t(header.itemSize), bytes = size_t(tensor.byteCount());
  if (bytes > 0 && std::fread(tensor.data(), 1, bytes, file) != bytes)
    return Failure{"could not be read to its end"};
  if (header.byteOrder == '>' && size > 1)
    for (std::byte *element = tensor.data(); element != tensor.data() + bytes; element += size)
      std::reverse(element, element + size);
  if (tensor.element() == ElementType::Bool)
    for (uint8_t &value : tensor.values<uint8_t>())
      value = value != 0;
  return std::monostate{};
}

Status readConverting(std::FILE *file, const NpyHeader &header, Tensor &tensor) {
  constexpr int64_t elementsAtATime = 8192;
  size_t size = size_t(header.itemSize);
  std::vector<char> buffer(size_t(elementsAtATime) * size);
  for (int64_t done = 0; done < tensor.elementCount();) {
    int64_t now = std::min(elementsAtATime, tensor.elementCount() - done);
    if (std::fread(buffer.data(), size, size_t(now), file) != size_t(now))
      return Failure{"could not be read to its end"};
    for (int64_t n = 0; n < now; ++n) {
      char *element = buffer.data() + size_t(n) * size;
      if (header.byteOrder == '>')
        std::reverse(element, element + size);
      if (!storeElement(tensor, done + n, header, element))
        return Failure{fmt::format("element {} of type {} does not fit in i64", done + n, header.descr)};
    }
    done += now;
  }
  return std::monostate{};
}

Result<Converted> readFrom(const std::string &path, std::optional<ElementType> wanted) {
  Result<OpenNpy> open = openNpy(path);
  if (!open)
    return open.failure();
  const NpyHeader &header = open->header;
  bool twoBytes = header.itemSize == 2 && (header.kind == 'u' || header.kind == 'V');
  bool bits = twoBytes && wanted == ElementType::BF16;
  bool rounding = header.kind == 'f' && header.itemSize == 8;
  std::optional<ElementType> storage = bits ? wanted : storageOf(header);
  if (!storage)
    return Failure{fmt::format("has elements of type `{}`{}", header.descr,
                               twoBytes ? ", whose meaning is known only where bf16 is wanted"
                                        : ", which no tensor can hold; convert it with NumPy's astype first")};
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
      direct ? readDirectly(open->file.get(), header, *tensor) : readConverting(open->file.get(), header, *tensor);
  if (!status)
    return status.failure();
  std::string note;
  if (rounding)
    note = fmt::format("rounded from float64 to {}", spelling(*storage));
  if (!wanted || *wanted == *storage)
    return Converted{std::move(*tensor), std::move(note)};
  return convert(*tensor, *wanted);
}

std::string_view descrOf(ElementType element) {
  constexpr std::string_view names[] = {"<f2", "<u2", "<f4", "|i1", "|u1", "<i4", "<i8", "|b1"};
  return names[size_t(element)];
}

} // namespace

Result<Converted> readNpy(const std::string &path, std::optional<ElementType> wanted) {
  Result<Converted> read = readFrom(path, wanted);
  if (!read)
    return Failure{fmt::format("{}: {}", path, read.message())};
  return read;
}

Status writeNpy(const std::string &path, const Tensor &tensor, bool rawBits) {
  bool widen = tensor.element() == ElementType::BF16 && !rawBits;
  Result<Tensor> compact = Tensor();
  const Tensor *source = &tensor;
  if (widen || !tensor.isCompact()) {
    Result<Converted> converted = convert(tensor, widen ? ElementType::F32 : tensor.element());
    if (!converted)
      return Failure{fmt::format("cannot write {}: {}", path, converted.message())};
    compact = std::move(converted->tensor);
    source = &*compact;
  }
  Result<WholeFile> file = WholeFile::create(path);
  if (!file)
    return file.failure();
  Status status = file->write(formatNpyHeader(descrOf(source->element()), source->shape()));
  if (status)
    status = file->write(source->data(), size_t(source->byteCount()));
  return status ? file->commit() : status;
}

} // namespace attn
