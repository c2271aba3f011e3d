#include "compiler/library/AstText.h"

#include "compiler/syntax/Printer.h"

#include <fmt/format.h>

using namespace attn;
using namespace attn::library;
using namespace attn::syntax;

namespace {

class Writer {
public:
  std::string text;

  void line(size_t depth, std::string_view content) { text += fmt::format("{}{}\n", std::string(2 * depth, ' '), content); }

  void write(const Expr &expression, size_t depth, std::string_view role = "");
  void write(const std::vector<Argument> &arguments, size_t depth);
  void write(const std::vector<Parameter> &parameters, size_t depth);
  void write(const std::vector<Line> &lines, size_t depth);
  void type(const Type *type, size_t depth);
};

std::string describe(const Expr &expression) {
  switch (expression.kind) {
  case ExprKind::Integer: return fmt::format("integer {}", expression.integer);
  case ExprKind::Float: return fmt::format("float {}", expression.real);
  case ExprKind::Boolean: return expression.integer ? "true" : "false";
  case ExprKind::Infinity: return "inf";
  case ExprKind::Name: return fmt::format("name {}", expression.name.text);
  case ExprKind::Call: return fmt::format("call {}", expression.name.text);
  case ExprKind::Reduction: {
    std::string binders;
    for (const Identifier &binder : expression.binders)
      binders += (binders.empty() ? "" : ", ") + std::string(binder.text);
    return fmt::format("reduce {} over {}", expression.name.text, binders);
  }
  case ExprKind::Index: return "index";
  case ExprKind::Unary: return fmt::format("unary {}", spelling(expression.op));
  case ExprKind::Binary: return fmt::format("binary {}", spelling(expression.op));
  case ExprKind::Comparison: {
    std::string chain;
    for (Operator comparison : expression.comparisons)
      chain += " " + std::string(spelling(comparison));
    return "compare" + chain;
  }
  case ExprKind::Conditional: return "if";
  case ExprKind::Pipe: return fmt::format("pipe into {}", expression.name.text);
  case ExprKind::Error: return "error";
  }
  return "";
}

void Writer::write(const Expr &expression, size_t depth, std::string_view role) {
  line(depth, fmt::format("{}{}{}", role, role.empty() ? "" : ": ", describe(expression)));
  for (const Expr *operand : expression.operands)
    write(*operand, depth + 1);
  write(expression.arguments, depth + 1);
}

void Writer::write(const std::vector<Argument> &arguments, size_t depth) {
  for (const Argument &argument : arguments)
    write(*argument.value, depth, argument.name ? fmt::format("argument {}", argument.name.text) : "argument");
}

void Writer::type(const Type *type, size_t depth) {
  if (type)
    line(depth, "type " + print(*type));
}

void Writer::write(const std::vector<Parameter> &parameters, size_t depth) {
  for (const Parameter &parameter : parameters) {
    line(depth, fmt::format("parameter {}", parameter.name.text));
    type(parameter.type, depth + 1);
    if (parameter.defaultValue)
      write(*parameter.defaultValue, depth + 1, "default");
  }
}

void Writer::write(const std::vector<Line> &lines, size_t depth) {
  for (const Line &entry : lines) {
    switch (entry.kind) {
    case LineKind::UseLayout: line(depth, fmt::format("layout {}", entry.name.text)); break;
    case LineKind::Outputs: line(depth, "out"); break;
    case LineKind::Declaration: line(depth, fmt::format("declare {}", entry.name.text)); break;
    case LineKind::Assignment: line(depth, fmt::format("let {}", entry.name.text)); break;
    case LineKind::Store: line(depth, fmt::format("store {}", entry.name.text)); break;
    }
    type(entry.type, depth + 1);
    write(entry.arguments, depth + 1);
    for (const OutputItem &item : entry.items) {
      line(depth + 1, fmt::format("output {}", item.name.text));
      type(item.type, depth + 2);
    }
    if (entry.value)
      write(*entry.value, depth + 1);
  }
}

} // namespace

std::string library::astText(const File &file) {
  Writer writer;
  for (const File::Item &item : file.order) {
    switch (item.kind) {
    case File::ItemKind::Import: writer.line(0, fmt::format("import \"{}\"", file.imports[item.index].path)); break;
    case File::ItemKind::Definition: {
      const Definition &definition = file.definitions[item.index];
      writer.line(0, fmt::format("def {}", definition.name.text));
      writer.write(definition.parameters, 1);
      for (const Binding &binding : definition.bindings)
        writer.write(*binding.value, 1, fmt::format("let {}", binding.name.text));
      writer.write(*definition.result, 1, "result");
      break;
    }
    case File::ItemKind::Layout: {
      const Layout &layout = file.layouts[item.index];
      writer.line(0, fmt::format("layout {}", layout.name.text));
      writer.write(layout.parameters, 1);
      writer.write(layout.lines, 1);
      break;
    }
    case File::ItemKind::Attention: {
      const Attention &attention = file.attentions[item.index];
      writer.line(0, fmt::format("attention {}", attention.name.text));
      writer.write(attention.lines, 1);
      break;
    }
    }
  }
  return std::move(writer.text);
}
