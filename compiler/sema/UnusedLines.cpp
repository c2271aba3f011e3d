#include "compiler/sema/AttentionChecker.h"

#include <algorithm>

namespace attn::sema {

using syntax::LineKind;

const std::unordered_set<EntityId> &AttentionChecker::usedEntities() {
  if (used)
    return *used;
  used.emplace();
  std::vector<EntityId> pending;
  auto visit = [&](EntityId entity) {
    if (entity != none && used->insert(entity).second)
      pending.push_back(entity);
  };
  bool anyOutput = false;
  for (EntityId n = 0; n < lines.size(); ++n) {
    const syntax::Line &line = *lines[n].line;
    if (line.kind == LineKind::Store)
      visit(n);
    if (line.kind != LineKind::Outputs)
      continue;
    anyOutput = true;
    visit(n);
    for (const syntax::OutputItem &item : line.items) {
      visit(findEntity(item.name.text, Context::last));
      if (item.name.text == "lse" && findEntity("lse", Context::last) == none)
        visit(findEntity("weight", Context::last));
    }
  }
  if (!anyOutput)
    visit(findEntity("o", Context::last));
  while (!pending.empty()) {
    EntityId top = pending.back();
    pending.pop_back();
    for (EntityId next : mentions(top))
      visit(next);
  }
  return *used;
}

void AttentionChecker::useExpression(const syntax::Expr &expression) {
  // Without inputs there are no scores: what is visible is up to the mask alone.
  if (attention.tensors.empty())
    used.emplace();
  else
    usedEntities();
  std::vector<EntityId> pending;
  addMentions(expression, {}, pending);
  while (!pending.empty()) {
    EntityId top = pending.back();
    pending.pop_back();
    if (used->insert(top).second)
      for (EntityId next : mentions(top))
        pending.push_back(next);
  }
}

void AttentionChecker::checkUnused() {
  // rule 2.8
  usedEntities();
  std::vector<EntityId> pending;
  auto visit = [&](EntityId entity) {
    if (used->insert(entity).second)
      pending.push_back(entity);
  };
  auto close = [&] {
    while (!pending.empty()) {
      EntityId top = pending.back();
      pending.pop_back();
      for (EntityId next : mentions(top))
        visit(next);
    }
  };
  std::vector<NodeId> roots;
  for (const Output &output : attention.outputs) {
    roots.push_back(output.value);
    roots.insert(roots.end(), output.indices.begin(), output.indices.end());
    for (const Dimension &dimension : output.dimensions)
      roots.push_back(dimension.value);
  }
  std::vector<bool> seen = reachable(roots);
  bool readsRow = false;
  for (NodeId id = 0; id < seen.size(); ++id)
    readsRow |= seen[id] && isRowFunction(attention.nodes[id]);
  for (const Output &output : attention.outputs)
    readsRow |= output.name == "score" || output.name == "weight";
  if (readsRow && attention.mask != none) {
    visit(findEntity("mask", Context::last));
    roots.push_back(attention.mask);
  }
  close();

  // An extent is used by any tensor's dimension and by any node; a tensor, also by binding an extent nothing else
  // binds.
  std::vector<bool> extentUsed(attention.extents.size());
  auto useOf = [&](const std::vector<NodeId> &from) {
    std::vector<bool> nodes = reachable(from);
    for (NodeId id = 0; id < nodes.size(); ++id) {
      if (!nodes[id])
        continue;
      const Node &node = attention.nodes[id];
      if (node.kind == NodeKind::Extent)
        extentUsed[node.index] = true;
      if (node.kind == NodeKind::Coordinate)
        if (ExtentId extent = attention.coordinates[node.coordinate].extent; extent != none)
          extentUsed[extent] = true;
      for (CoordinateId coordinate : node.coordinates)
        if (ExtentId extent = attention.coordinates[coordinate].extent; extent != none)
          extentUsed[extent] = true;
    }
    for (const Output &output : attention.outputs)
      for (CoordinateId coordinate : output.coordinates)
        if (ExtentId extent = attention.coordinates[coordinate].extent; extent != none)
          extentUsed[extent] = true;
  };
  for (TensorId tensor = 0; tensor < attention.tensors.size(); ++tensor)
    if (uint32_t line = tensorInfos[tensor].line; lines[line].layout || used->count(line))
      for (const Dimension &dimension : attention.tensors[tensor].dimensions)
        roots.push_back(dimension.value);
  useOf(roots);
  for (bool changed = true; changed;) {
    changed = false;
    for (ExtentId id = 0; id < attention.extents.size(); ++id)
      if (extentUsed[id] && attention.extents[id].value != none) {
        std::vector<bool> before = extentUsed;
        useOf({attention.extents[id].value});
        changed |= before != extentUsed;
      }
  }
  for (ExtentId id = 0; id < attention.extents.size(); ++id)
    if (extentUsed[id] && extentInfos[id].line != none)
      visit(extentInfos[id].line);
  close();
  std::vector<unsigned> binders(attention.extents.size());
  for (const Tensor &tensor : attention.tensors)
    for (const Dimension &dimension : tensor.dimensions)
      if (dimension.extent != none)
        ++binders[dimension.extent];

  std::unordered_set<EntityId> mentioned;
  std::vector<EntityId> unusedLines;
  for (EntityId n = 0; n < lines.size(); ++n) {
    const PlacedLine &placed = lines[n];
    if (placed.layout || used->count(n) || placed.line->kind == LineKind::Outputs ||
        placed.line->kind == LineKind::Store)
      continue;
    if (placed.line->kind == LineKind::Declaration && placed.line->type->isTensor) {
      TensorId tensor = attention.findTensor(placed.line->name.text);
      bool onlyBinder = false;
      for (const Dimension &dimension : attention.tensors[tensor].dimensions)
        onlyBinder |= dimension.extent != none && extentUsed[dimension.extent] && binders[dimension.extent] == 1;
      if (onlyBinder)
        continue;
    }
    unusedLines.push_back(n);
    for (EntityId next : mentions(n))
      mentioned.insert(next);
  }
  for (EntityId n : unusedLines) {
    if (mentioned.count(n))
      continue;
    const syntax::Line &line = *lines[n].line;
    Context context = contextOf(n);
    Diagnostic &diagnostic = report(DiagnosticKind::UnusedLine, line.name.range, context, line.name.text);
    std::vector<std::string> wanted;
    for (auto name : {"score", "mask", "weight"})
      if (line.name.text != name)
        wanted.emplace_back(name);
    if (line.name.text != "o")
      wanted.emplace_back("o");
    EntityId later = none;
    for (EntityId version : versions.count(line.name.text) ? versions.at(line.name.text) : std::vector<EntityId>{})
      if (version > n && later == none)
        later = version;
    if (later != none)
      diagnostic.note(entityRange(later),
                      fmt::format("`{}` is redefined here, without reading its earlier meaning", line.name.text));
    else if (std::string close = line.kind == LineKind::Assignment ? closestName(line.name.text, wanted) : "";
             !close.empty())
      diagnostic.suggest(line.name.range, close, "a name that counts");
    else if (line.kind == LineKind::Assignment)
      diagnostic.note(fmt::format("`out {}` would make it an output", line.name.text));
  }
}

bool AttentionChecker::mentionsExtent(const syntax::Expr &expression, std::string_view name) const {
  std::vector<const syntax::Expr *> pending{&expression};
  while (!pending.empty()) {
    const syntax::Expr *top = pending.back();
    pending.pop_back();
    if (top->kind == syntax::ExprKind::Name && top->name.text == name)
      return true;
    pending.insert(pending.end(), top->operands.begin(), top->operands.end());
  }
  return false;
}

} // namespace attn::sema
