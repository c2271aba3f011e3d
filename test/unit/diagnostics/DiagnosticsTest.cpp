#include "compiler/diagnostics/Diagnostics.h"
#include "test/unit/Catch.h"

#include <set>

using namespace attn;

TEST_CASE("kinds have kebab-case names") {
  CHECK(kindName(DiagnosticKind::UnexpectedToken) == "unexpected-token");
  CHECK(kindName(DiagnosticKind::InvalidUtf8) == "invalid-utf8");
}

TEST_CASE("every kind has a name of its own and a text in the house style") {
  std::set<std::string_view> seen;
  for (DiagnosticKind kind : allDiagnosticKinds()) {
    INFO(kindName(kind));
    CHECK(seen.insert(kindName(kind)).second);
    std::string_view text = kindText(kind);
    REQUIRE_FALSE(text.empty());
    CHECK(text.back() != '.');
    CHECK_FALSE((text[0] >= 'A' && text[0] <= 'Z'));
  }
}

TEST_CASE("a report fills the kind's text in and counts errors") {
  Diagnostics diagnostics;
  CHECK_FALSE(diagnostics.hasErrors());
  diagnostics.report(DiagnosticKind::UnexpectedToken, {}, "`)`", "`;`").withLabel("here").note("a note");
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(diagnostics.hasErrors());
  CHECK(diagnostics.all()[0].message == "expected `)`, found `;`");
  CHECK(diagnostics.all()[0].label == "here");
  CHECK(diagnostics.all()[0].notes.size() == 1);
}

TEST_CASE("braces in what the person wrote are text") {
  Diagnostics diagnostics;
  diagnostics.report(DiagnosticKind::UnexpectedToken, {}, "`{`", "`{}`");
  CHECK(diagnostics.all()[0].message == "expected `{`, found `{}`");
}

TEST_CASE("messages of one file are put in the order of their places") {
  SourceFile file("t", "abcdef");
  Diagnostics earlier, later;
  earlier.report(DiagnosticKind::MissingElse, SourceRange{&file, 5, 6});
  later.report(DiagnosticKind::MissingElse, SourceRange{&file, 4, 5}).withLabel("second");
  later.report(DiagnosticKind::MissingElse, SourceRange{&file, 1, 2}).withLabel("first");
  later.report(DiagnosticKind::MissingElse, SourceRange{&file, 4, 5}).withLabel("third");
  earlier.appendByPlace(std::move(later));
  REQUIRE(earlier.all().size() == 4);
  CHECK(earlier.all()[0].range.begin == 5);
  CHECK(earlier.all()[1].label == "first");
  CHECK(earlier.all()[2].label == "second");
  CHECK(earlier.all()[3].label == "third");
}
