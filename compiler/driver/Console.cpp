#include "compiler/driver/Console.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

using namespace attn;
using namespace attn::driver;

namespace {

void labelled(std::string_view label, std::string_view colour, std::string_view text) {
  if (useColor())
    fmt::print(stderr, "\x1b[1;{}m{}:\x1b[0m {}\n", colour, label, text);
  else
    fmt::print(stderr, "{}: {}\n", label, text);
}

} // namespace

bool driver::useColor() {
  const char *refusal = std::getenv("NO_COLOR");
  const char *terminal = std::getenv("TERM");
  return isatty(STDERR_FILENO) && !(refusal && *refusal) && !(terminal && std::strcmp(terminal, "dumb") == 0);
}

void driver::printError(std::string_view text) { labelled("error", "31", text); }
void driver::printNote(std::string_view text) { labelled("note", "36", text); }

void driver::printDiagnostics(const Diagnostics &diagnostics) {
  if (!diagnostics.all().empty())
    fmt::print(stderr, "{}", render(diagnostics, useColor()));
}

int driver::usageError(std::string_view text) {
  fmt::print(stderr, "attnc: {}\n", text);
  return exitUsage;
}

int driver::compileError(const library::CompileReport &report) {
  printDiagnostics(report.diagnostics);
  if (report.isInternal)
    labelled("internal compiler error", "31", report.failure);
  else if (!report.failure.empty())
    printError(report.failure);
  return report.isInternal ? exitInternal : exitInput;
}

void driver::printTimes(const library::StageTimes &times) {
  size_t width = 5;
  double total = 0;
  for (const library::StageTime &time : times) {
    width = std::max(width, time.stage.size());
    total += time.milliseconds;
  }
  for (const library::StageTime &time : times)
    fmt::print(stderr, "{:<{}}  {:9.2f} ms\n", time.stage, width, time.milliseconds);
  fmt::print(stderr, "{:<{}}  {:9.2f} ms\n", "total", width, total);
}

bool driver::writeOut(std::string_view text) {
  bool good = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (!good)
    printError(fmt::format("cannot write to standard output: {}", std::strerror(errno)));
  return good;
}

Progress::Progress(std::string_view text) : shown(isatty(STDERR_FILENO)) {
  if (shown)
    fmt::print(stderr, "{} …", text);
}

Progress::~Progress() {
  if (shown)
    fmt::print(stderr, "\r\x1b[K");
}
