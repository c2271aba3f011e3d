#include "compiler/syntax/Parser.h"

#include "compiler/syntax/GrammarParser.h"

namespace attn::syntax {

File parse(const SourceFile &source, Diagnostics &diagnostics) {
  File file;
  file.source = &source;
  if (source.text().size() > maximumSourceSize) {
    diagnostics.report(DiagnosticKind::TooLong, SourceRange{&source, 0, 0}, "the file",
                       fmt::format("{} MiB", maximumSourceSize >> 20));
    return file;
  }
  Diagnostics found;
  std::vector<Token> tokens = applyLineRules(source, lex(source, found), found);
  GrammarParser(source, std::move(tokens), found, file).run();
  bool isGivenUp = found.all().size() >= maximumErrors;
  diagnostics.appendByPlace(std::move(found));
  if (isGivenUp)
    diagnostics.report(DiagnosticKind::TooManyErrors, SourceRange(diagnostics.all().back().range), maximumErrors);
  return file;
}

Token GrammarParser::take() {
  Token token = peek();
  if (position + 1 < tokens.size())
    ++position;
  return token;
}

bool GrammarParser::accept(TokenKind wanted) {
  if (!at(wanted))
    return false;
  take();
  return true;
}

bool GrammarParser::expect(TokenKind wanted, std::string_view description) {
  if (accept(wanted))
    return true;
  unexpected(description);
  return false;
}

void GrammarParser::skipSeparators() {
  while (isSeparator(kind()))
    take();
}

SourceRange GrammarParser::here() const {
  const Token &token = peek();
  bool isEnd = token.kind == TokenKind::Newline || token.kind == TokenKind::EndOfFile;
  if (!isEnd || position == 0)
    return rangeOf(token);
  uint32_t behind = tokens[position - 1].end;
  return {&source, behind, behind};
}

std::string GrammarParser::describe(const Token &token) const {
  constexpr size_t longestShown = 40;
  switch (token.kind) {
  case TokenKind::EndOfFile:
    return "the end of the file";
  case TokenKind::Newline:
    return "the end of the line";
  case TokenKind::String:
    return "a string";
  default:
    std::string_view text = textOf(token);
    return text.size() <= longestShown ? fmt::format("`{}`", text) : fmt::format("`{}…`", text.substr(0, longestShown));
  }
}

bool GrammarParser::alreadyReported() {
  const Token &token = peek();
  bool isRepair = isCloser(token.kind) && token.begin == token.end;
  if (token.kind == TokenKind::Invalid || isRepair)
    panicking = true;
  return panicking;
}

bool GrammarParser::reportForeignWord() {
  struct ForeignWord {
    std::string_view text;
    std::string_view advice;
  };
  constexpr ForeignWord words[] = {
      {"lambda", "name the function: `def f(x) = x + 1`"},
      {"for", "a reduction runs over a coordinate: `sum(j: expression)`"},
      {"while", "a reduction runs over a coordinate: `sum(j: expression)`"},
      {"return", "the last line of a def's block is its result"},
      {"let", "a definition is written `name = expression`"},
      {"var", "a definition is written `name = expression`"},
      {"const", "a definition is written `name = expression`"},
      {"fn", "a function is written `def f(x) = expression`"},
      {"func", "a function is written `def f(x) = expression`"},
      {"function", "a function is written `def f(x) = expression`"},
      {"class", "lines that belong together are a `layout` or an `attention`"},
      {"include", "another file's definitions are visible after `import \"file.attn\"`"},
      {"use", "another file's definitions are visible after `import \"file.attn\"`"},
      {"as", "what a file defines keeps its name where it is imported"},
      {"output", "an output is written `out name`, or `out name: f32[…]`"},
      {"input", "an input is written `name: f32[…]`"},
      {"from", "a file's definitions are all visible after `import \"file.attn\"`"},
      {"then", "a conditional is written `x if condition else y`"},
      {"elif", "a conditional is written `x if condition else y`"},
      {"where", "a bounded loop is a reduction, a condition `x if condition else y`"},
      {"in", "a reduction is written `sum(j: expression)`"},
      {"is", "equality is `==`"},
  };
  if (!at(TokenKind::Name))
    return false;
  for (const ForeignWord &word : words)
    if (word.text == textOf(peek())) {
      report(DiagnosticKind::ForeignConstruct, here(), word.text).note(std::string(word.advice));
      return true;
    }
  return false;
}

void GrammarParser::unexpected(std::string_view expected) {
  if (alreadyReported() || reportForeignWord())
    return;
  report(DiagnosticKind::UnexpectedToken, here(), expected, describe(peek()));
}

void GrammarParser::expectedExpression() {
  if (alreadyReported() || reportForeignWord())
    return;
  Diagnostic &diagnostic = report(DiagnosticKind::ExpectedExpression, here(), describe(peek()));
  TokenKind before = position == 0 ? TokenKind::EndOfFile : tokens[position - 1].kind;
  switch (kind()) {
  case TokenKind::CloseParenthesis:
  case TokenKind::CloseBracket:
    if (before == TokenKind::Comma)
      diagnostic.suggest(rangeOf(tokens[position - 1]), "", "no comma stands before a closing bracket");
    break;
  case TokenKind::OpenBracket:
    diagnostic.note("there are no lists: values that vary along a coordinate come from a tensor, declared `t: f32[N]`");
    break;
  case TokenKind::String:
    diagnostic.note("a string can only be the path of an `import`");
    break;
  case TokenKind::Not:
    diagnostic.note("`not` binds looser than comparisons and arithmetic: put it in parentheses, `(not x)`");
    break;
  case TokenKind::If:
    diagnostic.note("a conditional is written `x if condition else y`");
    break;
  case TokenKind::DoubleSlash:
    diagnostic.note("`//` is floor division; a comment begins with `#`");
    break;
  case TokenKind::Def:
    diagnostic.note("a `def` stands at the top of the file");
    break;
  case TokenKind::Colon:
    if (before == TokenKind::OpenBracket || before == TokenKind::Comma)
      diagnostic.note("there are no slices: what is left out of the brackets from the right is read whole, and a coordinate such as `i` stands for all its values");
    break;
  case TokenKind::Assign:
    if (before == TokenKind::Less || before == TokenKind::Greater)
      diagnostic.note("`<=` and `>=` are written without a blank");
    break;
  default:
    break;
  }
}

void GrammarParser::recoverLine(uint32_t lineStart) {
  panicking = false;
  int depth = 0;
  auto count = [&](TokenKind bracket) { depth += isOpener(bracket) ? 1 : isCloser(bracket) ? -1 : 0; };
  for (uint32_t n = lineStart; n < position; ++n)
    count(tokens[n].kind);
  while (!at(TokenKind::EndOfFile) && (depth > 0 || !atLineEnd()))
    count(take().kind);
}

void GrammarParser::recoverItem(uint32_t itemStart) {
  for (recoverLine(itemStart); !at(TokenKind::EndOfFile); recoverLine(position)) {
    if (at(TokenKind::CloseBrace))
      take();
    skipSeparators();
    if (at(TokenKind::Def) || at(TokenKind::Layout) || at(TokenKind::Attention) || at(TokenKind::Import))
      return;
  }
}

bool GrammarParser::tooManyErrors() {
  if (diagnostics.all().size() < maximumErrors)
    return false;
  position = static_cast<uint32_t>(tokens.size() - 1);
  return true;
}

void GrammarParser::run() {
  skipSeparators();
  while (!tooManyErrors() && !at(TokenKind::EndOfFile)) {
    parseItem();
    skipSeparators();
  }
}

} // namespace attn::syntax
