#include "compiler/sema/Program.h"

#include <fmt/format.h>

#include <cmath>

namespace attn::sema {

namespace {

/// How tightly an expression binds; a looser operand of a tighter operator needs parentheses.
enum Precedence : int {
  conditional,
  disjunction,
  conjunction,
  negation,
  comparison,
  bitOr,
  bitXor,
  bitAnd,
  shift,
  sum,
  term,
  unary,
  power,
  primary
};

struct Text {
  std::string text;
  int precedence = primary;
};

class Formatter {
public:
  Formatter(const Attention &attention, size_t limit) : attention(attention), limit(limit) {}

  Text of(NodeId id, unsigned depth) {
    const Node &node = attention.nodes[id];
    // A shared graph can stand for a text of any length.
    if (depth > 60 || written > limit)
      return {"…", primary};
    Text result = write(node, depth);
    written += node.operands.empty() ? result.text.size() : 2;
    return result;
  }

private:
  std::string operand(NodeId id, int least, unsigned depth) {
    Text text = of(id, depth + 1);
    return text.precedence < least ? "(" + text.text + ")" : text.text;
  }

  std::string list(const std::vector<NodeId> &ids, unsigned depth) {
    std::string text;
    for (size_t n = 0; n < ids.size(); ++n)
      text += (n ? ", " : "") + of(ids[n], depth + 1).text;
    return text;
  }

  std::string names(const std::vector<CoordinateId> &ids) {
    std::string text;
    for (size_t n = 0; n < ids.size(); ++n)
      text += (n ? ", " : "") + attention.coordinates[ids[n]].name;
    return text;
  }

  static int precedenceOf(BinaryOp op) {
    switch (op) {
    case BinaryOp::Add:
    case BinaryOp::Subtract:
      return sum;
    case BinaryOp::Power:
      return power;
    case BinaryOp::BitAnd:
      return bitAnd;
    case BinaryOp::BitOr:
      return bitOr;
    case BinaryOp::BitXor:
      return bitXor;
    case BinaryOp::ShiftLeft:
    case BinaryOp::ShiftRight:
      return shift;
    default:
      return term;
    }
  }

  static Text number(double value) {
    if (std::isinf(value))
      return value < 0 ? Text{"-inf", unary} : Text{"inf"};
    std::string text = fmt::format("{}", value);
    if (text.find_first_of(".en") == std::string::npos)
      text += ".0";
    return {text, value < 0 ? unary : primary};
  }

  Text write(const Node &node, unsigned depth) {
    switch (node.kind) {
    case NodeKind::Integer:
      return {fmt::format("{}", node.integer), node.integer < 0 ? unary : primary};
    case NodeKind::Float:
      return number(node.real);
    case NodeKind::Boolean:
      return {node.integer ? "true" : "false"};
    case NodeKind::Coordinate:
      return {attention.coordinates[node.coordinate].name};
    case NodeKind::Extent:
      return {attention.extents[node.index].name};
    case NodeKind::Scalar:
      return {attention.scalars[node.index].name};
    case NodeKind::Load:
      return {attention.tensors[node.index].name + "[" + list(node.operands, depth) + "]"};
    case NodeKind::Unary: {
      std::string name(spelling(node.unary));
      if (node.unary == UnaryOp::Negate || node.unary == UnaryOp::BitNot)
        return {name + operand(node.operands[0], unary, depth), unary};
      return {name + "(" + of(node.operands[0], depth + 1).text + ")"};
    }
    case NodeKind::Binary: {
      std::string name(spelling(node.binary));
      if (node.binary == BinaryOp::Minimum || node.binary == BinaryOp::Maximum)
        return {name + "(" + list(node.operands, depth) + ")"};
      int own = precedenceOf(node.binary);
      bool rightLeaning = node.binary == BinaryOp::Power;
      return {fmt::format("{} {} {}", operand(node.operands[0], own + (rightLeaning ? 1 : 0), depth), name,
                          operand(node.operands[1], own + (rightLeaning ? 0 : 1), depth)),
              own};
    }
    case NodeKind::Compare:
      return {fmt::format("{} {} {}", operand(node.operands[0], comparison + 1, depth), spelling(node.compare),
                          operand(node.operands[1], comparison + 1, depth)),
              comparison};
    case NodeKind::And:
      return {operand(node.operands[0], conjunction, depth) + " and " +
                  operand(node.operands[1], conjunction + 1, depth),
              conjunction};
    case NodeKind::Or:
      return {operand(node.operands[0], disjunction, depth) + " or " +
                  operand(node.operands[1], disjunction + 1, depth),
              disjunction};
    case NodeKind::Not:
      return {"not " + operand(node.operands[0], negation, depth), negation};
    case NodeKind::Select:
      return {fmt::format("{} if {} else {}", operand(node.operands[1], conditional + 1, depth),
                          operand(node.operands[0], conditional + 1, depth),
                          operand(node.operands[2], conditional, depth)),
              conditional};
    case NodeKind::Convert:
      if (node.type == ScalarType::Int)
        return {"int(" + of(node.operands[0], depth + 1).text + ")"};
      if (attention.nodes[node.operands[0]].type == ScalarType::Bool)
        return {"float(" + of(node.operands[0], depth + 1).text + ")"};
      return of(node.operands[0], depth + 1);
    case NodeKind::Rebase: {
      std::string text = operand(node.operands[0], primary, depth) + "[";
      for (size_t n = 0; n < node.coordinates.size(); ++n)
        text += fmt::format("{}{} = {}", n ? ", " : "", attention.coordinates[node.coordinates[n]].name,
                            of(node.operands[n + 1], depth + 1).text);
      return {text + "]"};
    }
    case NodeKind::Reduce:
      return {fmt::format("{}({}: {})", spelling(node.reduction), names(node.coordinates),
                          of(node.operands[0], depth + 1).text)};
    case NodeKind::Dot:
      return {"dot(" + list(node.operands, depth) + ")"};
    case NodeKind::Softmax:
      if (node.operands.size() == 2)
        return {fmt::format("softmax({}, sink = {})", of(node.operands[0], depth + 1).text,
                            of(node.operands[1], depth + 1).text)};
      return {"softmax(" + list(node.operands, depth) + ")"};
    case NodeKind::LogSumExp:
      return {"lse(" + list(node.operands, depth) + ")"};
    case NodeKind::Normalize:
      return {"normalize(" + list(node.operands, depth) + ")"};
    case NodeKind::TopK:
      return {"topk(" + list(node.operands, depth) + ")"};
    case NodeKind::Sparsemax:
      return {"sparsemax(" + list(node.operands, depth) + ")"};
    case NodeKind::Entmax15:
      return {"entmax15(" + list(node.operands, depth) + ")"};
    case NodeKind::SumAfter:
      return {"sum_after(" + list(node.operands, depth) + ")"};
    }
    return {};
  }

