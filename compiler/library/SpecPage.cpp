#include "compiler/library/SpecPage.h"

#include "compiler/library/Explanation.h"
#include "compiler/library/Formula.h"
#include "compiler/syntax/Token.h"

#include <algorithm>
#include <array>

using namespace attn;
using namespace attn::library;
using picture::Highlight;
using syntax::TokenKind;

namespace {

constexpr auto elementTypes =
    std::to_array<std::string_view>({"f16", "bf16", "f32", "i8", "u8", "i32", "i64", "bool", "int", "float", "type"});

std::string kindOf(TokenKind kind, std::string_view word) {
  if (kind >= TokenKind::Def && kind <= TokenKind::Else)
    return "keyword";
  if (kind == TokenKind::Number || (kind >= TokenKind::True && kind <= TokenKind::Inf))
    return "number";
  if (kind == TokenKind::String)
    return "string";
  bool isType = kind == TokenKind::Name && std::find(elementTypes.begin(), elementTypes.end(), word) != elementTypes.end();
  return isType ? "type" : "";
}

/// Tokens, and the comments in the gaps between them.
std::vector<Highlight> highlightsOf(const SourceFile &source) {
  std::string_view text = source.text();
  std::vector<Highlight> parts;
  Diagnostics ignored;
  size_t at = 0;
  for (const syntax::Token &token : syntax::lex(source, ignored)) {
    if (size_t hash = text.substr(at, token.begin - at).find('#'); hash != std::string_view::npos) {
      size_t begin = at + hash;
      parts.push_back({begin, std::min<size_t>(text.find('\n', begin), token.begin), "comment"});
    }
    at = token.end;
    if (std::string kind = kindOf(token.kind, text.substr(token.begin, token.end - token.begin)); !kind.empty())
      parts.push_back({token.begin, token.end, std::move(kind)});
  }
  return parts;
}

/// Pairs that an explanation's statistics may have: more may take long to count, and the pictures tell as much.
constexpr double mostPairs = double(int64_t(1) << 34);

} // namespace

picture::Page library::specPage(const Spec &spec) {
  picture::Page page;
  const std::string path = std::string(spec.source().path());
  page.title = path.substr(path.rfind('/') + 1);
  page.source = std::string(spec.source().text());
  page.highlights = highlightsOf(spec.source());
  return page;
}

picture::PageSection library::pageSection(const std::shared_ptr<const Spec> &spec, const sema::Attention &attention, const RunData &data,
                                          const CompileRequest &request) {
  picture::PageSection section;
  section.name = attention.name;
  section.signature = signature(attention);
  section.formulas = formulas(attention);
  double pairs = 1;
  for (sema::CoordinateId coordinate : {sema::coordinateB, sema::coordinateH, sema::coordinateI, sema::coordinateJ})
    if (sema::ExtentId id = attention.coordinates[coordinate].extent; id != sema::none)
      pairs *= double(data.binding.extents[id].value_or(1));
  CompileReport report;
  section.explanation = explain(spec, attention, &data, request, report, pairs <= mostPairs);
  if (report.failed())
    section.explanation += report.failure.empty() ? render(report.diagnostics) : report.failure + "\n";
  return section;
}
