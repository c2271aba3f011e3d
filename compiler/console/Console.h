#pragma once

#include "compiler/library/Compiler.h"

#include <optional>
#include <string>
#include <string_view>

/// What a person at a terminal sees of the compiler: messages on stderr, results on stdout.
namespace attn::console {

/// Exit statuses, as the help states them.
enum ExitStatus { exitSuccess = 0, exitInput = 1, exitUsage = 2, exitCheck = 3, exitInternal = 4 };

/// Whether what goes to a file descriptor (messages: stderr's) may use terminal colours: it is a terminal, and NO_COLOR isn't set.
bool useColor(int descriptor = 2);

/// `error: TEXT` on stderr.
void printError(std::string_view text);
/// `note: TEXT` on stderr.
void printNote(std::string_view text);
/// One, rendered, on stderr.
void printDiagnostic(const Diagnostic &diagnostic);
/// All of them.
void printDiagnostics(const Diagnostics &diagnostics);

/// `attnc: TEXT`, and where help is, on stderr. Returns exitUsage.
int usageError(std::string_view text);

/// Prints what a failed compilation had to say. Returns its exit status.
int compileError(const library::CompileReport &report);

void printTimes(const library::StageTimes &times);

/// Writes to standard output. False if that failed (a full disk, a closed pipe); the reason has been printed.
bool writeOut(std::string_view text);

/// A line on stderr that says what is going on, where that is a terminal; gone with the object.
class Progress {
public:
  explicit Progress(std::string_view text);
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

private:
  bool shown;
};

/// Shows one line of progress at a time.
class ProgressLine {
public:
  void operator()(std::string_view text) {
    line.reset();
    line.emplace(text);
  }

private:
  std::optional<Progress> line;
};

} // namespace attn::console
