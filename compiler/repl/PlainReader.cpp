#include "compiler/repl/LineReader.h"

#include "compiler/syntax/Fragment.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

using namespace attn;
using namespace attn::repl;

namespace {

class PlainReader : public LineReader {
public:
  ~PlainReader() override { std::free(buffer); }
  bool isTerminal() const override { return false; }

  Input read() override {
    std::optional<std::string> line = next();
    if (!line)
      return {};
    std::string text = *std::move(line);
    bool isCommand = text.find_first_not_of(" \t") != std::string::npos && text[text.find_first_not_of(" \t")] == ':';
    while (!isCommand) {
      bool more = syntax::expectsMore(text);
      if (!ahead)
        ahead = next();
      if (!ahead || !(more || (!text.empty() && syntax::continuesLine(*ahead))))
        break;
      text += "\n" + *std::exchange(ahead, std::nullopt);
    }
    return {Input::Kind::Text, std::move(text)};
  }

private:
  std::optional<std::string> next() {
    if (ahead)
      return std::exchange(ahead, std::nullopt);
    ssize_t length = getline(&buffer, &capacity, stdin);
    if (length < 0)
      return std::nullopt;
    std::string line(buffer, size_t(length));
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
      line.pop_back();
    return line;
  }

  std::optional<std::string> ahead;
  char *buffer = nullptr;
  size_t capacity = 0;
};

} // namespace

std::vector<std::string> repl::inputsIn(std::string_view text) {
  std::vector<std::string> lines, inputs;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    lines.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  for (size_t n = 0; n < lines.size(); ++n) {
    std::string input = lines[n];
    size_t first = input.find_first_not_of(" \t");
    if (first == std::string::npos)
      continue;
    while (input[first] != ':' && n + 1 < lines.size() &&
           (syntax::expectsMore(input) || syntax::continuesLine(lines[n + 1])))
      input += "\n" + lines[++n];
    inputs.push_back(std::move(input));
  }
  return inputs;
}

std::unique_ptr<LineReader> repl::createPlainReader() { return std::make_unique<PlainReader>(); }
