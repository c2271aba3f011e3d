#include "compiler/source/Utf8.h"
#include "compiler/syntax/Parser.h"
#include "compiler/syntax/Token.h"

#include <algorithm>
#include <array>

namespace attn::syntax {

TokenKind wordKind(std::string_view name) {
  struct Word {
    std::string_view text;
    TokenKind kind;
  };
  constexpr Word words[] = {
      {"def", TokenKind::Def},       {"layout", TokenKind::Layout}, {"attention", TokenKind::Attention},
      {"import", TokenKind::Import}, {"out", TokenKind::Out},       {"and", TokenKind::And},
      {"or", TokenKind::Or},         {"not", TokenKind::Not},       {"if", TokenKind::If},
      {"else", TokenKind::Else},     {"true", TokenKind::True},     {"false", TokenKind::False},
      {"inf", TokenKind::Inf},
  };
  for (const Word &word : words)
    if (word.text == name)
      return word.kind;
  return TokenKind::Name;
}

namespace {

constexpr uint32_t longestName = 200;

struct Sign {
  std::string_view text;
  TokenKind kind;
};

/// Longer signs stand before their prefixes.
constexpr Sign signs[] = {
    {"//", TokenKind::DoubleSlash},
    {"**", TokenKind::DoubleStar},
    {"<<", TokenKind::ShiftLeft},
    {">>", TokenKind::ShiftRight},
    {"<=", TokenKind::LessEqual},
    {">=", TokenKind::GreaterEqual},
    {"==", TokenKind::Equal},
    {"!=", TokenKind::NotEqual},
    {"|>", TokenKind::Pipe},
    {"(", TokenKind::OpenParenthesis},
    {")", TokenKind::CloseParenthesis},
    {"[", TokenKind::OpenBracket},
    {"]", TokenKind::CloseBracket},
    {"{", TokenKind::OpenBrace},
    {"}", TokenKind::CloseBrace},
    {",", TokenKind::Comma},
    {":", TokenKind::Colon},
    {"=", TokenKind::Assign},
    {"+", TokenKind::Plus},
    {"-", TokenKind::Minus},
    {"~", TokenKind::Tilde},
    {"*", TokenKind::Star},
    {"/", TokenKind::Slash},
    {"%", TokenKind::Percent},
    {"&", TokenKind::Ampersand},
    {"|", TokenKind::Bar},
    {"^", TokenKind::Caret},
    {"<", TokenKind::Less},
    {">", TokenKind::Greater},
    {";", TokenKind::Semicolon},
};

/// An operator of other languages, and what stands for it here.
struct ForeignSign {
  std::string_view text;
  TokenKind kind; ///< read as this; Invalid if nothing fits
  std::string_view replacement;
  std::string_view advice;
};

constexpr ForeignSign foreignSigns[] = {
    {"===", TokenKind::Equal, "==", ""},
    {"!==", TokenKind::NotEqual, "!=", ""},
    {"<=>", TokenKind::Invalid, "", "compare with `<`, `==` or `>`"},
    {">>>", TokenKind::ShiftRight, ">>", ""},
    {"**=", TokenKind::Assign, "", "a definition may reuse its own name: `x = x ** 2`"},
    {"//=", TokenKind::Assign, "", "a definition may reuse its own name: `x = x // 2`"},
    {"<<=", TokenKind::Assign, "", "a definition may reuse its own name: `x = x << 2`"},
    {">>=", TokenKind::Assign, "", "a definition may reuse its own name: `x = x >> 2`"},
    {"&&", TokenKind::And, "and", ""},
    {"||", TokenKind::Or, "or", ""},
    {"<>", TokenKind::NotEqual, "!=", ""},
    {":=", TokenKind::Assign, "=", ""},
    {"->", TokenKind::Invalid, "", "a definition is written `name = expression`, an output's type `out name: type`"},
    {"=>", TokenKind::Invalid, "", "greater or equal is `>=`; a definition is written `name = expression`"},
    {"=<", TokenKind::LessEqual, "<=", ""},
    {"+=", TokenKind::Assign, "", "a definition may reuse its own name: `x = x + 1`"},
    {"-=", TokenKind::Assign, "", "a definition may reuse its own name: `x = x - 1`"},
    {"*=", TokenKind::Assign, "", "a definition may reuse its own name: `x = x * 2`"},
    {"/=", TokenKind::Assign, "", "a definition may reuse its own name: `x = x / 2`"},
    {"%=", TokenKind::Assign, "", "a definition may reuse its own name: `x = x % 2`"},
    {"&=", TokenKind::Assign, "", "a definition may reuse its own name: `x = x & 2`"},
    {"|=", TokenKind::Assign, "", "a definition may reuse its own name: `x = x | 2`"},
    {"^=", TokenKind::Assign, "", "a definition may reuse its own name: `x = x ^ 2`"},
    {"!", TokenKind::Not, "not ", ""},
    {"?", TokenKind::Invalid, "", "a conditional is written `x if condition else y`"},
    {"@", TokenKind::Invalid, "", "a product over features is `dot(q, k)`"},
};

/// Characters that editors, word processors and formulas put where the language has ASCII.
struct ForeignCharacter {
  char32_t value;
  TokenKind kind;
  std::string_view replacement;
};

constexpr ForeignCharacter foreignCharacters[] = {
    {0x00A0, TokenKind::EndOfFile, " "},
    {0x2003, TokenKind::EndOfFile, " "},
    {0x2009, TokenKind::EndOfFile, " "},
    {0x202F, TokenKind::EndOfFile, " "},
    {0x3000, TokenKind::EndOfFile, " "},
    {0x200B, TokenKind::EndOfFile, ""},
    {0xFEFF, TokenKind::EndOfFile, ""},
    {0x00D7, TokenKind::Star, "*"},
    {0x00B7, TokenKind::Star, "*"},
    {0x22C5, TokenKind::Star, "*"},
    {0x00F7, TokenKind::Slash, "/"},
    {0x2212, TokenKind::Minus, "-"},
    {0x2013, TokenKind::Minus, "-"},
    {0x2264, TokenKind::LessEqual, "<="},
    {0x2265, TokenKind::GreaterEqual, ">="},
    {0x2260, TokenKind::NotEqual, "!="},
    {0x2227, TokenKind::And, "and"},
    {0x2228, TokenKind::Or, "or"},
    {0x00AC, TokenKind::Not, "not "},
    {0x221E, TokenKind::Inf, "inf"},
    {0x03C0, TokenKind::Name, "pi"},
    {0x2211, TokenKind::Name, "sum"},
    {0x221A, TokenKind::Name, "sqrt"},
    {0x201C, TokenKind::Invalid, "\""},
    {0x201D, TokenKind::Invalid, "\""},
    {0xFF08, TokenKind::OpenParenthesis, "("},
    {0xFF09, TokenKind::CloseParenthesis, ")"},
    {0xFF0C, TokenKind::Comma, ","},
};

bool isDigit(char letter) { return letter >= '0' && letter <= '9'; }
bool isHexDigit(char letter) {
  return isDigit(letter) || (letter >= 'a' && letter <= 'f') || (letter >= 'A' && letter <= 'F');
}
bool isNameStart(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_';
}
bool isNamePart(char letter) { return isNameStart(letter) || isDigit(letter); }

/// Letters of other alphabets, as far as people write them into names.
bool isForeignLetter(char32_t value) {
  return (value >= 0xC0 && value <= 0x24F && value != 0xD7 && value != 0xF7) || (value >= 0x370 && value <= 0x1FFF) ||
         (value >= 0x2070 && value <= 0x209F) || (value >= 0x3041 && value <= 0xD7A3) || value == 0xB2 ||
         value == 0xB3 || value == 0xB5 || value == 0xB9;
}

class Lexer {
public:
  Lexer(const SourceFile &source, Diagnostics &diagnostics, std::vector<Comment> *comments)
      : source(source), text(source.text()), diagnostics(diagnostics), comments(comments) {}

