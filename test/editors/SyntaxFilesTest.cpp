#include "test/editors/TextMate.h"
#include "test/editors/TokenClasses.h"
#include "test/unit/Catch.h"
#include "test/unit/syntax/Corpus.h"

#include <fstream>
#include <iterator>

using namespace attn;
using namespace attn::editors;

namespace {

std::string fileText(const std::string &path) {
  std::ifstream stream(ATTN_SOURCE_DIR "/" + path, std::ios::binary);
  INFO(path);
  REQUIRE(stream);
  return {std::istreambuf_iterator<char>(stream), {}};
}

llvm::json::Object jsonFile(const std::string &path) {
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(fileText(path));
  INFO(path);
  if (!value)
    FAIL(llvm::toString(value.takeError()));
  REQUIRE(value->getAsObject());
  return std::move(*value->getAsObject());
}

/// The alternatives of the n-th group `(a|b|c)` or `(?:a|b|c)` of a regular expression.
std::set<std::string> alternatives(const std::string &expression, size_t group = 0) {
  static const std::regex groups(R"(\((?:\?:)?((?:\w+\|)+\w+)\))");
  std::sregex_iterator found(expression.begin(), expression.end(), groups);
  INFO(expression);
  for (; group > 0; --group)
    ++found;
  REQUIRE(found != std::sregex_iterator());
  std::string list = (*found)[1];
  std::set<std::string> words;
  for (size_t begin = 0; begin <= list.size();) {
    size_t bar = std::min(list.find('|', begin), list.size());
    CHECK(words.insert(list.substr(begin, bar - begin)).second);
    begin = bar + 1;
  }
  return words;
}

std::set<std::string> words(std::string_view kinds) {
  static constexpr std::string_view all[] = {"def", "layout", "attention", "import", "out",   "and",
                                             "or",  "not",    "if",        "else",   "true",  "false",
                                             "inf", "pi"};
  std::set<std::string> chosen;
  for (std::string_view word : all) {
    SourceManager sources;
    std::vector<ClassifiedToken> tokens = classify(*sources.addText("word", std::string(word)));
    REQUIRE(tokens.size() == 1);
    if (name(tokens[0].tokenClass) == kinds)
      chosen.insert(std::string(word));
  }
  return chosen;
}

/// The scope that stands for a class.
std::string_view scope(TokenClass tokenClass) {
  switch (tokenClass) {
  case TokenClass::Comment:
    return "comment.line.";
  case TokenClass::String:
    return "string.quoted.double.";
  case TokenClass::Number:
    return "constant.numeric.";
  case TokenClass::Declaration:
    return "keyword.declaration.";
  case TokenClass::Conditional:
    return "keyword.control.conditional.";
  case TokenClass::Logical:
    return "keyword.operator.logical.";
  case TokenClass::Constant:
    return "constant.language.";
  case TokenClass::Definition:
    return "entity.name.";
  case TokenClass::Builtin:
    return "support.function.builtin.";
  case TokenClass::Library:
    return "support.function.library.";
  case TokenClass::Call:
    return "entity.name.function.call.";
  case TokenClass::Type:
    return "storage.type.";
  case TokenClass::Coordinate:
    return "variable.language.coordinate.";
  case TokenClass::Extent:
    return "variable.other.constant.extent.";
  case TokenClass::Default:
    return "variable.language.default.";
  case TokenClass::Variable:
    return "variable.other.attn";
  case TokenClass::Operator:
    return "keyword.operator.";
  case TokenClass::Punctuation:
    return "punctuation.";
  }
  return "";
}

std::string match(const llvm::json::Object &grammar, const char *rule) {
  const llvm::json::Object *found = grammar.getObject("repository")->getObject(rule);
  INFO(rule);
  REQUIRE(found);
  return found->getString("match")->str();
}

constexpr const char *grammarPath = "editors/vscode/syntaxes/attn.tmLanguage.json";

void checkScopes(const TextMateGrammar &grammar, const SourceFile &source) {
  std::vector<ClassifiedToken> tokens = classify(source);
  auto token = tokens.begin();
  for (uint32_t number = 1; number <= source.lineCount(); ++number) {
    uint32_t begin = source.lineBegin(number);
    std::string line(source.line(number));
    std::vector<std::string> scopes = grammar.scopes(line);
    for (uint32_t n = 0; n < line.size(); ++n) {
      while (token != tokens.end() && token->end <= begin + n)
        ++token;
      bool isInside = token != tokens.end() && token->begin <= begin + n;
      std::string expected = isInside ? std::string(scope(token->tokenClass)) : "";
      bool isEscape = isInside && token->tokenClass == TokenClass::String && scopes[n] == "constant.character.escape.attn";
      if (scopes[n].substr(0, expected.size()) == expected && (isInside || scopes[n].empty()))
        continue;
      if (isEscape)
        continue;
      INFO(source.path() << ":" << number << ": " << line << "\nfrom byte " << n);
      CHECK(scopes[n] == expected);
      break;
    }
  }
}

} // namespace

