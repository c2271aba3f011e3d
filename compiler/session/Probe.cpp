#include "compiler/session/Session.h"

#include "compiler/sema/Builtins.h"
#include "compiler/sema/Check.h"
#include "compiler/sema/Modules.h"
#include "compiler/syntax/Parser.h"

#include <fmt/format.h>

#include <algorithm>

using namespace attn;
using namespace attn::session;

namespace {

/// What an expression is checked in where there is no attention: every extent is given by the caller.
constexpr std::string_view scratch = "attention scratch { B: int; H: int; G: int; I: int; J: int; D: int; E: int }\n";

constexpr std::string_view words[] = {"and",   "or",   "not",    "if",  "else", "true",   "false",     "inf",    "pi",
                                      "score", "mask", "weight", "lse", "def",  "layout", "attention", "import", "out"};

std::optional<sema::Attention> checkIn(const library::Spec &whole, const std::string &current,
                                       const syntax::Expr &expression, SourceManager &sources,
                                       Diagnostics &diagnostics) {
  const syntax::File &file = whole.syntax();
  auto scope = std::find_if(file.attentions.begin(), file.attentions.end(),
                            [&](const syntax::Attention &attention) { return attention.name.text == current; });
  if (scope != file.attentions.end())
    return sema::checkExpression(file, *scope, expression, sources, diagnostics);
  const SourceFile *text = sources.addText("<scratch>", std::string(scratch));
  Diagnostics unheard;
  syntax::File alone = syntax::parse(*text, unheard);
  return sema::checkExpression(file, alone.attentions.front(), expression, sources, diagnostics);
}

void sortUnique(std::vector<std::string> &names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

} // namespace

std::optional<Probe> Session::probe(const std::string &typed, Messages &messages) const {
  struct Owners {
    SourceManager sources;
    std::shared_ptr<const library::Spec> whole;
  };
  auto owners = std::make_shared<Owners>();
  owners->whole = checked.whole;
  const SourceFile *source = owners->sources.addText("<input>", typed);
  Diagnostics found;
  syntax::Fragment fragment = syntax::parseFragment(*source, found);
  std::optional<sema::Attention> attention;
  if (!found.hasErrors() && fragment.expression)
    attention = checkIn(*checked.whole, state.current, *fragment.expression, owners->sources, found);
  messages.add(std::move(found), owners);
  if (!attention)
    return std::nullopt;
  return Probe{*std::move(attention), owners};
}

KnownNames Session::names() const {
  KnownNames names;
  names.values.assign(std::begin(words), std::end(words));
  for (std::string &builtin : sema::builtinNames())
    names.values.push_back(std::move(builtin));
  auto addItems = [&](const syntax::File &file) {
    for (const syntax::Definition &definition : file.definitions)
      names.values.emplace_back(definition.name.text);
    for (const syntax::Layout &layout : file.layouts)
      names.layouts.emplace_back(layout.name.text);
  };
  addItems(checked.whole->syntax());
  SourceManager sources;
  Diagnostics unheard;
  sema::ModuleSet modules(checked.whole->syntax(), sources, unheard);
  for (std::string &name : modules.definitionNames(modules.main()))
    names.values.push_back(std::move(name));
  for (std::string &name : modules.layoutNames(modules.main()))
    names.layouts.push_back(std::move(name));
  for (const syntax::Attention &attention : checked.whole->syntax().attentions)
    for (const syntax::Line &line : attention.lines)
      if (!line.name.text.empty() && line.kind != syntax::LineKind::UseLayout && attention.name.text == state.current)
        names.values.emplace_back(line.name.text);
  Messages silent;
  if (std::optional<Probe> nothing = probe("0", silent)) {
    for (const sema::Tensor &tensor : nothing->attention.tensors)
      names.inputs.push_back(tensor.name);
    for (const sema::Scalar &scalar : nothing->attention.scalars)
      if (scalar.extent == sema::none)
        names.inputs.push_back(scalar.name);
    for (const sema::Coordinate &coordinate : nothing->attention.coordinates)
      if (coordinate.extent != sema::none)
        names.values.push_back(coordinate.name);
    for (const sema::Extent &extent : nothing->attention.extents)
      names.extents.push_back(extent.name);
    names.values.insert(names.values.end(), names.inputs.begin(), names.inputs.end());
    names.values.insert(names.values.end(), names.extents.begin(), names.extents.end());
  }
  for (std::vector<std::string> *list : {&names.values, &names.layouts, &names.inputs, &names.extents})
    sortUnique(*list);
  return names;
}

std::string session::coordinatesOf(const Probe &probe) {
  std::string text;
  for (sema::CoordinateId coordinate : probe.output().coordinates)
    text += (text.empty() ? "" : ", ") + probe.attention.coordinates[coordinate].name;
  return text;
}
