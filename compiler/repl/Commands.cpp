#include "compiler/repl/Commands.h"

#include "compiler/console/Console.h"
#include "compiler/repl/GridText.h"
#include "compiler/session/Evaluation.h"
#include "runtime/file/WholeFile.h"

#include <fmt/format.h>

#include <algorithm>
#include <sys/ioctl.h>
#include <unistd.h>

using namespace attn;
using namespace attn::repl;
using namespace attn::console;
using session::Messages;
using session::trimmed;

namespace {

Outcome outcomeOf(bool good) { return good ? Outcome::Done : Outcome::Failed; }

std::string usage(const Command &command) {
  return fmt::format(":{}{}{}", command.name, command.arguments.empty() ? "" : " ", command.arguments);
}

} // namespace

void repl::print(const Messages &messages) {
  for (const session::Message &message : messages.all()) {
    switch (message.kind) {
    case session::Message::Kind::Diagnostics:
      for (const Diagnostic &diagnostic : message.diagnostics)
        printDiagnostic(diagnostic);
      break;
    case session::Message::Kind::Error:
      printError(message.text);
      break;
    case session::Message::Kind::Note:
      printNote(message.text);
      break;
    }
  }
}

size_t repl::terminalWidth() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20 ? size.ws_col : 80;
}

const std::vector<Command> &repl::allCommands() {
  using Kind = ArgumentKind;
  static const std::vector<Command> commands = {
      {"help", "[COMMAND]", "this list, or one command with an example", ":help set", Kind::Command, &Commands::help},
      {"load", "FILE", "take in a spec's definitions", ":load gemma.attn", Kind::File, &Commands::load},
      {"reload", "", "take in the file that was loaded last once more", ":reload", Kind::None, &Commands::reload},
      {"save", "FILE", "write all definitions as a spec", ":save mine.attn", Kind::File, &Commands::save},
      {"list", "", "show all definitions", ":list", Kind::None, &Commands::list},
      {"drop", "NAME", "take out a line, def, layout or attention; `layout` and `out` mean those lines", ":drop mask",
       Kind::Definition, &Commands::drop},
      {"undo", "", "take back the last change of a definition", ":undo", Kind::None, &Commands::undo},
      {"clear", "", "forget all definitions and values", ":clear", Kind::None, &Commands::clear},
      {"use", "[NAME]", "the attention that lines go to and commands mean; a new name begins one", ":use gemma",
       Kind::Attention, &Commands::use},
      {"set", "[NAME = VALUE]", "give an input a value: a number, an expression, or a file; alone: show all",
       ":set q = randn(1, 8, 64, 32)\n:set w = 16\n:set doc = [0, 0, 1, 1]\n:set k = \"k.npy\"\n"
       ":set v = \"model.safetensors:layers.0.v\"",
       Kind::Input, &Commands::set},
      {"unset", "NAME", "take an input's value or an extent's size back", ":unset q", Kind::Input, &Commands::unset},
      {"dims", "[B=1 H=8 …]", "give extents sizes, for inputs that have no value of their own; alone: show all",
       ":dims B=1 H=8 I=64 J=64 D=32", Kind::Extent, &Commands::dims},
      {"random", "[SEED | off]", "make inputs random that have no value", ":random 7", Kind::None, &Commands::random},
      {"threads", "[N]", "how many threads compute; 0: all there are", ":threads 1", Kind::None, &Commands::setThreads},
      {"run", "[NAME]", "compile an attention, run it and show its outputs", ":run", Kind::Attention, &Commands::run},
      {"check", "[NAME]", "run it and compare with the oracle", ":check", Kind::Attention, &Commands::check},
      {"time", "[NAME]", "run it and say how long each step took", ":time", Kind::Attention, &Commands::time},
      {"bench", "[NAME]", "time it beside the machine's peak, for a second or so", ":bench", Kind::Attention,
       &Commands::bench},
      {"write", "OUTPUT FILE.npy", "write an output of the last run", ":write o out.npy", Kind::None, &Commands::write},
      {"show", "[mask tiles score weights] [NAME]",
       "draw the mask, the compiler's tiles, the score or the weights of the first head", ":show mask tiles",
       Kind::Picture, &Commands::show},
      {"explain", "[NAME]", "what the compiler understood and decided", ":explain", Kind::Attention,
       &Commands::explain},
      {"ir", "STAGE [NAME]", "the program after a stage of the lowering", ":ir coordinates", Kind::Stage,
       &Commands::ir},
      {"asm", "[NAME]", "the kernel's machine code", ":asm", Kind::Attention, &Commands::assembly},
      {"quit", "", "leave; Ctrl-D does, too", ":quit", Kind::None, &Commands::quit},
  };
  return commands;
}

