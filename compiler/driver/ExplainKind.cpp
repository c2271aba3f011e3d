#include "compiler/driver/Commands.h"
#include "compiler/console/Console.h"
#include "compiler/driver/DiagnosticsPage.h"

#include <fmt/format.h>

using namespace attn;
using namespace attn::driver;

int driver::explainKind(const std::string &kind) {
  std::vector<std::string> names;
  for (DiagnosticKind known : allDiagnosticKinds()) {
    if (kindName(known) == kind) {
      std::string entry = diagnosticsPageEntry(kind);
      if (entry.empty())
        entry = fmt::format("{}: {}\n", kind, kindText(known));
      return writeOut(entry) ? exitSuccess : exitInput;
    }
    names.push_back(std::string(kindName(known)));
  }
  std::string close = closestName(kind, names);
  if (!close.empty())
    return usageError(fmt::format("no diagnostic is called `{}`; did you mean `{}`?", kind, close));
  return usageError(fmt::format("no diagnostic is called `{}`; a message shows its name in brackets: `error[{}]`", kind,
                                names.front()));
}
