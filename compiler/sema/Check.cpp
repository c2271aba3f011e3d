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

std::optional<Attention> checkExpression(const syntax::File &file, const syntax::Attention &scope,
                                         const syntax::Expr &expression, SourceManager &sources,
                                         Diagnostics &diagnostics) {
  Diagnostics elsewhere;
  ModuleSet modules(file, sources, elsewhere);
  Reports unheard(elsewhere), reports(diagnostics);
  auto recursive = checkDefinitions(modules, unheard);
  return AttentionChecker(scope, modules, reports, recursive).checkExpression(expression);
}

} // namespace attn::sema
