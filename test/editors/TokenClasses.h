#pragma once

#include "compiler/source/SourceFile.h"

#include <set>
#include <string>
#include <string_view>
#include <vector>

/// What the syntax files of editors/ should make of a spec, worked out from the compiler's own tables and tokens.
namespace attn::editors {

enum class TokenClass : uint8_t {
  Comment,
  String,
  Number,
  Declaration, ///< `def layout attention import out`
  Conditional,
  Logical,
  Constant,
  Definition, ///< the name behind `def`, `layout`, `attention`
  Builtin,    ///< where it is called
  Library,    ///< a def of the library where it is called, or that takes nothing
  Call,       ///< of another function
  Type,
  Coordinate,
  Extent,
  Default, ///< `score`, `o` and the other names that every attention has
  Variable,
  Operator,
  Punctuation,
};

/// As in `attnComment`, Vim's name for the class.
std::string_view name(TokenClass tokenClass);

struct ClassifiedToken {
  uint32_t begin, end;
  TokenClass tokenClass;
};

/// The names the compiler knows.
struct KnownNames {
  std::set<std::string> builtins, libraryFunctions, libraryMasks, types, defaults;
};
const KnownNames &knownNames();

/// Of a file that parses; comments included, in order.
std::vector<ClassifiedToken> classify(const SourceFile &source);

} // namespace attn::editors