  const Attention &attention;
  size_t limit;
  size_t written = 0;
};

std::string coordinatesText(const Attention &attention, CoordinateSet set) {
  std::string text;
  for (CoordinateId id = 0; id < attention.coordinates.size(); ++id)
    if (set & setOf(id))
      text += (text.empty() ? "" : " ") + attention.coordinates[id].name;
  return text.empty() ? "-" : text;
}

std::string dimensionsText(const Attention &attention, const std::vector<Dimension> &dimensions) {
  std::string text;
  for (size_t n = 0; n < dimensions.size(); ++n)
    text += (n ? ", " : "") + (dimensions[n].value == none ? "?" : format(attention, dimensions[n].value));
  return "[" + text + "]";
}

} // namespace

std::string format(const Attention &attention, NodeId node) { return Formatter(attention, 2000).of(node, 0).text; }

std::string dump(const Attention &attention) {
  std::string text = fmt::format("attention {}\n", attention.name);
  for (const Extent &extent : attention.extents) {
    text += fmt::format("  extent {}", extent.name);
    switch (extent.binding) {
    case ExtentBinding::Dimension:
      text += " of dimensions";
      break;
    case ExtentBinding::Input:
      text += " given";
      break;
    case ExtentBinding::Computed:
      text += " = " + format(attention, extent.value);
      break;
    case ExtentBinding::One:
      text += extent.value == none ? " = 1" : " = " + format(attention, extent.value);
      break;
    }
    text += extent.perBatch ? ", varies with b\n" : "\n";
  }
  static constexpr std::string_view kinds[] = {"int", "float", "bool"};
  for (const Scalar &scalar : attention.scalars)
    text += fmt::format("  scalar {}: {}{}\n", scalar.name, kinds[static_cast<size_t>(scalar.kind)],
                        scalar.defaultValue == none ? "" : " = " + format(attention, scalar.defaultValue));
  for (const Tensor &tensor : attention.tensors)
    text += fmt::format("  input {}: {}{}\n", tensor.name, spelling(tensor.element),
                        dimensionsText(attention, tensor.dimensions));
  auto line = [&](std::string_view name, NodeId node) {
    text += fmt::format("  {}: {} over {} = {}\n", name, spelling(attention.nodes[node].type),
                        coordinatesText(attention, attention.nodes[node].varies), format(attention, node));
  };
  for (const Definition &definition : attention.definitions)
    line(definition.name, definition.value);
  for (const Output &output : attention.outputs) {
    std::string indices;
    for (NodeId index : output.indices)
      indices += (indices.empty() ? "" : ", ") + format(attention, index);
    text += fmt::format("  output {}: {}{}{} = {}\n", output.name, spelling(output.element),
                        dimensionsText(attention, output.dimensions), indices.empty() ? "" : " at [" + indices + "]",
                        format(attention, output.value));
  }
  text += fmt::format("  {} nodes\n", attention.nodes.size());
  return text;
}

} // namespace attn::sema
