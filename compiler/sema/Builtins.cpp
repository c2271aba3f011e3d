#include "compiler/sema/Builtins.h"

namespace attn::sema {

namespace {

constexpr Builtin unary(std::string_view name, UnaryOp op) { return {name, BuiltinKind::Unary, op, {}, {"x"}, 1}; }

constexpr Builtin row(std::string_view name, NodeKind kind) { return {name, BuiltinKind::Row, {}, kind, {"x"}, 1}; }

constexpr Builtin table[] = {
    unary("exp", UnaryOp::Exp),
    unary("exp2", UnaryOp::Exp2),
    unary("expm1", UnaryOp::Expm1),
    unary("log", UnaryOp::Log),
    unary("log2", UnaryOp::Log2),
    unary("log1p", UnaryOp::Log1p),
    unary("sqrt", UnaryOp::Sqrt),
    unary("rsqrt", UnaryOp::Rsqrt),
    unary("sin", UnaryOp::Sin),
    unary("cos", UnaryOp::Cos),
    unary("tan", UnaryOp::Tan),
    unary("tanh", UnaryOp::Tanh),
    unary("atan", UnaryOp::Atan),
    unary("erf", UnaryOp::Erf),
    unary("sigmoid", UnaryOp::Sigmoid),
    unary("log_sigmoid", UnaryOp::LogSigmoid),
    unary("softplus", UnaryOp::Softplus),
    unary("relu", UnaryOp::Relu),
    unary("elu", UnaryOp::Elu),
    unary("silu", UnaryOp::Silu),
    unary("gelu", UnaryOp::Gelu),
    unary("abs", UnaryOp::Abs),
    unary("sign", UnaryOp::Sign),
    unary("floor", UnaryOp::Floor),
    unary("ceil", UnaryOp::Ceil),
    unary("round", UnaryOp::Round),
    {"min", BuiltinKind::Minimum, {}, {}, {"x", "y"}, 2},
    {"max", BuiltinKind::Maximum, {}, {}, {"x", "y"}, 2},
    {"clamp", BuiltinKind::Clamp, {}, {}, {"x", "low", "high"}, 3},
    {"int", BuiltinKind::ToInt, {}, {}, {"x"}, 1},
    {"float", BuiltinKind::ToFloat, {}, {}, {"x"}, 1},
    {"dot", BuiltinKind::Dot, {}, {}, {"x", "y"}, 2},
    {"softmax", BuiltinKind::Row, {}, NodeKind::Softmax, {"x", "sink"}, 2, true},
    row("normalize", NodeKind::Normalize),
    {"topk", BuiltinKind::Row, {}, NodeKind::TopK, {"x", "n"}, 2},
    row("sparsemax", NodeKind::Sparsemax),
    row("entmax15", NodeKind::Entmax15),
    row("sum_after", NodeKind::SumAfter),
};

} // namespace

const Builtin *findBuiltin(std::string_view name) {
  for (const Builtin &builtin : table)
    if (builtin.name == name)
      return &builtin;
  return nullptr;
}

std::vector<std::string> builtinNames() {
  std::vector<std::string> names;
  for (const Builtin &builtin : table)
    names.emplace_back(builtin.name);
  return names;
}

std::optional<Reduction> findReduction(std::string_view name) {
  if (name == "sum")
    return Reduction::Sum;
  if (name == "max")
    return Reduction::Maximum;
  if (name == "min")
    return Reduction::Minimum;
  if (name == "any")
    return Reduction::Any;
  if (name == "all")
    return Reduction::All;
  return std::nullopt;
}

std::optional<ElementType> findElementType(std::string_view name) {
  for (unsigned n = 0; n <= static_cast<unsigned>(ElementType::Bool); ++n)
    if (spelling(static_cast<ElementType>(n)) == name)
      return static_cast<ElementType>(n);
  return std::nullopt;
}

} // namespace attn::sema