  std::vector<Token> run() {
    if (text.substr(0, 3) == "\xEF\xBB\xBF")
      at = 3;
    while (at < text.size() && diagnostics.all().size() < maximumErrors)
      next();
    at = static_cast<uint32_t>(text.size());
    token(TokenKind::EndOfFile, at);
    return std::move(tokens);
  }

private:
  char peek(uint32_t ahead = 0) const { return at + ahead < text.size() ? text[at + ahead] : '\0'; }
  SourceRange rangeFrom(uint32_t begin) const { return {&source, begin, at}; }
  void token(TokenKind kind, uint32_t begin) { tokens.push_back({kind, begin, at}); }
  std::string_view textFrom(uint32_t begin) const { return text.substr(begin, at - begin); }

  void next() {
    char letter = peek();
    uint32_t begin = at;
    if (letter == '\n') {
      ++at;
      token(TokenKind::Newline, begin);
    } else if (letter == ' ' || letter == '\t' || letter == '\f' || (letter == '\r' && peek(1) == '\n')) {
      ++at;
    } else if (letter == '#') {
      comment();
    } else if (isDigit(letter) || (letter == '.' && isDigit(peek(1)))) {
      number();
    } else if (isNameStart(letter)) {
      name();
    } else if (letter == '"') {
      string();
    } else if (static_cast<uint8_t>(letter) >= 0x80) {
      foreignCharacter();
    } else if (!foreignSign() && !sign()) {
      strangeCharacter();
    }
  }

