#include "compiler/repl/Complete.h"

#include "compiler/library/Compiler.h"
#include "compiler/repl/Commands.h"

#include <algorithm>
#include <filesystem>

using namespace attn;
using namespace attn::repl;

namespace {

bool isWordCharacter(char c) { return std::isalnum(uint8_t(c)) || c == '_'; }

/// Those of the words that begin like the one at the cursor.
Completions fitting(std::string_view word, std::vector<std::string> words) {
  Completions found{word.size(), {}};
  for (std::string &one : words)
    if (one.starts_with(word) && one.size() >= word.size())
      found.words.push_back(std::move(one));
  std::sort(found.words.begin(), found.words.end());
  found.words.erase(std::unique(found.words.begin(), found.words.end()), found.words.end());
  return found;
}

Completions files(std::string_view word) {
  size_t slash = word.rfind('/');
  std::string folder(slash == std::string_view::npos ? "" : word.substr(0, slash + 1));
  std::string_view start = word.substr(folder.size());
  Completions found{word.size(), {}};
  std::error_code failure;
  auto entries = std::filesystem::directory_iterator(folder.empty() ? "." : folder, failure);
  for (; !failure && entries != std::filesystem::directory_iterator(); entries.increment(failure)) {
    std::string name = entries->path().filename().string();
    if (!name.starts_with(start) || (start.empty() && name.starts_with(".")))
      continue;
    std::error_code unknown;
    found.words.push_back(folder + name + (entries->is_directory(unknown) ? "/" : ""));
  }
  std::sort(found.words.begin(), found.words.end());
  return found;
}

std::vector<std::string> definitionNames(const session::Session &session) {
  std::vector<std::string> names{"layout", "out"};
  SourceFile source("", session.text());
  Diagnostics unheard;
  syntax::Fragment all = syntax::parseFragment(source, unheard);
  for (const auto &definition : all.file.definitions)
    names.emplace_back(definition.name.text);
  for (const auto &layout : all.file.layouts)
    names.emplace_back(layout.name.text);
  for (const auto &attention : all.file.attentions) {
    names.emplace_back(attention.name.text);
    for (const syntax::Line &line : attention.lines)
      if (attention.name.text == session.current() && !line.name.text.empty() &&
          line.kind != syntax::LineKind::UseLayout)
        names.emplace_back(line.name.text);
  }
  return names;
}

std::vector<std::string> argumentWords(const session::Session &session, ArgumentKind kind) {
  std::vector<std::string> words;
  switch (kind) {
  case ArgumentKind::Attention:
    return session.attentions();
  case ArgumentKind::Definition:
    return definitionNames(session);
  case ArgumentKind::Input:
    return session.names().inputs;
  case ArgumentKind::Extent:
    for (const std::string &name : session.names().extents)
      words.push_back(name + "=");
    return words;
  case ArgumentKind::Stage:
    for (std::string &stage : library::emitKinds())
      if (!library::isBinary(stage))
        words.push_back(std::move(stage));
    return words;
  case ArgumentKind::Picture:
    words = pictureNames();
    for (std::string &name : session.attentions())
      words.push_back(std::move(name));
    return words;
  case ArgumentKind::Command:
    for (const Command &command : allCommands())
      words.emplace_back(command.name);
    return words;
  default:
    return {};
  }
}

Completions completeCommand(const session::Session &session, std::string_view line) {
  size_t end = line.find_first_of(" \t");
  if (end == std::string_view::npos) {
    std::vector<std::string> words;
    for (const Command &command : allCommands())
      words.push_back(":" + std::string(command.name) + (command.arguments.empty() ? "" : " "));
    return fitting(line, std::move(words));
  }
  std::string_view name = line.substr(1, end - 1), rest = line.substr(end);
  for (const Command &command : allCommands()) {
    if (command.name != name)
      continue;
    size_t equals = rest.find('=');
    size_t quote = rest.rfind('"');
    bool isValue = command.completes == ArgumentKind::Input && equals != std::string_view::npos;
    if (isValue && quote != std::string_view::npos)
      return files(rest.substr(quote + 1));
    size_t begin = rest.find_last_of(isValue ? " =(" : " \t,") + 1;
    std::string_view word = rest.substr(begin);
    if (command.completes == ArgumentKind::File ||
        (command.name == "write" && rest.find(' ', 1) != std::string_view::npos))
      return files(word.starts_with("\"") ? word.substr(1) : word);
    if (isValue)
      return fitting(word, {"randn(", "rand(", "randint(", "arange(", "zeros(", "ones(", "full(", "load(\""});
    return fitting(word, argumentWords(session, command.completes));
  }
  return {};
}

} // namespace

Completions repl::complete(const session::Session &session, std::string_view before) {
  size_t first = before.find_first_not_of(" \t\n");
  if (first != std::string_view::npos && before[first] == ':')
    return completeCommand(session, before.substr(first));
  size_t begin = before.size();
  while (begin > 0 && isWordCharacter(before[begin - 1]))
    --begin;
  std::string_view word = before.substr(begin), lead = before.substr(0, begin);
  size_t line = lead.rfind('\n') == std::string_view::npos ? 0 : lead.rfind('\n') + 1;
  std::string_view here = lead.substr(line);
  size_t quote = here.rfind('"');
  if (here.starts_with("import ") && quote != std::string_view::npos)
    return files(before.substr(line + quote + 1));
  std::string_view trimmed = here.substr(0, here.find_last_not_of(" \t") + 1);
  if (trimmed.ends_with("layout"))
    return fitting(word, session.names().layouts);
  if (trimmed.ends_with(":"))
    return fitting(word, {"int", "float", "bool", "f16[", "bf16[", "f32[", "i8[", "u8[", "i32[", "i64[", "bool["});
  if (word.empty())
    return {};
  return fitting(word, session.names().values);
}
