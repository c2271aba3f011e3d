#include "compiler/console/Console.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

using namespace attn;
using namespace attn::console;

namespace {

/// Nobody may be reading: a message that can't be written is lost, and the exit status still says what happened.
void writeError(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

void labelled(std::string_view label, std::string_view colour, std::string_view text) {
  if (useColor())
    writeError(fmt::format("\x1b[1;{}m{}:\x1b[0m {}\n", colour, label, text));
  else
    writeError(fmt::format("{}: {}\n", label, text));
}

} // namespace

bool console::useColor(int descriptor) {
  const char *refusal = std::getenv("NO_COLOR");
  const char *terminal = std::getenv("TERM");
  return isatty(descriptor) && !(refusal && *refusal) && !(terminal && std::strcmp(terminal, "dumb") == 0);
}

void console::printError(std::string_view text) { labelled("error", "31", text); }
void console::printNote(std::string_view text) { labelled("note", "36", text); }

void console::printDiagnostic(const Diagnostic &diagnostic) { writeError(render(diagnostic, useColor())); }

void console::printDiagnostics(const Diagnostics &diagnostics) {
  if (!diagnostics.all().empty())
    writeError(render(diagnostics, useColor()));
}

int console::usageError(std::string_view text) {
  writeError(fmt::format("attnc: {}\n", text));
  return exitUsage;
}

int console::compileError(const library::CompileReport &report) {
  printDiagnostics(report.diagnostics);
  if (report.isInternal)
    labelled("internal compiler error", "31", report.failure);
  else if (!report.failure.empty())
    printError(report.failure);
  return report.isInternal ? exitInternal : exitInput;
}

void console::printTimes(const library::StageTimes &times) {
  size_t width = 5;
  double total = 0;
  for (const library::StageTime &time : times) {
    width = std::max(width, time.stage.size());
    total += time.milliseconds;
  }
  for (const library::StageTime &time : times)
    writeError(fmt::format("{:<{}}  {:9.2f} ms\n", time.stage, width, time.milliseconds));
  writeError(fmt::format("{:<{}}  {:9.2f} ms\n", "total", width, total));
}

bool console::writeOut(std::string_view text) {
  bool good = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!good)
    printError(fmt::format("cannot write to standard output: {}", std::strerror(errno)));
  return good;
}

Progress::Progress(std::string_view text) : shown(isatty(STDERR_FILENO)) {
  if (shown)
    writeError(fmt::format("{} …", text));
}

Progress::~Progress() {
  if (shown)
    writeError("\r\x1b[K");
}
