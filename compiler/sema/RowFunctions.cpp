#include "compiler/sema/AttentionChecker.h"

#include <algorithm>

namespace attn::sema {

using syntax::Expr;

bool isRowFunction(const Node &node) {
  switch (node.kind) {
  case NodeKind::Softmax:
  case NodeKind::LogSumExp:
  case NodeKind::Normalize:
  case NodeKind::TopK:
  case NodeKind::Sparsemax:
  case NodeKind::Entmax15:
  case NodeKind::SumAfter:
    return true;
  case NodeKind::Reduce:
    return std::find(node.coordinates.begin(), node.coordinates.end(), coordinateJ) != node.coordinates.end();
  default:
    return false;
  }
}

CoordinateSet AttentionChecker::visibility(SourceRange use, const Context &context, std::string_view what) {
  if (attention.coordinates[coordinateJ].extent == none) {
    if (lacksExtent.insert("j").second)
      report(DiagnosticKind::CoordinateWithoutExtent, use, context, "j").withLabel("no tensor has a dimension `J`");
    else
      ++errorCount;
    return 0;
  }
  for (EntityId entity : evaluating)
    if (!isDefault(entity) && !lineExtentName(lines[entity]).empty()) {
      report(DiagnosticKind::RowFunctionPlace, use, context, what,
             fmt::format("the extent `{}`", lineExtentName(lines[entity])));
      return 0;
    }
  // rule 9.1: which keys are visible varies with what the mask, and the score the weight uses, vary with.
  auto collect = [&](std::string_view name) -> CoordinateSet {
    EntityId entity = findEntity(name, Context::last);
    // What comes of a mask that uses the score is that one mistake, which checkMask reports.
    if (EntityId score = findEntity("score", Context::last); name == "mask" && entity != score && reads(entity, score))
      return 0;
    if (entities[entity].state == State::InProgress) {
      report(DiagnosticKind::RowFunctionPlace, use, context, what, fmt::format("`{}`", name))
          .note("row functions belong in `weight`, `o` and outputs");
      return 0;
    }
    visibilityUses.emplace_back(use, std::string(name));
    NodeId node = evaluateLast(name, context, use);
    visibilityUses.pop_back();
    return node == none ? 0 : graph.varies(node);
  };
  unsigned before = errorCount;
  CoordinateSet set = collect("mask");
  if (errorCount != before)
    return set;
  if (scoreDecides())
    set |= collect("score");
  return set;
}

bool AttentionChecker::scoreDecides() {
  if (!scoreDecidesKnown) {
    EntityId weight = findEntity("weight", Context::last);
    scoreDecidesKnown = usedEntities().count(weight) && reads(weight, findEntity("score", Context::last));
  }
  return *scoreDecidesKnown;
}

NodeId AttentionChecker::evaluateReduction(const Expr &expression, const Context &context) {
  auto reduction = findReduction(expression.name.text);
  if (!reduction) {
    Diagnostic &diagnostic =
        report(DiagnosticKind::UnknownReduction, expression.name.range, context, expression.name.text);
    if (std::string close = closestName(expression.name.text, {"sum", "min", "max", "any", "all"}); !close.empty())
      diagnostic.suggest(expression.name.range, close);
    else
      diagnostic.note("reductions are `sum min max any all`");
  }
  std::vector<CoordinateId> coordinates;
  CoordinateSet bound = 0;
  bool failed = !reduction;
  for (const syntax::Identifier &binder : expression.binders) {
    bool hidden = false;
    if (context.frame)
      for (const Frame::Name &name : context.frame->names)
        hidden |= name.name == binder.text;
    if (hidden) {
      // rule 6.6
      report(DiagnosticKind::HiddenCoordinate, binder.range, context, binder.text,
             context.frame->definition->name.text);
      failed = true;
      continue;
    }
    auto coordinate = requireCoordinate(binder, context);
    if (!coordinate) {
      failed = true;
      continue;
    }
    if (bound & setOf(*coordinate)) {
      report(DiagnosticKind::DuplicateArgument, binder.range, context, binder.text);
      failed = true;
      continue;
    }
    bound |= setOf(*coordinate);
    coordinates.push_back(*coordinate);
  }
  Context inside = context;
  inside.bound |= bound;
  const Expr &operand = *expression.operands[0];
  NodeId x = evaluateNode(operand, inside);
  if (x == none || failed)
    return none;
  std::string what = fmt::format("`{}`", expression.name.text);
  // rule 5.4
  x = *reduction == Reduction::Any || *reduction == Reduction::All ? requireBool(x, operand, what, inside)
                                                                   : requireNumber(x, operand, what, inside);
  if (x == none)
    return none;
  CoordinateSet set = graph.varies(x);
  if ((bound & setOf(coordinateG)) && (set & setOf(coordinateH))) {
    report(DiagnosticKind::GroupFollowsHead, expression.range, context, quoted(operand.range));
    return none;
  }
  CoordinateSet visible = 0;
  if (bound & setOf(coordinateJ))
    visible = visibility(expression.range, context, quoted(expression.range));
  return graph.reduce(*reduction, x, std::move(coordinates), visible, expression.range);
}

NodeId AttentionChecker::evaluateDot(const Expr &at, NodeId x, NodeId y, const Context &context) {
  unify(x, y);
  // rule 5.1: every coordinate both have, other than the run's and those an enclosing reduction binds.
  CoordinateSet both = graph.varies(x) & graph.varies(y) & ~runCoordinates;
  CoordinateSet shared = both & ~context.bound;
  if (!shared) {
    Diagnostic &diagnostic = report(DiagnosticKind::NoSharedCoordinate, at.range, context);
    diagnostic.note(
        fmt::format("one varies with {}, the other with {}", describe(graph.varies(x)), describe(graph.varies(y))));
    if (both)
      diagnostic.note(fmt::format("the reduction around it binds {} already", describe(both)));
    else
      diagnostic.note("`dot` sums over every coordinate both have, other than `b h g i j`");
    return none;
  }
  std::vector<CoordinateId> coordinates;
  for (CoordinateId id = 0; id < attention.coordinates.size(); ++id)
    if (shared & setOf(id))
      coordinates.push_back(id);
  return graph.dot(x, y, std::move(coordinates), at.range);
}

NodeId AttentionChecker::evaluateRow(const Builtin &builtin, const Expr &at, std::vector<NodeId> operands,
                                     const Context &context) {
  // rule 9.5: row functions are computed in f32, as the score is.
  operands[0] = toFloat32(operands[0]);
  if (builtin.row == NodeKind::Softmax && operands.size() == 2) {
    operands[1] = toFloat32(operands[1]);
    if (graph.varies(operands[1]) & setOf(coordinateJ)) {
      const syntax::Argument &last = at.arguments.back();
      report(DiagnosticKind::SinkVaries, last.value->range, context)
          .note("a row has one sink: it may vary with `b h i`");
      return none;
    }
  }
  CoordinateSet visible = visibility(at.range, context, quoted(at.range));
  return graph.rowFunction(builtin.row, std::move(operands), visible, at.range);
}

} // namespace attn::sema
