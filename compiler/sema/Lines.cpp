#include "compiler/sema/AttentionChecker.h"

#include <algorithm>
#include <utility>

namespace attn::sema {

using syntax::LineKind;

namespace {

constexpr unsigned maximumLayoutDepth = 64;
constexpr size_t maximumLines = 20'000;
constexpr size_t maximumRank = 8;

std::string signature(const syntax::Layout &layout) {
  std::string text = std::string(layout.name.text) + "(";
  for (size_t n = 0; n < layout.parameters.size(); ++n) {
    const syntax::Parameter &parameter = layout.parameters[n];
    text += fmt::format("{}{}{}{}", n ? ", " : "", parameter.name.text,
                        parameter.type ? fmt::format(": {}", parameter.type->range.text()) : "",
                        parameter.defaultValue ? fmt::format(" = {}", parameter.defaultValue->range.text()) : "");
  }
  return text + ")";
}

} // namespace

void AttentionChecker::placeLines(const std::vector<syntax::Line> &from, const Module &module, const LayoutUse *layout,
                                  unsigned depth) {
  for (const syntax::Line &line : from) {
    if (lines.size() >= maximumLines) {
      if (std::exchange(layoutFailed, true))
        return;
      report(DiagnosticKind::TooManyLines, line.range, Context{.module = &module, .layout = layout}, attention.name,
             maximumLines);
      return;
    }
    if (line.kind == LineKind::UseLayout)
      useLayout(line, module, layout, depth);
    else
      lines.push_back({&line, &module, layout});
  }
}

void AttentionChecker::useLayout(const syntax::Line &line, const Module &module, const LayoutUse *parent,
                                 unsigned depth) {
  Context context{.module = &module, .layout = parent};
  Found<syntax::Layout> found = modules.findLayout(module, line.name.text);
  if (!found.item) {
    Diagnostic &diagnostic = report(DiagnosticKind::UnknownLayout, line.name.range, context, line.name.text);
    if (std::string close = closestName(line.name.text, modules.layoutNames(module)); !close.empty())
      diagnostic.suggest(line.name.range, close, "a layout with a similar name exists");
    else if (modules.findDefinition(module, line.name.text).item)
      diagnostic.note(fmt::format("`{0}` is a def, for expressions: `mask = {0}`, say", line.name.text));
    layoutFailed = true;
    return;
  }
  if (found.rival) {
    report(DiagnosticKind::AmbiguousImport, line.name.range, context, line.name.text)
        .note(found.item->name.range, "one is here")
        .note(found.rival->name.range, "another is here");
    layoutFailed = true;
    return;
  }
  // rule 7.4: layouts may use layouts, but not themselves.
  for (const LayoutUse *use = parent; use; use = use->parent)
    if (use->definition == found.item || depth > maximumLayoutDepth) {
      report(DiagnosticKind::RecursiveLayout, line.name.range, context, found.item->name.text)
          .note(found.item->name.range, "the layout is defined here");
      layoutFailed = true;
      return;
    }

  LayoutUse &use = layoutUses.emplace_back();
  use.definition = found.item;
  use.module = found.module;
  use.parent = parent;
  use.range = line.range;
  use.position = static_cast<uint32_t>(lines.size());

  const auto &parameters = found.item->parameters;
  std::vector<const syntax::Expr *> given(parameters.size());
  size_t positional = 0;
  for (const syntax::Argument &argument : line.arguments) {
    size_t n = argument.name ? 0 : positional++;
    if (argument.name)
      while (n < parameters.size() && parameters[n].name.text != argument.name.text)
        ++n;
    if (n >= parameters.size()) {
      if (argument.name)
        report(DiagnosticKind::UnknownArgument, argument.name.range, context, found.item->name.text, argument.name.text)
            .note(found.item->name.range, fmt::format("it is `{}`", signature(*found.item)));
      else if (n == parameters.size())
        report(DiagnosticKind::ArgumentCount, argument.value->range, context, found.item->name.text,
               parameters.size() == 1 ? "1 argument" : fmt::format("{} arguments", parameters.size()),
               line.arguments.size())
            .note(found.item->name.range, fmt::format("it is `{}`", signature(*found.item)));
      continue;
    }
    if (given[n])
      report(DiagnosticKind::DuplicateArgument, argument.value->range, context, parameters[n].name.text)
          .note(given[n]->range, "it is given here");
    given[n] = argument.value;
  }
  for (size_t n = 0; n < parameters.size(); ++n) {
    const syntax::Parameter &parameter = parameters[n];
    const syntax::Expr *value = given[n] ? given[n] : parameter.defaultValue;
    LayoutUse::Binding binding{.name = parameter.name.text};
    if (!value) {
      report(DiagnosticKind::MissingArgument, line.name.range, context, found.item->name.text, parameter.name.text)
          .note(found.item->name.range, fmt::format("it is `{}`", signature(*found.item)));
      layoutFailed = true;
      return;
    }
    if (parameter.type && parameter.type->name.text == "type") {
      // rule 7.2: a `type` parameter takes an element type, or the `type` parameter of the layout around it.
      if (value->kind == syntax::ExprKind::Name) {
        binding.element = findElementType(value->name.text);
        if (const LayoutUse::Binding *outer = given[n] ? layoutParameter(value->name.text, parent) : nullptr)
          binding.element = outer->element;
      }
      if (!binding.element) {
        report(DiagnosticKind::ElementTypeArgument, value->range, context, parameter.name.text, quoted(value->range))
            .note("element types are f16 bf16 f32 i8 u8 i32 i64 bool");
        binding.element = ElementType::F32;
      }
    } else {
      binding.value = value;
      binding.isDefault = !given[n];
      if (parameter.type)
        binding.type = parameter.type->name.text;
      if (parameter.type &&
          (parameter.type->isTensor || (binding.type != "int" && binding.type != "float" && binding.type != "bool")))
        report(DiagnosticKind::ParameterType, parameter.type->range, context, quoted(parameter.type->range), "layout")
            .note("a layout's parameters are `type`, `int`, `float`, `bool`, or have no type: any expression");
    }
    use.bindings.push_back(binding);
  }
  placeLines(found.item->lines, *found.module, &use, depth + 1);
}

const LayoutUse::Binding *AttentionChecker::layoutParameter(std::string_view name, const LayoutUse *layout) const {
  if (layout)
    for (const LayoutUse::Binding &binding : layout->bindings)
      if (binding.name == name)
        return &binding;
  return nullptr;
}

std::optional<ElementType> AttentionChecker::elementType(const syntax::Type &type, const LayoutUse *layout,
                                                         const Module &module) {
  if (const LayoutUse::Binding *binding = layoutParameter(type.name.text, layout); binding && binding->element)
    return binding->element;
  if (auto element = findElementType(type.name.text))
    return element;
  Diagnostic &diagnostic = report(DiagnosticKind::UnknownType, type.name.range,
                                  Context{.module = &module, .layout = layout}, type.name.text);
  std::vector<std::string> names;
  for (unsigned n = 0; n <= static_cast<unsigned>(ElementType::Bool); ++n)
    names.emplace_back(spelling(static_cast<ElementType>(n)));
  if (type.name.text == "f64" || type.name.text == "double")
    diagnostic.note("tensors hold f16, bf16 or f32; arithmetic without tensors is done in 64 bits by itself");
  else if (type.name.text == "int" || type.name.text == "float")
    diagnostic.note("`int` and `float` are scalars; a tensor of them is `i64[…]` or `f32[…]`");
  else if (std::string close = closestName(type.name.text, names); !close.empty())
    diagnostic.suggest(type.name.range, close);
  else
    diagnostic.note("element types are f16 bf16 f32 i8 u8 i32 i64 bool; scalars are int float bool");
  return std::nullopt;
}

void AttentionChecker::checkLineName(const PlacedLine &placed) {
  const syntax::Identifier &name = placed.line->name;
  Context context{.module = placed.module, .layout = placed.layout};
  bool reserved = isReservedCoordinate(name.text);
  ExtentId extent = none;
  if (isLetter(name.text)) {
    char capital = static_cast<char>(name.text[0] - 'a' + 'A');
    auto it = extentsByName.find(std::string_view(&capital, 1));
    if (it != extentsByName.end())
      extent = it->second;
  }
  // rule 3.2
  if (reserved || extent != none) {
    Diagnostic &diagnostic = report(DiagnosticKind::CoordinateName, name.range, context, name.text);
    if (reserved)
      diagnostic.note("`b h g i j d e` are coordinates in every attention");
    else
      diagnostic.note(attention.extents[extent].range, fmt::format("the extent `{}` brings the coordinate `{}`",
                                                                   attention.extents[extent].name, name.text));
  }
  if (name.text == "pi")
    report(DiagnosticKind::ConstantName, name.range, context, name.text);
}

void AttentionChecker::declareNames() {
  for (uint32_t n = 0; n < lines.size(); ++n) {
    const PlacedLine &placed = lines[n];
    const syntax::Line &line = *placed.line;
    Context context{.module = placed.module, .layout = placed.layout};
    if (line.kind == LineKind::Declaration) {
      checkLineName(placed);
      auto it = versions.find(line.name.text);
      if (it != versions.end()) {
        EntityId first = it->second.front();
        report(DiagnosticKind::DuplicateDeclaration, line.name.range, context, line.name.text)
            .note(entityRange(first),
                  lines[first].line->kind == LineKind::Declaration ? "it is declared here" : "it is defined here")
            .note("a name is declared once, before its definitions");
        continue;
      }
      if (line.type->isTensor)
        declareTensor(placed, n);
      else
        declareScalar(placed, n);
    } else if (line.kind == LineKind::Assignment) {
      checkLineName(placed);
      if (!isCapital(line.name.text))
        versions[line.name.text].push_back(n);
    }
  }
}

void AttentionChecker::declareTensor(const PlacedLine &placed, uint32_t position) {
  const syntax::Line &line = *placed.line;
  Context context{.module = placed.module, .layout = placed.layout};
  if (isCapital(line.name.text)) {
    std::string lower(line.name.text);
    for (char &c : lower)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    report(DiagnosticKind::CapitalName, line.name.range, context, "tensor", line.name.text)
        .note("a capital begins the name of an extent")
        .suggest(line.name.range, lower);
  }
  if (line.value)
    report(DiagnosticKind::TensorDefault, line.value->range, context, line.name.text);
  if (line.type->dimensions.size() > maximumRank)
    report(DiagnosticKind::RankTooLarge, line.type->range, context, line.name.text, line.type->dimensions.size(),
           maximumRank);

  Tensor tensor{.name = std::string(line.name.text), .range = line.name.range};
  tensor.element = elementType(*line.type, placed.layout, *placed.module).value_or(ElementType::F32);
  TensorInfo info{.line = position};
  for (const syntax::Expr *dimension : line.type->dimensions) {
    Dimension entry{.range = dimension->range};
    ExtentId plain = none;
    if (dimension->kind == syntax::ExprKind::Name && isCapital(dimension->name.text))
      plain = findExtent(dimension->name.text, context);
    // rule 3.4: a B, H or G dimension of an input may have size 1.
    entry.broadcastable =
        plain != none && (dimension->name.text == "B" || dimension->name.text == "H" || dimension->name.text == "G");
    info.plain.push_back(plain);
    tensor.dimensions.push_back(entry);
  }
  attention.tensors.push_back(std::move(tensor));
  tensorInfos.push_back(std::move(info));
  versions[line.name.text].push_back(position);
}

EntityId AttentionChecker::findEntity(std::string_view name, uint32_t position) const {
  if (auto it = versions.find(name); it != versions.end()) {
    const auto &list = it->second;
    auto end = std::lower_bound(list.begin(), list.end(), position);
    if (end != list.begin())
      return *std::prev(end);
  }
  const auto &defaults = modules.defaults().lines;
  for (size_t n = 0; n < defaults.size(); ++n)
    if (defaults[n].name.text == name)
      return static_cast<EntityId>(lines.size() + n);
  return none;
}

std::string_view AttentionChecker::entityName(EntityId entity) const {
  return isDefault(entity) ? modules.defaults().lines[entity - lines.size()].name.text : lines[entity].line->name.text;
}

SourceRange AttentionChecker::entityRange(EntityId entity) const {
  return isDefault(entity) ? modules.defaults().lines[entity - lines.size()].name.range
                           : lines[entity].line->name.range;
}

const syntax::Expr *AttentionChecker::entityExpression(EntityId entity) const {
  return isDefault(entity) ? modules.defaults().lines[entity - lines.size()].value : lines[entity].line->value;
}

Context AttentionChecker::contextOf(EntityId entity) const {
  if (isDefault(entity))
    return {.module = &modules.library()};
  return {.module = lines[entity].module, .layout = lines[entity].layout, .position = entity};
}

Value AttentionChecker::evaluateEntity(EntityId entity, SourceRange use, const Context &context) {
  EntityResult &result = entities[entity];
  if (result.state == State::Done)
    return result.value;
  if (result.state == State::InProgress) {
    if (!visibilityUses.empty()) {
      auto &[place, what] = visibilityUses.back();
      report(DiagnosticKind::RowFunctionPlace, place, Context{.module = &modules.main()}, quoted(place),
             fmt::format("`{}`", what));
      return {};
    }
    // rule 2.6
    Diagnostic &diagnostic = report(DiagnosticKind::CyclicDefinition, use, context, entityName(entity));
    for (auto it = std::find(evaluating.begin(), evaluating.end(), entity); it != evaluating.end(); ++it)
      if (!isDefault(*it))
        diagnostic.note(entityRange(*it), fmt::format("through `{}`", entityName(*it)));
    diagnostic.note("`score`, `mask`, `weight`, `o` and `lse` read the last definition of the names they use");
    return {};
  }
  result.state = State::InProgress;
  evaluating.push_back(entity);
  Value value;
  if (!isDefault(entity) && lines[entity].line->kind == LineKind::Declaration) {
    if (lines[entity].line->type->isTensor)
      value = Value::ofTensor(attention.findTensor(entityName(entity)));
    else
      value = Value::ofNode(graph.scalar(attention.findScalar(entityName(entity)), entityRange(entity)));
  } else if (const syntax::Expr *expression = entityExpression(entity)) {
    Context inside = contextOf(entity);
    value = evaluate(*expression, inside);
    // A whole tensor keeps its positions under a second name; part of one is read here and now.
    if (value.kind == Value::Kind::Tensor && !value.indices.empty())
      value = Value::ofNode(materialize(value, *expression, inside));
    bool isBool = value.kind == Value::Kind::Node && graph.type(value.node) == ScalarType::Bool;
    if (isBool && entityName(entity) == "score") {
      // rule 9.2
      report(DiagnosticKind::ScoreType, entityRange(entity), inside)
          .note("which keys are visible is decided by `mask`");
      value = {};
    } else if (isBool && entityName(entity) == "weight") {
      report(DiagnosticKind::WeightType, entityRange(entity), inside)
          .note("`float(…)` makes 0 or 1 of a bool; which keys are visible is decided by `mask`");
      value = {};
    }
    // rule 8.2: what reads the score is computed in f32.
    if (value.kind == Value::Kind::Node && entityName(entity) == "score")
      value = Value::ofNode(toFloat32(value.node));
  }
  evaluating.pop_back();
  entities[entity].state = State::Done;
  entities[entity].value = value;
  return value;
}

NodeId AttentionChecker::evaluateLast(std::string_view name, const Context &context, SourceRange use) {
  EntityId entity = findEntity(name, Context::last);
  Value value = evaluateEntity(entity, use, context);
  if (value.kind != Value::Kind::Tensor)
    return value.node;
  return readTensor(value, {}, {}, entityRange(entity), context);
}

namespace {

template <typename Visit> void forEachName(const syntax::Expr &expression, const Visit &visit) {
  std::vector<const syntax::Expr *> pending{&expression};
  while (!pending.empty()) {
    const syntax::Expr *top = pending.back();
    pending.pop_back();
    if (top->kind == syntax::ExprKind::Name)
      visit(top->name.text);
    for (const syntax::Expr *operand : top->operands)
      if (operand)
        pending.push_back(operand);
    for (const syntax::Argument &argument : top->arguments)
      if (argument.value)
        pending.push_back(argument.value);
  }
}

} // namespace

void AttentionChecker::addMentions(const syntax::Expr &expression, const Context &context,
                                   std::vector<EntityId> &result) const {
  forEachName(expression, [&](std::string_view name) {
    if (const LayoutUse::Binding *binding = layoutParameter(name, context.layout)) {
      if (binding->value && !binding->isDefault)
        addMentions(*binding->value, {.layout = context.layout->parent, .position = context.layout->position}, result);
      return;
    }
    if (isCapital(name)) {
      if (auto it = extentsByName.find(name); it != extentsByName.end() && extentInfos[it->second].line != none)
        result.push_back(extentInfos[it->second].line);
    } else if (name == "lse" && findEntity(name, context.position) == none) {
      if (EntityId weight = findEntity("weight", Context::last); weight != none)
        result.push_back(weight);
    } else if (EntityId found = findEntity(name, context.position); found != none) {
      result.push_back(found);
    }
  });
}

std::vector<EntityId> AttentionChecker::mentions(EntityId entity) const {
  std::vector<EntityId> result;
  Context context = contextOf(entity);
  if (!isDefault(entity)) {
    const syntax::Line &line = *lines[entity].line;
    if (line.kind == LineKind::Store)
      context.position = Context::last;
    if (line.type)
      for (const syntax::Expr *dimension : line.type->dimensions)
        addMentions(*dimension, context, result);
    for (const syntax::Argument &argument : line.arguments)
      addMentions(*argument.value, context, result);
    for (const syntax::OutputItem &item : line.items)
      if (item.type)
        for (const syntax::Expr *dimension : item.type->dimensions)
          addMentions(*dimension, context, result);
  }
  if (const syntax::Expr *expression = entityExpression(entity))
    addMentions(*expression, context, result);
  return result;
}

bool AttentionChecker::reads(EntityId entity, EntityId target) const {
  std::vector<EntityId> pending{entity};
  std::unordered_set<EntityId> seen{entity};
  while (!pending.empty()) {
    EntityId top = pending.back();
    pending.pop_back();
    for (EntityId next : mentions(top)) {
      if (next == target)
        return true;
      if (seen.insert(next).second)
        pending.push_back(next);
    }
  }
  return false;
}

} // namespace attn::sema
