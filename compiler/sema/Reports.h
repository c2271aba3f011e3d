#pragma once

#include "compiler/diagnostics/Diagnostics.h"

#include <set>
#include <tuple>

namespace attn::sema {

/// Diagnostics that say a thing once: a def's mistake would otherwise be told again by every attention that calls it.
class Reports {
public:
  explicit Reports(Diagnostics &diagnostics) : diagnostics(diagnostics) {}

  /// What is returned for a repetition goes nowhere.
  template <typename... Args> Diagnostic &report(DiagnosticKind kind, SourceRange range, const Args &...args) {
    std::string message = fmt::vformat(kindText(kind), fmt::make_format_args(args...));
    if (!said.emplace(kind, range.file, range.begin, std::move(message)).second)
      return repetition = Diagnostic{};
    return diagnostics.report(kind, range, args...);
  }

private:
  Diagnostics &diagnostics;
  std::set<std::tuple<DiagnosticKind, const SourceFile *, uint32_t, std::string>> said;
  Diagnostic repetition;
};

} // namespace attn::sema
