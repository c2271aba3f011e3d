#include "compiler/codegen/Target.h"
#include "compiler/diagnostics/Diagnostics.h"
#include "compiler/driver/Options.h"
#include "compiler/driver/Pages.h"
#include "compiler/library/Compiler.h"

#include <fmt/format.h>

#include <functional>

using namespace attn;
using namespace attn::driver;

namespace {

/// The values an option takes where they can be listed.
std::vector<std::string> valuesOf(const Option &option) {
  if (option.id == OptionId::Emit)
    return library::emitKinds();
  if (option.id == OptionId::ExplainKind) {
    std::vector<std::string> names;
    for (DiagnosticKind kind : allDiagnosticKinds())
      names.emplace_back(kindName(kind));
    return names;
  }
  if (option.id == OptionId::Cpu) {
    std::vector<std::string> names = codegen::cpuNames("");
    names.insert(names.begin(), "native");
    return names;
  }
  return {};
}

/// Whether a value is or may end in the name of a file.
bool takesFile(const Option &option) {
  return option.value.find("FILE") != std::string_view::npos || option.value.find("SOURCE") != std::string_view::npos;
}

std::string joined(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : " ") + word;
  return text;
}

/// In single quotes of a shell.
std::string quoted(std::string_view text) {
  std::string result = "'";
  for (char letter : text)
    result += letter == '\'' ? "'\\''" : std::string(1, letter);
  return result + "'";
}

std::string optionWords(const Command &command) {
  std::vector<std::string> words;
  for (const Option &option : command.options) {
    if (option.letter)
      words.push_back(fmt::format("-{}", option.letter));
    if (!option.name.empty())
      words.push_back(fmt::format("--{}", option.name));
  }
  return joined(words);
}

std::string commandNames() {
  std::vector<std::string> names;
  for (const Command &command : commands())
    names.emplace_back(command.name);
  return joined(names);
}

/// Each option of any command once, by the spellings it has there.
void forEachOption(const std::function<void(const Option &)> &visit) {
  std::vector<OptionId> seen;
  auto look = [&](const Command &command) {
    for (const Option &option : command.options)
      if (std::find(seen.begin(), seen.end(), option.id) == seen.end()) {
        seen.push_back(option.id);
        visit(option);
      }
  };
  look(compileCommand());
  for (const Command &command : commands())
    look(command);
}

std::string bashPattern(const Option &option) {
  if (!option.letter)
    return fmt::format("--{}", option.name);
  return option.name.empty() ? fmt::format("-{}", option.letter) : fmt::format("-{}|--{}", option.letter, option.name);
}

/// What zsh's _arguments reads: brackets and colons of a text are escaped.
std::string zshText(std::string_view text) {
  std::string result;
  for (char letter : text) {
    if (letter == '[' || letter == ']' || letter == ':' || letter == '\\')
      result += '\\';
    result += letter;
  }
  return result;
}

std::string zshOption(const Option &option) {
  std::string action;
  if (!option.value.empty()) {
    std::vector<std::string> values = valuesOf(option);
    action = fmt::format(":{}:{}", zshText(option.value),
                         !values.empty() ? "(" + joined(values) + ")" : takesFile(option) ? "_files" : "");
  }
  std::string help = fmt::format("[{}]{}", zshText(option.help), action);
  std::string text;
  if (option.letter)
    text += fmt::format(" \\\n      {}", quoted(fmt::format("*-{}{}{}", option.letter, option.value.empty() ? "" : "+", help)));
  if (!option.name.empty())
    text += fmt::format(" \\\n      {}", quoted(fmt::format("*--{}{}{}", option.name, option.value.empty() ? "" : "=", help)));
  return text;
}

std::string zshArguments(const Command &command) {
  std::string text = "    _arguments -s -S";
  for (const Option &option : command.options)
    text += zshOption(option);
  return text + " \\\n      '*:spec:_files -g \"*.attn\"'\n";
}

