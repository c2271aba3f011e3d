#include "compiler/sema/AttentionChecker.h"
#include "compiler/sema/StoreProof.h"

#include <algorithm>
#include <cctype>
#include <limits>

namespace attn::sema {

using syntax::LineKind;

namespace {

/// b, h or g, i, j, d, e, then others by name.
std::vector<CoordinateId> inOrder(CoordinateSet set, const std::vector<Coordinate> &coordinates) {
  std::vector<CoordinateId> ids;
  for (CoordinateId id = 0; id < coordinates.size(); ++id)
    if (set & setOf(id))
      ids.push_back(id);
  std::sort(ids.begin(), ids.end(), [&](CoordinateId a, CoordinateId b) {
    bool early = a <= coordinateE, other = b <= coordinateE;
    return early || other ? a < b : coordinates[a].name < coordinates[b].name;
  });
  return ids;
}

} // namespace

bool AttentionChecker::isSingular(CoordinateId coordinate) const {
  ExtentId extent = attention.coordinates[coordinate].extent;
  if (extent == none || coordinate > coordinateI || coordinate == coordinateG)
    return false;
  if (extentInfos[extent].line != none)
    return false;
  if (coordinate == coordinateH && attention.coordinates[coordinateG].extent != none)
    return false;
  for (const PlacedLine &placed : lines)
    if (placed.line->kind == LineKind::Declaration && placed.line->type->isTensor)
      for (const syntax::Expr *dimension : placed.line->type->dimensions)
        if (mentionsExtent(*dimension, attention.extents[extent].name))
          return false;
  return true;
}

void AttentionChecker::checkOutputs() {
  struct Item {
    const syntax::OutputItem *item;
    const PlacedLine *placed;
    const syntax::OutputItem *again = nullptr; ///< the attention's own mention of a layout's output
  };
  std::vector<Item> items;
  for (const PlacedLine &placed : lines) {
    if (placed.line->kind != LineKind::Outputs)
      continue;
    for (const syntax::OutputItem &item : placed.line->items) {
      auto earlier = std::find_if(items.begin(), items.end(),
                                  [&](const Item &other) { return other.item->name.text == item.name.text; });
      if (earlier == items.end()) {
        items.push_back({&item, &placed});
        continue;
      }
      // rule 10.2: an attention may name an output of its layout again, with another type or without one.
      if (earlier->placed->layout && !placed.layout && !earlier->again) {
        earlier->again = &item;
        if (item.type) {
          earlier->item = &item;
          earlier->placed = &placed;
        }
        continue;
      }
      report(DiagnosticKind::DuplicateOutput, item.range, Context{.module = placed.module, .layout = placed.layout},
             item.name.text)
          .note((earlier->again ? earlier->again : earlier->item)->range, "it is an output here");
    }
  }
  for (uint32_t n = 0; n < lines.size(); ++n) {
    if (lines[n].line->kind != LineKind::Store)
      continue;
    const syntax::Identifier &name = lines[n].line->name;
    Context context{.module = lines[n].module, .layout = lines[n].layout};
    bool isOutput =
        std::any_of(items.begin(), items.end(), [&](const Item &item) { return item.item->name.text == name.text; });
    if (!isOutput) {
      // rule 10.6
      Diagnostic &diagnostic = report(DiagnosticKind::StoreNotOutput, name.range, context, name.text);
      std::vector<std::string> names;
      for (const Item &item : items)
        names.emplace_back(item.item->name.text);
      if (std::string close = closestName(name.text, names); !close.empty())
        diagnostic.suggest(name.range, close);
      else
        diagnostic.note(fmt::format("`out {}: f32[…]` would declare it", name.text));
      continue;
    }
    auto [it, isNew] = stores.emplace(name.text, n);
    if (!isNew)
      report(DiagnosticKind::DuplicateStore, name.range, context, name.text)
          .note(lines[it->second].line->name.range, "it is stored here");
  }
  if (items.empty()) {
    implicitOutput.name = {"o", syntax.name.range};
    implicitOutput.range = syntax.name.range;
    implicitPlace.module = &modules.main();
    items.push_back({&implicitOutput, &implicitPlace});
  }
  for (const Item &item : items)
    checkOutput(*item.item, *item.placed);
}

void AttentionChecker::checkOutput(const syntax::OutputItem &item, const PlacedLine &placed) {
  Context context{.module = placed.module, .layout = placed.layout};
  std::string_view name = item.name.text;
  Output output{.name = std::string(name), .range = item.name.range};
  auto store = stores.find(name);
  EntityId entity = findEntity(name, Context::last);

  // rule 10.3
  if (attention.findTensor(name) != none || attention.findScalar(name) != none) {
    report(DiagnosticKind::OutputIsInput, item.name.range, context, name)
        .note(entityRange(versions.count(name) ? versions.at(name).front() : entity), "it is an input here")
        .note(fmt::format("give the result a name of its own: `new_{0} = {0}` and `out new_{0}`", name));
    return;
  }
  if (store != stores.end()) {
    const syntax::Line &line = *lines[store->second].line;
    Context inside = contextOf(store->second);
    inside.position = Context::last;
    output.value = evaluateNode(*line.value, inside);
  } else if (entity != none) {
    output.value = evaluateLast(name, context, item.name.range);
  } else if (name == "lse") {
    output.value = evaluateLse(item.name.range, context);
  } else {
    // rule 10.1
    Diagnostic &diagnostic = report(DiagnosticKind::UnknownOutput, item.name.range, context, name);
    std::vector<std::string> names;
    for (auto &[known, list] : versions)
      if (lines[list.back()].line->kind == LineKind::Assignment)
        names.emplace_back(known);
    for (auto known : {"score", "mask", "weight", "o", "lse"})
      names.emplace_back(known);
    std::sort(names.begin(), names.end());
    if (std::string close = closestName(name, names); !close.empty())
      diagnostic.suggest(item.name.range, close);
    else
      diagnostic.note(fmt::format("a line `{0} = …`, or a store `{0}[…] = …`, gives it its value", name));
    return;
  }
  if (output.value == none)
    return;
  output.value = maskedOutput(name, output.value);

  if (item.type) {
    if (!item.type->isTensor && !findElementType(item.type->name.text)) {
      elementType(*item.type, placed.layout, *placed.module);
      return;
    }
    output.element = elementType(*item.type, placed.layout, *placed.module).value_or(ElementType::F32);
    if (item.type->dimensions.size() > 8)
      report(DiagnosticKind::RankTooLarge, item.type->range, context, name, item.type->dimensions.size(), 8);
    for (const syntax::Expr *dimension : item.type->dimensions)
      output.dimensions.push_back({.value = dimensionSize(*dimension, context, name), .range = dimension->range});
  }
  if (!convertOutput(output, item.type != nullptr, context))
    return;
  if (store != stores.end()) {
    if (!item.type) {
      report(DiagnosticKind::StoreNeedsType, item.name.range, context, name)
          .note(lines[store->second].line->range, "it is stored here");
      return;
    }
    if (!checkStore(output, store->second, *item.type, context))
      return;
  } else if (item.type) {
    if (!placeByCoordinates(output, item, placed))
      return;
  } else if (!inferPlace(output, item.range, context)) {
    return;
  }
  attention.outputs.push_back(std::move(output));
}

NodeId AttentionChecker::maskedOutput(std::string_view name, NodeId value) {
  // rule 10.5: as outputs, score is -inf and weight 0 where a key is invisible.
  if ((name != "score" && name != "weight") || graph.type(value) == ScalarType::Bool)
    return value;
  Context context{.module = &modules.main()};
  NodeId mask = evaluateLast("mask", context, syntax.name.range);
  if (mask == none || graph.type(mask) != ScalarType::Bool)
    return value;
  SourceRange range = attention.nodes[value].range;
  bool isScore = name == "score";
  NodeId visible = mask;
  if (!isScore && scoreDecides()) {
    NodeId score = evaluateLast("score", context, syntax.name.range);
    if (score == none)
      return value;
    NodeId lowest = graph.real(-std::numeric_limits<double>::infinity(), ScalarType::Float32, range);
    visible = graph.logicalAnd(mask, graph.compare(CompareOp::NotEqual, toFloat32(score), lowest, range), range);
  }
  // A softmax is 0 at invisible keys by itself.
  if (!isScore && attention.nodes[value].kind == NodeKind::Softmax)
    return value;
  NodeId elsewhere = isScore ? graph.real(-std::numeric_limits<double>::infinity(), ScalarType::Float32, range)
                             : graph.integer(0, range);
  unify(value, elsewhere);
  return graph.select(visible, value, elsewhere, range);
}

bool AttentionChecker::convertOutput(Output &output, bool typed, const Context &context) {
  ScalarType type = graph.type(output.value);
  if (!typed) {
    // rule 10.4
    output.element = type == ScalarType::Bool  ? ElementType::Bool
                     : type == ScalarType::Int ? ElementType::I64
                                               : ElementType::F32;
    return true;
  }
  bool toFloat = static_cast<unsigned>(output.element) <= static_cast<unsigned>(ElementType::F32);
  bool toBool = output.element == ElementType::Bool;
  bool fits = toBool ? type == ScalarType::Bool : toFloat ? type != ScalarType::Bool : type == ScalarType::Int;
  if (!fits) {
    std::string_view is = type == ScalarType::Bool ? "bool" : type == ScalarType::Int ? "int" : "float";
    Diagnostic &diagnostic =
        report(DiagnosticKind::OutputType, output.range, context, output.name, is, spelling(output.element));
    diagnostic.note(toBool ? "a comparison makes a bool" : fmt::format("`{}(…)` converts", toFloat ? "float" : "int"));
    return false;
  }
  if (toFloat && type == ScalarType::Int)
    output.value = graph.convert(output.value, ScalarType::Float64, attention.nodes[output.value].range);
  return true;
}

void AttentionChecker::dropSingularCoordinates(Output &output, CoordinateSet missing) {
  // rule 3.7: what has extent 1 because nothing binds it is read at 0.
  std::vector<std::pair<CoordinateId, NodeId>> zeros;
  for (CoordinateId id = 0; id < attention.coordinates.size(); ++id)
    if (missing & setOf(id))
      zeros.emplace_back(id, graph.integer(0, output.range));
  output.value = graph.rebase(output.value, zeros, output.range);
}

bool AttentionChecker::placeByCoordinates(Output &output, const syntax::OutputItem &item, const PlacedLine &placed) {
  Context context{.module = placed.module, .layout = placed.layout};
  CoordinateSet set = 0;
  for (const syntax::Expr *dimension : item.type->dimensions) {
    auto coordinate =
        dimension->kind == syntax::ExprKind::Name && dimension->name.text.size() == 1 && isCapital(dimension->name.text)
            ? coordinateOf(findExtent(dimension->name.text, context), context)
            : std::nullopt;
    if (!coordinate || (set & setOf(*coordinate))) {
      // rule 10.6
      report(DiagnosticKind::OutputNeedsStore, dimension->range, context, output.name, quoted(dimension->range))
          .withLabel(coordinate ? "named twice" : "no coordinate runs over it")
          .note(fmt::format("a line `{}[…] = …` says where each element goes", output.name));
      return false;
    }
    set |= setOf(*coordinate);
    output.coordinates.push_back(*coordinate);
  }
  CoordinateSet missing = graph.varies(output.value) & ~set;
  if (set & setOf(coordinateH))
    missing &= ~setOf(coordinateG);
  CoordinateSet singular = 0;
  for (CoordinateId id = 0; id < attention.coordinates.size(); ++id)
    if ((missing & setOf(id)) && isSingular(id))
      singular |= setOf(id);
  dropSingularCoordinates(output, singular);
  missing &= ~singular;
  if (!missing)
    return true;
  // rule 10.4
  Diagnostic &diagnostic = report(DiagnosticKind::OutputVaries, item.range, context, output.name, describe(missing));
  if (missing == setOf(coordinateJ))
    diagnostic.note("`sum(j: …)` sums over the visible keys of a row; an output of each key has a dimension `J`");
  noteOrigin(diagnostic, output.value, missing);
  return false;
}

bool AttentionChecker::isNamedIn(SourceRange range, CoordinateSet set) const {
  auto isWord = [](char letter) { return std::isalnum(static_cast<unsigned char>(letter)) || letter == '_'; };
  std::string_view text = range ? range.text() : std::string_view();
  for (CoordinateId id = 0; id < attention.coordinates.size(); ++id)
    for (size_t at = 0; (set & setOf(id)) && (at = text.find(attention.coordinates[id].name, at)) != text.npos; ++at) {
      size_t end = at + attention.coordinates[id].name.size();
      if ((at == 0 || !isWord(text[at - 1])) && (end == text.size() || !isWord(text[end])))
        return true;
    }
  return false;
}

void AttentionChecker::noteOrigin(Diagnostic &diagnostic, NodeId value, CoordinateSet set) const {
  NodeId at = value;
  CoordinateSet wanted = set & (~set + 1);
  while (true) {
    const Node &node = attention.nodes[at];
    auto next = std::find_if(node.operands.begin(), node.operands.end(),
                             [&](NodeId operand) { return attention.nodes[operand].varies & wanted; });
    if (next == node.operands.end() || node.kind == NodeKind::Load)
      break;
    at = *next;
  }
  if (attention.nodes[at].range && attention.nodes[at].varies & wanted)
    diagnostic.note(attention.nodes[at].range, fmt::format("{} comes in here", describe(wanted)));
  CoordinateSet plain = runCoordinates | setOf(coordinateD) | setOf(coordinateE);
  if (attention.nodes[at].kind == NodeKind::Load && !(wanted & plain) && !isNamedIn(attention.nodes[at].range, wanted))
    diagnostic.note(fmt::format("a dimension that no index is given for is read at its coordinate, as if {} stood there", describe(wanted)));
}

bool AttentionChecker::inferPlace(Output &output, SourceRange at, const Context &context) {
  CoordinateSet set = graph.varies(output.value), singular = 0;
  for (CoordinateId id : inOrder(set, attention.coordinates)) {
    if (isSingular(id)) {
      singular |= setOf(id);
      continue;
    }
    ExtentId extent = attention.coordinates[id].extent;
    if (attention.extents[extent].perBatch) {
      // rule 3.6
      report(DiagnosticKind::PerBatchDimension, at, context, attention.extents[extent].name, output.name)
          .note(attention.extents[extent].range,
                fmt::format("`{}` varies with `b` here", attention.extents[extent].name))
          .note(fmt::format("give the output a type, and store it: `{}[…] = …`", output.name));
      return false;
    }
    output.coordinates.push_back(id);
    output.dimensions.push_back({.value = graph.extent(extent, at), .range = at});
  }
  if (output.dimensions.size() > 8) {
    report(DiagnosticKind::RankTooLarge, at, context, output.name, output.dimensions.size(), 8);
    return false;
  }
  dropSingularCoordinates(output, singular);
  return true;
}

/// As `inferPlace`, for what is only looked at: any number of dimensions, and extents that vary with b.
void AttentionChecker::placeEverywhere(Output &output) {
  CoordinateSet set = graph.varies(output.value), singular = 0;
  for (CoordinateId id : inOrder(set, attention.coordinates)) {
    if (isSingular(id)) {
      singular |= setOf(id);
      continue;
    }
    output.coordinates.push_back(id);
    output.dimensions.push_back({.value = graph.extent(attention.coordinates[id].extent, output.range)});
  }
  dropSingularCoordinates(output, singular);
}

bool AttentionChecker::checkStore(Output &output, uint32_t position, const syntax::Type &type,
                                  const Context &typeContext) {
  const syntax::Line &line = *lines[position].line;
  Context context = contextOf(position);
  context.position = Context::last;
  CoordinateSet set = 0;
  bool failed = false;
  for (const syntax::Argument &argument : line.arguments) {
    if (argument.name) {
      report(DiagnosticKind::StoreByCoordinate, argument.name.range, context, output.name);
      failed = true;
      continue;
    }
    NodeId index = requireInt(evaluateNode(*argument.value, context), *argument.value, "an index", context);
    if (index == none) {
      failed = true;
      continue;
    }
    if (NodeId row = findRowFunction(index); row != none) {
      report(DiagnosticKind::RowFunctionPlace, attention.nodes[row].range, context, quoted(attention.nodes[row].range),
             "the index of a store");
      failed = true;
    }
    set |= graph.varies(index);
    output.indices.push_back(index);
  }
  if (failed)
    return false;
  if (output.indices.size() > type.dimensions.size()) {
    report(DiagnosticKind::TooManyIndices, line.range, context, output.name, type.dimensions.size(),
           output.indices.size())
        .note(output.range, fmt::format("it is `{}`", quoted(type.range)));
    return false;
  }
  for (size_t n = output.indices.size(); n < type.dimensions.size(); ++n) {
    const syntax::Expr &dimension = *type.dimensions[n];
    auto coordinate =
        dimension.kind == syntax::ExprKind::Name && dimension.name.text.size() == 1 && isCapital(dimension.name.text)
            ? coordinateOf(findExtent(dimension.name.text, typeContext), typeContext)
            : std::nullopt;
    if (!coordinate) {
      report(DiagnosticKind::MissingIndex, line.range, context, output.name, quoted(dimension.range));
      return false;
    }
    output.indices.push_back(graph.coordinate(*coordinate, dimension.range));
    set |= setOf(*coordinate);
  }
  CoordinateSet missing = graph.varies(output.value) & ~set;
  if (set & setOf(coordinateH))
    missing &= ~setOf(coordinateG);
  CoordinateSet singular = 0;
  for (CoordinateId id = 0; id < attention.coordinates.size(); ++id)
    if ((missing & setOf(id)) && isSingular(id))
      singular |= setOf(id);
  dropSingularCoordinates(output, singular);
  missing &= ~singular;
  if (missing) {
    // rule 10.7
    Diagnostic &diagnostic =
        report(DiagnosticKind::StoreNotOneToOne, line.range, context, output.name, describe(missing));
    noteOrigin(diagnostic, output.value, missing);
    return false;
  }
  output.coordinates = inOrder(set, attention.coordinates);
  // rule 10.7
  switch (proveStore(attention, graph, output.indices, set)) {
  case StoreProof::OneToOne:
    break;
  case StoreProof::Checkable:
    output.checkOneToOne = true;
    break;
  case StoreProof::Unproven:
    report(DiagnosticKind::StoreNotProven, line.range, context, output.name)
        .note("an index may be a coordinate, coordinates counted together as in `h * D + d`, or `table[b] + i`");
    return false;
  }
  return true;
}

} // namespace attn::sema
