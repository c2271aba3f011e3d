#include "runtime/file/Npy.h"

#include "runtime/file/Elements.h"
#include "runtime/file/NpyHeader.h"
#include "runtime/file/RegularFile.h"
#include "runtime/file/WholeFile.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstring>

namespace attn {

namespace {

constexpr int64_t longestHeader = 1 << 20;

/// A file's header, with the file positioned at its data.
struct OpenNpy {
  RegularFile file;
  NpyHeader header;
};

StoredElements elementsOf(const NpyHeader &header) {
  return {header.kind, header.itemSize, header.byteOrder == '>', header.descr, header.shape, header.fortranOrder, true};
}

Result<OpenNpy> openNpy(const std::string &path) {
  Result<RegularFile> opened = RegularFile::open(path, ".npy");
  if (!opened)
    return opened.failure();
  RegularFile &file = *opened;
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
  if (length > file.size() - offset)
    return Failure{fmt::format("is truncated: its header should have {} bytes, the file ends after {}", length,
                               file.size() - offset)};
  if (length > longestHeader)
    return Failure{fmt::format("has a header of {} bytes; that is not a tensor's", length)};
  std::string text(size_t(length), '\0');
  if (std::fread(text.data(), 1, text.size(), file.get()) != text.size())
    return Failure{"could not be read to the end of its header"};
  Result<NpyHeader> header = parseNpyHeader(text);
  if (!header)
    return header.failure();
  Result<int64_t> promised = storedBytes(elementsOf(*header));
  if (!promised)
    return promised.failure();
  int64_t there = file.size() - offset - length;
  if (there < *promised)
    return Failure{fmt::format("is truncated: {}{} needs {} bytes of data, the file has {}", header->descr,
                               describeShape(header->shape), *promised, there)};
  if (there > *promised)
    return Failure{fmt::format("has {} bytes after its data ({}{} needs {})", there - *promised, header->descr,
                               describeShape(header->shape), *promised)};
  return OpenNpy{std::move(file), std::move(*header)};
}

Result<Converted> readFrom(const std::string &path, std::optional<ElementType> wanted) {
  Result<OpenNpy> open = openNpy(path);
  if (!open)
    return open.failure();
  return readElements(open->file.get(), elementsOf(open->header), wanted);
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
