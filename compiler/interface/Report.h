#pragma once

#include "compiler/diagnostics/Diagnostics.h"

#include "attn/attn.h"

#include <deque>
#include <string>
#include <vector>

/// The C interface's list of diagnostics: a copy of everything, so that it outlives the spec it is about.
struct attn_report {
  void add(const attn::Diagnostics &diagnostics);
  /// What is not about a place of a spec.
  void addFailure(const std::string &text);

  size_t count() const { return list.size(); }
  const attn_diagnostic *get(size_t index) const { return index < list.size() ? &list[index] : nullptr; }

private:
  const char *keep(std::string text) { return texts.emplace_back(std::move(text)).c_str(); }
  attn_place placeOf(const attn::SourceRange &range);

  std::deque<std::string> texts;
  std::deque<std::vector<attn_note>> notes;
  std::deque<std::vector<attn_suggestion>> suggestions;
  std::deque<attn_diagnostic> list;
};

namespace attn::interface {

/// A report that is handed out when the call ends, if the caller asked for one.
class PendingReport {
public:
  explicit PendingReport(attn_report **wanted) : wanted(wanted), report(new attn_report) {
    if (wanted)
      *wanted = nullptr;
  }
  ~PendingReport() {
    if (wanted)
      *wanted = report;
    else
      delete report;
  }
  PendingReport(const PendingReport &) = delete;
  PendingReport &operator=(const PendingReport &) = delete;
  attn_report *operator->() { return report; }

  /// Adds a failure and returns a status.
  int32_t fail(int32_t status, const std::string &text) {
    report->addFailure(text);
    return status;
  }

private:
  attn_report **wanted;
  attn_report *report;
};

} // namespace attn::interface
