#include "compiler/sema/AttentionChecker.h"

#include <algorithm>

namespace attn::sema {

std::vector<bool> AttentionChecker::reachable(const std::vector<NodeId> &roots) const {
  std::vector<bool> seen(attention.nodes.size());
  std::vector<NodeId> pending;
  auto visit = [&](NodeId id) {
    if (id != none && !seen[id])
      seen[id] = true, pending.push_back(id);
  };
  for (NodeId root : roots)
    visit(root);
  while (!pending.empty()) {
    NodeId id = pending.back();
    pending.pop_back();
    for (NodeId operand : attention.nodes[id].operands)
      visit(operand);
  }
  return seen;
}

NodeId AttentionChecker::findRowFunction(NodeId root) const {
  std::vector<bool> seen = reachable({root});
  for (NodeId id = 0; id < seen.size(); ++id)
    if (seen[id] && isRowFunction(attention.nodes[id]))
      return id;
  return none;
}

NodeId AttentionChecker::evaluateLse(SourceRange use, const Context &context) {
  if (lseState == State::Done)
    return lseNode;
  if (lseState == State::InProgress) {
    report(DiagnosticKind::CyclicDefinition, use, context, "lse");
    return none;
  }
  lseState = State::InProgress;
  NodeId weight = evaluateLast("weight", context, use);
  lseState = State::Done;
  if (weight == none)
    return none;
  std::vector<NodeId> softmaxes;
  std::vector<bool> seen = reachable({weight});
  for (NodeId id = 0; id < seen.size(); ++id)
    if (seen[id] && attention.nodes[id].kind == NodeKind::Softmax)
      softmaxes.push_back(id);
  if (softmaxes.size() != 1) {
    // rule 2.7
    Diagnostic &diagnostic = report(DiagnosticKind::LseNeedsSoftmax, use, context, softmaxes.size());
    for (NodeId id : softmaxes)
      diagnostic.note(attention.nodes[id].range, "a softmax is here");
    return none;
  }
  const Node softmax = attention.nodes[softmaxes[0]];
  lseNode =
      graph.rowFunction(NodeKind::LogSumExp, softmax.operands, softmax.varies & ~setOf(coordinateJ), softmax.range);
  return lseNode;
}

void AttentionChecker::evaluateSpecials() {
  checkMask();
  checkScore();
  Context context{.module = &modules.main()};
  EntityId weight = findEntity("weight", Context::last);
  if (usedEntities().count(weight)) {
    attention.weight = evaluateLast("weight", context, syntax.name.range);
    if (attention.weight != none && graph.type(attention.weight) == ScalarType::Bool)
      report(DiagnosticKind::WeightType, entityRange(weight), context);
  }
  if (attention.weight != none && errorCount == 0) {
    std::vector<bool> seen = reachable({attention.weight});
    unsigned count = 0;
    for (NodeId id = 0; id < seen.size(); ++id)
      count += seen[id] && attention.nodes[id].kind == NodeKind::Softmax;
    if (count == 1)
      attention.lse = evaluateLse(syntax.name.range, context);
  }
  for (auto &[name, list] : versions) {
    EntityId entity = list.back();
    if (lines[entity].line->kind == syntax::LineKind::Assignment && entities[entity].value.kind == Value::Kind::Node)
      attention.definitions.push_back({std::string(name), entities[entity].value.node, entityRange(entity)});
  }
  for (EntityId entity = static_cast<EntityId>(lines.size()); entity < entities.size(); ++entity)
    if (!versions.count(entityName(entity)) && entities[entity].value.kind == Value::Kind::Node)
      attention.definitions.push_back(
          {std::string(entityName(entity)), entities[entity].value.node, entityRange(entity)});
  std::sort(attention.definitions.begin(), attention.definitions.end(), [](const Definition &a, const Definition &b) {
    return a.value != b.value ? a.value < b.value : a.name < b.name;
  });
}

void AttentionChecker::checkMask() {
  EntityId entity = findEntity("mask", Context::last), score = findEntity("score", Context::last);
  Context context = contextOf(entity);
  // rule 9.3
  if (entity != score && reads(entity, score)) {
    report(DiagnosticKind::MaskUsesScore, entityRange(entity), context)
        .note("what the score decides belongs in `weight`, or in the score itself: `score = -inf if … else score`");
    return;
  }
  NodeId mask = evaluateLast("mask", context, entityRange(entity));
  if (mask == none)
    return;
  if (graph.type(mask) != ScalarType::Bool) {
    const syntax::Expr *expression = entityExpression(entity);
    Diagnostic &diagnostic = report(DiagnosticKind::MaskType, expression ? expression->range : entityRange(entity),
                                    context, graph.type(mask) == ScalarType::Int ? "int" : "float");
    if (graph.type(mask) == ScalarType::Int)
      diagnostic.note("a key is visible where `mask` is true: compare with something");
    else
      diagnostic.note("a mask of 0 and -inf is added to the score: `score = score + …`");
    return;
  }
  // rule 9.2
  if (CoordinateSet others = graph.varies(mask) & ~runCoordinates) {
    report(DiagnosticKind::MaskVaries, entityRange(entity), context, describe(others))
        .note("a key is visible or not for a query as a whole: `mask` may vary with `b h g i j`");
    return;
  }
  if (NodeId row = findRowFunction(mask); row != none) {
    report(DiagnosticKind::RowFunctionPlace, attention.nodes[row].range, context, quoted(attention.nodes[row].range),
           "`mask`")
        .note("row functions belong in `weight`, `o` and outputs");
    return;
  }
  attention.mask = mask;
}

void AttentionChecker::checkScore() {
  EntityId entity = findEntity("score", Context::last);
  if (!usedEntities().count(entity))
    return;
  Context context = contextOf(entity);
  NodeId score = evaluateLast("score", context, entityRange(entity));
  if (score == none)
    return;
  if (graph.type(score) == ScalarType::Bool) {
    report(DiagnosticKind::ScoreType, entityRange(entity), context).note("which keys are visible is decided by `mask`");
    return;
  }
  if (NodeId row = findRowFunction(score); row != none) {
    // rule 9.4
    report(DiagnosticKind::RowFunctionPlace, attention.nodes[row].range, context, quoted(attention.nodes[row].range),
           "`score`")
        .note("row functions belong in `weight`, `o` and outputs");
    return;
  }
  if (CoordinateSet others = graph.varies(score) & ~runCoordinates)
    report(DiagnosticKind::ScoreVaries, entityRange(entity), context, describe(others))
        .note(fmt::format("each {} has a softmax of its own; a product is summed by `dot(q, k)` or `sum(d: …)`",
                          describe(others)));
  attention.score = score;
}

} // namespace attn::sema
