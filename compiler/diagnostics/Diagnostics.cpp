#include "compiler/diagnostics/Diagnostics.h"

#include <algorithm>
#include <array>

namespace attn {

namespace {

/// `UnknownName` as `unknown-name`.
struct KebabName {
  std::array<char, 64> text{};
  size_t size = 0;

  constexpr explicit KebabName(std::string_view name) {
    for (char letter : name) {
      bool upper = letter >= 'A' && letter <= 'Z';
      if (upper && size != 0)
        text[size++] = '-';
      text[size++] = upper ? static_cast<char>(letter - 'A' + 'a') : letter;
    }
  }
};

struct KindInfo {
  Severity severity;
  KebabName name;
  std::string_view text;
};

constexpr KindInfo kinds[] = {
#define DIAGNOSTIC(SEVERITY, KIND, TEXT) {Severity::SEVERITY, KebabName(#KIND), TEXT},
#include "compiler/diagnostics/Diagnostics.def"
};

const KindInfo &info(DiagnosticKind kind) { return kinds[static_cast<size_t>(kind)]; }

} // namespace

std::string_view kindName(DiagnosticKind kind) { return {info(kind).name.text.data(), info(kind).name.size}; }

Severity kindSeverity(DiagnosticKind kind) { return info(kind).severity; }

std::string_view kindText(DiagnosticKind kind) { return info(kind).text; }

std::vector<DiagnosticKind> allDiagnosticKinds() {
  std::vector<DiagnosticKind> all;
  for (size_t n = 0; n < std::size(kinds); ++n)
    all.push_back(static_cast<DiagnosticKind>(n));
  return all;
}

Diagnostic &Diagnostics::add(DiagnosticKind kind, SourceRange range, std::string message) {
  if (kindSeverity(kind) == Severity::Error)
    ++errors;
  messages.push_back({kind, range, std::move(message), {}, {}, {}});
  return messages.back();
}

void Diagnostics::appendByPlace(Diagnostics later) {
  std::vector<std::pair<uint32_t, size_t>> order;
  for (size_t n = 0; n < later.messages.size(); ++n)
    order.emplace_back(later.messages[n].range.begin, n);
  std::sort(order.begin(), order.end());
  for (auto [begin, n] : order)
    messages.push_back(std::move(later.messages[n]));
  errors += later.errors;
}

} // namespace attn
