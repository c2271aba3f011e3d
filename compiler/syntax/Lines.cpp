#include "compiler/syntax/Fragment.h"
#include "compiler/syntax/Parser.h"
#include "compiler/syntax/Token.h"

namespace attn::syntax {

namespace {

constexpr uint32_t noPartner = ~0u;

bool isRoundOrSquare(TokenKind kind) {
  return kind == TokenKind::OpenParenthesis || kind == TokenKind::OpenBracket || kind == TokenKind::CloseParenthesis ||
         kind == TokenKind::CloseBracket;
}

TokenKind closerOf(TokenKind opener) { return static_cast<TokenKind>(static_cast<uint8_t>(opener) + 1); }

std::string_view bracketText(TokenKind kind) {
  constexpr std::string_view texts[] = {"(", ")", "[", "]", "{", "}"};
  return texts[static_cast<uint8_t>(kind) - static_cast<uint8_t>(TokenKind::OpenParenthesis)];
}

/// Operators with two sides only.
bool isBinaryOnly(TokenKind kind) {
  return (kind >= TokenKind::Star && kind <= TokenKind::NotEqual) || kind == TokenKind::Pipe ||
         kind == TokenKind::And || kind == TokenKind::Or || kind == TokenKind::If || kind == TokenKind::Else;
}

bool goesOnAfter(TokenKind kind) {
  switch (kind) {
  case TokenKind::Plus:
  case TokenKind::Minus:
  case TokenKind::Tilde:
  case TokenKind::Not:
  case TokenKind::Comma:
  case TokenKind::Assign:
  case TokenKind::Colon:
    return true;
  default:
    return isBinaryOnly(kind) || isOpener(kind);
  }
}

bool goesOnBefore(TokenKind kind) { return isBinaryOnly(kind) || kind == TokenKind::Comma || isCloser(kind); }

/// Finds for each bracket its partner by nesting alone. Braces bound what round and square brackets may span.
std::vector<uint32_t> pairBrackets(const std::vector<Token> &raw) {
  std::vector<uint32_t> partner(raw.size(), noPartner);
  std::vector<uint32_t> open;
  uint32_t openRound = 0, openSquare = 0;
  auto countOf = [&](TokenKind opener) -> uint32_t & {
    return opener == TokenKind::OpenParenthesis ? openRound : openSquare;
  };
  auto pair = [&](uint32_t closer) {
    partner[open.back()] = closer;
    partner[closer] = open.back();
    open.pop_back();
  };
  auto forget = [&] {
    for (; !open.empty() && raw[open.back()].kind != TokenKind::OpenBrace; open.pop_back())
      --countOf(raw[open.back()].kind);
  };
  for (uint32_t n = 0; n < raw.size(); ++n) {
    TokenKind kind = raw[n].kind;
    if (kind == TokenKind::OpenBrace) {
      forget();
      open.push_back(n);
    } else if (kind == TokenKind::CloseBrace) {
      forget();
      if (!open.empty())
        pair(n);
    } else if (isOpener(kind)) {
      ++countOf(kind);
      open.push_back(n);
    } else if (isCloser(kind) && openRound + openSquare > 0) {
      TokenKind opener = static_cast<TokenKind>(static_cast<uint8_t>(kind) - 1);
      // Openers inside the right one were forgotten; without a right one this closer is mistyped.
      for (; countOf(opener) > 0 && raw[open.back()].kind != opener; open.pop_back())
        --countOf(raw[open.back()].kind);
      --countOf(raw[open.back()].kind);
      pair(n);
    }
  }
  return partner;
}

class LineRules {
public:
  LineRules(const SourceFile &source, const std::vector<Token> &raw, Diagnostics &diagnostics)
      : source(source), raw(raw), diagnostics(diagnostics), partner(pairBrackets(raw)), closedEarly(raw.size(), false) {
  }

