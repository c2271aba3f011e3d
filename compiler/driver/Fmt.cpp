#include "compiler/driver/Commands.h"

#include "compiler/console/Console.h"
#include "compiler/syntax/Formatter.h"
#include "runtime/file/WholeFile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

using namespace attn;
using namespace attn::driver;

namespace {

/// Standard input, one byte more than a file may have at most, so that the parser sees that it has too many.
Result<std::string> readStandardInput() {
  std::string text;
  char buffer[1 << 16];
  while (text.size() <= maximumSourceSize) {
    size_t count = std::fread(buffer, 1, sizeof buffer, stdin);
    text.append(buffer, count);
    if (count < sizeof buffer)
      break;
  }
  if (std::ferror(stdin))
    return Failure{fmt::format("cannot read standard input: {}", std::strerror(errno))};
  return text;
}

/// The first line (from 1) that differs.
size_t firstDifference(std::string_view one, std::string_view other) {
  auto [place, _] = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  return size_t(std::count(one.begin(), place, '\n')) + 1;
}

int formatOne(const std::string &path, bool onlyCheck) {
  SourceManager sources;
  const SourceFile *source = nullptr;
  bool isStandardInput = path == "-";
  if (isStandardInput) {
    Result<std::string> text = readStandardInput();
    if (!text) {
      printError(text.message());
      return exitInput;
    }
    source = sources.addText("<stdin>", *std::move(text));
  } else {
    std::string reason;
    source = sources.open(path, reason);
    if (!source) {
      printError(fmt::format("cannot read `{}`: {}", path, reason));
      return exitInput;
    }
  }
  Diagnostics diagnostics;
  std::optional<std::string> text = syntax::format(*source, diagnostics);
  printDiagnostics(diagnostics);
  if (!text)
    return exitInput;
  if (!syntax::isSameProgram(*source, *sources.addText("formatted", *text))) {
    printError(fmt::format("`{}` is left as it is: formatted it would be another program, which is a bug of attnc", path));
    return exitInternal;
  }
  if (onlyCheck) {
    if (*text == source->text())
      return exitSuccess;
    printError(fmt::format("{}:{}: not as `attnc fmt` writes it{}", source->path(), firstDifference(source->text(), *text),
                           isStandardInput ? "" : fmt::format("; `attnc fmt {}` mends it", path)));
    return exitCheck;
  }
  if (isStandardInput)
    return writeOut(*text) ? exitSuccess : exitInput;
  if (*text == source->text())
    return exitSuccess;
  Status written = writeWhole(path, *text);
  if (!written)
    printError(written.message());
  return written ? exitSuccess : exitInput;
}

} // namespace

int driver::fmtMain(const Arguments &arguments) {
  int status = exitSuccess;
  for (const std::string &path : arguments.files) {
    int one = formatOne(path, arguments.has(OptionId::Check));
    // A mistake outweighs a file that is merely not formatted, and a bug everything.
    if (one == exitInternal || status == exitSuccess || (one == exitInput && status == exitCheck))
      status = one;
  }
  return status;
}
