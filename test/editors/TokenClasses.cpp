#include "test/editors/TokenClasses.h"

#include "compiler/sema/AttentionChecker.h"
#include "compiler/sema/Builtins.h"
#include "compiler/sema/Modules.h"
#include "compiler/syntax/Parser.h"
#include "compiler/syntax/Token.h"

#include <algorithm>
#include <optional>

namespace attn::editors {

using syntax::TokenKind;

std::string_view name(TokenClass tokenClass) {
  static constexpr std::string_view names[] = {
      "Comment", "String",  "Number", "Declaration", "Conditional", "Logical", "Constant", "Definition", "Builtin",
      "Library", "Call",    "Type",   "Coordinate",  "Extent",      "Default", "Variable", "Operator",   "Punctuation"};
  return names[size_t(tokenClass)];
}

const KnownNames &knownNames() {
  static const KnownNames names = [] {
    KnownNames known;
    for (const std::string &builtin : sema::builtinNames())
      known.builtins.insert(builtin);
    for (const char *reduction : {"sum", "min", "max", "any", "all"})
      if (sema::findReduction(reduction))
        known.builtins.insert(reduction);
    SourceManager sources;
    Diagnostics diagnostics;
    syntax::File nothing = syntax::parse(*sources.addText("nothing", ""), diagnostics);
    sema::ModuleSet modules(nothing, sources, diagnostics);
    for (const auto &[defined, definition] : modules.library().definitions)
      (definition->parameters.empty() ? known.libraryMasks : known.libraryFunctions).insert(std::string(defined));
    for (unsigned n = 0; n <= unsigned(sema::ElementType::Bool); ++n)
      known.types.insert(std::string(spelling(sema::ElementType(n))));
    known.types.insert({"int", "float", "type"});
    for (const syntax::Line &line : modules.defaults().lines)
      known.defaults.insert(std::string(line.name.text));
    known.defaults.insert("lse");
    return known;
  }();
  return names;
}

static TokenClass classOfName(std::string_view text, bool isCalled, bool isPiped) {
  const KnownNames &known = knownNames();
  std::string word(text);
  if (isCalled || isPiped) {
    if (known.builtins.count(word))
      return TokenClass::Builtin;
    if (known.libraryFunctions.count(word))
      return TokenClass::Library;
    if (!known.libraryMasks.count(word))
      return TokenClass::Call;
  }
  if (known.libraryMasks.count(word))
    return TokenClass::Library;
  if (word == "pi")
    return TokenClass::Constant;
  if (known.types.count(word))
    return TokenClass::Type;
  if (sema::isReservedCoordinate(word))
    return TokenClass::Coordinate;
  if (word[0] >= 'A' && word[0] <= 'Z')
    return TokenClass::Extent;
  return known.defaults.count(word) ? TokenClass::Default : TokenClass::Variable;
}

std::vector<ClassifiedToken> classify(const SourceFile &source) {
  Diagnostics diagnostics;
  std::vector<syntax::Comment> comments;
  std::vector<syntax::Token> tokens = syntax::lex(source, diagnostics, &comments);
  std::vector<ClassifiedToken> classified;
  for (const syntax::Comment &comment : comments)
    classified.push_back({comment.begin, comment.end, TokenClass::Comment});
  for (size_t n = 0; n < tokens.size(); ++n) {
    const syntax::Token &token = tokens[n];
    TokenKind before = n > 0 ? tokens[n - 1].kind : TokenKind::Newline;
    auto add = [&](TokenClass tokenClass) { classified.push_back({token.begin, token.end, tokenClass}); };
    switch (token.kind) {
    case TokenKind::EndOfFile:
    case TokenKind::Newline:
    case TokenKind::Invalid:
      break;
    case TokenKind::Name:
      if (before == TokenKind::Def || before == TokenKind::Layout || before == TokenKind::Attention)
        add(TokenClass::Definition);
      else
        add(classOfName(source.text().substr(token.begin, token.end - token.begin),
                        tokens[n + 1].kind == TokenKind::OpenParenthesis, before == TokenKind::Pipe));
      break;
    case TokenKind::Number:
      add(TokenClass::Number);
      break;
    case TokenKind::String:
      add(TokenClass::String);
      break;
    case TokenKind::Def:
    case TokenKind::Layout:
    case TokenKind::Attention:
    case TokenKind::Import:
    case TokenKind::Out:
      add(TokenClass::Declaration);
      break;
    case TokenKind::And:
    case TokenKind::Or:
    case TokenKind::Not:
      add(TokenClass::Logical);
      break;
    case TokenKind::If:
    case TokenKind::Else:
      add(TokenClass::Conditional);
      break;
    case TokenKind::True:
    case TokenKind::False:
    case TokenKind::Inf:
      add(TokenClass::Constant);
      break;
    case TokenKind::Comma:
    case TokenKind::Colon:
    case TokenKind::Semicolon:
      add(TokenClass::Punctuation);
      break;
    default:
      add(isOpener(token.kind) || isCloser(token.kind) ? TokenClass::Punctuation : TokenClass::Operator);
    }
  }
  std::sort(classified.begin(), classified.end(), [](auto &one, auto &other) { return one.begin < other.begin; });
  return classified;
}

} // namespace attn::editors
