#pragma once

#include "compiler/source/SourceFile.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

/// The syntax tree of a `.attn` file, by the grammar of docs/language.md. Nodes are owned by the `File` and never
/// change after parsing. Names are views into the source text. The tree keeps every range, so it can be printed back.
namespace attn::syntax {

struct Expr;

enum class ExprKind : uint8_t {
  Integer,     ///< `integer`; decimal or 0x
  Float,       ///< `real`
  Boolean,     ///< `integer` 0 or 1
  Infinity,    ///< `inf`
  Name,        ///< `name`
  Call,        ///< `name(arguments)`
  Reduction,   ///< `name(binders: operands[0])`
  Index,       ///< `operands[0][arguments]`
  Unary,       ///< `op operands[0]`
  Binary,      ///< `operands[0] op operands[1]`, and/or included
  Comparison,  ///< chain: operands[0] comparisons[0] operands[1] comparisons[1] …
  Conditional, ///< `operands[0] if operands[1] else operands[2]`
  Pipe,        ///< `operands[0] |> name(arguments)`
  Error,       ///< stands where parsing failed; already reported
};

enum class Operator : uint8_t {
  None,
  Negate,
  Plus,
  BitNot,
  Not,
  Add,
  Subtract,
  Multiply,
  Divide,
  FloorDivide,
  Modulo,
  Power,
  BitAnd,
  BitOr,
  BitXor,
  ShiftLeft,
  ShiftRight,
  And,
  Or,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  Equal,
  NotEqual,
};

/// The operator as written: `//`, `and`.
std::string_view spelling(Operator op);

struct Identifier {
  std::string_view text;
  SourceRange range;
  explicit operator bool() const { return !text.empty(); }
};

/// `[NAME "="] expr` in a call or in brackets.
struct Argument {
  Identifier name; ///< empty when positional
  const Expr *value = nullptr;
};

struct Expr {
  ExprKind kind = ExprKind::Error;
  Operator op = Operator::None;
  bool parenthesized = false; ///< written in parentheses, which `&` beside a comparison asks about
  SourceRange range;
  SourceRange opRange;
  Identifier name; ///< of Name, Call, Reduction, Pipe; of a number, how it is written
  int64_t integer = 0;
  double real = 0;
  std::vector<const Expr *> operands;
  std::vector<Operator> comparisons;
  std::vector<Argument> arguments;
  std::vector<Identifier> binders;
  /// Of the tree from here down, at most `maximumDepth` (Parser.h): 1 for a leaf; a node with n operands or arguments
  /// counts as the n - 1 binary operations it may become.
  uint32_t depth = 1;
};

/// `NAME ["[" exprs "]"]`: `f32[B, H, I, D]`, `int`, `type`.
struct Type {
  Identifier name;
  bool isTensor = false;
  std::vector<const Expr *> dimensions;
  SourceRange range;
};

struct Parameter {
  Identifier name;
  const Type *type = nullptr;         ///< null: any expression
  const Expr *defaultValue = nullptr; ///< null: none
  SourceRange range;
};

/// `NAME = expr` inside a def's block.
struct Binding {
  Identifier name;
  const Expr *value = nullptr;
};

struct Definition {
  Identifier name;
  std::vector<Parameter> parameters;
  std::vector<Binding> bindings; ///< empty for the `=` form
  const Expr *result = nullptr;
  SourceRange range;
};

struct OutputItem {
  Identifier name;
  const Type *type = nullptr; ///< null: inferred
  SourceRange range;
};

enum class LineKind : uint8_t {
  UseLayout,   ///< `layout name(arguments)`
  Outputs,     ///< `out items`
  Declaration, ///< `name: type [= value]`
  Assignment,  ///< `name = value`
  Store,       ///< `name[indices] = value`
};

struct Line {
  LineKind kind = LineKind::Assignment;
  Identifier name;
  const Type *type = nullptr;
  const Expr *value = nullptr;
  std::vector<Argument> arguments; ///< of a layout, or the indices of a store
  std::vector<OutputItem> items;
  SourceRange range;
};

struct Layout {
  Identifier name;
  std::vector<Parameter> parameters;
  std::vector<Line> lines;
  SourceRange range;
};

struct Attention {
  Identifier name;
  std::vector<Line> lines;
  SourceRange range;
};

struct Import {
  std::string path; ///< unescaped
  SourceRange range;
};

/// A parsed file. Each list keeps source order; `order` tells how the lists interleave, for printing.
struct File {
  enum class ItemKind : uint8_t { Import, Definition, Layout, Attention };
  struct Item {
    ItemKind kind;
    uint32_t index;
  };

  const SourceFile *source = nullptr;
  std::vector<Import> imports;
  std::vector<Definition> definitions;
  std::vector<Layout> layouts;
  std::vector<Attention> attentions;
  std::vector<Item> order;

  std::deque<Expr> expressions;
  std::deque<Type> types;
};

} // namespace attn::syntax
