#include "compiler/syntax/Formatter.h"

#include "compiler/syntax/Parser.h"
#include "compiler/syntax/Printer.h"
#include "compiler/syntax/Token.h"

#include <algorithm>
#include <unordered_set>

namespace attn::syntax {

namespace {

constexpr size_t indentation = 2;
constexpr size_t widestAlignment = 16;   ///< letters that left sides in one column may differ by
constexpr size_t lastCommentColumn = 80; ///< an author's column past this counts as this

size_t displayWidth(std::string_view text) {
  return size_t(std::count_if(text.begin(), text.end(), [](char c) { return (uint8_t(c) & 0xC0) != 0x80; }));
}

bool endsOperand(TokenKind kind) {
  switch (kind) {
  case TokenKind::Name:
  case TokenKind::Number:
  case TokenKind::String:
  case TokenKind::True:
  case TokenKind::False:
  case TokenKind::Inf:
  case TokenKind::CloseParenthesis:
  case TokenKind::CloseBracket:
    return true;
  default:
    return false;
  }
}

/// One line of the result.
struct OutputLine {
  size_t indent = 0;
  std::string code;    ///< empty: a comment on its own
  std::string comment; ///< with its `#`; empty: none
  size_t commentColumn = 0;
  bool blankBefore = false;
  size_t statements = 0; ///< that begin on the line
  bool isDefinition = false;
  std::optional<size_t> assign; ///< letters before the ` =` that may be aligned
};

class Formatter {
public:
  Formatter(const SourceFile &source, const std::vector<Token> &raw, const std::vector<Token> &ruled,
            const std::vector<Comment> &comments)
      : source(source), raw(raw), comments(comments) {
    for (const Token &token : ruled)
      if (token.kind == TokenKind::Newline)
        separators.insert(token.begin);
  }

  std::string run() {
    breakBlocks();
    size_t nextComment = 0;
    for (at = 0; at < raw.size(); ++at) {
      for (; nextComment < comments.size() && comments[nextComment].begin < raw[at].begin; ++nextComment)
        comment(comments[nextComment]);
      token(raw[at]);
    }
    for (; nextComment < comments.size(); ++nextComment)
      comment(comments[nextComment]);
    alignDefinitions();
    alignComments();
    return text();
  }

private:
  struct Bracket {
    bool isBrace;
    bool isBroken; ///< a block over several lines
    size_t indent; ///< of the line, for a block of the statement, that opens it
  };

  /// Finds the blocks that hold a line break and something else.
  void breakBlocks() {
    struct Open {
      uint32_t opener;
      bool hasBreak;
      uint32_t lines;
    };
    std::vector<Open> open;
    size_t nextComment = 0;
    for (uint32_t n = 0; n < raw.size(); ++n) {
      for (; nextComment < comments.size() && comments[nextComment].begin < raw[n].begin; ++nextComment)
        for (Open &one : open)
          ++one.lines;
      if (raw[n].kind == TokenKind::Newline) {
        for (Open &one : open)
          one.hasBreak = true;
        continue;
      }
      if (raw[n].kind == TokenKind::CloseBrace && !open.empty()) {
        if (open.back().hasBreak && open.back().lines > 0)
          broken.insert(open.back().opener);
        open.pop_back();
      }
      if (!isSeparator(raw[n].kind))
        for (Open &one : open)
          ++one.lines;
      if (raw[n].kind == TokenKind::OpenBrace)
        open.push_back({n, false, 0});
    }
  }

  void comment(Comment comment) {
    std::string_view shown = source.text().substr(comment.begin, comment.end - comment.begin);
    shown = shown.substr(0, shown.find_last_not_of(" \t\f\r") + 1);
    if (newlines == 0 && !lines.empty()) {
      lines.back().comment = shown;
      lines.back().commentColumn = source.locate(comment.begin).column - 1;
      return;
    }
    uint32_t next = at;
    while (raw[next].kind == TokenKind::Newline)
      ++next;
    bool closes = raw[next].kind == TokenKind::CloseBrace && !open.empty();
    OutputLine line;
    line.indent = closes ? open.back().indent + indentation : indentOf(raw[next].kind, true);
    line.comment = shown;
    line.blankBefore = newlines > 1 && (begins || closes) && last != TokenKind::OpenBrace && !lines.empty();
    lines.push_back(std::move(line));
    if (last == TokenKind::OpenBrace)
      last = TokenKind::EndOfFile;
    newlines = 0;
  }