  void comment() {
    uint32_t begin = at;
    at = static_cast<uint32_t>(std::min(text.find('\n', at), text.size()));
    if (comments)
      comments->push_back({begin, text[at - 1] == '\r' ? at - 1 : at});
    // Text that is not UTF-8 is wrong wherever it stands; the rest of a comment is not looked at.
    for (uint32_t place = begin; place < at;) {
      CodePoint character = decodeUtf8(text, place);
      if (!character.valid) {
        diagnostics.report(DiagnosticKind::InvalidUtf8, {&source, place, place + 1});
        return;
      }
      place += character.size;
    }
  }

  void name() {
    uint32_t begin = at;
    while (isNamePart(peek()))
      ++at;
    if (static_cast<uint8_t>(peek()) >= 0x80) {
      CodePoint character = decodeUtf8(text, at);
      if (character.valid && isForeignLetter(character.value))
        return foreignName(begin);
    }
    finishName(begin);
  }

  void finishName(uint32_t begin) {
    if (at - begin > longestName) {
      diagnostics.report(DiagnosticKind::TooLong, {&source, begin, begin + longestName}, "the name",
                         fmt::format("{} letters", longestName));
      return token(TokenKind::Invalid, begin);
    }
    token(wordKind(textFrom(begin)), begin);
  }

  /// A name with letters that are not ASCII: reported once, then read as a name.
  void foreignName(uint32_t begin) {
    while (at < text.size()) {
      CodePoint character = decodeUtf8(text, at);
      if (!(character.value < 0x80 ? isNamePart(peek()) : character.valid && isForeignLetter(character.value)))
        break;
      at += character.size;
    }
    std::string_view shown = textFrom(begin).substr(0, longestName);
    diagnostics.report(DiagnosticKind::UnexpectedCharacter, rangeFrom(begin), fmt::format("in the name `{}`", shown))
        .note("names are made of ASCII letters, digits and `_`");
    if (at - begin > longestName)
      return token(TokenKind::Invalid, begin);
    token(TokenKind::Name, begin);
  }

  /// `digits` are runs of digits with single `_` between them.
  template <typename Digit> bool digits(Digit isOne) {
    if (!isOne(peek()))
      return false;
    while (isOne(peek()) || (peek() == '_' && isOne(peek(1))))
      ++at;
    return true;
  }

