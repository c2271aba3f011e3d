#include "compiler/driver/Commands.h"
#include "compiler/console/Console.h"
#include "compiler/driver/CrashHandler.h"

#include <fmt/format.h>

#include <cstdio>

using namespace attn;
using namespace attn::driver;

namespace {

constexpr std::string_view version = "attnc " ATTN_VERSION;

int (*mainOf(std::string_view command))(const Arguments &) {
  return command == "check"   ? checkMain
         : command == "run"   ? runMain
         : command == "bench" ? benchMain
         : command == "tune"  ? tuneMain
         : command == "fmt"   ? fmtMain
         : command == "show"  ? showMain
         : command == "repl"  ? replMain
                              : explainMain;
}

/// Whether a word that is no command is meant as a spec to compile.
bool looksLikeSpec(std::string_view word) {
  return word.starts_with("-") || word.ends_with(".attn") || word.find('/') != std::string_view::npos;
}

int unknownCommand(const std::string &word) {
  std::vector<std::string> names;
  for (const Command &command : commands())
    names.push_back(std::string(command.name));
  std::string close = closestName(word, names);
  if (!close.empty())
    return usageError(fmt::format("unknown command `{}`; did you mean `{}`?", word, close));
  return usageError(fmt::format("`{}` is neither a command nor a spec (`.attn`); `attnc --help` lists the commands", word));
}

int runCommand(const Command &command, const std::vector<std::string> &words) {
  std::string problem;
  std::optional<Arguments> arguments = parseArguments(command, words, problem);
  if (!arguments)
    return usageError(problem);
  bool isCompile = command.name.empty();
  if (arguments->has(OptionId::Help))
    return writeOut(isCompile ? overallHelp() : help(command)) ? exitSuccess : exitInput;
  if (arguments->has(OptionId::Version))
    return writeOut(fmt::format("{}\n", version)) ? exitSuccess : exitInput;
  if (std::optional<std::string> kind = arguments->value(OptionId::ExplainKind))
    return explainKind(*kind);
  std::string shown = isCompile ? "attnc" : fmt::format("attnc {}", command.name);
  if (arguments->files.size() < command.leastFiles)
    return usageError(fmt::format("no spec given: `{} {}`", shown, command.arguments));
  if (arguments->files.size() > command.mostFiles)
    return usageError(fmt::format("`{}` takes one spec; `{}` is one too many", shown, arguments->files[1]));
  return isCompile ? compileMain(*arguments) : mainOf(command.name)(*arguments);
}

} // namespace

int main(int count, char **words) {
  installCrashHandler();
  std::vector<std::string> rest(words + 1, words + count);
  if (rest.empty()) {
    std::fputs(overallHelp().c_str(), stderr);
    return exitUsage;
  }
  if (const Command *command = findCommand(rest.front())) {
    rest.erase(rest.begin());
    return runCommand(*command, rest);
  }
  if (!looksLikeSpec(rest.front()))
    return unknownCommand(rest.front());
  return runCommand(compileCommand(), rest);
}
