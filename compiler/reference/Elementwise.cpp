#include "compiler/reference/Arithmetic.h"
#include "compiler/reference/ElementCodec.h"
#include "compiler/reference/GraphEvaluator.h"

#include <cmath>

namespace attn::reference {

using namespace sema;

namespace {

bool isReal(const Node &node) { return node.type == ScalarType::Float32 || node.type == ScalarType::Float64; }

/// result[p] = f(a[p], b[p]), broadcasting.
template <typename R, typename A, typename B, typename F> void zip(Array &result, const Array &x, const Array &y, F f) {
  R *out = result.data<R>();
  const A *a = x.data<A>();
  const B *b = y.data<B>();
  Walk<3>(result.axes, {&result.axes, &x.axes, &y.axes})
      .forEachRun([&](const std::array<int64_t, 3> &at, const std::array<int64_t, 3> &step, int64_t count) {
        R *to = out + at[0];
        const A *left = a + at[1];
        const B *right = b + at[2];
        if (step[1] == 1 && step[2] == 1)
          for (int64_t n = 0; n < count; ++n)
            to[n] = f(left[n], right[n]);
        else if (step[1] == 0 && step[2] == 1)
          for (int64_t n = 0; n < count; ++n)
            to[n] = f(*left, right[n]);
        else if (step[1] == 1 && step[2] == 0)
          for (int64_t n = 0; n < count; ++n)
            to[n] = f(left[n], *right);
        else
          for (int64_t n = 0; n < count; ++n)
            to[n] = f(left[n * step[1]], right[n * step[2]]);
      });
}

Fault faultAt(const Array &array, int64_t offset) { return array.faults.empty() ? Fault{} : array.faults[offset]; }

/// A strict operation fails where either operand does, the first one first.
void mergeFaults(Array &result, const Array &x, const Array &y) {
  if (x.faults.empty() && y.faults.empty())
    return;
  result.allocateFaults();
  Walk<3>(result.axes, {&result.axes, &x.axes, &y.axes}).forEachPoint([&](const std::array<int64_t, 3> &at) {
    const Fault first = faultAt(x, at[1]);
    result.faults[at[0]] = first ? first : faultAt(y, at[2]);
  });
}

/// Where an int is divided by 0, and nothing failed before.
void failAtZeros(Array &result, const Array &divisor, NodeId node) {
  Walk<2>(result.axes, {&result.axes, &divisor.axes}).forEachPoint([&](const std::array<int64_t, 2> &at) {
    if (divisor.integers[at[1]] != 0)
      return;
    result.allocateFaults();
    if (!result.faults[at[0]])
      result.faults[at[0]] = {node, Fault::divisor, 0};
  });
}

void realBinary(BinaryOp op, Array &result, const Array &x, const Array &y) {
  auto apply = [&](auto f) { zip<double, double, double>(result, x, y, f); };
  switch (op) {
  case BinaryOp::Add:
    return apply([](double a, double b) { return a + b; });
  case BinaryOp::Subtract:
    return apply([](double a, double b) { return a - b; });
  case BinaryOp::Multiply:
    return apply([](double a, double b) { return a * b; });
  case BinaryOp::Divide:
    return apply([](double a, double b) { return a / b; });
  case BinaryOp::FloorDivide:
    return apply([](double a, double b) { return floorDivide(a, b); });
  case BinaryOp::Modulo:
    return apply([](double a, double b) { return floorModulo(a, b); });
  case BinaryOp::Power:
    if (!y.real)
      return zip<double, double, int64_t>(result, x, y, [](double a, int64_t b) { return std::pow(a, double(b)); });
    return apply([](double a, double b) { return std::pow(a, b); });
  case BinaryOp::Minimum:
    return apply([](double a, double b) { return minimum(a, b); });
  case BinaryOp::Maximum:
    return apply([](double a, double b) { return maximum(a, b); });
  default: // bit operations are of ints and bools
    return;
  }
}

void integerBinary(BinaryOp op, Array &result, const Array &x, const Array &y) {
  auto apply = [&](auto f) { zip<int64_t, int64_t, int64_t>(result, x, y, f); };
  switch (op) {
  case BinaryOp::Add:
    return apply(wrapAdd);
  case BinaryOp::Subtract:
    return apply(wrapSubtract);
  case BinaryOp::Multiply:
    return apply(wrapMultiply);
  case BinaryOp::FloorDivide:
  case BinaryOp::Divide:
    return apply([](int64_t a, int64_t b) { return b == 0 ? 0 : floorDivide(a, b); });
  case BinaryOp::Modulo:
    return apply([](int64_t a, int64_t b) { return b == 0 ? 0 : floorModulo(a, b); });
  case BinaryOp::Power:
    return apply(power);
  case BinaryOp::Minimum:
    return apply([](int64_t a, int64_t b) { return b < a ? b : a; });
  case BinaryOp::Maximum:
    return apply([](int64_t a, int64_t b) { return b > a ? b : a; });
  case BinaryOp::BitAnd:
    return apply([](int64_t a, int64_t b) { return a & b; });
  case BinaryOp::BitOr:
    return apply([](int64_t a, int64_t b) { return a | b; });
  case BinaryOp::BitXor:
    return apply([](int64_t a, int64_t b) { return a ^ b; });
  case BinaryOp::ShiftLeft:
    return apply(shiftLeft);
  case BinaryOp::ShiftRight:
    return apply(shiftRight);
  }
}

template <typename T> void compareInto(CompareOp op, Array &result, const Array &x, const Array &y) {
  auto apply = [&](auto f) { zip<int64_t, T, T>(result, x, y, f); };
  switch (op) {
  case CompareOp::Less:
    return apply([](T a, T b) { return a < b; });
  case CompareOp::LessEqual:
    return apply([](T a, T b) { return a <= b; });
  case CompareOp::Greater:
    return apply([](T a, T b) { return a > b; });
  case CompareOp::GreaterEqual:
    return apply([](T a, T b) { return a >= b; });
  case CompareOp::Equal:
    return apply([](T a, T b) { return a == b; });
  case CompareOp::NotEqual:
    return apply([](T a, T b) { return a != b; });
  }
}

} // namespace

Value GraphEvaluator::unaryValue(const Node &node, const Environment &environment) {
  const Value x = evaluate(node.operands[0], environment);
  auto result = std::make_shared<Array>(x->axes, x->real);
  const int64_t count = x->size();
  if (x->real)
    for (int64_t n = 0; n < count; ++n)
      result->reals[n] = unary(node.unary, x->reals[n]);
  else if (node.type == ScalarType::Bool)
    for (int64_t n = 0; n < count; ++n)
      result->integers[n] = x->integers[n] ^ 1;
  else
    for (int64_t n = 0; n < count; ++n)
      result->integers[n] = unary(node.unary, x->integers[n]);
  result->faults = x->faults;
  return result;
}

Value GraphEvaluator::binaryValue(const Node &node, NodeId id, const Environment &environment) {
  const Value x = evaluate(node.operands[0], environment), y = evaluate(node.operands[1], environment);
  auto result = std::make_shared<Array>(merge(x->axes, y->axes), isReal(node));
  if (result->real)
    realBinary(node.binary, *result, *x, *y);
  else
    integerBinary(node.binary, *result, *x, *y);
  mergeFaults(*result, *x, *y);
  if (result->real)
    return result;
  if (node.binary == BinaryOp::FloorDivide || node.binary == BinaryOp::Modulo)
    failAtZeros(*result, *y, id);
  return result;
}

Value GraphEvaluator::compareValue(const Node &node, const Environment &environment) {
  const Value x = evaluate(node.operands[0], environment), y = evaluate(node.operands[1], environment);
  auto result = std::make_shared<Array>(merge(x->axes, y->axes), false);
  if (x->real)
    compareInto<double>(node.compare, *result, *x, *y);
  else
    compareInto<int64_t>(node.compare, *result, *x, *y);
  mergeFaults(*result, *x, *y);
  return result;
}

Value GraphEvaluator::logicalValue(const Node &node, const Environment &environment) {
  const bool isAnd = node.kind == NodeKind::And;
  const Value x = evaluate(node.operands[0], environment), y = evaluate(node.operands[1], environment);
  auto result = std::make_shared<Array>(merge(x->axes, y->axes), false);
  if (isAnd)
    zip<int64_t, int64_t, int64_t>(*result, *x, *y, [](int64_t a, int64_t b) { return a & b; });
  else
    zip<int64_t, int64_t, int64_t>(*result, *x, *y, [](int64_t a, int64_t b) { return a | b; });
  if (x->faults.empty() && y->faults.empty())
    return result;
  result->allocateFaults();
  Walk<3>(result->axes, {&result->axes, &x->axes, &y->axes}).forEachPoint([&](const std::array<int64_t, 3> &at) {
    const Fault first = faultAt(*x, at[1]);
    const bool decided = (x->integers[at[1]] != 0) != isAnd;
    if (!first && decided)
      result->integers[at[0]] = !isAnd;
    else
      result->faults[at[0]] = first ? first : faultAt(*y, at[2]);
  });
  return result;
}

Value GraphEvaluator::selectValue(const Node &node, const Environment &environment) {
  const Value condition = evaluate(node.operands[0], environment);
  const Value x = evaluate(node.operands[1], environment), y = evaluate(node.operands[2], environment);
  auto result = std::make_shared<Array>(merge(condition->axes, merge(x->axes, y->axes)), isReal(node));
  if (!condition->faults.empty() || !x->faults.empty() || !y->faults.empty())
    result->allocateFaults();
  Walk<4>(result->axes, {&result->axes, &condition->axes, &x->axes, &y->axes})
      .forEachPoint([&](const std::array<int64_t, 4> &at) {
        const bool first = condition->integers[at[1]] != 0;
        result->copyElement(at[0], first ? *x : *y, first ? at[2] : at[3]);
        if (const Fault fault = faultAt(*condition, at[1]))
          result->faults[at[0]] = fault;
      });
  return result;
}

Value GraphEvaluator::convertValue(const Node &node, const Environment &environment) {
  const Value x = evaluate(node.operands[0], environment);
  auto result = std::make_shared<Array>(x->axes, isReal(node));
  const int64_t count = x->size();
  for (int64_t n = 0; n < count; ++n) {
    if (result->real)
      result->reals[n] = x->real ? x->reals[n] : static_cast<double>(x->integers[n]);
    else if (node.type == ScalarType::Bool)
      result->integers[n] = x->real ? x->reals[n] != 0 : x->integers[n] != 0;
    else
      result->integers[n] = x->real ? truncate(x->reals[n]) : x->integers[n];
  }
  result->faults = x->faults;
  return result;
}

} // namespace attn::reference