  void number() {
    uint32_t begin = at;
    bool hexadecimal = peek() == '0' && (peek(1) == 'x' || peek(1) == 'X');
    bool isWhole = true;
    bool wellFormed = true;
    if (hexadecimal) {
      at += 2;
      wellFormed = digits(isHexDigit);
    } else {
      digits(isDigit);
      if (peek() == '.') {
        ++at;
        isWhole = false;
        digits(isDigit);
      }
      if (peek() == 'e' || peek() == 'E') {
        ++at;
        isWhole = false;
        if (peek() == '+' || peek() == '-')
          ++at;
        wellFormed = digits(isDigit);
      }
    }
    uint32_t numberEnd = at;
    while (isNamePart(peek()) || (peek() == '.' && isNamePart(peek(1))))
      ++at;
    std::string_view whole = textFrom(begin);
    bool leadingZero = isWhole && !hexadecimal && whole.size() > 1 && whole[0] == '0' &&
                       whole.find_first_not_of("0_") != std::string_view::npos;
    if (!wellFormed || at != numberEnd || leadingZero)
      malformedNumber(begin, numberEnd, wellFormed, leadingZero);
    token(TokenKind::Number, begin);
  }

  void malformedNumber(uint32_t begin, uint32_t numberEnd, bool wellFormed, bool leadingZero) {
    constexpr uint32_t longestShown = 60;
    std::string_view whole = textFrom(begin);
    std::string shown =
        whole.size() <= longestShown ? std::string(whole) : fmt::format("{}…", whole.substr(0, longestShown));
    Diagnostic &diagnostic = diagnostics.report(DiagnosticKind::MalformedNumber, rangeFrom(begin), shown);
    std::string_view rest = text.substr(numberEnd, at - numberEnd);
    if (rest.empty() && leadingZero) {
      diagnostic.suggest(rangeFrom(begin), std::string(whole.substr(whole.find_first_not_of("0_"))));
    } else if (whole.size() > 1 && whole[0] == '0' &&
               std::string_view("bBoO").find(whole[1]) != std::string_view::npos) {
      diagnostic.note("numbers are decimal (`12`, `1.5`, `1e-6`) or hexadecimal (`0x0f`)");
    } else if (wellFormed && !rest.empty() && isNameStart(rest[0]) && rest != "f" && rest != "F") {
      diagnostic.suggest({&source, numberEnd, numberEnd}, " * ", "a product is written with `*`");
    } else if (wellFormed && (rest == "f" || rest == "F")) {
      diagnostic.suggest({&source, numberEnd, at}, "", "numbers have no suffix");
    } else {
      diagnostic.note("numbers are written like `12`, `1.5`, `1e-6` or `0x0f`");
    }
  }

  void string() {
    uint32_t begin = at++;
    while (at < text.size() && peek() != '"' && peek() != '\n') {
      uint32_t place = at;
      CodePoint character = decodeUtf8(text, at);
      at += character.size;
      if (!character.valid) {
        diagnostics.report(DiagnosticKind::InvalidUtf8, rangeFrom(place));
        at = static_cast<uint32_t>(std::min(text.find('\n', at), text.size()));
        return token(TokenKind::Invalid, begin);
      }
      if (character.value == '\\' && at < text.size() && peek() != '\n') {
        at += decodeUtf8(text, at).size;
        char escaped = text[place + 1];
        if (escaped != '"' && escaped != '\\')
          diagnostics.report(DiagnosticKind::UnknownEscape, rangeFrom(place), textFrom(place))
              .note("the escapes are `\\\"` and `\\\\`; paths are written with `/`");
      }
    }
    if (peek() != '"' || at >= text.size()) {
      if (at > begin && text[at - 1] == '\r')
        --at;
      diagnostics.report(DiagnosticKind::UnterminatedString, rangeFrom(begin))
          .note("a string ends on the line it begins on");
      return token(TokenKind::Invalid, begin);
    }
    ++at;
    token(TokenKind::String, begin);
  }

  bool foreignSign() {
    std::string_view rest = text.substr(at);
    for (const ForeignSign &foreign : foreignSigns) {
      if (rest.substr(0, foreign.text.size()) != foreign.text || (foreign.text == "!" && rest.substr(0, 2) == "!="))
        continue;
      uint32_t begin = at;
      at += static_cast<uint32_t>(foreign.text.size());
      Diagnostic &diagnostic = diagnostics.report(DiagnosticKind::UnknownOperator, rangeFrom(begin), foreign.text);
      if (!foreign.replacement.empty())
        diagnostic.suggest(rangeFrom(begin), std::string(foreign.replacement),
                           fmt::format("write `{}`", foreign.replacement.substr(0, foreign.replacement.find(' '))));
      if (!foreign.advice.empty())
        diagnostic.note(std::string(foreign.advice));
      token(foreign.kind, begin);
      return true;
    }
    return false;
  }

