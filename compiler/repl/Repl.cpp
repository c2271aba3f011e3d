#include "compiler/repl/Repl.h"

#include "compiler/console/Console.h"
#include "compiler/repl/Commands.h"
#include "compiler/repl/Complete.h"
#include "compiler/repl/Interrupt.h"
#include "compiler/repl/LineReader.h"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

using namespace attn;
using namespace attn::repl;
using namespace attn::console;

namespace {

/// Carries out one input, with Ctrl-C stopping it.
Outcome carryOut(Commands &commands, const std::string &input) {
  commands.runner().resume();
  InterruptHandler::watch(&commands.runner());
  // Ctrl-C between the prompt and here is meant for this.
  Outcome outcome = commands.carryOut(input);
  InterruptHandler::watch(nullptr);
  InterruptHandler::take();
  return outcome;
}

int runTerminal(Commands &commands, LineReader &reader) {
  InterruptHandler interrupts;
  while (true) {
    Input input = reader.read();
    if (input.kind == Input::Kind::End)
      return exitSuccess;
    if (input.kind == Input::Kind::Text && carryOut(commands, input.text) == Outcome::Quit)
      return exitSuccess;
    if (input.kind == Input::Kind::Interrupted || commands.runner().stopped())
      reader.forget();
  }
}

int runScript(Commands &commands, LineReader &reader, int status) {
  while (true) {
    Input input = reader.read();
    if (input.kind == Input::Kind::End)
      return status;
    switch (commands.carryOut(input.text)) {
    case Outcome::Done:
      break;
    case Outcome::Failed:
      status = exitInput;
      break;
    case Outcome::Disagreed:
      status = status == exitSuccess ? exitCheck : status;
      break;
    case Outcome::Quit:
      return status;
    }
  }
}

} // namespace

int repl::runRepl(const ReplOptions &options) {
  session::Session session;
  Commands commands(session, options.threads);
  std::unique_ptr<LineReader> reader;
  if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
    reader = createTerminalReader(
        {useColor(), historyPath(), [&](std::string_view before) { return complete(session, before); }});
  if (reader && !writeOut("attnc repl: `:help` lists the commands, Tab completes, Ctrl-D leaves\n"))
    return exitInput;
  int status = exitSuccess;
  if (!options.file.empty() && commands.carryOut(":load \"" + options.file + "\"") == Outcome::Failed)
    status = exitInput;
  if (reader) {
    status = runTerminal(commands, *reader);
  } else {
    reader = createPlainReader();
    status = runScript(commands, *reader, status);
  }
  // Statics must not end under the feet of a thread that still runs.
  if (commands.hasUnfinished()) {
    reader.reset();
    std::fflush(nullptr);
    std::_Exit(status);
  }
  return status;
}
