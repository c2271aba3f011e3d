#include "compiler/syntax/Fragment.h"

#include "compiler/syntax/GrammarParser.h"
#include "compiler/syntax/Parser.h"

namespace attn::syntax {

namespace {

/// The token behind the bracket that opens at `n`.
size_t behindBracket(const std::vector<Token> &tokens, size_t n) {
  int depth = 0;
  for (; tokens[n].kind != TokenKind::EndOfFile; ++n) {
    depth += isOpener(tokens[n].kind) ? 1 : isCloser(tokens[n].kind) ? -1 : 0;
    if (depth == 0)
      return n + 1;
  }
  return n;
}

Fragment::Kind kindOf(const std::vector<Token> &tokens) {
  size_t n = 0;
  while (isSeparator(tokens[n].kind))
    ++n;
  TokenKind first = tokens[n].kind;
  if (first == TokenKind::EndOfFile)
    return Fragment::Kind::Nothing;
  TokenKind next = tokens[n + 1].kind;
  bool isNamed = next == TokenKind::Assign || next == TokenKind::Colon;
  if (first == TokenKind::Layout && !isNamed) {
    size_t behind = n + 2 < tokens.size() ? n + 2 : n + 1;
    if (tokens[behind].kind == TokenKind::OpenParenthesis)
      behind = behindBracket(tokens, behind);
    return tokens[behind].kind == TokenKind::OpenBrace ? Fragment::Kind::Items : Fragment::Kind::Lines;
  }
  if ((first == TokenKind::Def || first == TokenKind::Attention || first == TokenKind::Import) && !isNamed)
    return Fragment::Kind::Items;
  bool isWord = first >= TokenKind::Def && first <= TokenKind::Inf;
  if (first == TokenKind::Out || ((first == TokenKind::Name || isWord) && isNamed))
    return Fragment::Kind::Lines;
  bool isStore = first == TokenKind::Name && next == TokenKind::OpenBracket &&
                 tokens[behindBracket(tokens, n + 1)].kind == TokenKind::Assign;
  return isStore ? Fragment::Kind::Lines : Fragment::Kind::Expression;
}

} // namespace

void GrammarParser::runLines(std::vector<Line> &lines) {
  skipSeparators();
  parseLines(lines);
}

const Expr *GrammarParser::runExpression() {
  skipSeparators();
  const Expr *expression = parseExpression();
  skipSeparators();
  if (!panicking && !at(TokenKind::EndOfFile))
    missingSeparator();
  return expression;
}

Fragment parseFragment(const SourceFile &source, Diagnostics &diagnostics) {
  Fragment fragment;
  fragment.file.source = &source;
  if (source.text().size() > maximumSourceSize) {
    diagnostics.report(DiagnosticKind::TooLong, SourceRange{&source, 0, 0}, "the input",
                       fmt::format("{} MiB", maximumSourceSize >> 20));
    return fragment;
  }
  Diagnostics found;
  std::vector<Token> tokens = applyLineRules(source, lex(source, found), found);
  fragment.kind = kindOf(tokens);
  GrammarParser parser(source, std::move(tokens), found, fragment.file);
  if (fragment.kind == Fragment::Kind::Items)
    parser.run();
  else if (fragment.kind == Fragment::Kind::Lines)
    parser.runLines(fragment.lines);
  else if (fragment.kind == Fragment::Kind::Expression)
    fragment.expression = parser.runExpression();
  diagnostics.appendByPlace(std::move(found));
  return fragment;
}

} // namespace attn::syntax