  bool sign() {
    std::string_view rest = text.substr(at);
    for (const Sign &one : signs) {
      if (rest.substr(0, one.text.size()) != one.text)
        continue;
      uint32_t begin = at;
      at += static_cast<uint32_t>(one.text.size());
      token(one.kind, begin);
      return true;
    }
    return false;
  }

  void foreignCharacter() {
    uint32_t begin = at;
    CodePoint character = decodeUtf8(text, at);
    if (!character.valid) {
      while (at < text.size() && !decodeUtf8(text, at).valid)
        ++at;
      diagnostics.report(DiagnosticKind::InvalidUtf8, rangeFrom(begin));
      return token(TokenKind::Invalid, begin);
    }
    for (const ForeignCharacter &foreign : foreignCharacters) {
      if (foreign.value != character.value)
        continue;
      at += character.size;
      std::string shown = foreign.kind == TokenKind::EndOfFile ? fmt::format("U+{:04X}, which looks like a blank",
                                                                             static_cast<uint32_t>(character.value))
                                                               : fmt::format("`{}`", textFrom(begin));
      Diagnostic &diagnostic = diagnostics.report(DiagnosticKind::UnexpectedCharacter, rangeFrom(begin), shown);
      if (foreign.replacement.empty())
        diagnostic.suggest(rangeFrom(begin), "", "remove it");
      else
        diagnostic.suggest(rangeFrom(begin), std::string(foreign.replacement),
                           foreign.replacement == " " ? "write a plain blank" : "");
      if (foreign.kind != TokenKind::EndOfFile)
        token(foreign.kind, begin);
      return;
    }
    if (isForeignLetter(character.value))
      return foreignName(begin);
    strangeCharacter();
  }

  void strangeCharacter() {
    uint32_t begin = at;
    CodePoint character = decodeUtf8(text, at);
    if (character.value == '\'')
      return quoted();
    // A run of one character is one mistake.
    while (at < text.size() && text.substr(at, character.size) == text.substr(begin, character.size))
      at += character.size;
    bool visible = character.value > 0x20 && character.value != 0x7F;
    Diagnostic &diagnostic =
        diagnostics.report(DiagnosticKind::UnexpectedCharacter, rangeFrom(begin),
                           visible ? fmt::format("`{}`", text.substr(begin, character.size))
                                   : fmt::format("U+{:04X}", static_cast<uint32_t>(character.value)));
    if (character.value == '.')
      diagnostic.note("values have no members: functions are called by name, as in `exp(x)`");
    token(TokenKind::Invalid, begin);
    if (character.value == 0) {
      diagnostic.note("a NUL byte: this is no text, and isn't read on");
      at = static_cast<uint32_t>(text.size());
    }
  }

  /// A string in single quotes, or a name with a prime.
  void quoted() {
    uint32_t begin = at++;
    size_t close = text.find_first_of("'\n", at);
    if (close != std::string_view::npos && text[close] == '\'')
      at = static_cast<uint32_t>(close) + 1;
    diagnostics.report(DiagnosticKind::UnexpectedCharacter, rangeFrom(begin), "`'`")
        .note("strings are written in double quotes, and names have no primes");
    token(TokenKind::Invalid, begin);
  }

  const SourceFile &source;
  std::string_view text;
  Diagnostics &diagnostics;
  std::vector<Comment> *comments;
  uint32_t at = 0;
  std::vector<Token> tokens;
};

} // namespace

std::vector<Token> lex(const SourceFile &source, Diagnostics &diagnostics, std::vector<Comment> *comments) {
  return Lexer(source, diagnostics, comments).run();
}

} // namespace attn::syntax
