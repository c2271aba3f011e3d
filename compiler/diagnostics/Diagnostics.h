#pragma once

#include "compiler/source/SourceFile.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace attn {

/// Every kind of message the compiler can give, listed once in Diagnostics.def.
enum class DiagnosticKind : uint16_t {
#define DIAGNOSTIC(Severity, Kind, Text) Kind,
#include "compiler/diagnostics/Diagnostics.def"
};

enum class Severity : uint8_t { Error, Warning };

/// The `kebab-case` name under which `attnc --explain` and docs/diagnostics.md know a kind.
std::string_view kindName(DiagnosticKind kind);
Severity kindSeverity(DiagnosticKind kind);
/// The fmt template of the kind's text.
std::string_view kindText(DiagnosticKind kind);
std::vector<DiagnosticKind> allDiagnosticKinds();

/// A further place to look at, with what to see there. A note without a range stands alone.
struct Note {
  SourceRange range;
  std::string text;
};

/// Text that would mend the mistake, shown under the source line.
struct Suggestion {
  SourceRange range;
  std::string replacement;
  std::string text;
};

/// One message: lower case, no full stop, code in backticks.
struct Diagnostic {
  DiagnosticKind kind;
  SourceRange range;
  std::string message;
  std::string label;
  std::vector<Note> notes;
  std::vector<Suggestion> suggestions;

  Diagnostic &withLabel(std::string text) { return label = std::move(text), *this; }
  Diagnostic &note(SourceRange at, std::string text) { return notes.push_back({at, std::move(text)}), *this; }
  Diagnostic &note(std::string text) { return note({}, std::move(text)); }
  /// Nobody edits the library's text: there only the reason is kept, as a note.
  Diagnostic &suggest(SourceRange at, std::string replacement, std::string text = "") {
    if (at.file && at.file->path().starts_with("<library>/"))
      return text.empty() ? *this : note(std::move(text));
    return suggestions.push_back({at, std::move(replacement), std::move(text)}), *this;
  }
};

/// Collects what the stages have to say about one compilation, in the order they said it.
class Diagnostics {
public:
  template <typename... Args> Diagnostic &report(DiagnosticKind kind, SourceRange range, const Args &...args) {
    return add(kind, range, fmt::vformat(kindText(kind), fmt::make_format_args(args...)));
  }
  bool hasErrors() const { return errors != 0; }
  const std::vector<Diagnostic> &all() const { return messages; }
  /// Adds the messages of `later`, all about one file, in the order of their places.
  void appendByPlace(Diagnostics later);

private:
  Diagnostic &add(DiagnosticKind kind, SourceRange range, std::string message);

  std::vector<Diagnostic> messages;
  unsigned errors = 0;
};

/// Renders messages with file, line, column, source line, caret range, labels, notes and replacements. `color` adds
/// terminal colours.
std::string render(const Diagnostic &diagnostic, bool color = false);
std::string render(const Diagnostics &diagnostics, bool color = false);

/// The name among `candidates` closest to `name`, if it is close enough to be what the person meant; else empty.
std::string closestName(std::string_view name, const std::vector<std::string> &candidates);

} // namespace attn
