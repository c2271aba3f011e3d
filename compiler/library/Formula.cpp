#include "compiler/library/Formula.h"

#include "compiler/picture/Svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

using namespace attn;
using namespace attn::library;
using namespace attn::sema;
using picture::escaped;

namespace {

/// How tightly a formula binds; a looser operand of a tighter operator needs parentheses.
enum Precedence : int { conditional, disjunction, conjunction, comparison, bitwise, sum, term, prefix, power, primary };

struct Math {
  std::string text;
  int precedence = primary;
};

std::string tag(std::string_view name, std::string_view content) { return fmt::format("<{0}>{1}</{0}>", name, content); }
std::string op(std::string_view sign) { return tag("mo", escaped(sign)); }
std::string row(std::string_view content) { return tag("mrow", content); }
std::string name(std::string_view word) { return tag(word.size() == 1 ? "mi" : "mtext", escaped(word)); }
std::string fenced(std::string_view content) { return row(op("(") + std::string(content) + op(")")); }

class FormulaWriter {
public:
  FormulaWriter(const Attention &attention, const std::map<NodeId, std::string> &named) : attention(attention), named(named) {}

  /// `name = value`, whose value is written out though it has a name.
  std::string line(const std::string &left, NodeId value) {
    written = 0;
    return "<math display=\"block\">" + row(subscripted(left, value) + op("=") + of(value, 0, true).text) + "</math>";
  }

private:
  static constexpr int deepest = 40, longest = 400;

  /// A name with the coordinates that its value varies with.
  std::string subscripted(const std::string &word, NodeId id) const {
    std::string coordinates;
    for (size_t n = 0; n < attention.coordinates.size(); ++n)
      if (attention.node(id).varies & setOf(CoordinateId(n)))
        coordinates += name(attention.coordinates[n].name);
    return coordinates.empty() ? name(word) : tag("msub", name(word) + row(coordinates));
  }

  Math of(NodeId id, int depth, bool isRoot = false) {
    if (auto known = named.find(id); known != named.end() && !isRoot)
      return {subscripted(known->second, id)};
    // A shared graph can stand for a formula of any length.
    if (depth > deepest || ++written > longest)
      return {op("…")};
    return write(attention.node(id), depth);
  }

  std::string operand(NodeId id, int least, int depth) {
    Math math = of(id, depth + 1);
    return math.precedence < least ? fenced(math.text) : math.text;
  }

  std::string list(const std::vector<NodeId> &ids, int depth, size_t first = 0) {
    std::string text;
    for (size_t n = first; n < ids.size(); ++n)
      text += (n > first ? op(",") : "") + of(ids[n], depth + 1).text;
    return text;
  }

  Math call(std::string_view function, const Node &node, int depth) {
    return {row(name(function) + fenced(list(node.operands, depth)))};
  }

  std::string under(std::string_view sign, const Node &node) const {
    std::string below;
    for (CoordinateId coordinate : node.coordinates)
      below += (below.empty() ? "" : op(",")) + name(attention.coordinates[coordinate].name);
    return tag("munder", op(sign) + row(below));
  }

  Math write(const Node &node, int depth) {
    switch (node.kind) {
    case NodeKind::Integer: return {tag("mn", fmt::format("{}", node.integer)), node.integer < 0 ? prefix : primary};
    case NodeKind::Float:
      return {std::isinf(node.real) ? op(node.real < 0 ? "−∞" : "∞") : tag("mn", fmt::format("{}", node.real)),
              node.real < 0 ? prefix : primary};
    case NodeKind::Boolean: return {tag("mtext", node.integer ? "true" : "false")};
    case NodeKind::Coordinate: return {name(attention.coordinates[node.coordinate].name)};
    case NodeKind::Extent: return {name(attention.extents[node.index].name)};
    case NodeKind::Scalar: return {name(attention.scalars[node.index].name)};
    case NodeKind::Load:
      return {node.operands.empty() ? name(attention.tensors[node.index].name)
                                    : tag("msub", name(attention.tensors[node.index].name) + row(list(node.operands, depth)))};
    case NodeKind::Unary: return unary(node, depth);
    case NodeKind::Binary: return binary(node, depth);
    case NodeKind::Compare: {
      static constexpr std::string_view signs[] = {"<", "≤", ">", "≥", "=", "≠"};
      return {row(operand(node.operands[0], comparison + 1, depth) + op(signs[size_t(node.compare)]) +
                  operand(node.operands[1], comparison + 1, depth)),
              comparison};
    }
    case NodeKind::And:
    case NodeKind::Or: {
      int own = node.kind == NodeKind::And ? conjunction : disjunction;
      return {row(operand(node.operands[0], own, depth) + op(node.kind == NodeKind::And ? "∧" : "∨") +
                  operand(node.operands[1], own, depth)),
              own};
    }
    case NodeKind::Not: return {row(op("¬") + operand(node.operands[0], prefix, depth)), prefix};
    case NodeKind::Select: {
      auto branch = [&](NodeId value, const std::string &when) {
        return tag("mtr", tag("mtd", of(value, depth + 1).text) + tag("mtd", when));
      };
      return {row(op("{") + tag("mtable", branch(node.operands[1], tag("mtext", "if ") + of(node.operands[0], depth + 1).text) +
                                              branch(node.operands[2], tag("mtext", "otherwise")))),
              conditional};
    }
    case NodeKind::Convert: {
      if (node.type == ScalarType::Int)
        return call("int", node, depth);
      if (attention.node(node.operands[0]).type == ScalarType::Bool)
        return {row(op("[") + of(node.operands[0], depth + 1).text + op("]"))};
      return of(node.operands[0], depth + 1);
    }
    case NodeKind::Rebase: {
      std::string places;
      for (size_t n = 0; n < node.coordinates.size(); ++n)
        places += (n ? op(",") : "") + name(attention.coordinates[node.coordinates[n]].name) + op("=") +
                  of(node.operands[n + 1], depth + 1).text;
      return {tag("msub", row(operand(node.operands[0], primary, depth) + op("|")) + row(places))};
    }
    case NodeKind::Reduce: {
      static constexpr std::string_view signs[] = {"∑", "max", "min", "∃", "∀"};
      return {row(under(signs[size_t(node.reduction)], node) + operand(node.operands[0], term, depth)), term};
    }
    case NodeKind::Dot:
      return {row(under("∑", node) + operand(node.operands[0], term, depth) + operand(node.operands[1], term, depth)), term};
    case NodeKind::Softmax: return overKeys("softmax", node, depth);
    case NodeKind::LogSumExp: return overKeys("logsumexp", node, depth);
    case NodeKind::Normalize: return overKeys("normalize", node, depth);
    case NodeKind::TopK: return overKeys("topk", node, depth);
    case NodeKind::Sparsemax: return overKeys("sparsemax", node, depth);
    case NodeKind::Entmax15: return overKeys("entmax15", node, depth);
    case NodeKind::SumAfter: return overKeys("sum after", node, depth);
    }
    return {};
  }