std::string fishOption(const Option &option, const std::string &condition) {
  std::string text = fmt::format("complete -c attnc -n {}", quoted(condition));
  if (option.letter)
    text += fmt::format(" -s {}", option.letter);
  if (!option.name.empty())
    text += fmt::format(" -l {}", option.name);
  std::vector<std::string> values = valuesOf(option);
  if (!values.empty())
    text += fmt::format(" -x -a {}", quoted(joined(values)));
  else if (!option.value.empty())
    text += takesFile(option) ? " -r -F" : " -x";
  return text + fmt::format(" -d {}\n", quoted(option.help));
}

} // namespace

std::string driver::bashCompletion() {
  std::string text = fmt::format("# bash completion for attnc\n"
                                 "_attnc() {{\n"
                                 "  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} options\n"
                                 "  COMPREPLY=()\n"
                                 "  # `--option=value` is three words.\n"
                                 "  if [[ $word == = ]]; then\n    word=''\n"
                                 "  elif [[ $before == = ]]; then\n    before=${{COMP_WORDS[COMP_CWORD-2]}}\n  fi\n"
                                 "  case $before in\n");
  forEachOption([&](const Option &option) {
    if (option.value.empty())
      return;
    std::vector<std::string> values = valuesOf(option);
    std::string reply = !values.empty()    ? fmt::format("COMPREPLY=($(compgen -W {} -- \"$word\"))", quoted(joined(values)))
                        : takesFile(option) ? "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$word\"))"
                                            : ":";
    text += fmt::format("    {}) {}; return ;;\n", bashPattern(option), reply);
  });
  text += "  esac\n  case ${COMP_WORDS[1]} in\n";
  for (const Command &command : commands())
    text += fmt::format("    {}) options={} ;;\n", command.name, quoted(optionWords(command)));
  text += fmt::format("    *) options={} ;;\n  esac\n", quoted(optionWords(compileCommand())));
  return text + fmt::format("  if [[ $word == -* ]]; then\n"
                            "    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n    return\n  fi\n"
                            "  compopt -o filenames 2>/dev/null\n"
                            "  COMPREPLY=($(compgen -f -X '!*.attn' -- \"$word\") $(compgen -d -- \"$word\"))\n"
                            "  if ((COMP_CWORD == 1)); then\n"
                            "    COMPREPLY+=($(compgen -W {} -- \"$word\"))\n  fi\n"
                            "}}\ncomplete -F _attnc attnc\n",
                            quoted(commandNames()));
}

std::string driver::zshCompletion() {
  std::string text = "#compdef attnc\n\nlocal -a commands=(\n";
  for (const Command &command : commands())
    text += fmt::format("  {}\n", quoted(fmt::format("{}:{}", command.name, command.summary)));
  text += ")\nif ((CURRENT == 2)) && [[ ${words[2]} != -* ]]; then\n"
          "  _alternative 'commands:command:{_describe command commands}' 'specs:spec:_files -g \"*.attn\"'\n  return\nfi\n"
          "case ${words[2]} in\n";
  for (const Command &command : commands())
    text += fmt::format("  {})\n    shift words\n    ((CURRENT--))\n{}    ;;\n", command.name, zshArguments(command));
  return text + fmt::format("  *)\n{}    ;;\nesac\n", zshArguments(compileCommand()));
}

std::string driver::fishCompletion() {
  std::string none = "not __fish_seen_subcommand_from " + commandNames();
  std::string text = "# fish completion for attnc\n";
  for (const Command &command : commands())
    text += fmt::format("complete -c attnc -n __fish_use_subcommand -a {} -d {}\n", command.name, quoted(command.summary));
  for (const Option &option : compileCommand().options)
    text += fishOption(option, none);
  for (const Command &command : commands())
    for (const Option &option : command.options)
      text += fishOption(option, fmt::format("__fish_seen_subcommand_from {}", command.name));
  return text;
}
