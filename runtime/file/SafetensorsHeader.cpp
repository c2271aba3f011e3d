#include "runtime/file/SafetensorsHeader.h"

#include "runtime/tensor/Tensor.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace attn {

namespace {

/// Takes the header apart as it is read, so that what a hostile one promises is never built: it is two levels deep and has known keys.
class HeaderReader {
public:
  std::vector<SafetensorsEntry> entries;
  std::string problem;

  bool start_object(size_t) {
    if (where == Where::Nowhere)
      return enter(Where::Top);
    if (where == Where::Top && hasKey)
      return isMetadata ? enter(Where::Metadata) : beginTensor();
    return misplaced("an object");
  }
  bool end_object() {
    hasKey = false;
    if (where == Where::Tensor && !endTensor())
      return false;
    return enter(where == Where::Top ? Where::End : Where::Top);
  }
  bool key(std::string &text) {
    hasKey = true;
    if (where == Where::Top) {
      isMetadata = text == "__metadata__";
      name = text;
      return names.insert(text).second || fail(fmt::format("has two entries `{}`", displayName(text)));
    }
    if (where == Where::Metadata)
      return true;
    part = text == "dtype" ? Type : text == "shape" ? Shape : text == "data_offsets" ? Offsets : Unknown;
    if (part == Unknown)
      return fail(fmt::format("has an unknown key `{}` in tensor `{}`", displayName(text), displayName(name)));
    if (seen & part)
      return fail(fmt::format("has two `{}` in tensor `{}`", text, displayName(name)));
    seen |= part;
    return true;
  }
  bool start_array(size_t) {
    if (where != Where::Tensor || part == Type)
      return misplaced("an array");
    return enter(part == Shape ? Where::Shape : Where::Offsets);
  }
  bool end_array() { return enter(Where::Tensor); }

  bool string(std::string &text) {
    if (where == Where::Metadata)
      return true;
    if (where != Where::Tensor || part != Type)
      return misplaced("a string");
    entries.back().type = text;
    return true;
  }
  bool number_unsigned(uint64_t value) {
    if (where != Where::Shape && where != Where::Offsets)
      return misplaced("a number");
    if (value > uint64_t(INT64_MAX))
      return fail(fmt::format("has a number that overflows 64 bits in tensor `{}`", displayName(name)));
    std::vector<int64_t> &list = where == Where::Shape ? entries.back().shape : offsets;
    if (list.size() >= 64)
      return fail(fmt::format("has a list of more than 64 numbers in tensor `{}`", displayName(name)));
    list.push_back(int64_t(value));
    return true;
  }
  bool number_integer(int64_t value) { return misplaced("a negative number"); }
  bool number_float(double, const std::string &text) { return misplaced("a number that isn't whole"); }
  bool null() { return misplaced("`null`"); }
  bool boolean(bool) { return misplaced("a bool"); }
  bool binary(std::vector<uint8_t> &) { return misplaced("binary data"); }
  template <class Error> bool parse_error(size_t position, const std::string &, const Error &) {
    return fail(fmt::format("is not JSON: it goes wrong at byte {}", position));
  }

private:
  enum class Where : uint8_t { Nowhere, Top, Metadata, Tensor, Shape, Offsets, End };
  enum Part : uint8_t { Unknown = 0, Type = 1, Shape = 2, Offsets = 4 };

  bool enter(Where next) {
    where = next;
    return true;
  }
  bool fail(std::string text) {
    if (problem.empty())
      problem = std::move(text);
    return false;
  }
  bool misplaced(std::string_view what) {
    if (where == Where::Nowhere)
      return fail("is not a JSON object");
    if (where == Where::Top)
      return fail(fmt::format("has {} for entry `{}`, not an object", what, displayName(name)));
    if (where == Where::Metadata)
      return fail(fmt::format("has {} in `__metadata__`, which holds strings", what));
    std::string_view wanted = part == Type    ? "`dtype`, which is a string"
                              : part == Shape ? "`shape`, which is a list of whole numbers from 0"
                                              : "`data_offsets`, which is a list of two whole numbers from 0";
    return fail(fmt::format("has {} in tensor `{}` for {}", what, displayName(name), wanted));
  }
  bool beginTensor() {
    entries.push_back({name, "", {}, 0, 0});
    offsets.clear();
    seen = 0;
    part = Unknown;
    return enter(Where::Tensor);
  }
  bool endTensor() {
    for (auto [wanted, text] : {std::pair(Type, "dtype"), std::pair(Shape, "shape"), std::pair(Offsets, "data_offsets")})
      if (!(seen & wanted))
        return fail(fmt::format("has no `{}` for tensor `{}`", text, displayName(name)));
    if (offsets.size() != 2 || offsets[0] > offsets[1])
      return fail(fmt::format("has `data_offsets` {} for tensor `{}`: expected its begin and end", describeShape(offsets),
                              displayName(name)));
    entries.back().begin = offsets[0];
    entries.back().end = offsets[1];
    return true;
  }

  Where where = Where::Nowhere;
  Part part = Unknown;
  unsigned seen = 0;
  bool hasKey = false, isMetadata = false;
  std::string name;
  std::set<std::string> names;
  std::vector<int64_t> offsets;
};

} // namespace

std::string displayName(std::string_view name) {
  constexpr size_t longest = 60;
  size_t end = std::min(name.size(), longest);
  while (end > 0 && end < name.size() && (uint8_t(name[end]) & 0xC0) == 0x80)
    --end;
  std::string text;
  for (char c : name.substr(0, end))
    text += uint8_t(c) < 0x20 || c == 0x7F ? '?' : c;
  return end < name.size() ? text + "..." : text;
}

Result<std::vector<SafetensorsEntry>> parseSafetensorsHeader(std::string_view json, int64_t dataBytes) {
  HeaderReader reader;
  if (!nlohmann::json::sax_parse(json.begin(), json.end(), &reader))
    return Failure{fmt::format("the header {}", reader.problem)};
  std::vector<SafetensorsEntry> &entries = reader.entries;
  std::sort(entries.begin(), entries.end(), [](const SafetensorsEntry &a, const SafetensorsEntry &b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  int64_t covered = 0;
  for (const SafetensorsEntry &entry : entries) {
    if (entry.end > dataBytes)
      return Failure{fmt::format("is truncated: tensor `{}` ends at byte {} of the data, the file has {}", displayName(entry.name),
                                 entry.end, dataBytes)};
    if (entry.begin < covered)
      return Failure{fmt::format("tensor `{}` begins inside another, at byte {} of the data", displayName(entry.name), entry.begin)};
    if (entry.begin > covered)
      return Failure{fmt::format("no tensor has bytes {} to {} of the data", covered, entry.begin)};
    covered = entry.end;
  }
  if (covered < dataBytes)
    return Failure{fmt::format("has {} bytes after its last tensor", dataBytes - covered)};
  return std::move(entries);
}

} // namespace attn
