#pragma once

#include "llvm/Support/JSON.h"

#include <map>
#include <memory>
#include <regex>
#include <string>
#include <vector>

namespace attn::editors {

/// As much of TextMate's grammars as ours has: `match` with `captures`, `begin` and `end` with `patterns`, `include` of
/// the repository. Regular expressions must mean the same to ECMAScript and to Oniguruma, which editors use.
class TextMateGrammar {
public:
  explicit TextMateGrammar(const llvm::json::Object &grammar);

  /// The innermost scope of every byte of one line; empty where there is none. Nothing is open at the beginning of a
  /// line, since no rule of ours spans lines.
  std::vector<std::string> scopes(const std::string &line) const;

private:
  struct Rule {
    std::string scope;
    std::regex match, end;
    bool isRegion = false;
    std::map<size_t, std::string> captures;
    std::vector<const Rule *> inside;
  };
  const Rule *rule(const llvm::json::Object &pattern, const llvm::json::Object &repository);

  std::vector<std::unique_ptr<Rule>> owned;
  std::vector<const Rule *> top;
};

} // namespace attn::editors
