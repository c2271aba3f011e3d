#include "runtime/file/NpyHeader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace attn {

namespace {

/// A reader of the few Python literals a header consists of.
class HeaderParser {
public:
  explicit HeaderParser(std::string_view text) : text(text) {}

  Result<NpyHeader> parse() {
    if (!eat('{'))
      return bad("does not start with `{`");
    while (!eat('}')) {
      std::string key;
      if (!string(key) || !eat(':'))
        return bad("is not a dictionary of `'key': value`");
      if (std::string problem = entry(key); !problem.empty())
        return bad(problem);
      if (!eat(',') && peek() != '}')
        return bad("lacks a `,` or `}`");
    }
    space();
    if (at != text.size())
      return bad("goes on after `}`");
    if (!hasDescr || !hasOrder || !hasShape)
      return bad(fmt::format("has no `{}`", !hasDescr ? "descr" : !hasOrder ? "fortran_order" : "shape"));
    return header;
  }

private:
  static Failure bad(std::string_view problem) { return Failure{fmt::format("the header {}", problem)}; }

  void space() {
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r'))
      ++at;
  }
  char peek() {
    space();
    return at < text.size() ? text[at] : '\0';
  }
  bool eat(char wanted) {
    if (peek() != wanted)
      return false;
    ++at;
    return true;
  }
  bool word(std::string_view wanted) {
    space();
    if (text.substr(at, wanted.size()) != wanted)
      return false;
    at += wanted.size();
    return true;
  }
  bool string(std::string &value) {
    char quote = peek();
    if (quote != '\'' && quote != '"')
      return false;
    size_t end = text.find(quote, at + 1);
    if (end == std::string_view::npos)
      return false;
    value = text.substr(at + 1, end - at - 1);
    at = end + 1;
    // What goes into messages is one printable line.
    return std::all_of(value.begin(), value.end(), [](char c) { return c >= ' ' && c < 0x7f && c != '\\'; });
  }

  std::string entry(const std::string &key) {
    if (key == "descr")
      return hasDescr ? "has two `descr`" : (hasDescr = true, descr());
    if (key == "fortran_order") {
      if (hasOrder)
        return "has two `fortran_order`";
      hasOrder = true;
      header.fortranOrder = word("True");
      return header.fortranOrder || word("False") ? "" : "has a `fortran_order` that is neither True nor False";
    }
    if (key == "shape")
      return hasShape ? "has two `shape`" : (hasShape = true, shape());
    return fmt::format("has an unknown key `{}`", key);
  }

  std::string descr() {
    if (peek() == '[')
      return "describes a structured type; only plain elements are supported";
    if (!string(header.descr))
      return "has a `descr` that is not a string";
    std::string_view rest = header.descr;
    if (!rest.empty() && std::string_view("<>|=").find(rest.front()) != std::string_view::npos) {
      header.byteOrder = rest.front() == '=' ? '<' : rest.front();
      rest.remove_prefix(1);
    }
    if (rest.empty())
      return fmt::format("has an unknown element type `{}`", header.descr);
    header.kind = rest.front();
    if (std::string_view("OSUMm").find(header.kind) != std::string_view::npos)
      return fmt::format("describes elements of type `{}`, which are not numbers", header.descr);
    auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), header.itemSize);
    if (error != std::errc() || end != rest.data() + rest.size() || header.itemSize <= 0)
      return fmt::format("has an unknown element type `{}`", header.descr);
    return "";
  }

  std::string shape() {
    if (!eat('('))
      return "has a `shape` that is not a tuple";
    while (!eat(')')) {
      int64_t size = 0;
      space();
      auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), size);
      if (error == std::errc::result_out_of_range)
        return "has a dimension that overflows 64 bits";
      if (error != std::errc())
        return "has a `shape` that is not a tuple of numbers";
      if (size < 0)
        return "has a negative dimension";
      at = size_t(end - text.data());
      if (at < text.size() && text[at] == 'L')
        ++at;
      header.shape.push_back(size);
      if (header.shape.size() > 32)
        return "has more than 32 dimensions";
      if (!eat(',') && peek() != ')')
        return "has a `shape` that is not a tuple of numbers";
    }
    return "";
  }

  std::string_view text;
  size_t at = 0;
  NpyHeader header;
  bool hasDescr = false, hasOrder = false, hasShape = false;
};

} // namespace

Result<NpyHeader> parseNpyHeader(std::string_view text) { return HeaderParser(text).parse(); }

std::string formatNpyHeader(std::string_view descr, const std::vector<int64_t> &shape) {
  std::string tuple = fmt::format("{}{}", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, tuple);
  // Magic, version and length take 10 bytes; the data starts at a multiple of 64 after a newline.
  size_t padded = (text.size() + 1 + 10 + 63) / 64 * 64 - 10;
  text.append(padded - 1 - text.size(), ' ');
  text += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += '\x01';
  bytes += '\0';
  bytes += char(text.size() & 0xFF);
  bytes += char(text.size() >> 8);
  return bytes + text;
}

} // namespace attn
