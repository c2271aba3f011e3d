#pragma once

#include "compiler/diagnostics/Diagnostics.h"
#include "compiler/source/SourceFile.h"

#include <cstdint>
#include <string>
#include <vector>

namespace attn::syntax {

enum class TokenKind : uint8_t {
  EndOfFile,
  Newline,   ///< a separator: the end of a line. Raw tokens have one for every line end, the parser's only those that
             ///< count
  Semicolon, ///< a separator
  Name,
  Number,
  String,
  Invalid, ///< characters already reported
  // Words
  Def,
  Layout,
  Attention,
  Import,
  Out,
  And,
  Or,
  Not,
  If,
  Else,
  True,
  False,
  Inf,
  // Brackets
  OpenParenthesis,
  CloseParenthesis,
  OpenBracket,
  CloseBracket,
  OpenBrace,
  CloseBrace,
  // Punctuation and operators
  Comma,
  Colon,
  Assign,
  Pipe,
  Plus,
  Minus,
  Tilde,
  Star,
  Slash,
  DoubleSlash,
  Percent,
  DoubleStar,
  Ampersand,
  Bar,
  Caret,
  ShiftLeft,
  ShiftRight,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  Equal,
  NotEqual,
};

/// A word or sign of the source, by byte offsets. A bracket that was missing and put in by `applyLineRules` is empty.
struct Token {
  TokenKind kind = TokenKind::EndOfFile;
  uint32_t begin = 0;
  uint32_t end = 0;
};

inline bool isSeparator(TokenKind kind) { return kind == TokenKind::Newline || kind == TokenKind::Semicolon; }
inline bool isOpener(TokenKind kind) {
  return kind == TokenKind::OpenParenthesis || kind == TokenKind::OpenBracket || kind == TokenKind::OpenBrace;
}
inline bool isCloser(TokenKind kind) {
  return kind == TokenKind::CloseParenthesis || kind == TokenKind::CloseBracket || kind == TokenKind::CloseBrace;
}

/// The kind of a word of the language; `Name` for any other name.
TokenKind wordKind(std::string_view name);

/// A comment's bytes, from its `#` to the end of the line, without a carriage return there.
struct Comment {
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// Splits a file into tokens, the last of which is EndOfFile. Blanks are left out, and so are comments, which are put
/// in `comments` where that is not null. Reports characters, numbers and strings that are wrong; gives up when
/// `diagnostics`, empty before, holds `maximumErrors` of them.
std::vector<Token> lex(const SourceFile &source, Diagnostics &diagnostics, std::vector<Comment> *comments = nullptr);

/// Applies the rules on line ends (docs/language.md, Lines): of the Newline tokens only those stay that end a line, and
/// of several separators in a row one. Reports brackets without a partner and repairs them, so that brackets are
/// balanced in the result: a missing closer is put in where the line must have ended, a stray one is dropped.
std::vector<Token> applyLineRules(const SourceFile &source, const std::vector<Token> &raw, Diagnostics &diagnostics);

} // namespace attn::syntax
