#include "compiler/syntax/Formatter.h"
#include "compiler/syntax/Parser.h"
#include "compiler/syntax/Printer.h"

#include <cstdlib>

/// Any bytes get a tree or a message; a tree without messages prints to a text that parses without messages and prints
/// the same, and its text can be formatted, once and for all, without becoming another program.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace attn;
  SourceManager sources;
  Diagnostics diagnostics;
  const SourceFile *source = sources.addText("fuzz", std::string(reinterpret_cast<const char *>(data), size));
  syntax::File file = syntax::parse(*source, diagnostics);
  render(diagnostics, true);
  if (!diagnostics.all().empty())
    return 0;
  std::string printed = print(file);
  Diagnostics again;
  syntax::File second = syntax::parse(*sources.addText("printed", printed), again);
  if (!again.all().empty() || print(second) != printed) {
    fmt::print(stderr, "{}{}", printed, render(again));
    std::abort();
  }
  Diagnostics none;
  std::string formatted = syntax::format(*source, none).value();
  const SourceFile *after = sources.addText("formatted", formatted);
  if (!syntax::isSameProgram(*source, *after) || syntax::format(*after, none) != formatted) {
    fmt::print(stderr, "{}", formatted);
    std::abort();
  }
  return 0;
}