  std::vector<Token> run() {
    result.reserve(raw.size());
    for (uint32_t n = 0; n < raw.size(); ++n)
      handle(n);
    return std::move(result);
  }

private:
  void handle(uint32_t n) {
    const Token &token = raw[n];
    switch (token.kind) {
    case TokenKind::Newline:
      return newline(n);
    case TokenKind::Semicolon:
      if (openWithoutPartner > 0)
        closeRoundAndSquare(n);
      return separator(token);
    case TokenKind::OpenBrace:
      closeRoundAndSquare(n);
      return opener(n);
    case TokenKind::OpenParenthesis:
    case TokenKind::OpenBracket:
      return opener(n);
    case TokenKind::CloseBrace:
      closeRoundAndSquare(n);
      return closer(n);
    case TokenKind::CloseParenthesis:
    case TokenKind::CloseBracket:
      return closer(n);
    case TokenKind::EndOfFile:
      closeRoundAndSquare(n);
      while (!open.empty())
        closeBrace(n);
      result.push_back(token);
      return;
    default:
      if (beginsItem(n))
        endOpenBlock(n);
      result.push_back(token);
    }
  }

  void separator(const Token &token) {
    if (!result.empty() && !isSeparator(result.back().kind))
      result.push_back(token);
  }

  void newline(uint32_t n) {
    if (result.empty())
      return;
    uint32_t next = n + 1;
    while (raw[next].kind == TokenKind::Newline)
      ++next;
    if (goesOnAfter(result.back().kind) || goesOnBefore(raw[next].kind))
      return;
    // No two operands stand beside each other in brackets: either a comma is missing or, where a new line clearly
    // begins or nothing ever closes the bracket, its closer is.
    bool inside = !open.empty() && isRoundOrSquare(raw[open.back()].kind);
    if (inside && openWithoutPartner == 0 && !beginsLine(next))
      return;
    if (inside)
      closeRoundAndSquare(n);
    separator(raw[n]);
  }

  void opener(uint32_t n) {
    if (isRoundOrSquare(raw[n].kind) && partner[n] == noPartner)
      ++openWithoutPartner;
    open.push_back(n);
    result.push_back(raw[n]);
  }

  void closer(uint32_t n) {
    uint32_t mine = partner[n];
    if (mine == noPartner) {
      if (mayReport())
        diagnostics.report(DiagnosticKind::UnopenedBracket, rangeOf(n), bracketText(raw[n].kind));
      return;
    }
    if (closedEarly[mine])
      return;
    if (open.back() != mine)
      reportUnclosed(open.back(), n, 0);
    for (; open.back() != mine; open.pop_back()) {
      --openWithoutPartner;
      putCloser(open.back());
    }
    open.pop_back();
    TokenKind wanted = closerOf(raw[mine].kind);
    if (raw[n].kind != wanted && mayReport())
      diagnostics
          .report(DiagnosticKind::MismatchedBracket, rangeOf(n), bracketText(raw[n].kind), bracketText(raw[mine].kind))
          .note(rangeOf(mine), fmt::format("`{}` is opened here", bracketText(raw[mine].kind)))
          .suggest(rangeOf(n), std::string(bracketText(wanted)));
    result.push_back({wanted, raw[n].begin, raw[n].end});
  }

  /// Ends what is open inside the innermost block: the line can't go on past token `n`.
  void closeRoundAndSquare(uint32_t n) {
    uint32_t innermost = noPartner, others = 0;
    uint32_t last = open.empty() ? noPartner : open.back();
    bool isForced = openWithoutPartner == 0;
    if (open.empty() || !isRoundOrSquare(raw[last].kind))
      return;
    for (; !open.empty() && isRoundOrSquare(raw[open.back()].kind); open.pop_back()) {
      uint32_t one = open.back();
      closedEarly[one] = true;
      putCloser(one);
      if (partner[one] != noPartner)
        continue;
      if (innermost == noPartner)
        innermost = one;
      else
        ++others;
    }
    openWithoutPartner = 0;
    reportUnclosed(isForced ? last : innermost, n, others);
  }

  void closeBrace(uint32_t n) {
    reportUnclosed(open.back(), n, 0);
    closedEarly[open.back()] = true;
    putCloser(open.back());
    open.pop_back();
  }

  bool beginsLine(uint32_t n) const {
    TokenKind kind = raw[n].kind;
    if (kind >= TokenKind::Def && kind <= TokenKind::Out)
      return true;
    return kind == TokenKind::Name && (raw[n + 1].kind == TokenKind::Assign || raw[n + 1].kind == TokenKind::Colon);
  }

