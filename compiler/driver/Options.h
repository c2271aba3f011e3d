#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What `attnc` takes on its command line: one table per subcommand, from which parsing, help and (later) the manual page and shell
/// completion come.
namespace attn::driver {

enum class OptionId : uint8_t {
  Help, Version, ExplainKind,
  Output, Emit, Only, Cpu, Target, Set, Optimise,
  Input, Scalar, Random, Seed, Dims, Threads, Check, NoCheck, Computed, Tolerance, Reference, Time, Raw, NoCache, NoTuned, Forget,
  Json, Repeat,
  What, Head, Batch, Width, Theme, Depfile,
};

struct Option {
  OptionId id;
  char letter;            ///< 0: none
  std::string_view name;  ///< without dashes; empty: none
  std::string_view value; ///< what its value is called in help; empty: it takes none
  std::string_view help;
};

struct Command {
  std::string_view name;      ///< empty: compiling, which has no name
  std::string_view arguments; ///< after the name in the usage line
  std::string_view summary;   ///< one line
  std::string_view details;   ///< paragraphs after the options; may be empty
  std::vector<Option> options;
  size_t leastFiles, mostFiles; ///< how many arguments that are no options it takes
};

/// Every command, in the order help lists them. Commands of later versions are not among them.
const std::vector<Command> &commands();
const Command &compileCommand();
const Command *findCommand(std::string_view name);

/// `attnc --help`, and `attnc COMMAND --help`.
std::string overallHelp();
std::string help(const Command &command);

/// A command line by a command's table.
struct Arguments {
  std::vector<std::pair<OptionId, std::string>> options; ///< in order
  std::vector<std::string> files;

  bool has(OptionId id) const;
  /// The last value given.
  std::optional<std::string> value(OptionId id) const;
  std::vector<std::string> values(OptionId id) const;
};

/// Parses what follows the command's name. On a mistake returns nothing and says what is wrong, and what was probably
/// meant, in `problem`. `--help` anywhere stops parsing.
std::optional<Arguments> parseArguments(const Command &command, const std::vector<std::string> &words,
                                        std::string &problem);

} // namespace attn::driver
