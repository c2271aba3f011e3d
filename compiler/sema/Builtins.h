#pragma once

#include "compiler/sema/Program.h"

#include <optional>
#include <string_view>

namespace attn::sema {

/// What a built-in function does; see `builtin`.
enum class BuiltinKind : uint8_t {
  Unary,   ///< `unary` of a number
  Minimum, ///< of two or more
  Maximum,
  Clamp,
  ToInt,
  ToFloat,
  Dot,
  Row, ///< row function `row`
};

struct Builtin {
  std::string_view name;
  BuiltinKind kind;
  UnaryOp unary{};
  NodeKind row{};
  /// Names its arguments may be given by, in order. The last is optional if `optional` says so.
  std::string_view parameters[3] = {};
  unsigned count = 1;
  bool lastOptional = false;
};

/// The built-in function of that name, or null.
const Builtin *findBuiltin(std::string_view name);
std::vector<std::string> builtinNames();
/// `sum`, `max`, … as a reduction.
std::optional<Reduction> findReduction(std::string_view name);
std::optional<ElementType> findElementType(std::string_view name);

} // namespace attn::sema