  /// Where a line that begins with a token stands.
  size_t indentOf(TokenKind kind, bool isComment) const {
    if (isCloser(kind) && !isComment)
      return open.back().indent;
    if (begins || kind == TokenKind::EndOfFile)
      return open.empty() ? 0 : open.back().indent + indentation;
    if (!open.empty() && !open.back().isBrace)
      return open.back().indent + indentation;
    return statementIndent + indentation;
  }

  void token(const Token &token) {
    switch (token.kind) {
    case TokenKind::EndOfFile:
      return;
    case TokenKind::Newline:
      ++newlines;
      begins |= separators.count(token.begin) > 0;
      return;
    case TokenKind::Semicolon:
      semicolon |= !begins && newlines == 0;
      begins = true;
      return;
    default:
      word(token);
    }
  }

  void word(const Token &token) {
    bool isEmptyBlock = token.kind == TokenKind::CloseBrace && last == TokenKind::OpenBrace && !open.back().isBroken;
    bool closesBroken = token.kind == TokenKind::CloseBrace && open.back().isBroken;
    bool afterBroken = last == TokenKind::OpenBrace && open.back().isBroken;
    if (lines.empty() || closesBroken || afterBroken || (newlines > 0 && !isEmptyBlock)) {
      OutputLine line;
      line.indent = indentOf(token.kind, false);
      line.blankBefore = newlines > 1 && begins && !isCloser(token.kind) && !afterBroken && !lines.empty();
      lines.push_back(std::move(line));
    } else if (semicolon && token.kind != TokenKind::CloseBrace) {
      lines.back().code += "; ";
    } else if (needsBlank(token.kind)) {
      lines.back().code += ' ';
    }
    OutputLine &line = lines.back();
    if (begins && !isCloser(token.kind)) {
      statementIndent = line.indent;
      ++line.statements;
      line.isDefinition = token.kind == TokenKind::Def;
      first = last = token.kind;
      words = 0;
    }
    if (token.kind == TokenKind::Assign && line.statements == 1 && isTopLevel() && !line.assign &&
        (line.isDefinition || (first == TokenKind::Name && words == 1)))
      line.assign = line.code.size() - 1;
    isUnary = (token.kind == TokenKind::Minus || token.kind == TokenKind::Plus || token.kind == TokenKind::Tilde) &&
              (begins || !endsOperand(last));
    line.code += source.text().substr(token.begin, token.end - token.begin);
    ++words;
    brackets(token.kind, line.indent);
    last = token.kind;
    begins = token.kind == TokenKind::OpenBrace;
    semicolon = false;
    newlines = 0;
  }

  void brackets(TokenKind kind, size_t lineIndent) {
    if (isOpener(kind)) {
      bool isBrace = kind == TokenKind::OpenBrace;
      open.push_back({isBrace, broken.count(at) > 0, isBrace ? statementIndent : lineIndent});
    } else if (isCloser(kind)) {
      if (open.back().isBrace)
        statementIndent = open.back().indent;
      open.pop_back();
    }
  }

  bool isTopLevel() const { return open.empty() || open.back().isBrace; }

  /// Whether a blank stands between the last word and one of this kind on one line.
  bool needsBlank(TokenKind kind) const {
    switch (kind) {
    case TokenKind::CloseParenthesis:
    case TokenKind::CloseBracket:
    case TokenKind::Comma:
    case TokenKind::Colon:
      return false;
    case TokenKind::CloseBrace:
      return last != TokenKind::OpenBrace;
    case TokenKind::OpenParenthesis:
    case TokenKind::OpenBracket:
      if (!begins && endsOperand(last))
        return false;
      break;
    default:
      break;
    }
    return !isUnary && last != TokenKind::OpenParenthesis && last != TokenKind::OpenBracket;
  }

