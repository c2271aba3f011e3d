#include "compiler/syntax/GrammarParser.h"

namespace attn::syntax {

static std::string unescape(std::string_view quoted) {
  std::string text;
  for (size_t n = 1; n + 1 < quoted.size(); ++n) {
    if (quoted[n] == '\\' && n + 2 < quoted.size())
      ++n;
    text += quoted[n];
  }
  return text;
}

Identifier GrammarParser::parseName(std::string_view description) {
  if (at(TokenKind::Name)) {
    Token name = take();
    return {textOf(name), rangeOf(name)};
  }
  if (kind() >= TokenKind::Def && kind() <= TokenKind::Inf)
    report(DiagnosticKind::ReservedName, here(), textOf(peek()));
  else
    unexpected(description);
  return {};
}

void GrammarParser::parseItem() {
  switch (kind()) {
  case TokenKind::Import:
    return parseImport();
  case TokenKind::Def:
    return parseDefinition();
  case TokenKind::Layout:
    return parseLayout();
  case TokenKind::Attention:
    return parseAttention();
  default:
    return parseMisplaced();
  }
}

void GrammarParser::parseMisplaced() {
  uint32_t start = position;
  TokenKind next = kind(1);
  bool isLine = at(TokenKind::Out) || (at(TokenKind::Name) && (next == TokenKind::Colon || next == TokenKind::Assign ||
                                                               next == TokenKind::OpenBracket));
  if (isLine) {
    report(DiagnosticKind::LineOutsideBlock, here(), describe(peek()))
        .note("a function of its own is written `def name = expression`");
    return recoverItem(start);
  }
  if (!alreadyReported() && !reportForeignWord()) {
    Diagnostic &diagnostic =
        report(DiagnosticKind::UnexpectedToken, here(), "`attention`, `def`, `layout` or `import`", describe(peek()));
    std::string closest = closestName(textOf(peek()), {"attention", "def", "layout", "import"});
    if (!closest.empty())
      diagnostic.suggest(here(), closest);
  }
  recoverItem(start);
}

void GrammarParser::finishItem(uint32_t itemStart) {
  if (!panicking && !isSeparator(kind()) && !at(TokenKind::EndOfFile)) {
    if (at(TokenKind::Def) || at(TokenKind::Layout) || at(TokenKind::Attention) || at(TokenKind::Import)) {
      report(DiagnosticKind::MissingSeparator, here(), describe(peek()))
          .note("each item begins on a line of its own, or after `;`");
      panicking = false;
      return;
    }
    missingSeparator();
  }
  if (panicking)
    recoverLine(itemStart);
}

void GrammarParser::missingSeparator() {
  if (alreadyReported() || reportForeignWord())
    return;
  if (at(TokenKind::Assign)) {
    report(DiagnosticKind::AssignmentInExpression, here()).suggest(here(), "==", "equality is written `==`");
    return;
  }
  Diagnostic &diagnostic = report(DiagnosticKind::MissingSeparator, here(), describe(peek()));
  TokenKind before = tokens[position - 1].kind;
  bool beginsOperand = at(TokenKind::Name) || at(TokenKind::Number) || at(TokenKind::OpenParenthesis);
  if (before == TokenKind::Number && beginsOperand)
    diagnostic.note("a product is written with `*`");
  else if (before == TokenKind::Name && at(TokenKind::OpenParenthesis))
    diagnostic.note("an output has a name: give it its value on a line of its own, `name = expression`");
  else if (before == TokenKind::Name && at(TokenKind::Number))
    diagnostic.note(fmt::format("arguments stand in brackets: `{}({})`", textOf(tokens[position - 1]), textOf(peek())));
  SourceRange behind = {&source, tokens[position - 1].end, tokens[position - 1].end};
  if (at(TokenKind::Name) && (kind(1) == TokenKind::Assign || kind(1) == TokenKind::Colon))
    diagnostic.suggest(behind, ";", "several lines in one are separated by `;`");
  uint32_t line = source.locate(peek().begin).line;
  for (uint32_t n = position; n-- > 0 && tokens[n].begin >= source.lineBegin(line);)
    if (tokens[n].kind == TokenKind::DoubleSlash) {
      diagnostic.note(rangeOf(tokens[n]), "`//` is floor division; a comment begins with `#`");
      return;
    }
}

void GrammarParser::parseImport() {
  uint32_t start = position;
  Token keyword = take();
  Token path = peek();
  if (at(TokenKind::Name) && !alreadyReported()) {
    report(DiagnosticKind::UnexpectedToken, here(), "the path of a file in double quotes", describe(peek()))
        .suggest(here(), fmt::format("\"{}.attn\"", textOf(path)), "a file is imported by its path");
    take();
  } else if (!accept(TokenKind::String)) {
    unexpected("the path of a file in double quotes");
  } else {
    file.order.push_back({File::ItemKind::Import, static_cast<uint32_t>(file.imports.size())});
    file.imports.push_back({unescape(textOf(path)), since(keyword.begin)});
  }
  finishItem(start);
}

void GrammarParser::parseDefinition() {
  uint32_t start = position;
  Token keyword = take();
  Definition definition;
  definition.name = parseName("the name of the definition");
  if (!panicking && at(TokenKind::OpenParenthesis))
    parseParameters(definition.parameters);
  if (!panicking && accept(TokenKind::Assign)) {
    definition.result = parseExpression();
  } else if (!panicking && at(TokenKind::OpenBrace)) {
    parseDefinitionBlock(definition);
  } else {
    if (at(TokenKind::Colon) && !alreadyReported())
      report(DiagnosticKind::UnexpectedToken, here(), "`=` or `{`", describe(peek())).suggest(here(), " =", "a def is written `def f(x) = expression`");
    else
      unexpected("`=` or `{`");
    return recoverItem(start);
  }
  definition.range = since(keyword.begin);
  if (definition.name && definition.result) {
    file.order.push_back({File::ItemKind::Definition, static_cast<uint32_t>(file.definitions.size())});
    file.definitions.push_back(std::move(definition));
  }
  finishItem(start);
}

void GrammarParser::parseDefinitionBlock(Definition &definition) {
  take();
  skipSeparators();
  while (!at(TokenKind::CloseBrace) && !at(TokenKind::EndOfFile) && !tooManyErrors()) {
    uint32_t start = position;
    bool isBinding = at(TokenKind::Name) && kind(1) == TokenKind::Assign;
    if (definition.result && definition.result->kind != ExprKind::Error)
      report(DiagnosticKind::ResultNotLast, definition.result->range)
          .note(here(), "another line follows")
          .note("name it, `name = expression`, if later lines use it");
    panicking = false;
    definition.result = nullptr;
    if (isBinding) {
      Token name = take();
      take();
      definition.bindings.push_back({{textOf(name), rangeOf(name)}, parseExpression()});
    } else if (kind() >= TokenKind::Def && kind() <= TokenKind::Out) {
      report(DiagnosticKind::NestedItem, here(), textOf(peek())).note("a def's block holds definitions and its result");
      definition.result = error();
    } else if (!reportForeignStatement()) {
      definition.result = parseExpression();
    }
    if (!panicking && !atLineEnd())
      missingSeparator();
    if (panicking) {
      recoverLine(start);
      definition.result = error();
    }
    skipSeparators();
  }
  if (!definition.result) {
    Diagnostic &diagnostic = report(DiagnosticKind::MissingResult, here(), definition.name.text);
    if (!definition.bindings.empty())
      diagnostic.note(definition.bindings.back().name.range, "the last line gives its value a name instead");
    panicking = false;
    definition.result = error();
  }
  accept(TokenKind::CloseBrace);
}

void GrammarParser::parseParameters(std::vector<Parameter> &parameters) {
  Token opener = take();
  while (!at(TokenKind::CloseParenthesis)) {
    Parameter parameter;
    uint32_t begin = peek().begin;
    parameter.name = parseName("the name of a parameter");
    if (!panicking && accept(TokenKind::Colon))
      parameter.type = parseType();
    if (!panicking && accept(TokenKind::Assign))
      parameter.defaultValue = parseExpression();
    if (panicking)
      return;
    parameter.range = since(begin);
    parameters.push_back(std::move(parameter));
    if (!accept(TokenKind::Comma))
      break;
  }
  expectClose(TokenKind::CloseParenthesis, opener);
}

/// Goes to the `{` of an item whose head may have been wrong; false if it has none.
bool GrammarParser::findBlock(std::string_view head) {
  if (!panicking && at(TokenKind::OpenBrace))
    return true;
  if (!panicking && at(TokenKind::Newline) && kind(1) == TokenKind::OpenBrace) {
    report(DiagnosticKind::UnexpectedToken, here(), "`{`", describe(peek()))
        .note(rangeOf(peek(1)), "it must stand on the line above");
    take();
    panicking = false;
    return true;
  }
  if (at(TokenKind::OpenParenthesis) && !panicking && !alreadyReported())
    report(DiagnosticKind::UnexpectedToken, here(), fmt::format("`{{` after {}", head), describe(peek()))
        .note("what a caller gives is declared in the block: `w: int`");
  else
    unexpected(fmt::format("`{{` after {}", head));
  while (!at(TokenKind::OpenBrace) && !atLineEnd())
    take();
  panicking = !at(TokenKind::OpenBrace);
  return !panicking;
}

void GrammarParser::parseLayout() {
  uint32_t start = position;
  Token keyword = take();
  Layout layout;
  layout.name = parseName("the name of the layout");
  if (!panicking && at(TokenKind::OpenParenthesis))
    parseParameters(layout.parameters);
  if (!findBlock("the head of the layout"))
    return recoverItem(start);
  parseBlock(layout.lines);
  layout.range = since(keyword.begin);
  if (layout.name) {
    file.order.push_back({File::ItemKind::Layout, static_cast<uint32_t>(file.layouts.size())});
    file.layouts.push_back(std::move(layout));
  }
  finishItem(start);
}

void GrammarParser::parseAttention() {
  uint32_t start = position;
  Token keyword = take();
  Attention attention;
  attention.name = parseName("the name of the attention");
  if (!findBlock("the name of the attention"))
    return recoverItem(start);
  parseBlock(attention.lines);
  attention.range = since(keyword.begin);
  if (attention.name) {
    file.order.push_back({File::ItemKind::Attention, static_cast<uint32_t>(file.attentions.size())});
    file.attentions.push_back(std::move(attention));
  }
  finishItem(start);
}

void GrammarParser::parseBlock(std::vector<Line> &lines) {
  take();
  skipSeparators();
  parseLines(lines);
  accept(TokenKind::CloseBrace);
}

void GrammarParser::parseLines(std::vector<Line> &lines) {
  while (!at(TokenKind::CloseBrace) && !at(TokenKind::EndOfFile) && !tooManyErrors()) {
    uint32_t start = position;
    std::optional<Line> line = parseLine();
    if (!panicking && !atLineEnd())
      missingSeparator();
    if (panicking)
      recoverLine(start);
    if (line)
      lines.push_back(std::move(*line));
    skipSeparators();
  }
}

std::optional<Line> GrammarParser::parseLine() {
  Line line;
  uint32_t begin = peek().begin;
  TokenKind next = kind(1);
  if (kind() >= TokenKind::Def && kind() <= TokenKind::Inf && (next == TokenKind::Assign || next == TokenKind::Colon)) {
    report(DiagnosticKind::ReservedName, here(), textOf(peek()));
    return std::nullopt;
  }
  switch (kind()) {
  case TokenKind::Layout:
    parseLayoutUse(line);
    break;
  case TokenKind::Out:
    parseOutputs(line);
    break;
  case TokenKind::Def:
  case TokenKind::Attention:
  case TokenKind::Import:
    report(DiagnosticKind::NestedItem, here(), textOf(peek())).note("it stands outside, on a line of its own");
    return std::nullopt;
  case TokenKind::Name:
    if (!parseNamedLine(line))
      return std::nullopt;
    break;
  default:
    reportExpressionLine();
    return std::nullopt;
  }
  line.range = since(begin);
  if (panicking)
    return std::nullopt;
  return line;
}

void GrammarParser::parseLayoutUse(Line &line) {
  line.kind = LineKind::UseLayout;
  take();
  line.name = parseName("the name of a layout");
  if (!panicking && at(TokenKind::OpenParenthesis))
    parseArguments(line.arguments, TokenKind::CloseParenthesis);
  if (!panicking && at(TokenKind::OpenBrace))
    report(DiagnosticKind::NestedItem, here(), "layout … {")
        .note("a layout is defined at the top of the file; here `layout name` puts its lines in");
}

void GrammarParser::parseOutputs(Line &line) {
  line.kind = LineKind::Outputs;
  take();
  do {
    OutputItem item;
    uint32_t begin = peek().begin;
    item.name = parseName("the name of an output");
    if (!panicking && accept(TokenKind::Colon))
      item.type = parseType();
    if (panicking)
      return;
    item.range = since(begin);
    line.items.push_back(std::move(item));
  } while (accept(TokenKind::Comma));
  if (at(TokenKind::Assign))
    report(DiagnosticKind::UnexpectedToken, here(), "the end of the line", "`=`")
        .note("an output's value is a definition of its name on a line of its own");
}

/// `name: type`, `name = …` or `name[…] = …`; false if it is none of them, which has been reported.
bool GrammarParser::parseNamedLine(Line &line) {
  Token name = peek();
  uint32_t start = position;
  line.name = {textOf(name), rangeOf(name)};
  if (kind(1) == TokenKind::Colon) {
    line.kind = LineKind::Declaration;
    take();
    take();
    line.type = parseType();
    if (!panicking && accept(TokenKind::Assign))
      line.value = parseExpression();
    return true;
  }
  if (kind(1) == TokenKind::Assign) {
    line.kind = LineKind::Assignment;
    take();
    take();
    line.value = parseExpression();
    return true;
  }
  if (kind(1) == TokenKind::OpenBracket) {
    line.kind = LineKind::Store;
    take();
    parseArguments(line.arguments, TokenKind::CloseBracket);
    if (!panicking && accept(TokenKind::Assign)) {
      line.value = parseExpression();
      return true;
    }
    if (!panicking && at(TokenKind::Colon)) {
      report(DiagnosticKind::UnexpectedToken, here(), "`=`", "`:`")
          .note(fmt::format("a tensor's dimensions stand behind its element type: `{}: f32[…]`", line.name.text));
      return false;
    }
    if (panicking)
      return false;
    position = start;
  }
  if (reportForeignStatement())
    return false;
  reportExpressionLine();
  return false;
}

/// Whether the line begins like `return x` or `let x`, which is reported.
bool GrammarParser::reportForeignStatement() {
  bool looksLikeOne =
      kind(1) == TokenKind::Name || kind(1) == TokenKind::Number || kind(1) == TokenKind::OpenParenthesis;
  return looksLikeOne && reportForeignWord();
}

void GrammarParser::reportExpressionLine() {
  TokenKind first = kind();
  const Expr *expression = parseExpression();
  if (panicking)
    return;
  if (at(TokenKind::Assign)) {
    Diagnostic &diagnostic = report(DiagnosticKind::UnexpectedToken, expression->range,
                                    "a name or an indexed name left of `=`", "an expression");
    if (expression->kind == ExprKind::Call)
      diagnostic.note("a function is defined at the top of the file: `def f(x) = expression`");
    return;
  }
  if (!atLineEnd()) {
    if (expression->kind == ExprKind::Name && !alreadyReported())
      unexpected(fmt::format("`=` or `:` after `{}`", expression->name.text));
    return;
  }
  Diagnostic &diagnostic = report(DiagnosticKind::ExpressionLine, expression->range);
  if (first == TokenKind::Minus || first == TokenKind::Plus)
    diagnostic.note("the line before ended: to go on over lines, end it in the operator or use parentheses");
  else
    diagnostic.note(
        "a line is `name = expression`, `name: type`, `name[index] = expression`, `out name` or `layout name`");
}

const Type *GrammarParser::parseType() {
  Type &type = file.types.emplace_back();
  uint32_t begin = peek().begin;
  type.name = parseName("a type");
  if (!panicking && at(TokenKind::OpenBracket)) {
    type.isTensor = true;
    Token opener = take();
    if (!at(TokenKind::CloseBracket))
      do
        type.dimensions.push_back(parseExpression());
      while (!panicking && accept(TokenKind::Comma));
    expectClose(TokenKind::CloseBracket, opener);
  }
  type.range = since(begin);
  return &type;
}

} // namespace attn::syntax