Commands::Commands(session::Session &session, unsigned threads)
    : session(session), threads(std::make_unique<library::Runner>(threads)) {}

Outcome Commands::carryOut(const std::string &input) {
  std::string text(trimmed(input));
  if (text.empty())
    return Outcome::Done;
  if (text.front() == ':')
    return command(text.substr(1));
  // What people type who don't know this prompt yet.
  if (text == "quit" || text == "exit")
    return Outcome::Quit;
  if (text == "help")
    return help("");
  SourceFile source("<input>", input);
  Diagnostics unheard;
  bool isExpression = syntax::parseFragment(source, unheard).kind == syntax::Fragment::Kind::Expression;
  return isExpression ? evaluate(input) : define(input);
}

Outcome Commands::command(const std::string &line) {
  size_t end = std::min(line.find_first_of(" \t\n"), line.size());
  std::string name = line.substr(0, end), argument(trimmed(std::string_view(line).substr(end)));
  const std::vector<Command> &commands = allCommands();
  auto found = std::find_if(commands.begin(), commands.end(), [&](const Command &one) { return one.name == name; });
  if (found == commands.end()) {
    // A beginning that fits only one is as good, in the order of the list: `:l` is `:load`, `:r` is `:reload`.
    std::vector<const Command *> fitting;
    for (const Command &one : commands)
      if (!name.empty() && one.name.starts_with(name))
        fitting.push_back(&one);
    if (fitting.size() == 1) {
      found = commands.begin() + (fitting.front() - commands.data());
    } else {
      std::vector<std::string> names;
      std::string list;
      for (const Command &one : commands)
        names.emplace_back(one.name);
      for (const Command *one : fitting)
        list += fmt::format("{}`:{}`", list.empty() ? "" : ", ", one->name);
      std::string close = closestName(name, names);
      printError(!list.empty()    ? fmt::format("`:{}` may be {}", name, list)
                 : !close.empty() ? fmt::format("there is no command `:{}`; did you mean `:{}`?", name, close)
                                  : fmt::format("there is no command `:{}`; `:help` lists those there are", name));
      return Outcome::Failed;
    }
  }
  if (found->arguments.empty() && !argument.empty()) {
    printError(fmt::format("`:{}` takes nothing behind it", found->name));
    return Outcome::Failed;
  }
  if (!found->arguments.empty() && found->arguments.front() != '[' && argument.empty()) {
    printError(fmt::format("`{}`: what is missing? for example `{}`", usage(*found),
                           found->example.substr(0, found->example.find('\n'))));
    return Outcome::Failed;
  }
  return (this->*found->carryOut)(argument);
}

Outcome Commands::define(const std::string &input) {
  Messages messages;
  bool good = session.add(input, messages);
  print(messages);
  if (!good)
    return Outcome::Failed;
  SourceFile source("<input>", input);
  Diagnostics unheard;
  syntax::Fragment fragment = syntax::parseFragment(source, unheard);
  // A definition answers with what it is.
  for (const syntax::Line &line : fragment.lines) {
    if (line.kind != syntax::LineKind::Assignment)
      continue;
    Messages silent;
    if (std::optional<session::Probe> probe = session.probe(std::string(line.name.text), silent)) {
      std::vector<std::string> coordinates;
      for (sema::CoordinateId coordinate : probe->output().coordinates)
        coordinates.push_back(probe->attention.coordinates[coordinate].name);
      if (!writeOut(fmt::format("{}: {}\n", line.name.text, headline(probe->type(), coordinates, {}))))
        return Outcome::Failed;
    }
  }
  return Outcome::Done;
}

Outcome Commands::evaluate(const std::string &input) {
  Messages messages;
  std::optional<session::Probe> probe = session.probe(input, messages);
  print(messages);
  if (!probe)
    return Outcome::Failed;
  std::vector<std::string> coordinates;
  for (sema::CoordinateId coordinate : probe->output().coordinates)
    coordinates.push_back(probe->attention.coordinates[coordinate].name);
  session::Evaluation evaluation = session::evaluate(*probe, session.bindings, &threads->stopped());
  std::string text = headline(probe->type(), coordinates, evaluation.shape);
  if (!evaluation.missing.empty())
    text += fmt::format(" (its value needs {})", evaluation.missing);
  else if (evaluation.tooLarge)
    text += fmt::format(" (too much to show: read a part, as in `({})[{} = 0]`)", trimmed(input), coordinates.front());
  text += "\n";
  if (evaluation.grid)
    text += gridText(*evaluation.grid, terminalWidth());
  if (!writeOut(text))
    return Outcome::Failed;
  if (threads->stopped())
    return stopped();
  for (const std::string &error : evaluation.errors)
    printError(error);
  return outcomeOf(evaluation.errors.empty());
}

