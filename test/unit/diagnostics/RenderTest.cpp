#include "compiler/diagnostics/Diagnostics.h"
#include "test/unit/Catch.h"

using namespace attn;

/// Renders a message about the first `marked` in `text`.
static std::string renderAt(const SourceFile &file, std::string_view marked, std::string label = "") {
  uint32_t begin = static_cast<uint32_t>(file.text().find(marked));
  Diagnostics diagnostics;
  diagnostics.report(DiagnosticKind::MissingElse, {&file, begin, begin + static_cast<uint32_t>(marked.size())})
      .withLabel(std::move(label));
  return render(diagnostics);
}

TEST_CASE("a message shows place, kind, line, range and label") {
  SourceFile file("a.attn", "attention x {\n  score = dot(q, kk)\n}\n");
  CHECK(renderAt(file, "kk", "no such name") == "a.attn:2:18: error[missing-else]: `if` without `else`\n"
                                                "  2 |   score = dot(q, kk)\n"
                                                "    |                  ^^ no such name\n");
}

TEST_CASE("notes and replacements show their own lines") {
  SourceFile file("a.attn", "x = 1\ny = scroe\n");
  Diagnostics diagnostics;
  diagnostics.report(DiagnosticKind::MissingElse, {&file, 10, 15})
      .note({&file, 0, 1}, "first here")
      .note("and this")
      .suggest({&file, 10, 15}, "score")
      .suggest({&file, 15, 15}, " + 1")
      .suggest({&file, 8, 15}, "", "say nothing");
  CHECK(render(diagnostics) == "a.attn:2:5: error[missing-else]: `if` without `else`\n"
                               "  2 | y = scroe\n"
                               "    |     ^^^^^\n"
                               "a.attn:1:1: note: first here\n"
                               "  1 | x = 1\n"
                               "    | ~\n"
                               "note: and this\n"
                               "help: write `score`\n"
                               "  2 | y = score\n"
                               "    |     +++++\n"
                               "help: insert ` + 1`\n"
                               "  2 | y = scroe + 1\n"
                               "    |          ++++\n"
                               "help: say nothing\n"
                               "  2 | y \n");
}

TEST_CASE("a message without a place stands alone") {
  Diagnostics diagnostics;
  diagnostics.report(DiagnosticKind::MissingElse, {});
  CHECK(render(diagnostics) == "error[missing-else]: `if` without `else`\n");
}

TEST_CASE("columns count characters, carets terminal cells") {
  SourceFile tabs("t", "\tab\tcd\n");
  CHECK(renderAt(tabs, "cd") == "t:1:5: error[missing-else]: `if` without `else`\n"
                                "  1 |     ab  cd\n"
                                "    |         ^^\n");
  SourceFile wide("t", "\xE4\xB8\xAD\xE6\x96\x87 e\xCC\x81 x\n");
  CHECK(renderAt(wide, "x") == "t:1:7: error[missing-else]: `if` without `else`\n"
                               "  1 | \xE4\xB8\xAD\xE6\x96\x87 e\xCC\x81 x\n"
                               "    |        ^\n");
  CHECK(renderAt(wide, "\xE6\x96\x87") == "t:1:2: error[missing-else]: `if` without `else`\n"
                                          "  1 | \xE4\xB8\xAD\xE6\x96\x87 e\xCC\x81 x\n"
                                          "    |   ^^\n");
}

TEST_CASE("what would disturb a terminal is not sent to it") {
  SourceFile file("p\x1B[31m", std::string("a\x1B[2J\0b\xFF\xE2\x80\xAE x\n", 14));
  std::string text = renderAt(file, "x", "l\x07");
  CHECK(text.find('\x1B') == std::string::npos);
  CHECK(text.find('\x07') == std::string::npos);
  CHECK(text.find('\0') == std::string::npos);
  CHECK(text.find('\xFF') == std::string::npos);
  CHECK(text.find("\xE2\x80\xAE") == std::string::npos);
  CHECK(text.find("a\xEF\xBF\xBD[2J\xEF\xBF\xBD") != std::string::npos);
}

TEST_CASE("of a long line the surroundings of the mistake are shown") {
  std::string line;
  for (int n = 0; n < 100000; ++n)
    line += "abcdefghi ";
  SourceFile middle("t", line + "XYZ" + line);
  std::string text = renderAt(middle, "XYZ");
  CHECK(text.size() < 400);
  CHECK(text.find("t:1:1000001:") == 0);
  CHECK(text.find("…abcdefghi abcdefghi abcdefghi abcdefghi XYZabcdefghi ") != std::string::npos);
  CHECK(text.find("\n    | " + std::string(41, ' ') + "^^^\n") != std::string::npos);
  SourceFile first("t", "XYZ" + line);
  CHECK(renderAt(first, "XYZ").find("  1 | XYZabcdefghi ") != std::string::npos);
  SourceFile last("t", line + "XYZ");
  CHECK(renderAt(last, "XYZ").find("abcdefghi XYZ\n") != std::string::npos);
}

TEST_CASE("a range past the shown part of its line is cut with it") {
  SourceFile file("t", std::string(5000, 'x'));
  Diagnostics diagnostics;
  diagnostics.report(DiagnosticKind::MissingElse, {&file, 10, 5000});
  CHECK(render(diagnostics).size() < 400);
}

TEST_CASE("of a range over several lines the first is marked to its end") {
  SourceFile file("t", "ab (c\nd) e\n");
  CHECK(renderAt(file, "(c\nd)") == "t:1:4: error[missing-else]: `if` without `else`\n"
                                    "  1 | ab (c\n"
                                    "    |    ^^\n");
}

TEST_CASE("an empty range at the end of a line or file has a caret behind it") {
  SourceFile file("t", "ab\ncd");
  Diagnostics diagnostics;
  diagnostics.report(DiagnosticKind::MissingElse, {&file, 2, 2});
  diagnostics.report(DiagnosticKind::MissingElse, {&file, 5, 5});
  CHECK(render(diagnostics) == "t:1:3: error[missing-else]: `if` without `else`\n"
                               "  1 | ab\n"
                               "    |   ^\n"
                               "t:2:3: error[missing-else]: `if` without `else`\n"
                               "  2 | cd\n"
                               "    |   ^\n");
}

TEST_CASE("colours appear on request and change no character") {
  SourceFile file("t", "ab\n");
  Diagnostics diagnostics;
  diagnostics.report(DiagnosticKind::MissingElse, {&file, 0, 1}).note("n").suggest({&file, 0, 1}, "c");
  std::string colored = render(diagnostics, true);
  CHECK(colored.find("\033[1;31merror[missing-else]: \033[0m") != std::string::npos);
  std::string stripped;
  for (size_t at = 0; at < colored.size(); ++at)
    if (colored[at] == '\033')
      at = colored.find('m', at);
    else
      stripped += colored[at];
  CHECK(stripped == render(diagnostics));
}
