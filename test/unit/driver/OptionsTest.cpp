#include "compiler/driver/Options.h"

#include "test/unit/Catch.h"

using namespace attn::driver;

namespace {

std::optional<Arguments> parse(const char *command, std::vector<std::string> words, std::string *problem = nullptr) {
  std::string said;
  auto arguments = parseArguments(*command ? *findCommand(command) : compileCommand(), words, said);
  if (problem)
    *problem = said;
  else
    CHECK(said == "");
  return arguments;
}

} // namespace

TEST_CASE("values may be attached or follow") {
  for (auto words : {std::vector<std::string>{"a.attn", "--seed=7"}, {"--seed", "7", "a.attn"}}) {
    auto arguments = parse("run", words);
    REQUIRE(arguments);
    CHECK(arguments->value(OptionId::Seed) == "7");
    CHECK(arguments->files == std::vector<std::string>{"a.attn"});
  }
  for (auto words : {std::vector<std::string>{"a.attn", "-i", "q=x"}, {"a.attn", "-iq=x"}, {"a.attn", "--input=q=x"}}) {
    auto arguments = parse("run", words);
    REQUIRE(arguments);
    CHECK(arguments->value(OptionId::Input) == "q=x");
  }
}

TEST_CASE("the last of several values counts, and all are kept") {
  auto arguments = parse("run", {"a.attn", "-p", "a=1", "-p", "b=2"});
  REQUIRE(arguments);
  CHECK(arguments->values(OptionId::Scalar) == std::vector<std::string>{"a=1", "b=2"});
  CHECK(arguments->value(OptionId::Scalar) == "b=2");
}

TEST_CASE("after -- everything is a file, and - is one") {
  auto arguments = parse("", {"-o", "-", "--", "-x.attn"});
  REQUIRE(arguments);
  CHECK(arguments->value(OptionId::Output) == "-");
  CHECK(arguments->files == std::vector<std::string>{"-x.attn"});
}

TEST_CASE("help stops parsing") {
  auto arguments = parse("run", {"--help", "--nonsense"});
  REQUIRE(arguments);
  CHECK(arguments->has(OptionId::Help));
}

TEST_CASE("mistakes are named with what was meant") {
  std::string problem;
  CHECK_FALSE(parse("run", {"--treads", "2"}, &problem));
  CHECK(problem == "unknown option `--treads`; did you mean `--threads`?");
  CHECK_FALSE(parse("run", {"--random=1"}, &problem));
  CHECK(problem == "option `--random` takes no value");
  CHECK_FALSE(parse("bench", {"--dims"}, &problem));
  CHECK(problem == "option `--dims` needs a value: `--dims B=1,H=8,…`");
}

TEST_CASE("every option is explained in its command's help") {
  auto explained = [](const Command &command, const std::string &text) {
    for (const Option &option : command.options) {
      INFO(option.name);
      CHECK_FALSE(option.help.empty());
      CHECK(text.find(option.name.empty() ? std::string("-") + option.letter : "--" + std::string(option.name)) !=
            std::string::npos);
    }
  };
  for (const Command &command : commands()) {
    explained(command, help(command));
    CHECK(overallHelp().find("  " + std::string(command.name)) != std::string::npos);
  }
  explained(compileCommand(), overallHelp());
}

TEST_CASE("no command has two options of one name") {
  auto distinct = [](const Command &command) {
    for (size_t n = 0; n < command.options.size(); ++n)
      for (size_t m = 0; m < n; ++m) {
        CHECK((command.options[n].name.empty() || command.options[n].name != command.options[m].name));
        CHECK((command.options[n].letter == 0 || command.options[n].letter != command.options[m].letter));
      }
  };
  for (const Command &command : commands())
    distinct(command);
  distinct(compileCommand());
}
