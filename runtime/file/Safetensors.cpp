#include "runtime/file/Safetensors.h"

#include "runtime/file/Elements.h"
#include "runtime/file/RegularFile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/types.h>

namespace attn {

namespace {

constexpr int64_t longestHeader = 64 << 20;

/// A checked header, and where the data begins.
struct OpenSafetensors {
  RegularFile file;
  std::vector<SafetensorsEntry> entries;
  int64_t data;
};

Result<OpenSafetensors> openSafetensors(const std::string &path) {
  Result<RegularFile> file = RegularFile::open(path, ".safetensors");
  if (!file)
    return file.failure();
  std::array<unsigned char, 8> start;
  if (file->size() < int64_t(start.size()) || std::fread(start.data(), 1, start.size(), file->get()) != start.size())
    return Failure{"is not a .safetensors file: it ends before the length of its header"};
  uint64_t length = 0;
  for (size_t n = 0; n < start.size(); ++n)
    length |= uint64_t(start[n]) << (8 * n);
  int64_t rest = file->size() - int64_t(start.size());
  if (length > uint64_t(rest))
    return Failure{fmt::format("is truncated or not a .safetensors file: its header should have {} bytes, the file ends after {}",
                               length, rest)};
  if (length > uint64_t(longestHeader))
    return Failure{fmt::format("has a header of {} bytes; the most is {}", length, longestHeader)};
  std::string json(size_t(length), '\0');
  if (std::fread(json.data(), 1, json.size(), file->get()) != json.size())
    return Failure{"could not be read to the end of its header"};
  if (json.empty() || json.front() != '{')
    return Failure{"is not a .safetensors file: its header does not start with `{`"};
  Result<std::vector<SafetensorsEntry>> entries = parseSafetensorsHeader(json, rest - int64_t(length));
  if (!entries)
    return entries.failure();
  return OpenSafetensors{*std::move(file), *std::move(entries), int64_t(start.size() + length)};
}

std::string namesOf(const std::vector<SafetensorsEntry> &entries) {
  constexpr size_t most = 12;
  std::string list;
  for (size_t n = 0; n < entries.size() && n < most; ++n)
    list += fmt::format("{}`{}`", n ? ", " : "", displayName(entries[n].name));
  return entries.size() > most ? list + fmt::format(" and {} more", entries.size() - most) : list;
}

/// What an entry stores; nothing where no tensor can hold it.
std::optional<StoredElements> elementsOf(const SafetensorsEntry &entry) {
  struct Known {
    std::string_view name;
    char kind;
    int64_t size;
  };
  constexpr Known known[] = {{"F64", 'f', 8}, {"F32", 'f', 4}, {"F16", 'f', 2}, {"BF16", 'B', 2},
                             {"I64", 'i', 8}, {"I32", 'i', 4}, {"I16", 'i', 2}, {"I8", 'i', 1},
                             {"U64", 'u', 8}, {"U32", 'u', 4}, {"U16", 'u', 2}, {"U8", 'u', 1}, {"BOOL", 'b', 1}};
  for (const Known &one : known)
    if (one.name == entry.type)
      return StoredElements{one.kind, one.size, false, entry.type, entry.shape, false, false};
  return std::nullopt;
}

Result<Converted> readEntry(const OpenSafetensors &open, const SafetensorsEntry &entry, std::optional<ElementType> wanted) {
  std::optional<StoredElements> elements = elementsOf(entry);
  if (!elements)
    return Failure{fmt::format("has elements of type `{}`, which no tensor can hold; convert it to another type first",
                               displayName(entry.type))};
  Result<int64_t> promised = storedBytes(*elements);
  if (!promised)
    return promised.failure();
  if (*promised != entry.end - entry.begin)
    return Failure{fmt::format("{}{} needs {} bytes, the header gives it {}", entry.type, describeShape(entry.shape), *promised,
                               entry.end - entry.begin)};
  if (fseeko(open.file.get(), off_t(open.data + entry.begin), SEEK_SET) != 0)
    return Failure{std::strerror(errno)};
  return readElements(open.file.get(), *elements, wanted);
}

Result<Converted> readFrom(const std::string &path, const std::string &name, std::optional<ElementType> wanted) {
  Result<OpenSafetensors> open = openSafetensors(path);
  if (!open)
    return open.failure();
  const auto &entries = open->entries;
  if (entries.empty())
    return Failure{"has no tensors"};
  if (name.empty() && entries.size() > 1)
    return Failure{fmt::format("has {} tensors: choose one with `{}:NAME`; it has {}", entries.size(), path, namesOf(entries))};
  auto entry = name.empty() ? entries.begin() : std::find_if(entries.begin(), entries.end(), [&](const SafetensorsEntry &one) {
    return one.name == name;
  });
  if (entry == entries.end())
    return Failure{fmt::format("has no tensor `{}`; it has {}", displayName(name), namesOf(entries))};
  Result<Converted> read = readEntry(*open, *entry, wanted);
  if (!read)
    return Failure{fmt::format("tensor `{}`: {}", displayName(entry->name), read.message())};
  return read;
}

} // namespace

Result<std::vector<SafetensorsEntry>> listSafetensors(const std::string &path) {
  Result<OpenSafetensors> open = openSafetensors(path);
  if (!open)
    return Failure{fmt::format("{}: {}", path, open.message())};
  return std::move(open->entries);
}

Result<Converted> readSafetensors(const std::string &path, const std::string &name, std::optional<ElementType> wanted) {
  Result<Converted> read = readFrom(path, name, wanted);
  if (!read)
    return Failure{fmt::format("{}: {}", path, read.message())};
  return read;
}

std::optional<std::pair<std::string, std::string>> splitSafetensors(const std::string &text) {
  constexpr std::string_view ending = ".safetensors";
  if (text.ends_with(ending))
    return std::pair(text, std::string());
  size_t at = text.find(std::string(ending) + ":");
  if (at == std::string::npos)
    return std::nullopt;
  size_t colon = at + ending.size();
  return std::pair(text.substr(0, colon), text.substr(colon + 1));
}

} // namespace attn
