#include "compiler/interface/Report.h"

using namespace attn;

attn_place attn_report::placeOf(const SourceRange &range) {
  attn_place place{};
  if (!range)
    return place;
  LineColumn begin = range.file->locate(range.begin), end = range.file->locate(range.end);
  place.file = keep(range.file->path());
  place.line = int32_t(begin.line);
  place.column = int32_t(begin.column);
  place.end_line = int32_t(end.line);
  place.end_column = int32_t(end.column);
  return place;
}

void attn_report::add(const Diagnostics &diagnostics) {
  for (const Diagnostic &diagnostic : diagnostics.all()) {
    std::vector<attn_note> &itsNotes = notes.emplace_back();
    if (!diagnostic.label.empty())
      itsNotes.push_back({placeOf(diagnostic.range), keep(diagnostic.label)});
    for (const Note &note : diagnostic.notes)
      itsNotes.push_back({placeOf(note.range), keep(note.text)});
    std::vector<attn_suggestion> &itsSuggestions = suggestions.emplace_back();
    for (const Suggestion &suggestion : diagnostic.suggestions)
      itsSuggestions.push_back({placeOf(suggestion.range), keep(suggestion.replacement), keep(suggestion.text)});
    attn_diagnostic &one = list.emplace_back();
    one.severity = kindSeverity(diagnostic.kind) == Severity::Error ? ATTN_ERROR : ATTN_WARNING;
    one.kind = keep(std::string(kindName(diagnostic.kind)));
    one.message = keep(diagnostic.message);
    one.rendered = keep(render(diagnostic));
    one.place = placeOf(diagnostic.range);
    one.note_count = itsNotes.size();
    one.suggestion_count = itsSuggestions.size();
    one.notes = itsNotes.data();
    one.suggestions = itsSuggestions.data();
  }
}

void attn_report::addFailure(const std::string &text) {
  attn_diagnostic &one = list.emplace_back();
  one = {};
  one.severity = ATTN_ERROR;
  one.kind = "";
  one.message = keep(text);
  one.rendered = keep("error: " + text + "\n");
}

size_t attn_report_count(const attn_report *report) { return report ? report->count() : 0; }

const attn_diagnostic *attn_report_get(const attn_report *report, size_t index) {
  return report ? report->get(index) : nullptr;
}

void attn_report_destroy(attn_report *report) { delete report; }
