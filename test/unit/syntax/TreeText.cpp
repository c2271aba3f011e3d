#include "test/unit/syntax/TreeText.h"

namespace attn::syntax {

static std::string treeText(const std::vector<Argument> &arguments) {
  std::string text;
  for (const Argument &argument : arguments)
    text += fmt::format(" {}{}{}", argument.name.text, argument.name ? "=" : "", treeText(*argument.value));
  return text;
}

static std::string bareTree(const Expr &expression) {
  std::string operands;
  for (const Expr *operand : expression.operands)
    operands += " " + treeText(*operand);
  switch (expression.kind) {
  case ExprKind::Integer:
    return fmt::format("{}", expression.integer);
  case ExprKind::Float:
    return fmt::format("{}f", expression.real);
  case ExprKind::Boolean:
    return expression.integer ? "true" : "false";
  case ExprKind::Infinity:
    return "inf";
  case ExprKind::Name:
    return std::string(expression.name.text);
  case ExprKind::Call:
    return fmt::format("({}{})", expression.name.text, treeText(expression.arguments));
  case ExprKind::Reduction: {
    std::string binders;
    for (const Identifier &binder : expression.binders)
      binders += fmt::format(" {}", binder.text);
    return fmt::format("({}{}:{})", expression.name.text, binders, operands);
  }
  case ExprKind::Index:
    return fmt::format("(at{}{})", operands, treeText(expression.arguments));
  case ExprKind::Unary:
    return fmt::format("({}{})", spelling(expression.op), operands);
  case ExprKind::Binary:
    return fmt::format("({}{})", spelling(expression.op), operands);
  case ExprKind::Comparison: {
    std::string text = "(" + treeText(*expression.operands[0]);
    for (size_t n = 0; n < expression.comparisons.size(); ++n)
      text += fmt::format(" {} {}", spelling(expression.comparisons[n]), treeText(*expression.operands[n + 1]));
    return text + ")";
  }
  case ExprKind::Conditional:
    return fmt::format("(if{})", operands);
  case ExprKind::Pipe:
    return fmt::format("(|> {}{}{})", expression.name.text, operands, treeText(expression.arguments));
  case ExprKind::Error:
    return "error";
  }
  return "?";
}

std::string treeText(const Expr &expression) { return (expression.parenthesized ? "!" : "") + bareTree(expression); }

static std::string treeText(const Type *type) {
  if (!type)
    return "-";
  std::string text = fmt::format("{}{}", type->name.text, type->isTensor ? "[" : "");
  for (const Expr *dimension : type->dimensions)
    text += " " + treeText(*dimension);
  return text + (type->isTensor ? "]" : "");
}

static std::string treeText(const std::vector<Parameter> &parameters) {
  std::string text;
  for (const Parameter &parameter : parameters)
    text += fmt::format("({} {} {})", parameter.name.text, treeText(parameter.type),
                        parameter.defaultValue ? treeText(*parameter.defaultValue) : "-");
  return text;
}

static std::string treeText(const std::vector<Line> &lines) {
  std::string text;
  for (const Line &line : lines) {
    text += fmt::format("  {} {} {} {}{}", static_cast<int>(line.kind), line.name.text, treeText(line.type),
                        line.value ? treeText(*line.value) : "-", treeText(line.arguments));
    for (const OutputItem &item : line.items)
      text += fmt::format(" out {} {}", item.name.text, treeText(item.type));
    text += '\n';
  }
  return text;
}

std::string treeText(const File &file) {
  std::string text;
  for (const File::Item &item : file.order) {
    switch (item.kind) {
    case File::ItemKind::Import:
      text += "import " + file.imports[item.index].path + '\n';
      break;
    case File::ItemKind::Definition: {
      const Definition &definition = file.definitions[item.index];
      text += fmt::format("def {}{}\n", definition.name.text, treeText(definition.parameters));
      for (const Binding &binding : definition.bindings)
        text += fmt::format("  {} = {}\n", binding.name.text, treeText(*binding.value));
      text += "  " + treeText(*definition.result) + '\n';
      break;
    }
    case File::ItemKind::Layout: {
      const Layout &layout = file.layouts[item.index];
      text += fmt::format("layout {}{}\n{}", layout.name.text, treeText(layout.parameters), treeText(layout.lines));
      break;
    }
    case File::ItemKind::Attention: {
      const Attention &attention = file.attentions[item.index];
      text += fmt::format("attention {}\n{}", attention.name.text, treeText(attention.lines));
      break;
    }
    }
  }
  return text;
}

Parsed::Parsed(std::string text) : file(parse(*sources.addText("t.attn", std::move(text)), diagnostics)) {}

std::string Parsed::reports() const {
  std::string text;
  for (const Diagnostic &diagnostic : diagnostics.all())
    text += fmt::format("{}{}@{}", text.empty() ? "" : " ", kindName(diagnostic.kind),
                        diagnostic.range.file->locate(diagnostic.range.begin).line);
  return text;
}

std::string expression(const std::string &text) {
  Parsed parsed("def f = " + text + "\n");
  return parsed.diagnostics.all().empty() ? treeText(*parsed.file.definitions.at(0).result) : parsed.reports();
}

} // namespace attn::syntax
