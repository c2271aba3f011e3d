#include "compiler/sema/Program.h"

namespace attn::sema {

std::string_view spelling(ScalarType type) {
  switch (type) {
  case ScalarType::Bool:
    return "bool";
  case ScalarType::Int:
    return "int";
  case ScalarType::Float32:
    return "f32";
  case ScalarType::Float64:
    return "f64";
  }
  return {};
}

std::string_view spelling(ElementType type) {
  static constexpr std::string_view names[] = {"f16", "bf16", "f32", "i8", "u8", "i32", "i64", "bool"};
  return names[static_cast<size_t>(type)];
}

uint32_t byteSize(ElementType type) {
  static constexpr uint32_t sizes[] = {2, 2, 4, 1, 1, 4, 8, 1};
  return sizes[static_cast<size_t>(type)];
}

std::string_view spelling(UnaryOp op) {
  static constexpr std::string_view names[] = {"-",     "~",    "exp",     "exp2",        "expm1",    "log",  "log2",
                                               "log1p", "sqrt", "rsqrt",   "sin",         "cos",      "tan",  "tanh",
                                               "atan",  "erf",  "sigmoid", "log_sigmoid", "softplus", "relu", "elu",
                                               "silu",  "gelu", "abs",     "sign",        "floor",    "ceil", "round"};
  return names[static_cast<size_t>(op)];
}

std::string_view spelling(BinaryOp op) {
  static constexpr std::string_view names[] = {"+",   "-",   "*", "/", "//", "%",  "**",
                                               "min", "max", "&", "|", "^",  "<<", ">>"};
  return names[static_cast<size_t>(op)];
}

std::string_view spelling(CompareOp op) {
  static constexpr std::string_view names[] = {"<", "<=", ">", ">=", "==", "!="};
  return names[static_cast<size_t>(op)];
}

std::string_view spelling(Reduction op) {
  static constexpr std::string_view names[] = {"sum", "max", "min", "any", "all"};
  return names[static_cast<size_t>(op)];
}

namespace {

template <typename List> uint32_t findByName(const List &list, std::string_view wanted) {
  for (uint32_t n = 0; n < list.size(); ++n)
    if (list[n].name == wanted)
      return n;
  return none;
}

} // namespace

ExtentId Attention::findExtent(std::string_view wanted) const { return findByName(extents, wanted); }
TensorId Attention::findTensor(std::string_view wanted) const { return findByName(tensors, wanted); }
ScalarId Attention::findScalar(std::string_view wanted) const { return findByName(scalars, wanted); }

} // namespace attn::sema
