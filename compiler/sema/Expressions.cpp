#include "compiler/sema/AttentionChecker.h"

#include <limits>
#include <utility>

namespace attn::sema {

using syntax::Expr;
using syntax::ExprKind;
using syntax::Operator;

namespace {

bool isFloat(ScalarType type) { return type == ScalarType::Float32 || type == ScalarType::Float64; }

/// The type two numbers are computed in.
ScalarType joined(ScalarType a, ScalarType b) {
  if (a == ScalarType::Float32 || b == ScalarType::Float32)
    return ScalarType::Float32;
  return isFloat(a) || isFloat(b) ? ScalarType::Float64 : ScalarType::Int;
}

bool isBitwise(Operator op) { return op == Operator::BitAnd || op == Operator::BitOr || op == Operator::BitXor; }

constexpr unsigned maximumNesting = 1800;

class Nesting {
public:
  explicit Nesting(unsigned &depth) : depth(++depth) {}
  ~Nesting() { --depth; }

private:
  unsigned &depth;
};

} // namespace

std::string_view typeText(ScalarType type) { return isFloat(type) ? "float" : spelling(type); }

NodeId AttentionChecker::toFloat(NodeId node) {
  // rule 8.2: an integer becomes a float of the compiler's own precision.
  return isFloat(graph.type(node)) ? node : graph.convert(node, ScalarType::Float64, attention.nodes[node].range);
}

NodeId AttentionChecker::toFloat32(NodeId node) {
  return graph.convert(node, ScalarType::Float32, attention.nodes[node].range);
}

void AttentionChecker::unify(NodeId &x, NodeId &y) {
  if (graph.type(x) == ScalarType::Bool)
    return;
  ScalarType type = joined(graph.type(x), graph.type(y));
  x = graph.convert(x, type, attention.nodes[x].range);
  y = graph.convert(y, type, attention.nodes[y].range);
}

NodeId AttentionChecker::requireBool(NodeId node, const Expr &at, std::string_view what, const Context &context) {
  if (node == none || graph.type(node) == ScalarType::Bool)
    return node;
  // rule 8.4
  Diagnostic &diagnostic = report(DiagnosticKind::NotBool, at.range, context, what, typeText(graph.type(node)));
  diagnostic.note(fmt::format("compare it: `{} != 0`, say", quoted(at.range)));
  return none;
}

NodeId AttentionChecker::requireNumber(NodeId node, const Expr &at, std::string_view what, const Context &context) {
  if (node == none || graph.type(node) != ScalarType::Bool)
    return node;
  // rule 8.4
  report(DiagnosticKind::NotNumber, at.range, context, what)
      .suggest(at.range, fmt::format("int({})", at.range.text()), "`int` makes 0 or 1 of a bool");
  return none;
}

NodeId AttentionChecker::requireInt(NodeId node, const Expr &at, std::string_view what, const Context &context) {
  if (node == none || graph.type(node) == ScalarType::Int)
    return node;
  report(DiagnosticKind::NotInteger, at.range, context, what, typeText(graph.type(node)))
      .suggest(at.range, fmt::format("int({})", at.range.text()),
               graph.type(node) == ScalarType::Bool ? "`int` makes 0 or 1 of a bool" : "`int` truncates");
  return none;
}

NodeId AttentionChecker::evaluateNode(const Expr &expression, const Context &context) {
  Value value = evaluate(expression, context);
  return value.kind == Value::Kind::Error ? none : materialize(value, expression, context);
}

Value AttentionChecker::evaluate(const Expr &expression, const Context &context) {
  Nesting nesting(depth);
  if (depth > maximumNesting) {
    // rule 6.11
    if (!std::exchange(budgetReported, true))
      report(DiagnosticKind::DefinitionsTooDeep, expression.range, context);
    return {};
  }
  if (budgetSpent(expression.range, context))
    return {};
  switch (expression.kind) {
  case ExprKind::Integer:
    return Value::ofNode(graph.integer(expression.integer, expression.range));
  case ExprKind::Float:
    return Value::ofNode(graph.real(expression.real, ScalarType::Float64, expression.range));
  case ExprKind::Boolean:
    return Value::ofNode(graph.boolean(expression.integer != 0, expression.range));
  case ExprKind::Infinity:
    return Value::ofNode(graph.real(std::numeric_limits<double>::infinity(), ScalarType::Float64, expression.range));
  case ExprKind::Name:
    return resolveName(expression.name, context);
  case ExprKind::Call:
  case ExprKind::Pipe:
    return evaluateCall(expression, context);
  case ExprKind::Reduction:
    return Value::ofNode(evaluateReduction(expression, context));
  case ExprKind::Index:
    return evaluateIndex(expression, context);
  case ExprKind::Unary:
    return Value::ofNode(evaluateUnary(expression, context));
  case ExprKind::Binary:
    return Value::ofNode(evaluateOperators(expression, context));
  case ExprKind::Comparison:
    return Value::ofNode(evaluateComparison(expression, context));
  case ExprKind::Conditional:
    return Value::ofNode(evaluateConditional(expression, context));
  case ExprKind::Error:
    ++errorCount;
    return {};
  }
  return {};
}

NodeId AttentionChecker::evaluateOperators(const Expr &expression, const Context &context) {
  // A long chain of operators leans to the left: it is walked in a loop.
  std::vector<const Expr *> spine;
  const Expr *leftmost = &expression;
  while (leftmost->kind == ExprKind::Binary) {
    spine.push_back(leftmost);
    leftmost = leftmost->operands[0];
  }
  NodeId left = evaluateNode(*leftmost, context);
  for (auto it = spine.rbegin(); it != spine.rend(); ++it) {
    NodeId right = evaluateNode(*(*it)->operands[1], context);
    left = left == none || right == none ? none : combine(**it, left, right, context);
  }
  return left;
}

NodeId AttentionChecker::combine(const Expr &expression, NodeId x, NodeId y, const Context &context) {
  const Expr &left = *expression.operands[0], &right = *expression.operands[1];
  SourceRange range = expression.range;
  std::string what = fmt::format("`{}`", syntax::spelling(expression.op));
  ScalarType a = graph.type(x), b = graph.type(y);

  if (expression.op == Operator::And || expression.op == Operator::Or) {
    x = requireBool(x, left, what, context);
    y = requireBool(y, right, what, context);
    if (x == none || y == none)
      return none;
    return expression.op == Operator::And ? graph.logicalAnd(x, y, range) : graph.logicalOr(x, y, range);
  }

  if (isBitwise(expression.op)) {
    // rule 8.9
    BinaryOp op = expression.op == Operator::BitAnd  ? BinaryOp::BitAnd
                  : expression.op == Operator::BitOr ? BinaryOp::BitOr
                                                     : BinaryOp::BitXor;
    if ((a == ScalarType::Bool) != (b == ScalarType::Bool) || isFloat(a) || isFloat(b)) {
      Diagnostic &diagnostic = report(DiagnosticKind::BitwiseOperands, range, context, what, typeText(a), typeText(b));
      if (op == BinaryOp::BitXor)
        diagnostic.note("a power is written `x ** y`");
      return none;
    }
    return graph.binary(op, a, x, y, range);
  }

  x = requireNumber(x, left, what, context);
  y = requireNumber(y, right, what, context);
  if (x == none || y == none)
    return none;

  switch (expression.op) {
  case Operator::ShiftLeft:
  case Operator::ShiftRight:
    if (isFloat(a) || isFloat(b)) {
      report(DiagnosticKind::BitwiseOperands, range, context, what, typeText(a), typeText(b));
      return none;
    }
    if (auto count = graph.constant(y); count && (*count < 0 || *count > 63)) {
      report(DiagnosticKind::ShiftRange, right.range, context, *count);
      return none;
    }
    return graph.binary(expression.op == Operator::ShiftLeft ? BinaryOp::ShiftLeft : BinaryOp::ShiftRight,
                        ScalarType::Int, x, y, range);
  case Operator::Power: {
    // rule 8.6: int ** literal >= 0 is an int, any other power a float.
    if (a == ScalarType::Int && right.kind == ExprKind::Integer)
      return graph.binary(BinaryOp::Power, ScalarType::Int, x, y, range);
    if (b == ScalarType::Int) {
      x = toFloat(x);
      return graph.binary(BinaryOp::Power, graph.type(x), x, y, range);
    }
    unify(x, y);
    return graph.binary(BinaryOp::Power, graph.type(x), x, y, range);
  }
  case Operator::Divide:
    // rule 8.6: `/` is real division.
    x = toFloat(x);
    unify(x, y);
    return graph.binary(BinaryOp::Divide, graph.type(x), x, y, range);
  case Operator::FloorDivide:
  case Operator::Modulo:
    if (a == ScalarType::Int && b == ScalarType::Int && graph.constant(y) == 0) {
      report(DiagnosticKind::DivisionByZero, right.range, context, what);
      return none;
    }
    unify(x, y);
    return graph.binary(expression.op == Operator::Modulo ? BinaryOp::Modulo : BinaryOp::FloorDivide, graph.type(x), x,
                        y, range);
  default:
    break;
  }
  BinaryOp op = expression.op == Operator::Add        ? BinaryOp::Add
                : expression.op == Operator::Subtract ? BinaryOp::Subtract
                                                      : BinaryOp::Multiply;
  unify(x, y);
  return graph.binary(op, graph.type(x), x, y, range);
}

NodeId AttentionChecker::evaluateComparison(const Expr &expression, const Context &context) {
  // rule 8.9: `a < b & c < d` reads as a < (b & c) < d, which nobody means.
  for (const Expr *operand : expression.operands)
    if (operand->kind == ExprKind::Binary && isBitwise(operand->op) && !operand->parenthesized) {
      std::string_view written = syntax::spelling(operand->op);
      bool both = expression.operands.size() > 2;
      Diagnostic &diagnostic = report(DiagnosticKind::BitwiseBesideComparison, operand->opRange, context, written);
      diagnostic.withLabel(fmt::format("binds tighter than `{}`", syntax::spelling(expression.comparisons[0])));
      if (operand->op == Operator::BitXor)
        diagnostic.note("put parentheses around what belongs together");
      else
        diagnostic.suggest(operand->opRange, operand->op == Operator::BitAnd ? "and" : "or",
                           both ? "to combine two conditions"
                                : "to combine conditions; else put the bits in parentheses");
      return none;
    }

  static constexpr CompareOp operators[] = {CompareOp::Less,         CompareOp::LessEqual, CompareOp::Greater,
                                            CompareOp::GreaterEqual, CompareOp::Equal,     CompareOp::NotEqual};
  std::vector<NodeId> nodes;
  for (const Expr *operand : expression.operands)
    nodes.push_back(evaluateNode(*operand, context));
  NodeId result = none;
  bool failed = false;
  for (size_t n = 0; n < expression.comparisons.size(); ++n) {
    NodeId x = nodes[n], y = nodes[n + 1];
    if (x == none || y == none) {
      failed = true;
      continue;
    }
    Operator op = expression.comparisons[n];
    bool bools = graph.type(x) == ScalarType::Bool || graph.type(y) == ScalarType::Bool;
    bool both = graph.type(x) == ScalarType::Bool && graph.type(y) == ScalarType::Bool;
    // rule 8.5
    if (bools && (!both || (op != Operator::Equal && op != Operator::NotEqual))) {
      report(DiagnosticKind::CompareTypes, expression.operands[n]->range.to(expression.operands[n + 1]->range), context,
             syntax::spelling(op), typeText(graph.type(x)), typeText(graph.type(y)))
          .note(both ? "bools are equal or not, but neither is less" : "`int(…)` makes 0 or 1 of a bool");
      failed = true;
      continue;
    }
    unify(x, y);
    SourceRange range = expression.operands[n]->range.to(expression.operands[n + 1]->range);
    size_t which = static_cast<size_t>(op) - static_cast<size_t>(Operator::Less);
    NodeId one = graph.compare(operators[which], x, y, range);
    result = result == none ? one : graph.logicalAnd(result, one, expression.range);
  }
  return failed ? none : result;
}

NodeId AttentionChecker::evaluateConditional(const Expr &expression, const Context &context) {
  NodeId x = evaluateNode(*expression.operands[0], context);
  NodeId condition = requireBool(evaluateNode(*expression.operands[1], context), *expression.operands[1],
                                 "the condition after `if`", context);
  NodeId y = evaluateNode(*expression.operands[2], context);
  if (x == none || condition == none || y == none)
    return none;
  if ((graph.type(x) == ScalarType::Bool) != (graph.type(y) == ScalarType::Bool)) {
    report(DiagnosticKind::BranchTypes, expression.range, context, typeText(graph.type(x)), typeText(graph.type(y)));
    return none;
  }
  unify(x, y);
  return graph.select(condition, x, y, expression.range);
}

NodeId AttentionChecker::evaluateUnary(const Expr &expression, const Context &context) {
  const Expr &operand = *expression.operands[0];
  std::string what = fmt::format("`{}`", syntax::spelling(expression.op));
  NodeId x = evaluateNode(operand, context);
  if (x == none)
    return none;
  switch (expression.op) {
  case Operator::Not:
    x = requireBool(x, operand, what, context);
    return x == none ? none : graph.logicalNot(x, expression.range);
  case Operator::BitNot:
    if (graph.type(x) == ScalarType::Bool)
      return graph.logicalNot(x, expression.range);
    if (isFloat(graph.type(x))) {
      report(DiagnosticKind::NotInteger, operand.range, context, what, "float");
      return none;
    }
    return graph.unary(UnaryOp::BitNot, x, expression.range);
  default:
    x = requireNumber(x, operand, what, context);
    if (x == none || expression.op == Operator::Plus)
      return x;
    return graph.unary(UnaryOp::Negate, x, expression.range);
  }
}

} // namespace attn::sema