TEST_CASE("the TextMate grammar knows the compiler's names, no more and no fewer") {
  llvm::json::Object grammar = jsonFile(grammarPath);
  CHECK(*grammar.getString("scopeName") == "source.attn");
  CHECK(alternatives(match(grammar, "builtin")) == knownNames().builtins);
  CHECK(alternatives(match(grammar, "library")) == knownNames().libraryFunctions);
  CHECK(alternatives(match(grammar, "mask")) == knownNames().libraryMasks);
  CHECK(alternatives(match(grammar, "pipe"), 0) == knownNames().builtins);
  std::set<std::string> library = knownNames().libraryFunctions;
  library.insert(knownNames().libraryMasks.begin(), knownNames().libraryMasks.end());
  CHECK(alternatives(match(grammar, "pipe"), 1) == library);
  CHECK(alternatives(match(grammar, "type")) == knownNames().types);
  CHECK(alternatives(match(grammar, "default")) == knownNames().defaults);
  CHECK(alternatives(match(grammar, "declaration")) == words("Declaration"));
  CHECK(alternatives(match(grammar, "conditional")) == words("Conditional"));
  CHECK(alternatives(match(grammar, "logical")) == words("Logical"));
  CHECK(alternatives(match(grammar, "constant")) == words("Constant"));
}

TEST_CASE("the Vim syntax file knows the compiler's names, no more and no fewer") {
  std::map<std::string, std::vector<std::set<std::string>>> lists;
  std::string file = fileText("editors/vim/syntax/attn.vim");
  for (size_t begin = 0; begin < file.size();) {
    size_t end = std::min(file.find('\n', begin), file.size());
    std::string line = file.substr(begin, end - begin);
    begin = end + 1;
    std::smatch found;
    if (std::regex_match(line, found, std::regex(R"(syntax match attn(\w+) .*<(\((?:\w+\|)+\w+\))>.*)")))
      lists[found[1]].push_back(alternatives(found[2]));
    else if (std::regex_match(line, found, std::regex(R"(syntax keyword attn(\w+) ([\w ]+))"))) {
      std::set<std::string> &list = lists[found[1]].emplace_back();
      std::string text = found[2];
      std::regex one("\\w+");
      for (std::sregex_iterator word(text.begin(), text.end(), one); word != std::sregex_iterator(); ++word)
        list.insert(word->str());
    }
  }
  using Sets = std::vector<std::set<std::string>>;
  const KnownNames &known = knownNames();
  CHECK(lists["Builtin"] == Sets{known.builtins, known.builtins});
  CHECK(lists["Library"] == Sets{known.libraryMasks, known.libraryFunctions, known.libraryFunctions});
  CHECK(lists["Type"] == Sets{known.types});
  CHECK(lists["Default"] == Sets{known.defaults});
  for (const char *kind : {"Declaration", "Conditional", "Logical", "Constant"})
    CHECK(lists[kind] == Sets{words(kind)});
}

TEST_CASE("the TextMate grammar gives every token of every example its scope, and blanks none") {
  TextMateGrammar grammar(jsonFile(grammarPath));
  for (const syntax::CorpusFile &file : syntax::corpus()) {
    SourceManager sources;
    checkScopes(grammar, *sources.addText(file.name, file.text));
  }
}

TEST_CASE("the TextMate grammar on what the examples don't have") {
  TextMateGrammar grammar(jsonFile(grammarPath));
  SourceManager sources;
  checkScopes(grammar, *sources.addText("forms.attn", fileText("test/editors/forms.attn")));
}

TEST_CASE("the extension for VS Code names files that are there") {
  llvm::json::Object package = jsonFile("editors/vscode/package.json");
  const llvm::json::Object *contributes = package.getObject("contributes");
  REQUIRE(contributes);
  const llvm::json::Object &grammar = *contributes->getArray("grammars")->front().getAsObject();
  const llvm::json::Object &language = *contributes->getArray("languages")->front().getAsObject();
  CHECK("editors/vscode" + grammar.getString("path")->substr(1).str() == grammarPath);
  CHECK(grammar.getString("language") == language.getString("id"));
  jsonFile("editors/vscode" + language.getString("configuration")->substr(1).str());
}
