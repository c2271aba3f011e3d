#include "compiler/syntax/Printer.h"

#include <fmt/format.h>

namespace attn::syntax {

namespace {

class Printer {
public:
  std::string text;

  void print(const File &file) {
    for (const File::Item &item : file.order) {
      switch (item.kind) {
      case File::ItemKind::Import:
        print(file.imports[item.index]);
        break;
      case File::ItemKind::Definition:
        print(file.definitions[item.index]);
        break;
      case File::ItemKind::Layout: {
        const Layout &layout = file.layouts[item.index];
        put("layout {}", layout.name.text);
        parameters(layout.parameters);
        block(layout.lines);
        break;
      }
      case File::ItemKind::Attention:
        put("attention {}", file.attentions[item.index].name.text);
        block(file.attentions[item.index].lines);
        break;
      }
      text += '\n';
    }
  }

  void print(const Expr &expression) {
    if (expression.parenthesized)
      text += '(';
    bare(expression);
    if (expression.parenthesized)
      text += ')';
  }

  void print(const Type &type) {
    text += type.name.text;
    if (!type.isTensor)
      return;
    text += '[';
    separated(type.dimensions, [&](const Expr *dimension) { print(*dimension); });
    text += ']';
  }

private:
  template <typename... Args> void put(fmt::format_string<Args...> format, Args &&...args) {
    text += fmt::format(format, std::forward<Args>(args)...);
  }

  template <typename Items, typename Action> void separated(const Items &items, Action action) {
    bool first = true;
    for (const auto &item : items) {
      if (!first)
        text += ", ";
      first = false;
      action(item);
    }
  }

  void print(const Import &import) {
    text += "import \"";
    for (char letter : import.path) {
      if (letter == '"' || letter == '\\')
        text += '\\';
      text += letter;
    }
    text += '"';
  }

  void print(const Definition &definition) {
    put("def {}", definition.name.text);
    parameters(definition.parameters);
    if (definition.bindings.empty()) {
      text += " = ";
      print(*definition.result);
      return;
    }
    text += " {\n";
    for (const Binding &binding : definition.bindings) {
      put("  {} = ", binding.name.text);
      print(*binding.value);
      text += '\n';
    }
    text += "  ";
    print(*definition.result);
    text += "\n}";
  }

  void parameters(const std::vector<Parameter> &parameters) {
    if (parameters.empty())
      return;
    text += '(';
    separated(parameters, [&](const Parameter &parameter) {
      text += parameter.name.text;
      typeAndValue(parameter.type, parameter.defaultValue);
    });
    text += ')';
  }

  void typeAndValue(const Type *type, const Expr *value) {
    if (type) {
      text += ": ";
      print(*type);
    }
    if (value) {
      text += " = ";
      print(*value);
    }
  }

  void block(const std::vector<Line> &lines) {
    text += " {\n";
    for (const Line &line : lines) {
      text += "  ";
      print(line);
      text += '\n';
    }
    text += '}';
  }

  void print(const Line &line) {
    switch (line.kind) {
    case LineKind::UseLayout:
      put("layout {}", line.name.text);
      if (!line.arguments.empty())
        arguments(line.arguments, '(', ')');
      break;
    case LineKind::Outputs:
      text += "out ";
      separated(line.items, [&](const OutputItem &item) {
        text += item.name.text;
        typeAndValue(item.type, nullptr);
      });
      break;
    case LineKind::Store:
      text += line.name.text;
      arguments(line.arguments, '[', ']');
      typeAndValue(nullptr, line.value);
      break;
    case LineKind::Declaration:
    case LineKind::Assignment:
      text += line.name.text;
      typeAndValue(line.type, line.value);
      break;
    }
  }

  void arguments(const std::vector<Argument> &arguments, char open, char close) {
    text += open;
    separated(arguments, [&](const Argument &argument) {
      if (argument.name)
        put("{} = ", argument.name.text);
      print(*argument.value);
    });
    text += close;
  }

  void bare(const Expr &expression) {
    switch (expression.kind) {
    case ExprKind::Integer:
    case ExprKind::Float:
      text += expression.name.text;
      break;
    case ExprKind::Boolean:
      text += expression.integer ? "true" : "false";
      break;
    case ExprKind::Infinity:
      text += "inf";
      break;
    case ExprKind::Name:
      text += expression.name.text;
      break;
    case ExprKind::Call:
      text += expression.name.text;
      arguments(expression.arguments, '(', ')');
      break;
    case ExprKind::Reduction:
      put("{}(", expression.name.text);
      separated(expression.binders, [&](const Identifier &binder) { text += binder.text; });
      text += ": ";
      print(*expression.operands[0]);
      text += ')';
      break;
    case ExprKind::Index:
      print(*expression.operands[0]);
      arguments(expression.arguments, '[', ']');
      break;
    case ExprKind::Unary:
      text += spelling(expression.op);
      if (expression.op == Operator::Not)
        text += ' ';
      print(*expression.operands[0]);
      break;
    case ExprKind::Binary:
      print(*expression.operands[0]);
      put(" {} ", spelling(expression.op));
      print(*expression.operands[1]);
      break;
    case ExprKind::Comparison:
      print(*expression.operands[0]);
      for (size_t n = 0; n < expression.comparisons.size(); ++n) {
        put(" {} ", spelling(expression.comparisons[n]));
        print(*expression.operands[n + 1]);
      }
      break;
    case ExprKind::Conditional:
      print(*expression.operands[0]);
      text += " if ";
      print(*expression.operands[1]);
      text += " else ";
      print(*expression.operands[2]);
      break;
    case ExprKind::Pipe:
      print(*expression.operands[0]);
      put(" |> {}", expression.name.text);
      if (!expression.arguments.empty())
        arguments(expression.arguments, '(', ')');
      break;
    case ExprKind::Error:
      text += "<error>";
      break;
    }
  }
};

} // namespace

std::string print(const File &file) {
  Printer printer;
  printer.print(file);
  return std::move(printer.text);
}

std::string print(const Expr &expression) {
  Printer printer;
  printer.print(expression);
  return std::move(printer.text);
}

std::string print(const Type &type) {
  Printer printer;
  printer.print(type);
  return std::move(printer.text);
}

} // namespace attn::syntax
