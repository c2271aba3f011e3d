#include "compiler/sema/AttentionChecker.h"

#include <algorithm>
#include <cstring>

namespace attn::sema {

using syntax::Argument;
using syntax::Expr;
using syntax::ExprKind;
using syntax::Parameter;

namespace {

std::string countOf(size_t count) { return count == 1 ? "1 argument" : fmt::format("{} arguments", count); }

std::string signature(const syntax::Definition &definition) {
  std::string text(definition.name.text);
  if (definition.parameters.empty())
    return text;
  text += "(";
  for (size_t n = 0; n < definition.parameters.size(); ++n) {
    const Parameter &parameter = definition.parameters[n];
    text += fmt::format("{}{}{}{}", n ? ", " : "", parameter.name.text,
                        parameter.type ? fmt::format(": {}", parameter.type->range.text()) : "",
                        parameter.defaultValue ? fmt::format(" = {}", parameter.defaultValue->range.text()) : "");
  }
  return text + ")";
}

std::string signature(const Builtin &builtin) {
  std::string text = std::string(builtin.name) + "(";
  for (unsigned n = 0; n < builtin.count; ++n)
    text += fmt::format("{}{}", n ? ", " : "", builtin.parameters[n]);
  return text + ")";
}

} // namespace

Value AttentionChecker::evaluateCall(const Expr &expression, const Context &context) {
  std::vector<Argument> arguments;
  if (expression.kind == ExprKind::Pipe)
    arguments.push_back({{}, expression.operands[0]});
  arguments.insert(arguments.end(), expression.arguments.begin(), expression.arguments.end());

  std::string_view name = expression.name.text;
  Found<syntax::Definition> found = modules.findDefinition(*context.module, name);
  if (found.rival) {
    report(DiagnosticKind::AmbiguousImport, expression.name.range, context, name)
        .note(found.item->name.range, "one is here")
        .note(found.rival->name.range, "another is here");
    return {};
  }
  if (found.item)
    return callDefinition(*found.item, *found.module, expression, arguments, context);
  if (const Builtin *builtin = findBuiltin(name))
    return Value::ofNode(callBuiltin(*builtin, expression, arguments, context));

  for (const Argument &argument : arguments)
    evaluate(*argument.value, context);
  if (findReduction(name)) {
    report(DiagnosticKind::ReductionWithoutCoordinate, expression.range, context, name)
        .note(fmt::format("write `{0}(j: …)` over the visible keys of a row, `{0}(d: …)` over features", name));
    return {};
  }
  bool isValue = (!context.frame && findEntity(name, Context::last) != none) ||
                 (isLetter(name) && findCoordinate(name, context)) || findExtent(name, context) != none;
  if (context.frame)
    for (const Frame::Name &local : context.frame->names)
      isValue |= local.name == name;
  if (isValue) {
    report(DiagnosticKind::NotCallable, expression.name.range, context, name)
        .note(fmt::format("`{}[…]` reads it at an index or coordinate", name));
    return {};
  }
  Diagnostic &diagnostic = report(DiagnosticKind::UnknownFunction, expression.name.range, context, name);
  std::vector<std::string> names = modules.definitionNames(*context.module);
  for (std::string &builtin : builtinNames())
    names.push_back(std::move(builtin));
  if (std::string close = closestName(name, names); !close.empty())
    diagnostic.suggest(expression.name.range, close, "a similar name exists");
  return {};
}

NodeId AttentionChecker::callBuiltin(const Builtin &builtin, const Expr &at, const std::vector<Argument> &arguments,
                                     const Context &context) {
  bool variadic = builtin.kind == BuiltinKind::Minimum || builtin.kind == BuiltinKind::Maximum;
  std::vector<const Expr *> given(variadic ? std::max<size_t>(2, arguments.size()) : builtin.count);
  size_t positional = 0;
  bool failed = false;
  for (const Argument &argument : arguments) {
    size_t n = argument.name ? 0 : positional++;
    if (argument.name) {
      while (n < builtin.count && builtin.parameters[n] != argument.name.text)
        ++n;
      if (n == builtin.count) {
        report(DiagnosticKind::UnknownArgument, argument.name.range, context, builtin.name, argument.name.text)
            .note(fmt::format("it is `{}`", signature(builtin)));
        failed = true;
        continue;
      }
    }
    if (n >= given.size()) {
      failed = true;
      continue;
    }
    if (given[n]) {
      report(DiagnosticKind::DuplicateArgument, argument.value->range, context, builtin.parameters[n]);
      failed = true;
    }
    given[n] = argument.value;
  }
  if (builtin.lastOptional && !given.back())
    given.pop_back();
  bool complete = std::all_of(given.begin(), given.end(), [](const Expr *expression) { return expression; });
  if (positional > given.size() || (!complete && !failed)) {
    Diagnostic &diagnostic = report(DiagnosticKind::ArgumentCount, at.range, context, builtin.name,
                                    variadic               ? "2 or more arguments"
                                    : builtin.lastOptional ? fmt::format("{} or {}", builtin.count - 1, countOf(builtin.count))
                                                           : countOf(builtin.count),
                                    arguments.size());
    if (variadic && arguments.size() == 1)
      diagnostic.note(fmt::format("as a reduction it names its coordinate: `{}(j: …)`", builtin.name));
    else
      diagnostic.note(fmt::format("it is `{}`", signature(builtin)));
    failed = true;
  }

  std::vector<NodeId> nodes;
  std::string what = fmt::format("`{}`", builtin.name);
  for (const Expr *expression : given) {
    if (!expression)
      continue;
    NodeId node = evaluateNode(*expression, context);
    if (builtin.kind != BuiltinKind::ToInt && builtin.kind != BuiltinKind::ToFloat)
      node = requireNumber(node, *expression, what, context);
    nodes.push_back(node);
    failed |= node == none;
  }
  if (failed)
    return none;

  auto pairwise = [&](BinaryOp op, NodeId x, NodeId y) {
    unify(x, y);
    return graph.binary(op, graph.type(x), x, y, at.range);
  };
  switch (builtin.kind) {
  case BuiltinKind::Unary:
    return callUnary(builtin, at, nodes[0], context);
  case BuiltinKind::Minimum:
  case BuiltinKind::Maximum: {
    BinaryOp op = builtin.kind == BuiltinKind::Minimum ? BinaryOp::Minimum : BinaryOp::Maximum;
    NodeId result = nodes[0];
    for (size_t n = 1; n < nodes.size(); ++n)
      result = pairwise(op, result, nodes[n]);
    return result;
  }
  case BuiltinKind::Clamp:
    return pairwise(BinaryOp::Minimum, pairwise(BinaryOp::Maximum, nodes[0], nodes[1]), nodes[2]);
  case BuiltinKind::ToInt:
    return graph.convert(nodes[0], ScalarType::Int, at.range);
  case BuiltinKind::ToFloat:
    return toFloat(nodes[0]);
  case BuiltinKind::Dot:
    return evaluateDot(at, nodes[0], nodes[1], context);
  case BuiltinKind::Row:
    if (builtin.row == NodeKind::TopK &&
        requireInt(nodes[1], *given[1], "the number of keys of `topk`", context) == none)
      return none;
    return evaluateRow(builtin, at, std::move(nodes), context);
  }
  return none;
}

NodeId AttentionChecker::callUnary(const Builtin &builtin, const Expr &at, NodeId x, const Context &context) {
  if (graph.type(x) == ScalarType::Int) {
    // rule 8.7: of an integer these are integers.
    switch (builtin.unary) {
    case UnaryOp::Abs:
    case UnaryOp::Sign:
      return graph.unary(builtin.unary, x, at.range);
    case UnaryOp::Floor:
    case UnaryOp::Ceil:
    case UnaryOp::Round:
      return x;
    case UnaryOp::Relu:
      return graph.binary(BinaryOp::Maximum, ScalarType::Int, x, graph.integer(0, at.range), at.range);
    default:
      break;
    }
  }
  return graph.unary(builtin.unary, toFloat(x), at.range);
}

Value AttentionChecker::callDefinition(const syntax::Definition &definition, const Module &module, const Expr &at,
                                       const std::vector<Argument> &arguments, const Context &context) {
  Frame frame{.definition = &definition,
              .module = &module,
              .caller = context.frame,
              .callLayout = context.layout,
              .call = at.range};
  if (context.frame)
    frame.extents = context.frame->extents;

  const auto &parameters = definition.parameters;
  std::vector<const Expr *> given(parameters.size());
  size_t positional = 0;
  bool failed = false;
  for (const Argument &argument : arguments) {
    size_t n = argument.name ? 0 : positional++;
    if (argument.name) {
      while (n < parameters.size() && parameters[n].name.text != argument.name.text)
        ++n;
      if (n == parameters.size() && isCapital(argument.name.text)) {
        failed |= !bindExtentArgument(frame, argument, context);
        continue;
      }
      if (n == parameters.size()) {
        Diagnostic &diagnostic = report(DiagnosticKind::UnknownArgument, argument.name.range, context,
                                        definition.name.text, argument.name.text);
        std::vector<std::string> names;
        for (const Parameter &parameter : parameters)
          names.emplace_back(parameter.name.text);
        if (std::string close = closestName(argument.name.text, names); !close.empty())
          diagnostic.suggest(argument.name.range, close);
        diagnostic.note(definition.name.range, fmt::format("it is `{}`", signature(definition)));
        failed = true;
        continue;
      }
    }
    if (n >= parameters.size())
      continue;
    if (given[n]) {
      report(DiagnosticKind::DuplicateArgument, argument.value->range, context, parameters[n].name.text)
          .note(given[n]->range, "it is given here");
      failed = true;
    }
    given[n] = argument.value;
  }
  if (positional > parameters.size()) {
    report(DiagnosticKind::ArgumentCount, at.range, context, definition.name.text, countOf(parameters.size()),
           positional)
        .note(definition.name.range, fmt::format("it is `{}`", signature(definition)));
    return {};
  }
  for (size_t n = 0; n < parameters.size(); ++n) {
    const Parameter &parameter = parameters[n];
    if (!given[n] && !parameter.defaultValue) {
      if (failed)
        continue;
      report(DiagnosticKind::MissingArgument, at.range, context, definition.name.text, parameter.name.text)
          .note(definition.name.range, fmt::format("it is `{}`", signature(definition)));
      failed = true;
      continue;
    }
    // rule 6.2: an argument keeps the meaning it has at the call; a default is read where the parameter stands.
    Context own{.module = &module, .frame = &frame, .bound = context.bound};
    if (!bindParameter(frame, parameter, given[n] ? *given[n] : *parameter.defaultValue, given[n] ? context : own, own))
      failed = true;
  }
  if (failed)
    return {};
  return instantiate(frame, context.bound);
}

bool AttentionChecker::bindExtentArgument(Frame &frame, const Argument &argument, const Context &context) {
  // rule 6.4: an argument named like an extent replaces it and its coordinate.
  ExtentId extent = argument.value->kind == ExprKind::Name && isCapital(argument.value->name.text)
                        ? findExtent(argument.value->name.text, context)
                        : none;
  if (extent == none) {
    report(DiagnosticKind::ExtentArgument, argument.value->range, context, argument.name.text,
           quoted(argument.value->range))
        .note(fmt::format("`{} = R`, say, reads the def with `R` and its coordinate in place of `{}`",
                          argument.name.text, argument.name.text));
    return false;
  }
  if (!evaluateExtent(extent, argument.value->range, context))
    return false;
  frame.extents.emplace_back(argument.name.text, extent);
  frame.fixedExtents.push_back(argument.name.text);
  return true;
}

bool AttentionChecker::bindParameter(Frame &frame, const Parameter &parameter, const Expr &argument,
                                     const Context &argumentContext, const Context &callContext) {
  if (parameter.type && parameter.type->isTensor)
    return bindTensorParameter(frame, parameter, argument, argumentContext);
  NodeId node = evaluateNode(argument, argumentContext);
  if (parameter.type && node != none) {
    std::string what = fmt::format("parameter `{}` of `{}`", parameter.name.text, frame.definition->name.text);
    std::string_view type = parameter.type->name.text;
    if (type == "int")
      node = requireInt(node, argument, what, argumentContext);
    else if (type == "bool")
      node = requireBool(node, argument, what, argumentContext);
    else if (type == "float")
      node = requireNumber(node, argument, what, argumentContext);
    else {
      report(DiagnosticKind::ParameterType, parameter.type->range, callContext, quoted(parameter.type->range), "def")
          .note("a def's parameters are tensors, `int`, `float`, `bool`, or have no type: any expression");
      return false;
    }
    if (node != none && type == "float")
      node = toFloat(node);
  }
  if (node == none)
    return false;
  frame.names.push_back({parameter.name.text, Value::ofNode(node), true});
  return true;
}

bool AttentionChecker::bindTensorParameter(Frame &frame, const Parameter &parameter, const Expr &argument,
                                           const Context &context) {
  std::string_view def = frame.definition->name.text;
  Value value = evaluate(argument, context);
  if (value.kind == Value::Kind::Error)
    return false;
  if (value.kind != Value::Kind::Tensor) {
    // rule 6.3
    report(DiagnosticKind::NotTensor, argument.range, context, parameter.name.text, def)
        .withLabel("a function of coordinates")
        .note(parameter.range, "the parameter's type asks for a declared tensor");
    return false;
  }
  const Tensor &tensor = attention.tensors[value.tensor];
  const TensorInfo &info = tensorInfos[value.tensor];
  size_t rank = tensor.dimensions.size() - value.indices.size();
  auto mismatch = [&](const std::string &why) {
    report(DiagnosticKind::TensorParameter, argument.range, context, parameter.name.text, def, why)
        .note(parameter.range, "the parameter is declared here")
        .note(tensor.range, fmt::format("the tensor is `{}`", tensorText(value.tensor)));
    return false;
  };
  auto wanted = findElementType(parameter.type->name.text);
  if (!wanted) {
    report(DiagnosticKind::UnknownType, parameter.type->name.range, context, parameter.type->name.text)
        .note("element types are f16 bf16 f32 i8 u8 i32 i64 bool");
    return false;
  }
  auto family = [](ElementType type) {
    return type == ElementType::Bool                                                ? "bools"
           : static_cast<unsigned>(type) <= static_cast<unsigned>(ElementType::F32) ? "floats"
                                                                                    : "integers";
  };
  if (std::strcmp(family(*wanted), family(tensor.element)) != 0)
    return mismatch(fmt::format("{}, not {}", family(*wanted), family(tensor.element)));
  if (rank != parameter.type->dimensions.size())
    return mismatch(fmt::format("{} dimensions, not {}", parameter.type->dimensions.size(), rank));

  std::vector<std::pair<std::string_view, ExtentId>> bound;
  for (size_t n = 0; n < rank; ++n) {
    size_t at = value.indices.size() + n;
    const Expr &dimension = *parameter.type->dimensions[n];
    const Expr &actual = *lines[info.line].line->type->dimensions[at];
    ExtentId plain = info.plain[at];
    if (dimension.kind == ExprKind::Integer) {
      auto size = actual.kind == ExprKind::Integer ? std::optional<int64_t>(actual.integer)
                  : plain != none && evaluateExtent(plain, argument.range, context) ? attention.extents[plain].fixed
                                                                                    : std::nullopt;
      if (size != dimension.integer)
        return mismatch(fmt::format("a dimension of {}, not `{}`", dimension.integer, quoted(actual.range)));
      continue;
    }
    // `N`, or `N + 1`, which binds N to one less than the dimension.
    const Expr *name = &dimension;
    int64_t offset = 0;
    if (dimension.kind == ExprKind::Binary && dimension.op == syntax::Operator::Add &&
        dimension.operands[1]->kind == ExprKind::Integer) {
      name = dimension.operands[0];
      offset = dimension.operands[1]->integer;
    }
    if (name->kind != ExprKind::Name || !isCapital(name->name.text)) {
      report(DiagnosticKind::ParameterDimension, dimension.range, context, quoted(dimension.range), parameter.name.text)
          .note("a parameter's dimension is a number, an extent, or an extent plus a number");
      return false;
    }
    std::string_view letter = name->name.text;
    ExtentId extent = offset == 0 ? plain : none;
    if (extent == none && actual.kind == ExprKind::Binary && actual.op == syntax::Operator::Add && offset != 0 &&
        actual.operands[0]->kind == ExprKind::Name && isCapital(actual.operands[0]->name.text) &&
        actual.operands[1]->kind == ExprKind::Integer && actual.operands[1]->integer == offset)
      extent = findExtent(actual.operands[0]->name.text, Context{});
    if (extent == none)
      extent = anonymousExtent(value.tensor, at, offset, letter, context);
    if (extent == none)
      return false;
    ExtentId before = none;
    for (auto &[earlier, id] : bound)
      if (earlier == letter)
        before = id;
    for (std::string_view fixed : frame.fixedExtents)
      if (fixed == letter)
        before = findExtent(letter, Context{.frame = &frame});
    // rule 6.3: the run's extents stay what they are, unless the call renames them.
    if (before == none && letter.size() == 1 && std::string_view("BHGIJ").find(letter[0]) != std::string_view::npos)
      before = findExtent(letter, context);
    if (before != none && before != extent)
      return mismatch(
          fmt::format("`{}` to be `{}`, not `{}`", letter, attention.extents[before].name, quoted(actual.range)));
    bound.emplace_back(letter, extent);
  }
  for (auto &entry : bound) {
    frame.extents.push_back(entry);
    frame.fixedExtents.push_back(entry.first);
  }
  frame.names.push_back({parameter.name.text, value, true});
  return true;
}

ExtentId AttentionChecker::anonymousExtent(TensorId tensor, size_t dimension, int64_t offset, std::string_view letter,
                                           const Context &context) {
  auto key = std::make_tuple(tensor, dimension, offset);
  if (auto it = anonymousExtents.find(key); it != anonymousExtents.end())
    return it->second;
  const PlacedLine &placed = lines[tensorInfos[tensor].line];
  const Expr &expression = *placed.line->type->dimensions[dimension];
  NodeId size = dimensionSize(expression, Context{.module = placed.module, .layout = placed.layout},
                              attention.tensors[tensor].name);
  if (size == none)
    return none;
  if (offset != 0)
    size = graph.binary(BinaryOp::Subtract, ScalarType::Int, size, graph.integer(offset, expression.range),
                        expression.range);
  std::string name(letter);
  while (attention.findExtent(name) != none)
    name += '\'';
  auto id = static_cast<ExtentId>(attention.extents.size());
  attention.extents.push_back({.name = name,
                               .binding = ExtentBinding::Computed,
                               .value = size,
                               .fixed = graph.constant(size),
                               .range = expression.range});
  ExtentInfo info;
  info.state = State::Done;
  extentInfos.push_back(info);
  extentCoordinates.push_back(noCoordinate);
  anonymousExtents.emplace(key, id);
  return id;
}

std::string AttentionChecker::instanceKey(const Frame &frame, CoordinateSet bound) const {
  std::string key;
  auto append = [&](const auto &value) { key.append(reinterpret_cast<const char *>(&value), sizeof value); };
  append(frame.definition);
  append(bound);
  for (const Frame::Name &name : frame.names) {
    append(name.value.kind);
    append(name.value.node);
    append(name.value.tensor);
    append(name.value.indices.size());
    for (NodeId index : name.value.indices)
      append(index);
  }
  std::vector<std::pair<std::string_view, ExtentId>> renamed;
  for (auto &[name, id] : frame.extents) {
    auto same = std::find_if(renamed.begin(), renamed.end(), [&, n = name](auto &entry) { return entry.first == n; });
    if (same == renamed.end())
      renamed.emplace_back(name, id);
    else
      same->second = id;
  }
  std::sort(renamed.begin(), renamed.end());
  for (auto &[name, id] : renamed) {
    auto own = extentsByName.find(name);
    if (own != extentsByName.end() && own->second == id)
      continue;
    key.append(name);
    key += '=';
    append(id);
  }
  return key;
}

Value AttentionChecker::instantiate(Frame &frame, CoordinateSet bound) {
  const syntax::Definition &definition = *frame.definition;
  Context context{.module = frame.module, .frame = &frame, .bound = bound};
  // rule 6.9: reported where the def is checked.
  if (recursive.count(&definition)) {
    ++errorCount;
    return {};
  }
  // rule 6.10: the same def of the same arguments is one node, however often it is called.
  std::string key = instanceKey(frame, bound);
  if (auto it = instances.find(key); it != instances.end())
    return it->second;
  bool failed = false;
  for (const syntax::Binding &binding : definition.bindings) {
    NodeId node = evaluateNode(*binding.value, context);
    failed |= node == none;
    frame.names.push_back({binding.name.text, Value::ofNode(node), false});
  }
  NodeId node = definition.result ? evaluateNode(*definition.result, context) : none;
  Value result = failed ? Value{} : Value::ofNode(node);
  instances.emplace(std::move(key), result);
  return result;
}

} // namespace attn::sema
