#include "compiler/repl/LineReader.h"

#include "compiler/syntax/Fragment.h"

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

std::unique_ptr<LineReader> repl::createPlainReader() { return std::make_unique<PlainReader>(); }