  void alignDefinitions() {
    std::vector<OutputLine *> group;
    size_t narrowest = 0, widest = 0;
    auto finish = [&] {
      for (OutputLine *line : group)
        line->code.insert(*line->assign, widest - *line->assign, ' ');
      group.clear();
    };
    for (OutputLine &line : lines) {
      bool isComment = line.code.empty();
      if (line.blankBefore)
        finish();
      if (isComment)
        continue;
      bool isAligned = line.assign && line.statements == 1 && *line.assign + 2 < line.code.size();
      if (!isAligned) {
        finish();
        continue;
      }
      size_t width = *line.assign;
      if (!group.empty() && (group.front()->indent != line.indent || group.front()->isDefinition != line.isDefinition ||
                             std::max(widest, width) - std::min(narrowest, width) > widestAlignment))
        finish();
      narrowest = group.empty() ? width : std::min(narrowest, width);
      widest = group.empty() ? width : std::max(widest, width);
      group.push_back(&line);
    }
    finish();
  }

  void alignComments() {
    for (size_t begin = 0; begin < lines.size();) {
      auto isBehind = [&](const OutputLine &line) { return !line.code.empty() && !line.comment.empty(); };
      size_t end = begin, column = lastCommentColumn, widest = 0;
      for (; end < lines.size() && isBehind(lines[end]) && (end == begin || !lines[end].blankBefore); ++end) {
        column = std::min(column, lines[end].commentColumn);
        widest = std::max(widest, lines[end].indent + displayWidth(lines[end].code));
      }
      for (size_t n = begin; n < end; ++n)
        lines[n].commentColumn = std::max(column, widest + 2);
      begin = std::max(end, begin + 1);
    }
  }

  std::string text() const {
    std::string result;
    for (const OutputLine &line : lines) {
      if (line.blankBefore)
        result += '\n';
      result.append(line.indent, ' ');
      result += line.code;
      if (!line.code.empty() && !line.comment.empty())
        result.append(line.commentColumn - line.indent - displayWidth(line.code), ' ');
      result += line.comment;
      result += '\n';
    }
    return result;
  }

  const SourceFile &source;
  const std::vector<Token> &raw;
  const std::vector<Comment> &comments;
  std::unordered_set<uint32_t> separators; ///< offsets of the newlines that end a line
  std::unordered_set<uint32_t> broken;     ///< `{` of blocks over several lines
  std::vector<OutputLine> lines;
  std::vector<Bracket> open;
  uint32_t at = 0;
  size_t newlines = 1;         ///< since the last word or comment
  size_t words = 0;            ///< of the statement so far
  size_t statementIndent = 0;
  TokenKind first = TokenKind::EndOfFile, last = TokenKind::EndOfFile;
  bool begins = true;     ///< the next word begins a statement
  bool semicolon = false; ///< one stands before the next word
  bool isUnary = false;   ///< the last word is an operator with one side
};

std::vector<std::string_view> commentTexts(const SourceFile &source) {
  Diagnostics ignored;
  std::vector<Comment> comments;
  lex(source, ignored, &comments);
  std::vector<std::string_view> texts;
  for (Comment comment : comments) {
    std::string_view text = source.text().substr(comment.begin, comment.end - comment.begin);
    texts.push_back(text.substr(0, text.find_last_not_of(" \t\f\r") + 1));
  }
  return texts;
}

} // namespace

std::optional<std::string> format(const SourceFile &source, Diagnostics &diagnostics) {
  Diagnostics found;
  parse(source, found);
  bool isGood = !found.hasErrors();
  diagnostics.appendByPlace(std::move(found));
  if (!isGood)
    return std::nullopt;
  Diagnostics none;
  std::vector<Comment> comments;
  std::vector<Token> raw = lex(source, none, &comments);
  return Formatter(source, raw, applyLineRules(source, raw, none), comments).run();
}

bool isSameProgram(const SourceFile &one, const SourceFile &other) {
  Diagnostics ofOne, ofOther;
  File first = parse(one, ofOne), second = parse(other, ofOther);
  return !ofOne.hasErrors() && !ofOther.hasErrors() && print(first) == print(second) &&
         commentTexts(one) == commentTexts(other);
}

} // namespace attn::syntax