  Math overKeys(std::string_view function, const Node &node, int depth) {
    return {row(tag("munder", name(function) + name("j")) + fenced(list(node.operands, depth)))};
  }

  Math unary(const Node &node, int depth) {
    NodeId inner = node.operands[0];
    auto between = [&](std::string_view left, std::string_view right) {
      return Math{row(op(left) + of(inner, depth + 1).text + op(right))};
    };
    switch (node.unary) {
    case UnaryOp::Negate: return {row(op("−") + operand(inner, prefix, depth)), prefix};
    case UnaryOp::BitNot: return {row(op("~") + operand(inner, prefix, depth)), prefix};
    case UnaryOp::Exp: return {tag("msup", name("e") + row(of(inner, depth + 1).text)), power};
    case UnaryOp::Exp2: return {tag("msup", tag("mn", "2") + row(of(inner, depth + 1).text)), power};
    case UnaryOp::Sqrt: return {tag("msqrt", of(inner, depth + 1).text)};
    case UnaryOp::Rsqrt: return {tag("mfrac", tag("mn", "1") + tag("msqrt", of(inner, depth + 1).text))};
    case UnaryOp::Abs: return between("|", "|");
    case UnaryOp::Floor: return between("⌊", "⌋");
    case UnaryOp::Ceil: return between("⌈", "⌉");
    default: return call(spelling(node.unary), node, depth);
    }
  }

  Math binary(const Node &node, int depth) {
    NodeId left = node.operands[0], right = node.operands[1];
    auto infix = [&](std::string_view sign, int own, bool isLeftOnly = false) {
      return Math{row(operand(left, own, depth) + op(sign) + operand(right, own + isLeftOnly, depth)), own};
    };
    std::string fraction = node.binary == BinaryOp::Divide || node.binary == BinaryOp::FloorDivide
                               ? tag("mfrac", row(of(left, depth + 1).text) + row(of(right, depth + 1).text))
                               : "";
    switch (node.binary) {
    case BinaryOp::Add: return infix("+", sum);
    case BinaryOp::Subtract: return infix("−", sum, true);
    case BinaryOp::Multiply: return infix("·", term);
    case BinaryOp::Divide: return {fraction, term};
    case BinaryOp::FloorDivide: return {row(op("⌊") + fraction + op("⌋"))};
    case BinaryOp::Modulo: return infix("mod", term, true);
    case BinaryOp::Power: return {tag("msup", operand(left, primary, depth) + row(of(right, depth + 1).text)), power};
    case BinaryOp::Minimum: return call("min", node, depth);
    case BinaryOp::Maximum: return call("max", node, depth);
    default: return infix(spelling(node.binary), bitwise, true);
    }
  }

  const Attention &attention;
  const std::map<NodeId, std::string> &named;
  int written = 0;
};

} // namespace

std::vector<std::string> library::formulas(const Attention &attention) {
  std::vector<std::pair<std::string, NodeId>> lines;
  auto add = [&](const std::string &word, NodeId id) {
    if (id == none || attention.node(id).kind == NodeKind::Load)
      return;
    for (const auto &[known, node] : lines)
      if (known == word)
        return;
    // In the order in which they build on one another: operands come before what uses them.
    auto place = std::upper_bound(lines.begin(), lines.end(), id, [](NodeId x, const auto &y) { return x < y.second; });
    lines.insert(place, {word, id});
  };
  for (const Definition &definition : attention.definitions)
    add(definition.name, definition.value);
  add("score", attention.score);
  add("mask", attention.mask);
  add("weight", attention.weight);
  for (const Output &output : attention.outputs)
    add(output.name, output.value);
  std::map<NodeId, std::string> named;
  for (const auto &[word, id] : lines)
    if (NodeKind kind = attention.node(id).kind; kind != NodeKind::Integer && kind != NodeKind::Float && kind != NodeKind::Boolean &&
                                                 kind != NodeKind::Extent && kind != NodeKind::Coordinate)
      named.insert({id, word});
  FormulaWriter writer(attention, named);
  std::vector<std::string> result;
  for (const auto &[word, id] : lines)
    result.push_back(writer.line(word, id));
  return result;
}
