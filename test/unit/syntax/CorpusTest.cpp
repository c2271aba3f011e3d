#include "compiler/syntax/Printer.h"
#include "test/unit/Catch.h"
#include "test/unit/syntax/Corpus.h"
#include "test/unit/syntax/TreeText.h"

using namespace attn;
using namespace attn::syntax;

namespace {

/// Parses, and if nothing was wrong prints and parses again. Fails if the trees differ.
void parseAndPrint(const std::string &text) {
  Parsed first(text);
  REQUIRE(render(first.diagnostics).find('\0') == std::string::npos);
  if (!first.diagnostics.all().empty())
    return;
  std::string printed = print(first.file);
  Parsed second(printed);
  INFO(text << "\n---\n" << printed);
  REQUIRE(second.reports().empty());
  REQUIRE(treeText(second.file) == treeText(first.file));
  REQUIRE(print(second.file) == printed);
}

} // namespace

TEST_CASE("the corpus is there") { CHECK(corpus().size() > 12); }

TEST_CASE("every example parses, and prints to what parses to the same tree") {
  for (const CorpusFile &file : corpus()) {
    INFO(file.name);
    Parsed parsed(file.text);
    CHECK(parsed.reports().empty());
    parseAndPrint(file.text);
  }
}

TEST_CASE("every prefix of every example gets a tree or a message") {
  for (const CorpusFile &file : corpus()) {
    INFO(file.name);
    for (size_t size = 0; size <= file.text.size(); ++size)
      parseAndPrint(file.text.substr(0, size));
  }
}

TEST_CASE("an example without one of its bytes, or with a stray one, gets a tree or a message") {
  constexpr std::string_view strays = "()[]{};,=:.\"\n\xFF";
  for (const CorpusFile &file : corpus()) {
    INFO(file.name);
    for (size_t at = 0; at < file.text.size(); ++at) {
      std::string without = file.text, with = file.text;
      parseAndPrint(without.erase(at, 1));
      with[at] = strays[at % strays.size()];
      parseAndPrint(with);
    }
  }
}
