#include "compiler/sema/AttentionChecker.h"

#include <fmt/format.h>

namespace attn::sema {

AttentionChecker::AttentionChecker(const syntax::Attention &syntax, ModuleSet &modules, Reports &reports,
                                   const std::unordered_set<const syntax::Definition *> &recursive)
    : syntax(syntax), modules(modules), reports(reports), recursive(recursive), graph(attention) {}

bool AttentionChecker::begin() {
  attention.name = std::string(syntax.name.text);
  attention.range = syntax.name.range;
  for (auto name : {"b", "h", "g", "i", "j", "d", "e"})
    attention.coordinates.push_back({name, none});

  placeLines(syntax.lines, modules.main(), nullptr, 0);
  // Without a layout's lines every other line would seem wrong.
  if (layoutFailed)
    return false;
  collectExtents();
  declareNames();
  bindExtents();
  entities.resize(lines.size() + modules.defaults().lines.size());
  return true;
}

std::optional<Attention> AttentionChecker::check() {
  if (!begin())
    return std::nullopt;
  for (EntityId entity = 0; entity < lines.size(); ++entity)
    if (lines[entity].line->kind == syntax::LineKind::Assignment && lineExtentName(lines[entity]).empty())
      evaluateEntity(entity, {}, contextOf(entity));
  evaluateScalarDefaults();
  for (ExtentId extent = 0; extent < attention.extents.size(); ++extent)
    evaluateExtent(extent, attention.extents[extent].range, Context{.module = &modules.main()});
  checkOutputs();
  evaluateSpecials();
  finishDimensions();
  checkExtents();
  // What nothing uses can only be told where everything else is understood.
  if (errorCount == 0)
    checkUnused();
  if (errorCount != 0)
    return std::nullopt;
  return std::move(attention);
}

std::optional<Attention> AttentionChecker::checkExpression(const syntax::Expr &expression) {
  if (!begin())
    return std::nullopt;
  useExpression(expression);
  Output output{.range = expression.range};
  output.value = evaluateNode(expression, Context{.module = &modules.main()});
  if (output.value == none)
    return std::nullopt;
  evaluateScalarDefaults();
  for (ExtentId extent = 0; extent < attention.extents.size(); ++extent)
    evaluateExtent(extent, attention.extents[extent].range, Context{.module = &modules.main()});
  if (findRowFunction(output.value) != none)
    evaluateSpecials();
  else
    attention.mask = graph.boolean(true, expression.range);
  finishDimensions();
  checkExtents();
  if (errorCount != 0)
    return std::nullopt;
  convertOutput(output, false, Context{.module = &modules.main()});
  placeEverywhere(output);
  attention.outputs.push_back(std::move(output));
  return std::move(attention);
}

namespace {

bool inLibrary(SourceRange range) { return range.file && range.file->path().rfind("<library>/", 0) == 0; }

} // namespace

AttentionChecker::Place AttentionChecker::locate(SourceRange range, const Context &context) const {
  Place place;
  const Frame *frame = context.frame;
  const LayoutUse *layout = context.layout;
  while (inLibrary(range) && frame) {
    place.notes.push_back({range, fmt::format("here in `{}` of the library", frame->definition->name.text)});
    range = frame->call;
    layout = frame->callLayout;
    frame = frame->caller;
  }
  while (inLibrary(range) && layout) {
    place.notes.push_back({range, fmt::format("here in layout `{}` of the library", layout->definition->name.text)});
    range = layout->range;
    layout = layout->parent;
  }
  if (inLibrary(range)) {
    place.notes.push_back({range, "in this line, which stands unless it is redefined"});
    range = syntax.name.range;
  }
  for (int shown = 0; frame && shown < 4; frame = frame->caller, ++shown)
    place.notes.push_back({frame->call, fmt::format("`{}` is called here", frame->definition->name.text)});
  place.range = range;
  return place;
}

std::string AttentionChecker::quoted(SourceRange range) const {
  std::string text;
  for (char c : range.text()) {
    bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (space && (text.empty() || text.back() == ' '))
      continue;
    text += space ? ' ' : c;
  }
  constexpr size_t limit = 48;
  if (text.size() <= limit)
    return text;
  size_t cut = limit;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80)
    --cut;
  return text.substr(0, cut) + "…";
}

bool AttentionChecker::budgetSpent(SourceRange at, const Context &context) {
  if (!graph.exhausted())
    return false;
  // rule 6.11
  if (!budgetReported && graph.tooDeep())
    report(DiagnosticKind::ProgramTooLarge, at, context, attention.name,
           fmt::format("a chain of more than {} operations, each on the result of the last", GraphBuilder::depthBudget))
        .note("a sum of many terms is shallower in halves: `(a + b) + (c + d)`");
  else if (!budgetReported)
    report(DiagnosticKind::ProgramTooLarge, at, context, attention.name,
           fmt::format("more than {} different expressions", GraphBuilder::nodeBudget))
        .note("definitions that use each other several times, each time with other arguments, multiply");
  budgetReported = true;
  return true;
}

} // namespace attn::sema
