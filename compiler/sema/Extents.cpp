#include "compiler/sema/AttentionChecker.h"

#include <algorithm>

namespace attn::sema {

using syntax::LineKind;

std::string_view AttentionChecker::lineExtentName(const PlacedLine &placed) const {
  const syntax::Line &line = *placed.line;
  if (line.kind == LineKind::Assignment && isCapital(line.name.text))
    return line.name.text;
  if (line.kind == LineKind::Declaration && isCapital(line.name.text) && !line.type->isTensor)
    return line.name.text;
  return {};
}

ExtentId AttentionChecker::addExtent(std::string_view name, SourceRange range) {
  if (auto it = extentsByName.find(name); it != extentsByName.end()) {
    if (!attention.extents[it->second].range)
      attention.extents[it->second].range = range;
    return it->second;
  }
  auto id = static_cast<ExtentId>(attention.extents.size());
  attention.extents.push_back({.name = std::string(name), .range = range});
  extentInfos.push_back({});
  extentCoordinates.push_back(noCoordinate);
  extentsByName.emplace(name, id);
  static constexpr std::string_view reserved = "BHGIJDE";
  if (name.size() == 1) {
    if (size_t at = reserved.find(name[0]); at != std::string_view::npos) {
      extentCoordinates[id] = static_cast<CoordinateId>(at);
      attention.coordinates[at].extent = id;
    } else {
      addCoordinate(std::string(1, static_cast<char>(name[0] - 'A' + 'a')), id);
    }
  }
  return id;
}

void AttentionChecker::collectExtents(const syntax::Expr &expression) {
  std::vector<const syntax::Expr *> pending{&expression};
  while (!pending.empty()) {
    const syntax::Expr *top = pending.back();
    pending.pop_back();
    if (top->kind == syntax::ExprKind::Name && isCapital(top->name.text))
      extentInfos[addExtent(top->name.text, top->range)].named = true;
    pending.insert(pending.end(), top->operands.rbegin(), top->operands.rend());
  }
}

void AttentionChecker::collectExtents() {
  for (std::string_view name : {"B", "H", "I"})
    addExtent(name, {});
  // rule 3.3: any capitalised name in a type is an extent, and so is the name of a capital line.
  for (const PlacedLine &placed : lines) {
    if (placed.line->type)
      for (const syntax::Expr *dimension : placed.line->type->dimensions)
        collectExtents(*dimension);
    for (const syntax::OutputItem &item : placed.line->items)
      if (item.type)
        for (const syntax::Expr *dimension : item.type->dimensions)
          collectExtents(*dimension);
    if (std::string_view name = lineExtentName(placed); !name.empty())
      extentInfos[addExtent(name, placed.line->name.range)].named = true;
  }
}

void AttentionChecker::bindExtents() {
  for (uint32_t n = 0; n < lines.size(); ++n) {
    std::string_view name = lineExtentName(lines[n]);
    if (name.empty())
      continue;
    ExtentId id = extentsByName.at(name);
    ExtentInfo &info = extentInfos[id];
    Context context{.module = lines[n].module, .layout = lines[n].layout};
    // rule 3.3: an extent is bound once.
    if (info.line != none) {
      report(DiagnosticKind::ExtentBoundTwice, lines[n].line->name.range, context, name)
          .note(lines[info.line].line->name.range, "it is bound here");
      continue;
    }
    info.line = n;
    attention.extents[id].binding =
        lines[n].line->kind == LineKind::Declaration ? ExtentBinding::Input : ExtentBinding::Computed;
    attention.extents[id].range = lines[n].line->name.range;
  }
}

bool AttentionChecker::evaluateExtent(ExtentId id, SourceRange use, const Context &context) {
  ExtentInfo &info = extentInfos[id];
  if (info.state == State::Done)
    return !info.failed;
  if (info.state == State::InProgress) {
    report(DiagnosticKind::CyclicExtent, use, context, attention.extents[id].name)
        .note(attention.extents[id].range, "it is bound here");
    info.failed = true;
    return false;
  }
  if (attention.extents[id].binding != ExtentBinding::Computed || info.line == none) {
    info.state = State::Done;
    return true;
  }
  info.state = State::InProgress;
  const PlacedLine &placed = lines[info.line];
  const syntax::Expr &expression = *placed.line->value;
  Context inside = contextOf(info.line);
  evaluating.push_back(info.line);
  NodeId node = evaluateNode(expression, inside);
  evaluating.pop_back();

  ExtentInfo &finished = extentInfos[id];
  finished.state = State::Done;
  Extent &extent = attention.extents[id];
  finished.failed |= node == none;
  if (node == none)
    return false;
  if (graph.type(node) != ScalarType::Int) {
    report(DiagnosticKind::ExtentNotInteger, expression.range, inside, extent.name, typeText(graph.type(node)))
        .note("a name that begins with a capital is an extent; `int(…)` makes an integer");
    finished.failed = true;
    return false;
  }
  CoordinateSet set = graph.varies(node);
  // rule 3.6: an extent may vary with b, but B, H and G are the same for all.
  bool shared = extent.name == "B" || extent.name == "H" || extent.name == "G";
  if (set & ~(shared ? 0 : setOf(coordinateB))) {
    report(DiagnosticKind::ExtentVaries, expression.range, inside, extent.name,
           describe(set & ~(shared ? 0 : setOf(coordinateB))))
        .note(shared ? fmt::format("`{}` must be the same for the whole run", extent.name)
                     : "a name that begins with a capital is an extent, which may vary with `b` only");
    finished.failed = true;
    return false;
  }
  if (NodeId row = findRowFunction(node); row != none) {
    report(DiagnosticKind::RowFunctionPlace, attention.nodes[row].range, inside, quoted(attention.nodes[row].range),
           fmt::format("the extent `{}`", extent.name));
    finished.failed = true;
    return false;
  }
  extent.value = node;
  extent.perBatch = set != 0;
  extent.fixed = graph.constant(node);
  return true;
}

NodeId AttentionChecker::extentNode(ExtentId id, SourceRange range, const Context &context) {
  if (!evaluateExtent(id, range, context))
    return none;
  return graph.extent(id, range);
}

NodeId AttentionChecker::dimensionSize(const syntax::Expr &expression, const Context &context,
                                       std::string_view tensor) {
  NodeId node = evaluateNode(expression, context);
  if (node == none)
    return none;
  if (graph.type(node) != ScalarType::Int) {
    report(DiagnosticKind::DimensionType, expression.range, context, tensor, typeText(graph.type(node)));
    return none;
  }
  std::vector<bool> used = reachable({node});
  for (NodeId id = 0; id < used.size(); ++id) {
    if (!used[id])
      continue;
    const Node &part = attention.nodes[id];
    // rule 3.6: an extent that varies with b can't be a dimension.
    if (part.kind == NodeKind::Extent && attention.extents[part.index].perBatch) {
      const Extent &extent = attention.extents[part.index];
      report(DiagnosticKind::PerBatchDimension, expression.range, context, extent.name, tensor)
          .note(extent.range, fmt::format("`{}` varies with `b` here", extent.name));
      return none;
    }
    if (part.kind == NodeKind::Load || part.kind == NodeKind::Coordinate || part.kind == NodeKind::Reduce) {
      Diagnostic &diagnostic = report(DiagnosticKind::DimensionVaries, expression.range, context, tensor,
                                      part.kind == NodeKind::Coordinate ? std::string(attention.coordinates[part.coordinate].name) : quoted(part.range));
      if (part.kind == NodeKind::Coordinate && expression.kind == syntax::ExprKind::Name)
        diagnostic.suggest(expression.range, std::string(1, static_cast<char>(expression.name.text[0] - 'a' + 'A')), "an extent is written large, its coordinate small");
      diagnostic.note("a dimension is an expression of extents, integer scalars and numbers");
      return none;
    }
  }
  if (auto size = graph.constant(node); size && *size < 0 && expression.kind != syntax::ExprKind::Name)
    report(DiagnosticKind::NegativeExtent, expression.range, context, quoted(expression.range), *size);
  return node;
}

namespace {

/// node = scale * X + offset; none stands for 0.
struct Linear {
  NodeId scale = none;
  NodeId offset = none;
};

class LinearForm {
public:
  LinearForm(const Attention &attention, GraphBuilder &graph, ExtentId unknown)
      : attention(attention), graph(graph), unknown(unknown) {}

