#pragma once

#include "compiler/library/Compiler.h"
#include "compiler/library/Runner.h"
#include "compiler/session/Session.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace attn::repl {

/// How a line ended.
enum class Outcome : uint8_t { Done, Failed, Disagreed, Quit };

/// What a command's argument is, for completion.
enum class ArgumentKind : uint8_t { None, File, Attention, Definition, Input, Extent, Stage, Command, Picture };

class Commands;

struct Command {
  std::string_view name;      ///< without the colon
  std::string_view arguments; ///< for help; empty: none
  std::string_view summary;
  std::string_view example;
  ArgumentKind completes;
  Outcome (Commands::*carryOut)(const std::string &argument);
};

const std::vector<Command> &allCommands();

/// Carries out what a person types, and prints.
class Commands {
public:
  Commands(session::Session &session, unsigned threads);

  /// A command, a definition or an expression.
  Outcome carryOut(const std::string &input);
  /// What Ctrl-C stops.
  library::Runner &runner() { return *threads; }
  /// Whether something that was stopped still ends by itself; the process is then left without the usual tidying up.
  bool hasUnfinished() const { return *unfinished > 0; }

private:
  friend const std::vector<Command> &allCommands();

  // Commands.cpp: the session itself.
  Outcome command(const std::string &line);
  Outcome define(const std::string &input);
  Outcome evaluate(const std::string &input);
  Outcome help(const std::string &argument);
  Outcome load(const std::string &argument);
  Outcome reload(const std::string &argument);
  Outcome save(const std::string &argument);
  Outcome list(const std::string &argument);
  Outcome drop(const std::string &argument);
  Outcome undo(const std::string &argument);
  Outcome use(const std::string &argument);
  Outcome clear(const std::string &argument);
  Outcome quit(const std::string &argument);

  // Values.cpp: what runs are made on.
  Outcome set(const std::string &argument);
  Outcome unset(const std::string &argument);
  Outcome dims(const std::string &argument);
  Outcome random(const std::string &argument);
  Outcome setThreads(const std::string &argument);
  bool checkValue(const std::string &name, const std::string &value, std::string &shown);

  // RunCommands.cpp: running and looking into the compiler.
  Outcome run(const std::string &argument);
  Outcome check(const std::string &argument);
  Outcome time(const std::string &argument);
  Outcome bench(const std::string &argument);
  Outcome explain(const std::string &argument);
  Outcome ir(const std::string &argument);
  Outcome assembly(const std::string &argument);
  Outcome write(const std::string &argument);
  Outcome show(const std::string &argument); ///< ShowCommand.cpp
  /// A good attention: the one named, or the current one. Its name is printed where it has mistakes.
  struct Chosen {
    std::shared_ptr<const library::Spec> spec;
    const sema::Attention *attention = nullptr;
  };
  std::optional<Chosen> choose(const std::string &name);
  /// Does something that can't be told to stop: on a thread of its own, which Ctrl-C leaves to itself. False if it did.
  /// What the work touches must be its own, and alive as long as it is.
  bool apart(std::function<void()> work);
  bool gather(const Chosen &chosen, library::StageTimes *times);
  bool compute(const Chosen &chosen, library::StageTimes *times);
  library::CompileRequest requestFor(const Chosen &chosen);
  Outcome emit(const std::string &kind, const std::string &name);
  std::shared_ptr<const library::Kernel> compile(const Chosen &chosen, library::StageTimes *times);
  Outcome stopped();
  void printErrors(const std::vector<std::string> &errors) const;

  session::Session &session;
  std::unique_ptr<library::Runner> threads;
  std::shared_ptr<library::Compiler> compiler = std::make_shared<library::Compiler>();
  std::shared_ptr<std::atomic<int>> unfinished = std::make_shared<std::atomic<int>>(0);
  /// The last run, to be looked at and written; its tensors serve the next run where they are asked for again.
  std::optional<library::RunData> data;
  Chosen ran;
  library::TensorPool pool;
};

/// Prints what a session says.
void print(const session::Messages &messages);

/// What `:show` can draw.
std::vector<std::string> pictureNames();

/// Columns of the terminal; 80 where there is none.
size_t terminalWidth();

} // namespace attn::repl
