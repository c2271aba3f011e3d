#include "compiler/sema/AttentionChecker.h"

namespace attn::sema {

void AttentionChecker::declareScalar(const PlacedLine &placed, uint32_t position) {
  const syntax::Line &line = *placed.line;
  Context context{.module = placed.module, .layout = placed.layout};
  std::string_view type = line.type->name.text;
  Scalar scalar{.name = std::string(line.name.text), .range = line.name.range};
  if (type == "int")
    scalar.kind = ScalarKind::Int;
  else if (type == "float")
    scalar.kind = ScalarKind::Float;
  else if (type == "bool")
    scalar.kind = ScalarKind::Bool;
  else if (findElementType(type) ||
           (layoutParameter(type, placed.layout) && layoutParameter(type, placed.layout)->element))
    report(DiagnosticKind::ScalarElementType, line.type->range, context, line.name.text, type)
        .note(fmt::format("a scalar is `int`, `float` or `bool`; a tensor has dimensions: `{}[…]`", type));
  else
    elementType(*line.type, placed.layout, *placed.module);
  auto id = static_cast<ScalarId>(attention.scalars.size());
  if (isCapital(line.name.text)) {
    // rule 3.5: a capital scalar is an extent the caller gives.
    if (scalar.kind != ScalarKind::Int)
      report(DiagnosticKind::ExtentNotInteger, line.type->range, context, line.name.text, type);
    scalar.extent = extentsByName.at(line.name.text);
    attention.extents[scalar.extent].scalar = id;
  } else {
    versions[line.name.text].push_back(position);
  }
  attention.scalars.push_back(std::move(scalar));
  scalarLines.push_back(position);
}

void AttentionChecker::evaluateScalarDefaults() {
  for (ScalarId id = 0; id < attention.scalars.size(); ++id) {
    const PlacedLine &placed = lines[scalarLines[id]];
    if (!placed.line->value)
      continue;
    const syntax::Expr &expression = *placed.line->value;
    Context context = contextOf(scalarLines[id]);
    std::string what = fmt::format("the default of `{}`", attention.scalars[id].name);
    NodeId node = evaluateNode(expression, context);
    switch (attention.scalars[id].kind) {
    case ScalarKind::Int:
      node = requireInt(node, expression, what, context);
      break;
    case ScalarKind::Bool:
      node = requireBool(node, expression, what, context);
      break;
    case ScalarKind::Float:
      node = requireNumber(node, expression, what, context);
      break;
    }
    if (node == none)
      continue;
    if (attention.scalars[id].kind == ScalarKind::Float)
      node = graph.convert(node, ScalarType::Float64, expression.range);
    // rule 2.4: a default is known before the run: extents, other scalars and numbers.
    std::vector<bool> used = reachable({node});
    for (NodeId part = 0; part < used.size(); ++part) {
      NodeKind kind = attention.nodes[part].kind;
      bool ownOrPerBatch = (kind == NodeKind::Scalar && attention.nodes[part].index >= id) ||
                           (kind == NodeKind::Extent && (attention.extents[attention.nodes[part].index].perBatch ||
                                                         attention.extents[attention.nodes[part].index].scalar == id));
      if (!used[part] || (kind != NodeKind::Load && kind != NodeKind::Coordinate &&
                          !isRowFunction(attention.nodes[part]) && kind != NodeKind::Reduce && !ownOrPerBatch))
        continue;
      report(DiagnosticKind::DefaultNotConstant, expression.range, context, attention.scalars[id].name,
             quoted(attention.nodes[part].range))
          .note("a default is an expression of extents, scalars declared before, and numbers");
      node = none;
      break;
    }
    attention.scalars[id].defaultValue = node;
  }
}

} // namespace attn::sema
