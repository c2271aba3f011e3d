#include "compiler/sema/AttentionChecker.h"

#include <algorithm>
#include <numbers>

namespace attn::sema {

bool isReservedCoordinate(std::string_view name) {
  return name.size() == 1 && std::string_view("bhgijde").find(name[0]) != std::string_view::npos;
}

bool isRunCoordinate(CoordinateId coordinate) { return setOf(coordinate) & runCoordinates; }

ExtentId AttentionChecker::findExtent(std::string_view name, const Context &context) const {
  if (context.frame)
    for (auto it = context.frame->extents.rbegin(); it != context.frame->extents.rend(); ++it)
      if (it->first == name)
        return it->second;
  auto it = extentsByName.find(name);
  return it == extentsByName.end() ? none : it->second;
}

CoordinateId AttentionChecker::addCoordinate(std::string name, ExtentId extent) {
  auto taken = [&] {
    return std::any_of(attention.coordinates.begin(), attention.coordinates.end(),
                       [&](const Coordinate &coordinate) { return coordinate.name == name; });
  };
  while (taken())
    name += '\'';
  auto id = static_cast<CoordinateId>(attention.coordinates.size());
  attention.coordinates.push_back({std::move(name), extent});
  extentCoordinates[extent] = id;
  return id;
}

std::optional<CoordinateId> AttentionChecker::coordinateOf(ExtentId extent, const Context &context) {
  if (extentCoordinates[extent] != noCoordinate)
    return extentCoordinates[extent];
  // rule 3.9
  if (attention.coordinates.size() >= 64) {
    if (!budgetReported)
      report(DiagnosticKind::TooManyCoordinates, attention.extents[extent].range, context, attention.name);
    budgetReported = true;
    return std::nullopt;
  }
  std::string name = attention.extents[extent].name;
  for (char &c : name)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return addCoordinate(std::move(name), extent);
}

std::optional<CoordinateId> AttentionChecker::findCoordinate(std::string_view name, const Context &context) {
  if (!isLetter(name))
    return std::nullopt;
  char capital = static_cast<char>(name[0] - 'a' + 'A');
  ExtentId extent = findExtent(std::string_view(&capital, 1), context);
  if (extent == none)
    return std::nullopt;
  return coordinateOf(extent, context);
}

std::optional<CoordinateId> AttentionChecker::requireCoordinate(const syntax::Identifier &name,
                                                                const Context &context) {
  if (auto coordinate = findCoordinate(name.text, context))
    return coordinate;
  if (budgetReported || defaultFailed(context))
    return std::nullopt;
  if (isReservedCoordinate(name.text)) {
    // rule 3.1
    if (!lacksExtent.insert(std::string(name.text)).second) {
      ++errorCount;
      return std::nullopt;
    }
    char capital = static_cast<char>(name.text[0] - 'a' + 'A');
    Diagnostic &diagnostic = report(DiagnosticKind::CoordinateWithoutExtent, name.range, context, name.text);
    diagnostic.withLabel(fmt::format("no tensor has a dimension `{}`", capital))
        .note(fmt::format("`{}` runs over the extent `{}`, which nothing here names", name.text, capital));
    bool inDefaults = !context.frame && context.module->isLibrary && !context.layout;
    if (name.text == "j" && !inDefaults)
      diagnostic.note("`J = I` says that there are as many keys as queries");
  } else {
    Diagnostic &diagnostic = report(DiagnosticKind::NotCoordinate, name.range, context, name.text);
    if (isLetter(name.text))
      diagnostic.note(fmt::format("an extent `{}` would bring it, but nothing here names one",
                                  static_cast<char>(name.text[0] - 'a' + 'A')));
    else
      diagnostic.note("coordinates are single letters: `b h g i j d e`, and one for every one-letter extent");
  }
  return std::nullopt;
}

Value AttentionChecker::resolveName(const syntax::Identifier &name, const Context &context) {
  std::string_view text = name.text;
  if (context.frame) {
    const auto &names = context.frame->names;
    for (auto it = names.rbegin(); it != names.rend(); ++it)
      if (it->name == text)
        return it->value;
  } else {
    if (const LayoutUse::Binding *binding = layoutParameter(text, context.layout)) {
      if (binding->element) {
        report(DiagnosticKind::TypeAsValue, name.range, context, text);
        return {};
      }
      const LayoutUse &use = *context.layout;
      Context outside{.module = binding->isDefault || !use.parent ? (binding->isDefault ? use.module : &modules.main())
                                                                  : use.parent->module,
                      .layout = use.parent,
                      .position = use.position};
      Value value = evaluate(*binding->value, outside);
      if (!binding->type.empty()) {
        NodeId node = materialize(value, *binding->value, outside);
        if (node == none)
          return {};
        if (binding->type == "int")
          node = requireInt(node, *binding->value, fmt::format("parameter `{}`", text), outside);
        else if (binding->type == "bool")
          node = requireBool(node, *binding->value, fmt::format("parameter `{}`", text), outside);
        else if ((node = requireNumber(node, *binding->value, fmt::format("parameter `{}`", text), outside)) != none)
          node = toFloat(node);
        return Value::ofNode(node);
      }
      return value;
    }
    if (!isCapital(text) || versions.count(text)) {
      EntityId entity = findEntity(text, context.position);
      if (entity != none)
        return evaluateEntity(entity, name.range, context);
      if (text == "lse")
        return Value::ofNode(evaluateLse(name.range, context));
    }
  }
  if (auto coordinate = findCoordinate(text, context))
    return Value::ofNode(graph.coordinate(*coordinate, name.range));
  if (ExtentId extent = isCapital(text) ? findExtent(text, context) : none; extent != none)
    return Value::ofNode(extentNode(extent, name.range, context));
  if (isReservedCoordinate(text)) {
    requireCoordinate(name, context);
    return {};
  }
  if (!context.frame && !isCapital(text) && versions.count(text)) {
    // rule 2.3
    report(DiagnosticKind::UsedBeforeDefinition, name.range, context, text)
        .note(entityRange(versions.at(text).front()), "it gets its meaning here, further down");
    return {};
  }
  Found<syntax::Definition> found = modules.findDefinition(*context.module, text);
  if (found.item) {
    syntax::Expr call;
    call.kind = syntax::ExprKind::Call;
    call.name = name;
    call.range = name.range;
    return evaluateCall(call, context);
  }
  if (text == "pi")
    return Value::ofNode(graph.real(std::numbers::pi, ScalarType::Float64, name.range));
  reportUnknownName(name, context);
  return {};
}

bool AttentionChecker::defaultFailed(const Context &context) {
  bool inDefaults = !context.frame && context.module->isLibrary && !context.layout;
  if (!inDefaults || evaluating.empty() || failedDefaults.insert(evaluating.back()).second)
    return false;
  ++errorCount;
  return true;
}

std::vector<std::string> AttentionChecker::visibleNames(const Context &context) {
  std::vector<std::string> names;
  if (context.frame) {
    for (const Frame::Name &name : context.frame->names)
      names.emplace_back(name.name);
  } else {
    for (auto &[name, list] : versions)
      names.emplace_back(name);
    for (auto name : {"score", "mask", "weight", "o", "lse"})
      names.emplace_back(name);
  }
  for (auto &[name, id] : extentsByName)
    names.emplace_back(name);
  for (std::string &name : modules.definitionNames(*context.module))
    names.push_back(std::move(name));
  names.emplace_back("pi");
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

void AttentionChecker::reportUnknownName(const syntax::Identifier &name, const Context &context) {
  std::string_view text = name.text;
  bool inDefaults = !context.frame && context.module->isLibrary && !context.layout;
  if (inDefaults) {
    if (defaultFailed(context))
      return;
    // rule 2.5
    Diagnostic &diagnostic =
        report(DiagnosticKind::DefaultNeedsName, name.range, context, text, quoted(syntax.name.range));
    std::vector<std::string> own;
    for (auto &[version, list] : versions)
      own.emplace_back(version);
    std::sort(own.begin(), own.end());
    if (std::string close = closestName(text, own); !close.empty() && close != text)
      diagnostic.note(entityRange(versions.at(close).front()), fmt::format("`{}` has a similar name", close));
    else if (text == "q" || text == "k" || text == "v")
      diagnostic.note(fmt::format("`layout mha` declares `q`, `k` and `v`; by itself it is `{}: f32[B, H, {}, D]`", text, text == "q" ? "I" : "J"));
    return;
  }
  if (isCapital(text)) {
    Diagnostic &diagnostic = report(DiagnosticKind::UnknownExtent, name.range, context, text);
    if (text == "True" || text == "False") {
      diagnostic.suggest(name.range, text == "True" ? "true" : "false", "a bool is written small");
      return;
    }
    std::vector<std::string> extents;
    for (auto &[extent, id] : extentsByName)
      extents.emplace_back(extent);
    std::sort(extents.begin(), extents.end());
    if (std::string close = closestName(text, extents); !close.empty() && close.size() > 1)
      diagnostic.suggest(name.range, close);
    else
      diagnostic.note(
          "an extent is named by a tensor's dimension, by a line like `D = 64`, or by a scalar like `H: int`");
    return;
  }
  Diagnostic &diagnostic = report(DiagnosticKind::UnknownName, name.range, context, text);
  if (findBuiltin(text) || findReduction(text)) {
    diagnostic.withLabel("a function: it needs its arguments");
    return;
  }
  if (findElementType(text)) {
    diagnostic.withLabel("an element type, which only a declaration takes");
    return;
  }
  if (context.frame && versions.count(text)) {
    // rule 6.5
    diagnostic.note(entityRange(versions.at(text).front()),
                    fmt::format("a def doesn't see the attention's `{}`: pass it as an argument", text));
    return;
  }
  if (isLetter(text)) {
    diagnostic.note(fmt::format("an extent `{}` would bring a coordinate `{}`, but nothing here names one",
                                static_cast<char>(text[0] - 'a' + 'A'), text));
    return;
  }
  if (text == "q_idx" || text == "kv_idx") {
    diagnostic.suggest(name.range, text == "q_idx" ? "i" : "j",
                       text == "q_idx" ? "a query's position is `i`" : "a key's position is `j`");
    return;
  }
  if (std::string close = closestName(text, visibleNames(context)); !close.empty())
    diagnostic.suggest(name.range, close, "a similar name exists");
  else if (!context.frame && !context.module->isLibrary)
    diagnostic.note(fmt::format("an input is declared before it is used: `{0}: f32[…]`, or for a number `{0}: float`", text));
}

std::string AttentionChecker::describe(CoordinateSet set) const {
  std::vector<std::string> names;
  for (CoordinateId id = 0; id < attention.coordinates.size(); ++id)
    if (set & setOf(id))
      names.push_back(fmt::format("`{}`", attention.coordinates[id].name));
  if (names.empty())
    return "nothing";
  std::string text = names[0];
  for (size_t n = 1; n < names.size(); ++n)
    text += (n + 1 == names.size() ? " and " : ", ") + names[n];
  return text;
}

} // namespace attn::sema
