#include "compiler/sema/AttentionChecker.h"

#include <algorithm>

namespace attn::sema {

using syntax::Expr;

std::string AttentionChecker::tensorText(TensorId tensor) const {
  const PlacedLine &placed = lines[tensorInfos[tensor].line];
  return fmt::format("{}: {}", attention.tensors[tensor].name, quoted(placed.line->type->range));
}

Value AttentionChecker::evaluateIndex(const Expr &expression, const Context &context) {
  const Expr &base = *expression.operands[0];
  Value value = evaluate(base, context);

  std::vector<NodeId> positions;
  std::vector<SourceRange> positionRanges;
  Rebasing rebasing;
  std::vector<SourceRange> rebasingRanges;
  bool failed = value.kind == Value::Kind::Error;
  for (const syntax::Argument &argument : expression.arguments) {
    NodeId node = evaluateNode(*argument.value, context);
    node = requireInt(node, *argument.value, "an index", context);
    failed |= node == none;
    if (!argument.name) {
      positions.push_back(node);
      positionRanges.push_back(argument.value->range);
      continue;
    }
    auto coordinate = requireCoordinate(argument.name, context);
    if (!coordinate) {
      failed = true;
      continue;
    }
    for (auto &[earlier, other] : rebasing)
      if (earlier == *coordinate) {
        report(DiagnosticKind::DuplicateArgument, argument.name.range, context, argument.name.text);
        failed = true;
      }
    rebasing.emplace_back(*coordinate, node);
    rebasingRanges.push_back(argument.name.range);
  }
  if (expression.arguments.empty()) {
    report(DiagnosticKind::EmptyBrackets, expression.range, context, quoted(base.range));
    return {};
  }
  if (failed)
    return {};

  if (value.kind == Value::Kind::Tensor) {
    size_t rank = attention.tensors[value.tensor].dimensions.size();
    if (value.indices.size() + positions.size() > rank) {
      // rule 4.3
      report(DiagnosticKind::TooManyIndices, expression.range, context, attention.tensors[value.tensor].name, rank,
             value.indices.size() + positions.size())
          .note(attention.tensors[value.tensor].range, fmt::format("it is `{}`", tensorText(value.tensor)));
      return {};
    }
    value.indices.insert(value.indices.end(), positions.begin(), positions.end());
    if (rebasing.empty())
      return value;
    return Value::ofNode(readTensor(value, rebasing, rebasingRanges, expression.range, context));
  }

  if (!positions.empty()) {
    // rule 4.1: only a declared tensor has positions.
    Diagnostic &diagnostic =
        report(DiagnosticKind::PositionalRead, positionRanges.front(), context, quoted(base.range));
    bool parameter = false;
    if (context.frame && base.kind == syntax::ExprKind::Name)
      for (const Frame::Name &name : context.frame->names)
        parameter |= name.name == base.name.text && name.isParameter;
    if (parameter)
      diagnostic.note(
          fmt::format("a parameter with a tensor type can be read by position: `{}: f32[N]`", base.name.text));
    else
      diagnostic.note("by coordinate: `x[i = …]`");
    return {};
  }
  return Value::ofNode(rebaseNode(value.node, rebasing, rebasingRanges, base, context));
}

NodeId AttentionChecker::materialize(const Value &value, const Expr &at, const Context &context) {
  if (value.kind == Value::Kind::Tensor)
    return readTensor(value, {}, {}, at.range, context);
  return value.kind == Value::Kind::Node ? value.node : none;
}

NodeId AttentionChecker::readTensor(const Value &value, const Rebasing &rebasing,
                                    const std::vector<SourceRange> &ranges, SourceRange at, const Context &context) {
  const Tensor &tensor = attention.tensors[value.tensor];
  const TensorInfo &info = tensorInfos[value.tensor];
  std::vector<NodeId> indices = value.indices;

  // rule 4.2
  for (size_t n = 0; n < indices.size(); ++n) {
    const Node &index = attention.nodes[indices[n]];
    if (index.kind != NodeKind::Integer)
      continue;
    const Expr *dimension = lines[info.line].line->type->dimensions[n];
    std::optional<int64_t> size;
    if (dimension->kind == syntax::ExprKind::Integer)
      size = dimension->integer;
    else if (info.plain[n] != none && evaluateExtent(info.plain[n], at, context))
      size = attention.extents[info.plain[n]].fixed;
    if (index.integer >= 0 && (!size || *size < 0 || index.integer < *size))
      continue;
    Diagnostic &diagnostic = report(DiagnosticKind::IndexOutOfRange, index.range, context, index.integer,
                                    quoted(dimension->range), tensor.name);
    if (index.integer < 0)
      diagnostic.note("negative indices don't count from the end");
    else
      diagnostic.note(tensor.range, fmt::format("it is `{}`", tensorText(value.tensor)));
    return none;
  }

  std::vector<bool> used(rebasing.size());
  CoordinateSet seen = 0;
  for (size_t n = indices.size(); n < tensor.dimensions.size(); ++n) {
    ExtentId extent = info.plain[n];
    SourceRange dimension = tensor.dimensions[n].range;
    // rule 4.4: a dimension may be left out if it is an extent that has a coordinate.
    std::optional<CoordinateId> coordinate;
    if (auto bound = anonymousExtents.find({value.tensor, n, 0}); extent == none && bound != anonymousExtents.end())
      extent = bound->second;
    if (extent != none) {
      bool lettered = info.plain[n] != none && attention.extents[extent].name.size() == 1;
      if (context.frame)
        for (auto &[name, id] : context.frame->extents)
          lettered |= id == extent && name.size() == 1;
      if (lettered)
        coordinate = coordinateOf(extent, context);
    }
    if (!coordinate && budgetReported)
      return none;
    if (!coordinate) {
      report(DiagnosticKind::MissingIndex, at, context, tensor.name, quoted(dimension))
          .note(dimension, "only a dimension that is a one-letter extent has a coordinate to be read at");
      return none;
    }
    if (seen & setOf(*coordinate)) {
      report(DiagnosticKind::RepeatedExtent, at, context, tensor.name, quoted(dimension))
          .note(tensor.range, fmt::format("it is `{}`", tensorText(value.tensor)));
      return none;
    }
    seen |= setOf(*coordinate);
    NodeId index = none;
    for (size_t k = 0; k < rebasing.size(); ++k)
      if (rebasing[k].first == *coordinate)
        index = rebasing[k].second, used[k] = true;
    // rule 3.10: setting h sets g.
    for (size_t k = 0; k < rebasing.size(); ++k)
      if (index == none && *coordinate == coordinateG && rebasing[k].first == coordinateH)
        index = graph.groupOfHead(rebasing[k].second, ranges[k]), used[k] = true;
    indices.push_back(index == none ? graph.coordinate(*coordinate, at) : index);
  }
  for (size_t k = 0; k < rebasing.size(); ++k)
    if (!used[k]) {
      // rule 4.6
      report(DiagnosticKind::NotVarying, ranges[k], context, tensor.name, attention.coordinates[rebasing[k].first].name)
          .note(tensor.range, fmt::format("it is `{}`", tensorText(value.tensor)));
      return none;
    }
  return graph.load(value.tensor, std::move(indices), at);
}

NodeId AttentionChecker::rebaseNode(NodeId node, const Rebasing &rebasing, const std::vector<SourceRange> &ranges,
                                    const Expr &at, const Context &context) {
  bool parameter = false;
  if (context.frame && at.kind == syntax::ExprKind::Name)
    for (const Frame::Name &name : context.frame->names)
      parameter |= name.name == at.name.text && name.isParameter;
  for (size_t n = 0; n < rebasing.size(); ++n) {
    CoordinateId coordinate = rebasing[n].first;
    CoordinateSet set = graph.varies(node);
    bool varies = set & (setOf(coordinate) | (coordinate == coordinateH ? setOf(coordinateG) : 0));
    if (varies)
      continue;
    if (coordinate == coordinateG && (set & setOf(coordinateH))) {
      report(DiagnosticKind::GroupFollowsHead, ranges[n], context, quoted(at.range));
      return none;
    }
    // rule 4.6: a parameter may happen not to vary with a coordinate of the run, so that `tiled(prefix(4), n)` works.
    if (parameter && isRunCoordinate(coordinate))
      continue;
    report(DiagnosticKind::NotVarying, ranges[n], context, quoted(at.range), attention.coordinates[coordinate].name)
        .note(fmt::format("it varies with {}", describe(set)));
    return none;
  }
  return graph.rebase(node, rebasing, at.range.to(at.range));
}

} // namespace attn::sema
