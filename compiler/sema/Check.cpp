#include "compiler/sema/Check.h"

#include "compiler/sema/AttentionChecker.h"
#include "compiler/sema/CheckDefinitions.h"

namespace attn::sema {

std::optional<Program> check(const syntax::File &file, SourceManager &sources, Diagnostics &diagnostics) {
  ModuleSet modules(file, sources, diagnostics);
  Reports reports(diagnostics);
  auto recursive = checkDefinitions(modules, reports);
  Program program;
  for (const syntax::Attention &syntax : file.attentions)
    if (auto attention = AttentionChecker(syntax, modules, reports, recursive).check())
      program.attentions.push_back(std::move(*attention));
  if (diagnostics.hasErrors())
    return std::nullopt;
  return program;
}

} // namespace attn::sema