  /// `def`, `attention`, `import` or `layout … {` at the beginning of a line.
  bool beginsItem(uint32_t n) const {
    if (n > 0 && !isSeparator(raw[n - 1].kind))
      return false;
    TokenKind kind = raw[n].kind;
    if (kind == TokenKind::Def || kind == TokenKind::Attention)
      return raw[n + 1].kind == TokenKind::Name;
    if (kind == TokenKind::Import)
      return raw[n + 1].kind == TokenKind::String;
    if (kind != TokenKind::Layout || raw[n + 1].kind != TokenKind::Name)
      return false;
    uint32_t after = n + 2;
    if (raw[after].kind == TokenKind::OpenParenthesis)
      after = partner[after] == noPartner ? after : partner[after] + 1;
    return raw[after].kind == TokenKind::OpenBrace;
  }

  /// An item begins: what lacks a closer ends before it.
  void endOpenBlock(uint32_t n) {
    if (openWithoutPartner > 0)
      closeRoundAndSquare(n);
    while (!open.empty() && raw[open.back()].kind == TokenKind::OpenBrace && partner[open.back()] == noPartner)
      closeBrace(n);
    if (open.empty() || raw[open.back()].kind == TokenKind::OpenBrace)
      separator({TokenKind::Newline, raw[n].begin, raw[n].begin});
  }

  void putCloser(uint32_t opener) {
    uint32_t place = result.empty() ? 0 : result.back().end;
    result.push_back({closerOf(raw[opener].kind), place, place});
  }

  void reportUnclosed(uint32_t opener, uint32_t n, uint32_t others) {
    if (!mayReport())
      return;
    Diagnostic &diagnostic =
        diagnostics.report(DiagnosticKind::UnclosedBracket, rangeOf(opener), bracketText(raw[opener].kind));
    if (others > 0)
      diagnostic.note(fmt::format("nor {} around it", others == 1 ? "is the one" : fmt::format("are {}", others)));
    uint32_t openLine = source.locate(raw[opener].begin).line;
    if (raw[n].kind == TokenKind::Newline || raw[n].kind == TokenKind::EndOfFile) {
      if (raw[n].kind == TokenKind::Newline && source.locate(raw[n].begin).line != openLine)
        diagnostic.note({&source, raw[n].begin, raw[n].begin}, "the line ends here");
      return;
    }
    diagnostic.note(rangeOf(n), "it must be closed before this");
  }

  bool mayReport() const { return diagnostics.all().size() < maximumErrors; }
  SourceRange rangeOf(uint32_t n) const { return {&source, raw[n].begin, raw[n].end}; }

  const SourceFile &source;
  const std::vector<Token> &raw;
  Diagnostics &diagnostics;
  std::vector<uint32_t> partner;
  std::vector<bool> closedEarly;
  std::vector<uint32_t> open;
  uint32_t openWithoutPartner = 0; ///< round and square ones in `open`
  std::vector<Token> result;
};

} // namespace

std::vector<Token> applyLineRules(const SourceFile &source, const std::vector<Token> &raw, Diagnostics &diagnostics) {
  return LineRules(source, raw, diagnostics).run();
}

namespace {

std::vector<Token> tokensOf(const SourceFile &source) {
  Diagnostics unheard;
  return lex(source, unheard);
}

} // namespace

bool expectsMore(std::string_view text) {
  SourceFile source("", std::string(text));
  std::vector<Token> raw = tokensOf(source);
  std::vector<uint32_t> partner = pairBrackets(raw);
  TokenKind last = TokenKind::EndOfFile;
  for (uint32_t n = 0; n < raw.size(); ++n) {
    if (isOpener(raw[n].kind) && partner[n] == noPartner)
      return true;
    if (!isSeparator(raw[n].kind) && raw[n].kind != TokenKind::EndOfFile)
      last = raw[n].kind;
  }
  return goesOnAfter(last);
}

bool continuesLine(std::string_view line) {
  SourceFile source("", std::string(line));
  TokenKind first = tokensOf(source).front().kind;
  return goesOnBefore(first) && !isCloser(first);
}

} // namespace attn::syntax
