#include "compiler/sema/CheckDefinitions.h"

#include "compiler/sema/AttentionChecker.h"

#include <algorithm>

namespace attn::sema {

using syntax::Expr;
using syntax::ExprKind;

namespace {

class DefinitionsChecker {
public:
  DefinitionsChecker(ModuleSet &modules, Reports &reports) : modules(modules), reports(reports) {}

  std::unordered_set<const syntax::Definition *> run() {
    for (const auto &module : modules.all())
      for (const syntax::Definition &definition : module->file->definitions)
        checkNames(definition, *module);
    for (const auto &module : modules.all())
      for (const syntax::Definition &definition : module->file->definitions)
        followCalls(definition);
    return std::move(recursive);
  }

private:
  struct Call {
    const syntax::Definition *callee;
    SourceRange range;
  };

  void checkNewName(const syntax::Identifier &name, std::string_view what) {
    // rule 3.2
    if (isReservedCoordinate(name.text))
      reports.report(DiagnosticKind::CoordinateName, name.range, name.text)
          .note("`b h g i j d e` are coordinates in every attention");
    if (name.text == "pi")
      reports.report(DiagnosticKind::ConstantName, name.range, name.text);
    if (isCapital(name.text)) {
      std::string lower(name.text);
      for (char &c : lower)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      reports.report(DiagnosticKind::CapitalName, name.range, what, name.text)
          .note("a capital begins the name of an extent")
          .suggest(name.range, lower);
    }
  }

  void checkNames(const syntax::Definition &definition, const Module &module) {
    checkNewName(definition.name, "def");
    std::vector<std::string_view> names;
    auto visible = [&](std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); };
    for (const syntax::Parameter &parameter : definition.parameters) {
      checkNewName(parameter.name, "parameter");
      if (visible(parameter.name.text))
        reports.report(DiagnosticKind::DuplicateParameter, parameter.name.range, parameter.name.text);
      if (parameter.defaultValue)
        checkExpression(*parameter.defaultValue, definition, module, names, 0);
      names.push_back(parameter.name.text);
    }
    for (size_t n = 0; n < definition.bindings.size(); ++n) {
      checkNewName(definition.bindings[n].name, "name");
      checkExpression(*definition.bindings[n].value, definition, module, names, n);
      names.push_back(definition.bindings[n].name.text);
    }
    if (definition.result)
      checkExpression(*definition.result, definition, module, names, definition.bindings.size());
  }

  void checkExpression(const Expr &expression, const syntax::Definition &definition, const Module &module,
                       const std::vector<std::string_view> &names, size_t line) {
    std::vector<const Expr *> pending{&expression};
    while (!pending.empty()) {
      const Expr &top = *pending.back();
      pending.pop_back();
      for (auto it = top.arguments.rbegin(); it != top.arguments.rend(); ++it)
        if (it->value)
          pending.push_back(it->value);
      for (auto it = top.operands.rbegin(); it != top.operands.rend(); ++it)
        if (*it)
          pending.push_back(*it);
      if (top.kind == ExprKind::Name)
        checkName(top.name, definition, module, names, line);
      else if (top.kind == ExprKind::Call || top.kind == ExprKind::Pipe)
        checkCall(top, definition, module);
    }
  }

  void checkName(const syntax::Identifier &name, const syntax::Definition &definition, const Module &module,
                 const std::vector<std::string_view> &names, size_t line) {
    std::string_view text = name.text;
    if (std::find(names.begin(), names.end(), text) != names.end() || isCapital(text) || text == "pi")
      return;
    for (size_t n = line; n < definition.bindings.size(); ++n)
      if (definition.bindings[n].name.text == text && !isLetter(text)) {
        reports.report(DiagnosticKind::UsedBeforeDefinition, name.range, text)
            .note(definition.bindings[n].name.range, "it gets its meaning here, further down");
        return;
      }
    Found<syntax::Definition> found = modules.findDefinition(module, text);
    if (found.item) {
      calls[&definition].push_back({found.item, name.range});
      return;
    }
    if (isLetter(text))
      return;
    Diagnostic &diagnostic = reports.report(DiagnosticKind::UnknownName, name.range, text);
    if (findBuiltin(text) || findReduction(text)) {
      diagnostic.withLabel("a function: it needs its arguments");
      return;
    }
    std::vector<std::string> known = modules.definitionNames(module);
    known.insert(known.end(), names.begin(), names.end());
    if (std::string close = closestName(text, known); !close.empty())
      diagnostic.suggest(name.range, close, "a similar name exists");
    else
      // rule 6.5
      diagnostic.note("a def sees its parameters, coordinates, extents and other defs");
  }

  void checkCall(const Expr &call, const syntax::Definition &definition, const Module &module) {
    Found<syntax::Definition> found = modules.findDefinition(module, call.name.text);
    if (found.item) {
      calls[&definition].push_back({found.item, call.range});
      return;
    }
    if (findBuiltin(call.name.text) || findReduction(call.name.text))
      return;
    for (const syntax::Parameter &parameter : definition.parameters)
      if (parameter.name.text == call.name.text) {
        reports.report(DiagnosticKind::NotCallable, call.name.range, call.name.text)
            .note(fmt::format("`{}[…]` reads it at an index or coordinate", call.name.text));
        return;
      }
    Diagnostic &diagnostic = reports.report(DiagnosticKind::UnknownFunction, call.name.range, call.name.text);
    std::vector<std::string> known = modules.definitionNames(module);
    for (std::string &builtin : builtinNames())
      known.push_back(std::move(builtin));
    if (std::string close = closestName(call.name.text, known); !close.empty())
      diagnostic.suggest(call.name.range, close, "a similar name exists");
  }

  /// Depth-first over who calls whom, without recursing: a chain of calls may be long.
  void followCalls(const syntax::Definition &root) {
    struct Step {
      const syntax::Definition *definition;
      size_t next = 0;
    };
    if (finished.count(&root))
      return;
    std::vector<Step> path{{&root}};
    while (!path.empty()) {
      Step &step = path.back();
      const auto &from = calls[step.definition];
      if (step.next == from.size()) {
        finished.insert(step.definition);
        path.pop_back();
        continue;
      }
      const Call &call = from[step.next++];
      if (finished.count(call.callee))
        continue;
      auto open =
          std::find_if(path.begin(), path.end(), [&](const Step &other) { return other.definition == call.callee; });
      if (open == path.end()) {
        path.push_back({call.callee});
        continue;
      }
      // rule 6.9
      Diagnostic &diagnostic = reports.report(DiagnosticKind::RecursiveDefinition, call.range, call.callee->name.text);
      for (auto it = open; it != path.end(); ++it) {
        recursive.insert(it->definition);
        if (it != open)
          diagnostic.note(it->definition->name.range, fmt::format("through `{}`", it->definition->name.text));
      }
      diagnostic.note("the language has no recursion: reductions run over a coordinate");
    }
  }

  ModuleSet &modules;
  Reports &reports;
  std::unordered_map<const syntax::Definition *, std::vector<Call>> calls;
  std::unordered_set<const syntax::Definition *> finished;
  std::unordered_set<const syntax::Definition *> recursive;
};

} // namespace

std::unordered_set<const syntax::Definition *> checkDefinitions(ModuleSet &modules, Reports &reports) {
  return DefinitionsChecker(modules, reports).run();
}

} // namespace attn::sema
