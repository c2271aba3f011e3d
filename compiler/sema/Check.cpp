#include "compiler/sema/Check.h"

#include "compiler/sema/AttentionChecker.h"

namespace attn::sema {

std::optional<Program> check(const syntax::File &file, SourceManager &sources, Diagnostics &diagnostics) {
  ModuleSet modules(file, sources, diagnostics);
  Program program;
  for (const syntax::Attention &syntax : file.attentions)
    if (auto attention = AttentionChecker(syntax, modules, diagnostics).check())
      program.attentions.push_back(std::move(*attention));
  if (diagnostics.hasErrors())
    return std::nullopt;
  return program;
}

} // namespace attn::sema