  std::optional<Linear> of(NodeId id, unsigned depth = 0) {
    const Node node = attention.nodes[id];
    if (depth > 64)
      return std::nullopt;
    if (node.kind == NodeKind::Extent && node.index == unknown)
      return Linear{graph.integer(1, node.range), none};
    if (node.kind != NodeKind::Binary && node.kind != NodeKind::Unary)
      return Linear{none, id};
    auto x = of(node.operands[0], depth + 1);
    auto y = node.kind == NodeKind::Binary ? of(node.operands[1], depth + 1) : x;
    if (!x || !y)
      return std::nullopt;
    if (x->scale == none && y->scale == none)
      return Linear{none, id};
    if (node.kind == NodeKind::Unary)
      return std::nullopt;
    auto combine = [&](BinaryOp op, NodeId a, NodeId b) {
      if (b == none)
        return a;
      if (a == none && op == BinaryOp::Add)
        return b;
      return graph.binary(op, ScalarType::Int, a == none ? graph.integer(0, node.range) : a, b, node.range);
    };
    auto product = [&](NodeId a, NodeId b) {
      return a == none || b == none ? none : graph.binary(BinaryOp::Multiply, ScalarType::Int, a, b, node.range);
    };
    switch (node.binary) {
    case BinaryOp::Add:
    case BinaryOp::Subtract:
      return Linear{combine(node.binary, x->scale, y->scale), combine(node.binary, x->offset, y->offset)};
    case BinaryOp::Multiply:
      if (x->scale != none && y->scale != none)
        return std::nullopt;
      if (x->scale == none)
        std::swap(x, y);
      return Linear{product(x->scale, y->offset), product(x->offset, y->offset)};
    default:
      return std::nullopt;
    }
  }

private:
  const Attention &attention;
  GraphBuilder &graph;
  ExtentId unknown;
};

} // namespace

void AttentionChecker::finishDimensions() {
  for (TensorId tensor = 0; tensor < attention.tensors.size(); ++tensor) {
    const PlacedLine &placed = lines[tensorInfos[tensor].line];
    Context context{.module = placed.module, .layout = placed.layout};
    for (size_t n = 0; n < attention.tensors[tensor].dimensions.size(); ++n) {
      NodeId size = dimensionSize(*placed.line->type->dimensions[n], context, attention.tensors[tensor].name);
      attention.tensors[tensor].dimensions[n].value = size;
    }
  }
  if (errorCount != 0)
    return;

  // rule 3.3: dimensions that are just the extent's name bind it; where there is none, a * X + c does.
  std::vector<bool> bound(attention.extents.size());
  for (ExtentId id = 0; id < attention.extents.size(); ++id)
    bound[id] = attention.extents[id].binding != ExtentBinding::Dimension;
  std::vector<bool> givenBefore = bound;
  for (TensorId tensor = 0; tensor < attention.tensors.size(); ++tensor)
    for (size_t n = 0; n < tensorInfos[tensor].plain.size(); ++n)
      if (ExtentId extent = tensorInfos[tensor].plain[n]; extent != none && !givenBefore[extent]) {
        attention.tensors[tensor].dimensions[n].extent = extent;
        bound[extent] = true;
      }
  for (bool changed = true; changed;) {
    changed = false;
    std::vector<bool> before = bound;
    for (Tensor &tensor : attention.tensors)
      for (Dimension &dimension : tensor.dimensions) {
        ExtentId unknown = none;
        unsigned count = 0;
        std::vector<bool> used = reachable({dimension.value});
        for (NodeId id = 0; id < used.size(); ++id)
          if (used[id] && attention.nodes[id].kind == NodeKind::Extent && !before[attention.nodes[id].index])
            unknown = attention.nodes[id].index, ++count;
        if (count != 1 || dimension.extent != none)
          continue;
        auto linear = LinearForm(attention, graph, unknown).of(dimension.value);
        if (!linear || linear->scale == none || graph.constant(linear->scale) == 0)
          continue;
        dimension.extent = unknown;
        auto scale = graph.constant(linear->scale);
        auto offset = linear->offset == none ? std::optional<int64_t>(0) : graph.constant(linear->offset);
        dimension.scale = scale.value_or(1);
        dimension.offset = offset.value_or(0);
        dimension.scaleValue = scale ? none : linear->scale;
        dimension.offsetValue = offset ? none : linear->offset;
        bound[unknown] = changed = true;
      }
  }

  for (ExtentId id = 0; id < attention.extents.size(); ++id) {
    if (bound[id])
      continue;
    Extent &extent = attention.extents[id];
    if (extent.name == "B" || extent.name == "H" || extent.name == "I") {
      // rule 3.7
      extent.binding = ExtentBinding::One;
      ExtentId groups = attention.findExtent("G");
      if (extent.name == "H" && groups != none)
        extent.value = graph.extent(groups, extent.range);
      else
        extent.fixed = 1;
      continue;
    }
    Diagnostic &diagnostic =
        report(DiagnosticKind::ExtentUnbound, extent.range, Context{.module = &modules.main()}, extent.name);
    diagnostic.note(
        fmt::format("an input's dimension `{0}`, a line `{0} = …` or a scalar `{0}: int` would bind it", extent.name));
  }
}

void AttentionChecker::checkExtents() {
  Context context{.module = &modules.main()};
  for (ExtentId id = 0; id < attention.extents.size(); ++id) {
    const Extent &extent = attention.extents[id];
    // rule 3.8
    if (extent.fixed && *extent.fixed < 0 && extentInfos[id].line != none)
      report(DiagnosticKind::NegativeExtent, lines[extentInfos[id].line].line->value->range,
             contextOf(extentInfos[id].line), extent.name, *extent.fixed);
  }
  ExtentId heads = attention.findExtent("H"), groups = attention.findExtent("G");
  if (heads == none || groups == none)
    return;
  const Extent &h = attention.extents[heads], &g = attention.extents[groups];
  // rule 3.7
  if (h.fixed && g.fixed && (*g.fixed == 0 || *h.fixed % *g.fixed != 0))
    report(DiagnosticKind::HeadsNotDivisible, h.range ? h.range : g.range, context, *h.fixed, *g.fixed)
        .note(g.range, fmt::format("`G` is {} here", *g.fixed));

  // rule 4.2: an index that is a number is checked here, all others while running.
  for (NodeId id = 0; id < attention.nodes.size(); ++id) {
    const Node &node = attention.nodes[id];
    if (node.kind != NodeKind::Load || errorCount != 0)
      continue;
  }
}

} // namespace attn::sema
