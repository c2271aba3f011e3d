#include "compiler/sema/Check.h"
#include "compiler/syntax/Parser.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sys/wait.h>

/// usage: attn_golden_diagnostics FOLDER DIAGNOSTICS.md [ATTNC]
///
/// Checks that every kind of diagnostic has a golden case in FOLDER that really produces it, and a section `## kind` in
/// DIAGNOSTICS.md. A case is one of
/// - `<kind>.attn`: a source, parsed and checked; `<kind>.expected` is everything rendered about it;
/// - `<kind>.cmd`: a shell command, `%attnc` in it the compiler and `%t` an empty folder, run in FOLDER;
/// `<kind>.expected`
///   is its standard error, with the `%t` path written `%t`, and a last line `[exit status N]`. Skipped without ATTNC.
/// FOLDER/mistakes holds more of the mistakes people make, whatever the kinds: `<name>.attn` with `<name>.expected`, every one of which is an error or a warning.
/// Files that cases import lie in FOLDER/inputs. With ATTN_UPDATE_GOLDEN=1 in the environment differences are written
/// back.
namespace {

using namespace attn;
namespace fs = std::filesystem;

std::string readFile(const fs::path &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string replaceAll(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

class GoldenTest {
public:
  GoldenTest(fs::path folder, std::string attnc)
      : folder(std::move(folder)), attnc(std::move(attnc)),
        update(std::getenv("ATTN_UPDATE_GOLDEN") && std::string_view(std::getenv("ATTN_UPDATE_GOLDEN")) == "1") {}

  int run(const fs::path &documentation) {
    std::string documented = "\n" + readFile(documentation);
    std::set<std::string> names;
    for (DiagnosticKind kind : allDiagnosticKinds()) {
      std::string name(kindName(kind));
      names.insert(name);
      checkCase(name);
      if (documented.find("\n## " + name + "\n") == std::string::npos)
        fail(name, fmt::format("no section `## {}` in {}", name, documentation.string()));
    }
    checkOrphans(names);
    checkMistakes();
    checkSections(documented, names);
    fmt::print("{} kinds, {} failures, {} skipped\n", names.size(), failures, skipped);
    return failures == 0 ? 0 : 1;
  }

private:
  void fail(const std::string &name, const std::string &text) {
    ++failures;
    fmt::print("{}: {}\n", name, text);
  }

  void checkCase(const std::string &name) {
    bool hasSource = fs::exists(folder / (name + ".attn")), hasCommand = fs::exists(folder / (name + ".cmd"));
    if (hasSource == hasCommand)
      return fail(name, hasSource ? "both a .attn and a .cmd case" : "no golden case: add " + name + ".attn or .cmd");
    if (hasCommand && attnc.empty()) {
      ++skipped;
      return fmt::print("{}: skipped, no attnc\n", name);
    }
    std::string produced = hasSource ? checkSource(name) : runCommand(name);
    if (produced.find("[" + name + "]: ") == std::string::npos)
      return fail(name, "the case doesn't produce the kind:\n" + produced);
    compare(name, produced);
  }

  void checkMistakes() {
    std::set<std::string> names;
    for (const auto &entry : fs::directory_iterator(folder / "mistakes"))
      if (entry.path().extension() == ".attn")
        names.insert("mistakes/" + entry.path().stem().string());
    for (const std::string &name : names) {
      std::string produced = checkSource(name);
      if (produced.empty())
        fail(name, "nothing is said about it");
      else
        compare(name, produced);
    }
  }

  void compare(const std::string &name, const std::string &produced) {
    fs::path golden = folder / (name + ".expected");
    if (readFile(golden) == produced && fs::exists(golden))
      return;
    if (update) {
      std::ofstream(golden, std::ios::binary) << produced;
      return fmt::print("{}: written\n", name);
    }
    fail(name, fmt::format("differs from {}.expected; produced:\n{}", name, produced));
  }

  static std::string checkSource(const std::string &name) {
    SourceManager sources;
    Diagnostics diagnostics;
    std::string reason;
    const SourceFile *source = sources.open(name + ".attn", reason);
    if (!source)
      return reason;
    syntax::File file = syntax::parse(*source, diagnostics);
    if (!diagnostics.hasErrors())
      sema::check(file, sources, diagnostics);
    return render(diagnostics);
  }

  std::string runCommand(const std::string &name) const {
    fs::path temporary = fs::temp_directory_path() / ("attn-golden-" + name);
    fs::remove_all(temporary);
    fs::create_directories(temporary);
    std::string command = replaceAll(readFile(folder / (name + ".cmd")), "%attnc", attnc);
    command = replaceAll(std::move(command), "%t", temporary.string());
    std::FILE *pipe = ::popen(("( " + command + " ) 2>&1 >/dev/null").c_str(), "r");
    if (!pipe)
      return "the command can't be run";
    std::string text;
    char buffer[4096];
    for (size_t count; (count = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
      text.append(buffer, count);
    int status = ::pclose(pipe);
    fs::remove_all(temporary);
    text = replaceAll(std::move(text), temporary.string(), "%t");
    return text + (WIFEXITED(status) ? fmt::format("[exit status {}]\n", WEXITSTATUS(status)) : "[killed]\n");
  }

  void checkOrphans(const std::set<std::string> &names) {
    for (const auto &entry : fs::directory_iterator(folder)) {
      fs::path path = entry.path();
      bool isCase = path.extension() == ".attn" || path.extension() == ".cmd" || path.extension() == ".expected";
      if (isCase && names.count(path.stem().string()) == 0)
        fail(path.filename().string(), "there is no such kind in Diagnostics.def");
    }
  }

  void checkSections(const std::string &documented, const std::set<std::string> &names) {
    for (size_t at = documented.find("\n## "); at != std::string::npos; at = documented.find("\n## ", at + 1)) {
      std::string name = documented.substr(at + 4, documented.find('\n', at + 4) - at - 4);
      if (names.count(name) == 0)
        fail(name, "documented, but there is no such kind in Diagnostics.def");
    }
  }

  fs::path folder;
  std::string attnc;
  bool update;
  unsigned failures = 0;
  unsigned skipped = 0;
};

} // namespace

int main(int count, char **arguments) {
  if (count < 3 || count > 4) {
    fmt::print(stderr, "usage: attn_golden_diagnostics FOLDER DIAGNOSTICS.md [ATTNC]\n");
    return 2;
  }
  fs::path folder = arguments[1], documentation = fs::absolute(arguments[2]);
  std::string attnc = count == 4 ? fs::absolute(arguments[3]).string() : "";
  fs::current_path(folder);
  return GoldenTest(".", attnc).run(documentation);
}
