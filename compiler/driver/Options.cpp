#include "compiler/driver/Options.h"

#include "compiler/diagnostics/Diagnostics.h"

#include <fmt/format.h>

#include <algorithm>

using namespace attn;
using namespace attn::driver;

namespace {

std::string spelled(const Option &option) {
  return option.name.empty() ? fmt::format("-{}", option.letter) : fmt::format("--{}", option.name);
}

std::string optionColumn(const Option &option) {
  std::string text = option.letter ? fmt::format("-{}", option.letter) : "  ";
  if (!option.name.empty())
    text += fmt::format("{} --{}", option.letter ? "," : " ", option.name);
  if (!option.value.empty())
    text += fmt::format(" {}", option.value);
  return text;
}

size_t displayWidth(std::string_view text) {
  return size_t(std::count_if(text.begin(), text.end(), [](char c) { return (uint8_t(c) & 0xC0) != 0x80; }));
}

/// Words of `text` in lines of at most 100 columns, of which the first `indent` are blank after the first line.
std::string wrapped(std::string_view text, size_t indent) {
  std::string result;
  size_t column = indent;
  while (!text.empty()) {
    size_t space = text.find(' ');
    std::string_view word = text.substr(0, space);
    text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
    if (column != indent && column + 1 + displayWidth(word) > 100) {
      result += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column != indent) {
      result += ' ';
      ++column;
    }
    result += word;
    column += displayWidth(word);
  }
  return result;
}

std::string optionList(const std::vector<Option> &options) {
  constexpr size_t width = 26;
  std::string text;
  for (const Option &option : options) {
    std::string column = "  " + optionColumn(option);
    text += column;
    size_t used = displayWidth(column);
    text += used + 1 > width ? "\n" + std::string(width, ' ') : std::string(width - used, ' ');
    text += wrapped(option.help, width) + "\n";
  }
  return text;
}

const Option *findLong(const Command &command, std::string_view name) {
  for (const Option &option : command.options)
    if (!option.name.empty() && option.name == name)
      return &option;
  return nullptr;
}

const Option *findLetter(const Command &command, char letter) {
  for (const Option &option : command.options)
    if (option.letter == letter)
      return &option;
  return nullptr;
}

std::string commandName(const Command &command) {
  return command.name.empty() ? "attnc" : fmt::format("attnc {}", command.name);
}

/// Where else an option that this command lacks is known.
std::string otherCommands(const Command &command, std::string_view name) {
  std::string list;
  auto look = [&](const Command &other) {
    if (&other != &command && findLong(other, name))
      list += fmt::format("{}`{}`", list.empty() ? "" : ", ", commandName(other));
  };
  look(compileCommand());
  for (const Command &other : commands())
    look(other);
  return list;
}

std::string unknownOption(const Command &command, std::string_view word) {
  std::string_view name = word.substr(word.starts_with("--") ? 2 : 1);
  name = name.substr(0, name.find('='));
  std::string text = fmt::format("unknown option `{}{}`", word.starts_with("--") ? "--" : "-", name);
  std::vector<std::string> names;
  for (const Option &option : command.options)
    if (!option.name.empty())
      names.push_back(std::string(option.name));
  std::string close = closestName(name, names);
  if (!close.empty())
    return text + fmt::format("; did you mean `--{}`?", close);
  if (name == "dims" && findLong(command, "set"))
    return text + fmt::format(" of `{}`: `--set D=64` makes the code for an extent", commandName(command));
  std::string others = otherCommands(command, name);
  if (!others.empty())
    return text + fmt::format(" of `{}`; it is one of {}", commandName(command), others);
  return text + fmt::format("; `{} --help` lists those there are", commandName(command));
}

} // namespace

std::string driver::overallHelp() {
  std::string text = "attnc compiles attention, written in a small language, to native code.\n\n"
                     "usage: attnc SPEC -o kernel.o [options]    an object file, and kernel.h beside it\n"
                     "       attnc COMMAND SPEC [options]\n\ncommands:\n";
  for (const Command &command : commands())
    text += fmt::format("  {:<10}{}\n", command.name, command.summary);
  text += "\noptions:\n" + optionList(compileCommand().options);
  text += fmt::format("\n{}\n", compileCommand().details);
  return text + "\n`attnc COMMAND --help` shows a command's options. Exit status: 0 success, 1 the input is at fault, 2 usage,\n"
                "3 a check failed, 4 internal error.\n";
}

std::string driver::help(const Command &command) {
  std::string text = fmt::format("usage: {} {}\n{}\n\noptions:\n{}", commandName(command), command.arguments,
                                 command.summary, optionList(command.options));
  if (!command.details.empty())
    text += fmt::format("\n{}\n", command.details);
  return text;
}

bool Arguments::has(OptionId id) const {
  return std::any_of(options.begin(), options.end(), [&](const auto &option) { return option.first == id; });
}

std::optional<std::string> Arguments::value(OptionId id) const {
  for (auto option = options.rbegin(); option != options.rend(); ++option)
    if (option->first == id)
      return option->second;
  return std::nullopt;
}

std::vector<std::string> Arguments::values(OptionId id) const {
  std::vector<std::string> all;
  for (const auto &[given, value] : options)
    if (given == id)
      all.push_back(value);
  return all;
}

std::optional<Arguments> driver::parseArguments(const Command &command, const std::vector<std::string> &words,
                                                std::string &problem) {
  Arguments arguments;
  bool onlyFiles = false;
  for (size_t n = 0; n < words.size(); ++n) {
    const std::string &word = words[n];
    if (onlyFiles || word.size() < 2 || word[0] != '-') {
      arguments.files.push_back(word);
      continue;
    }
    if (word == "--") {
      onlyFiles = true;
      continue;
    }
    const Option *option = nullptr;
    std::optional<std::string> attached;
    if (word[1] == '-') {
      size_t equals = word.find('=');
      option = findLong(command, std::string_view(word).substr(2, equals == std::string::npos ? equals : equals - 2));
      if (equals != std::string::npos)
        attached = word.substr(equals + 1);
    } else {
      option = findLetter(command, word[1]);
      if (word.size() > 2 && option && !option->value.empty())
        attached = word.substr(word[2] == '=' ? 3 : 2);
      else if (word.size() > 2)
        option = nullptr;
    }
    if (!option) {
      problem = unknownOption(command, word);
      return std::nullopt;
    }
    if (option->id == OptionId::Help) {
      arguments.options.push_back({option->id, ""});
      return arguments;
    }
    if (option->value.empty()) {
      if (attached) {
        problem = fmt::format("option `{}` takes no value", spelled(*option));
        return std::nullopt;
      }
      arguments.options.push_back({option->id, ""});
      continue;
    }
    if (!attached) {
      if (n + 1 == words.size()) {
        problem = fmt::format("option `{}` needs a value: `{} {}`", word, word, option->value);
        return std::nullopt;
      }
      attached = words[++n];
    }
    arguments.options.push_back({option->id, *attached});
  }
  return arguments;
}
