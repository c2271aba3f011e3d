#include "test/editors/TextMate.h"

#include "test/unit/Catch.h"

namespace attn::editors {

static std::string text(const llvm::json::Object &object, llvm::StringRef key) {
  std::optional<llvm::StringRef> value = object.getString(key);
  return value ? value->str() : std::string();
}

TextMateGrammar::TextMateGrammar(const llvm::json::Object &grammar) {
  const llvm::json::Object *repository = grammar.getObject("repository");
  const llvm::json::Array *patterns = grammar.getArray("patterns");
  REQUIRE(repository);
  REQUIRE(patterns);
  for (const llvm::json::Value &pattern : *patterns)
    top.push_back(rule(*pattern.getAsObject(), *repository));
}

const TextMateGrammar::Rule *TextMateGrammar::rule(const llvm::json::Object &pattern,
                                                   const llvm::json::Object &repository) {
  std::string include = text(pattern, "include");
  if (!include.empty()) {
    INFO(include);
    REQUIRE(include[0] == '#');
    const llvm::json::Object *named = repository.getObject(include.substr(1));
    REQUIRE(named);
    return rule(*named, repository);
  }
  auto made = std::make_unique<Rule>();
  made->scope = text(pattern, "name");
  made->isRegion = pattern.get("begin") != nullptr;
  made->match = std::regex(text(pattern, made->isRegion ? "begin" : "match"));
  if (made->isRegion) {
    made->end = std::regex(text(pattern, "end"));
    if (const llvm::json::Array *inside = pattern.getArray("patterns"))
      for (const llvm::json::Value &one : *inside)
        made->inside.push_back(rule(*one.getAsObject(), repository));
  }
  if (const llvm::json::Object *captures = pattern.getObject("captures"))
    for (const auto &[number, capture] : *captures)
      made->captures[std::stoul(number.str())] = text(*capture.getAsObject(), "name");
  owned.push_back(std::move(made));
  return owned.back().get();
}

std::vector<std::string> TextMateGrammar::scopes(const std::string &line) const {
  std::vector<std::string> result(line.size());
  auto paint = [&](size_t begin, size_t end, const std::string &scope) {
    for (size_t n = begin; n < end && !scope.empty(); ++n)
      result[n] = scope;
  };
  auto search = [&](const std::regex &expression, size_t from, std::smatch &match) {
    auto flags = from > 0 ? std::regex_constants::match_prev_avail : std::regex_constants::match_default;
    return std::regex_search(line.begin() + ptrdiff_t(from), line.end(), match, expression, flags);
  };
  const Rule *region = nullptr;
  for (size_t at = 0; at <= line.size();) {
    // The earliest match counts; of several there the first rule's, and an end before all.
    const Rule *found = nullptr;
    std::smatch best, match;
    bool ends = region && search(region->end, at, best);
    for (const Rule *one : region ? region->inside : top)
      if (search(one->match, at, match) && ((!found && !ends) || match.position() < best.position())) {
        found = one;
        best = match;
        ends = false;
      }
    if (!found && !ends)
      break;
    size_t begin = at + size_t(best.position()), end = begin + size_t(best.length());
    if (region)
      paint(at, ends ? end : begin, region->scope);
    if (ends) {
      region = nullptr;
    } else {
      REQUIRE(end > begin);
      paint(begin, end, found->scope);
      for (const auto &[number, scope] : found->captures)
        if (best[number].matched)
          paint(at + size_t(best.position(number)), at + size_t(best.position(number) + best.length(number)), scope);
      region = found->isRegion ? found : region;
    }
    at = end + (ends && end == line.size() ? 1 : 0);
  }
  return result;
}

} // namespace attn::editors
