#include "compiler/codegen/Defaults.h"

#include <cmath>

using namespace attn;
using namespace attn::sema;
using codegen::ConstantValue;

namespace {

bool isFloat(ScalarType type) { return type == ScalarType::Float32 || type == ScalarType::Float64; }

ConstantValue ofInteger(int64_t value) { return {value, 0}; }
ConstantValue ofReal(double value) { return {0, value}; }

std::optional<ConstantValue> unary(const Node &node, ConstantValue x) {
  if (!isFloat(node.type)) {
    switch (node.unary) {
    case UnaryOp::Negate: return ofInteger(int64_t(0 - uint64_t(x.integer)));
    case UnaryOp::BitNot: return ofInteger(~x.integer);
    case UnaryOp::Abs: return ofInteger(x.integer < 0 ? int64_t(0 - uint64_t(x.integer)) : x.integer);
    default: return std::nullopt;
    }
  }
  switch (node.unary) {
  case UnaryOp::Negate: return ofReal(-x.real);
  case UnaryOp::Exp: return ofReal(std::exp(x.real));
  case UnaryOp::Exp2: return ofReal(std::exp2(x.real));
  case UnaryOp::Log: return ofReal(std::log(x.real));
  case UnaryOp::Log2: return ofReal(std::log2(x.real));
  case UnaryOp::Sqrt: return ofReal(std::sqrt(x.real));
  case UnaryOp::Rsqrt: return ofReal(1 / std::sqrt(x.real));
  case UnaryOp::Abs: return ofReal(std::fabs(x.real));
  case UnaryOp::Floor: return ofReal(std::floor(x.real));
  case UnaryOp::Ceil: return ofReal(std::ceil(x.real));
  default: return std::nullopt;
  }
}

std::optional<ConstantValue> integerBinary(BinaryOp op, int64_t x, int64_t y) {
  uint64_t a = uint64_t(x), b = uint64_t(y);
  switch (op) {
  case BinaryOp::Add: return ofInteger(int64_t(a + b));
  case BinaryOp::Subtract: return ofInteger(int64_t(a - b));
  case BinaryOp::Multiply: return ofInteger(int64_t(a * b));
  case BinaryOp::Minimum: return ofInteger(std::min(x, y));
  case BinaryOp::Maximum: return ofInteger(std::max(x, y));
  case BinaryOp::FloorDivide:
  case BinaryOp::Modulo: {
    if (y == 0 || y == -1)
      return std::nullopt;
    int64_t quotient = x / y - (x % y != 0 && (x < 0) != (y < 0));
    return ofInteger(op == BinaryOp::FloorDivide ? quotient : x - quotient * y);
  }
  default: return std::nullopt;
  }
}

std::optional<ConstantValue> floatBinary(BinaryOp op, double x, double y) {
  switch (op) {
  case BinaryOp::Add: return ofReal(x + y);
  case BinaryOp::Subtract: return ofReal(x - y);
  case BinaryOp::Multiply: return ofReal(x * y);
  case BinaryOp::Divide: return ofReal(x / y);
  case BinaryOp::Power: return ofReal(std::pow(x, y));
  default: return std::nullopt;
  }
}

} // namespace

std::optional<ConstantValue> codegen::constantValue(const Attention &attention, NodeId id) {
  if (id == none)
    return std::nullopt;
  const Node &node = attention.node(id);
  switch (node.kind) {
  case NodeKind::Integer:
  case NodeKind::Boolean: return ofInteger(node.integer);
  case NodeKind::Float: return ofReal(node.real);
  case NodeKind::Extent: {
    const Extent &extent = attention.extents[node.index];
    if (extent.fixed)
      return ofInteger(*extent.fixed);
    return extent.binding == ExtentBinding::Computed && !extent.perBatch ? constantValue(attention, extent.value)
                                                                         : std::nullopt;
  }
  case NodeKind::Convert: {
    std::optional<ConstantValue> x = constantValue(attention, node.operands[0]);
    bool fromFloat = isFloat(attention.node(node.operands[0]).type);
    if (!x || (fromFloat && !isFloat(node.type)))
      return std::nullopt;
    return fromFloat ? x : isFloat(node.type) ? ofReal(double(x->integer)) : x;
  }
  case NodeKind::Unary: {
    std::optional<ConstantValue> x = constantValue(attention, node.operands[0]);
    return x ? unary(node, *x) : std::nullopt;
  }
  case NodeKind::Binary: {
    std::optional<ConstantValue> x = constantValue(attention, node.operands[0]);
    std::optional<ConstantValue> y = constantValue(attention, node.operands[1]);
    if (!x || !y || isFloat(attention.node(node.operands[0]).type) != isFloat(attention.node(node.operands[1]).type))
      return std::nullopt;
    return isFloat(node.type) ? floatBinary(node.binary, x->real, y->real)
                              : integerBinary(node.binary, x->integer, y->integer);
  }
  default: return std::nullopt;
  }
}
