#pragma once

#include "compiler/syntax/Parser.h"
#include "compiler/syntax/Token.h"

#include <algorithm>
#include <optional>

namespace attn::syntax {

/// Recursive descent over the tokens of one file. After an error it stays silent (`panicking`) until it has found the
/// end of the line, so that one mistake gives one message.
class GrammarParser {
public:
  GrammarParser(const SourceFile &source, std::vector<Token> tokens, Diagnostics &diagnostics, File &file)
      : source(source), tokens(std::move(tokens)), diagnostics(diagnostics), file(file) {}

  void run();
  /// The lines of an attention, without braces around them.
  void runLines(std::vector<Line> &lines);
  const Expr *runExpression();

private:
  // Tokens (Parser.cpp)
  const Token &peek(uint32_t ahead = 0) const { return tokens[std::min<size_t>(position + ahead, tokens.size() - 1)]; }
  TokenKind kind(uint32_t ahead = 0) const { return peek(ahead).kind; }
  bool at(TokenKind wanted) const { return kind() == wanted; }
  bool atLineEnd() const { return isSeparator(kind()) || at(TokenKind::CloseBrace) || at(TokenKind::EndOfFile); }
  Token take();
  bool accept(TokenKind wanted);
  bool expect(TokenKind wanted, std::string_view description);
  void skipSeparators();
  SourceRange rangeOf(const Token &token) const { return {&source, token.begin, token.end}; }
  std::string_view textOf(const Token &token) const {
    return source.text().substr(token.begin, token.end - token.begin);
  }
  /// Where a message about the current token points: for a line's end, just behind its last token.
  SourceRange here() const;
  SourceRange since(uint32_t begin) const { return {&source, begin, position == 0 ? begin : tokens[position - 1].end}; }

  // Errors (Parser.cpp)
  template <typename... Args> Diagnostic &report(DiagnosticKind kind, SourceRange range, const Args &...args) {
    if (panicking)
      return discarded = {kind, range, {}, {}, {}, {}};
    panicking = true;
    return diagnostics.report(kind, range, args...);
  }
  void unexpected(std::string_view expected);
  void expectedExpression();
  /// Reports the current token if it was taken from another language; false if it wasn't.
  bool reportForeignWord();
  /// Goes silent where the current token was reported before; true if so.
  bool alreadyReported();
  std::string describe(const Token &token) const;
  void recoverLine(uint32_t lineStart);
  void recoverItem(uint32_t itemStart);
  bool tooManyErrors();

  // Items and lines (ParseItems.cpp)
  void parseItem();
  void parseImport();
  void parseDefinition();
  void parseDefinitionBlock(Definition &definition);
  void parseLayout();
  void parseAttention();
  void parseMisplaced();
  void finishItem(uint32_t itemStart);
  void missingSeparator();
  bool findBlock(std::string_view head);
  void parseParameters(std::vector<Parameter> &parameters);
  void parseBlock(std::vector<Line> &lines);
  void parseLines(std::vector<Line> &lines);
  std::optional<Line> parseLine();
  void parseLayoutUse(Line &line);
  void parseOutputs(Line &line);
  bool parseNamedLine(Line &line);
  bool reportForeignStatement();
  void reportExpressionLine();
  Identifier parseName(std::string_view description);
  const Type *parseType();

  // Expressions (ParseExpressions.cpp)
  const Expr *parseExpression();
  const Expr *parseConditional();
  const Expr *parseBinary(int least);
  const Expr *parseComparison(const Expr *first);
  const Expr *parseUnary();
  const Expr *parsePower();
  const Expr *parsePrimary();
  const Expr *parseParenthesized();
  const Expr *parseNumber();
  const Expr *parseNamed();
  const Expr *parsePipe(const Expr *left);
  bool atBinders() const;
  void parseArguments(std::vector<Argument> &arguments, TokenKind close);
  void expectClose(TokenKind close, const Token &opener);
  /// The node of what began at `begin` and ends with the last token taken; checks its depth.
  const Expr *finish(Expr &expression, uint32_t begin);
  Expr &create(ExprKind kind);
  const Expr *error();
  /// Counts a level of recursion for as long as it lives.
  class Nested;

  const SourceFile &source;
  std::vector<Token> tokens;
  Diagnostics &diagnostics;
  File &file;
  Diagnostic discarded{};
  uint32_t position = 0;
  uint32_t nesting = 0;
  uint32_t unaryMinus = ~0u; ///< position of the last unary minus
  bool panicking = false;
};

} // namespace attn::syntax
