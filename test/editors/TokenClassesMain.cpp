#include "test/editors/TokenClasses.h"

#include <fmt/format.h>

/// Prints `line column class` for every byte that belongs to a token of a file, lines and columns from 1.
int main(int count, char **words) {
  using namespace attn;
  SourceManager sources;
  std::string reason;
  const SourceFile *source = count == 2 ? sources.open(words[1], reason) : nullptr;
  if (!source) {
    fmt::print(stderr, "usage: attn-token-classes FILE {}\n", reason);
    return 2;
  }
  uint32_t line = 1;
  for (const editors::ClassifiedToken &token : editors::classify(*source)) {
    while (line < source->lineCount() && source->lineBegin(line + 1) <= token.begin)
      ++line;
    for (uint32_t at = token.begin; at < token.end; ++at)
      fmt::print("{} {} {}\n", line, at - source->lineBegin(line) + 1, name(token.tokenClass));
  }
}