Outcome Commands::help(const std::string &argument) {
  std::string wanted = argument.starts_with(":") ? argument.substr(1) : argument;
  if (wanted.empty()) {
    std::string text = "What is typed is a definition (`def …`, `layout …`, `attention …`, `import …`), a line of the "
                       "current attention\n"
                       "(`mask = causal`, `q: f32[B, H, I, D]`, `out lse`), an expression to look at (`causal and "
                       "window(4)`), or a command:\n";
    constexpr size_t width = 22;
    for (const Command &command : allCommands())
      text += fmt::format("  {:<{}} {}\n", usage(command), width, command.summary);
    text += "`:help COMMAND` shows an example. Tab completes, Ctrl-C stops what runs, Ctrl-D leaves.\n";
    return outcomeOf(writeOut(text));
  }
  std::vector<std::string> names;
  for (const Command &command : allCommands()) {
    names.emplace_back(command.name);
    if (command.name != wanted)
      continue;
    std::string text = fmt::format("{}\n  {}\nfor example\n", usage(command), command.summary);
    std::string_view rest = command.example;
    while (!rest.empty()) {
      size_t end = std::min(rest.find('\n'), rest.size());
      text += fmt::format("  {}\n", rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return outcomeOf(writeOut(text));
  }
  std::string close = closestName(wanted, names);
  printError(close.empty() ? fmt::format("there is no command `:{}`; `:help` lists those there are", wanted)
                           : fmt::format("there is no command `:{}`; did you mean `:{}`?", wanted, close));
  return Outcome::Failed;
}

Outcome Commands::load(const std::string &argument) {
  Result<std::string> path = session::sourceOf(argument);
  if (!path) {
    printError(path.message());
    return Outcome::Failed;
  }
  Messages messages;
  bool good = session.load(*path, messages);
  print(messages);
  std::string list;
  for (const std::string &name : session.attentions())
    list += fmt::format("{}{}{}", list.empty() ? "" : ", ", name, name == session.current() ? " (current)" : "");
  if (good && !list.empty() && !writeOut(fmt::format("attentions: {}\n", list)))
    return Outcome::Failed;
  return outcomeOf(good);
}

Outcome Commands::reload(const std::string &) {
  if (!session.path().empty())
    return load("\"" + session.path() + "\"");
  printError("no file was loaded yet: `:load FILE`");
  return Outcome::Failed;
}

Outcome Commands::save(const std::string &argument) {
  Result<std::string> path = session::sourceOf(argument);
  Messages messages;
  Status written = path ? writeWhole(*path, session.savedText(messages)) : Status(path.failure());
  if (!written) {
    printError(written.message());
    return Outcome::Failed;
  }
  print(messages);
  return Outcome::Done;
}

Outcome Commands::list(const std::string &) {
  if (session.text().empty()) {
    printNote("there are no definitions yet");
    return Outcome::Done;
  }
  return outcomeOf(writeOut(session.text() + (session.text().ends_with("\n") ? "" : "\n")));
}

Outcome Commands::drop(const std::string &argument) {
  Messages messages;
  bool good = session.drop(argument, messages);
  print(messages);
  return outcomeOf(good);
}

Outcome Commands::undo(const std::string &) {
  Messages messages;
  bool good = session.undo(messages);
  print(messages);
  return outcomeOf(good);
}

Outcome Commands::clear(const std::string &) {
  session.clear();
  return Outcome::Done;
}

Outcome Commands::use(const std::string &argument) {
  if (argument.empty()) {
    std::string text;
    for (const std::string &name : session.attentions())
      text += fmt::format("{} {}\n", name == session.current() ? "*" : " ", name);
    return outcomeOf(writeOut(text));
  }
  bool isName =
      !(argument[0] >= '0' && argument[0] <= '9') &&
      std::all_of(argument.begin(), argument.end(), [](char c) { return std::isalnum(uint8_t(c)) || c == '_'; });
  if (!isName) {
    printError(fmt::format("`{}` can't be the name of an attention", argument));
    return Outcome::Failed;
  }
  std::vector<std::string> known = session.attentions();
  session.use(argument);
  if (std::find(known.begin(), known.end(), argument) == known.end())
    printNote(fmt::format("there is no attention `{}` yet: it begins with the next line", argument));
  return Outcome::Done;
}

Outcome Commands::quit(const std::string &) { return Outcome::Quit; }
