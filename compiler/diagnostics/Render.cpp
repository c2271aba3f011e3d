#include "compiler/diagnostics/Diagnostics.h"
#include "compiler/diagnostics/DisplayText.h"

#include <algorithm>

namespace attn {

namespace {

enum class Style : uint8_t { Plain, Bold, Error, Warning, Note, Help, Gutter };

class Renderer {
public:
  explicit Renderer(bool color) : color(color) {}

  std::string run(const Diagnostic &diagnostic) {
    gutterWidth = widestLineNumber(diagnostic);
    bool isError = kindSeverity(diagnostic.kind) == Severity::Error;
    Style style = isError ? Style::Error : Style::Warning;
    header(diagnostic.range, fmt::format("{}[{}]", isError ? "error" : "warning", kindName(diagnostic.kind)), style,
           diagnostic.message);
    excerpt(diagnostic.range, '^', style, diagnostic.label);
    for (const Note &note : diagnostic.notes) {
      header(note.range, "note", Style::Note, note.text);
      excerpt(note.range, '~', Style::Note, {});
    }
    for (const Suggestion &suggestion : diagnostic.suggestions)
      help(suggestion);
    return std::move(text);
  }

private:
  static size_t widestLineNumber(const Diagnostic &diagnostic) {
    uint32_t last = 100;
    auto see = [&](SourceRange range) {
      if (range)
        last = std::max(last, range.file->locate(range.begin).line);
    };
    see(diagnostic.range);
    for (const Note &note : diagnostic.notes)
      see(note.range);
    for (const Suggestion &suggestion : diagnostic.suggestions)
      see(suggestion.range);
    return std::to_string(last).size();
  }

  void put(Style style, std::string_view piece) {
    constexpr std::string_view codes[] = {"",           "\033[1m",    "\033[1;31m", "\033[1;33m",
                                          "\033[1;36m", "\033[1;32m", "\033[34m"};
    if (!color || style == Style::Plain || piece.empty())
      text += piece;
    else
      text += fmt::format("{}{}\033[0m", codes[static_cast<size_t>(style)], piece);
  }

  void header(SourceRange range, std::string_view label, Style style, std::string_view message) {
    if (range) {
      LineColumn place = range.file->locate(range.begin);
      put(Style::Bold, fmt::format("{}:{}:{}: ", displayText(range.file->path()), place.line, place.column));
    }
    put(style, fmt::format("{}: ", label));
    put(style == Style::Error || style == Style::Warning ? Style::Bold : Style::Plain, displayText(message));
    text += '\n';
  }

  void sourceLine(uint32_t number, const DisplayLine &shown) {
    put(Style::Gutter, fmt::format("{:>{}} |", number, gutterWidth));
    if (!shown.text.empty())
      text += ' ' + shown.text;
    text += '\n';
  }

  void marker(const DisplayLine &shown, char mark, Style style, std::string_view label) {
    put(Style::Gutter, fmt::format("{:>{}} |", "", gutterWidth));
    text += std::string(shown.column + 1, ' ');
    put(style, std::string(shown.width, mark));
    if (!label.empty())
      put(style, ' ' + displayText(label));
    text += '\n';
  }

  void excerpt(SourceRange range, char mark, Style style, std::string_view label) {
    if (!range) {
      if (!label.empty())
        text += displayText(label) + '\n';
      return;
    }
    uint32_t number = range.file->locate(range.begin).line;
    uint32_t lineBegin = range.file->lineBegin(number);
    DisplayLine shown =
        displayLine(range.file->line(number), range.begin - lineBegin, std::max(range.begin, range.end) - lineBegin);
    sourceLine(number, shown);
    marker(shown, mark, style, label);
  }

  void help(const Suggestion &suggestion) {
    put(Style::Help, "help: ");
    if (!suggestion.text.empty())
      text += displayText(suggestion.text);
    else if (suggestion.replacement.empty())
      text += fmt::format("remove `{}`", displayText(suggestion.range.text()));
    else if (suggestion.range && suggestion.range.begin == suggestion.range.end)
      text += fmt::format("insert `{}`", displayText(suggestion.replacement));
    else
      text += fmt::format("write `{}`", displayText(suggestion.replacement));
    text += '\n';
    if (suggestion.range && suggestion.replacement.find('\n') == std::string::npos)
      mendedLine(suggestion);
  }

  void mendedLine(const Suggestion &suggestion) {
    const SourceFile &file = *suggestion.range.file;
    uint32_t number = file.locate(suggestion.range.begin).line;
    std::string_view line = file.line(number);
    size_t begin = std::min<size_t>(suggestion.range.begin - file.lineBegin(number), line.size());
    size_t end = std::clamp<size_t>(suggestion.range.end - file.lineBegin(number), begin, line.size());
    std::string mended = fmt::format("{}{}{}", line.substr(0, begin), suggestion.replacement, line.substr(end));
    DisplayLine shown =
        displayLine(mended, static_cast<uint32_t>(begin), static_cast<uint32_t>(begin + suggestion.replacement.size()));
    sourceLine(number, shown);
    if (!suggestion.replacement.empty())
      marker(shown, '+', Style::Help, {});
  }

  bool color;
  size_t gutterWidth = 3;
  std::string text;
};

} // namespace

std::string render(const Diagnostic &diagnostic, bool color) { return Renderer(color).run(diagnostic); }

std::string render(const Diagnostics &diagnostics, bool color) {
  std::string text;
  for (const Diagnostic &diagnostic : diagnostics.all())
    text += render(diagnostic, color);
  return text;
}

} // namespace attn
