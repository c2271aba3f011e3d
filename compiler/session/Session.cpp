#include "compiler/session/Session.h"

#include "compiler/syntax/Parser.h"

#include <fmt/format.h>

#include <algorithm>

using namespace attn;
using namespace attn::session;
using library::Spec;

namespace {

/// The name a message gives what was typed.
constexpr const char *inputName = "<input>";

std::string folderOf(const std::string &path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, std::max<size_t>(slash, 1));
}

bool isWithin(SourceRange range, const SourceFile &file, uint32_t begin, uint32_t end) {
  return range.file == &file && range.begin >= begin && range.begin <= end;
}

/// What was typed, as it is in the text, and back.
class Placement {
public:
  Placement(const SourceFile &text, const std::vector<Placed> &placed, const SourceFile &typed)
      : text(text), placed(placed), typed(typed) {}

  /// Whether a mistake is one of the new text: it is there, or in a def that is called from there.
  bool concerns(const Diagnostic &diagnostic, const syntax::File &tree) const {
    if (find(diagnostic.range))
      return true;
    for (const syntax::Attention &attention : tree.attentions)
      if (isWithin(diagnostic.range, text, attention.range.begin, attention.range.end))
        return false;
    return std::any_of(diagnostic.notes.begin(), diagnostic.notes.end(),
                       [&](const Note &note) { return find(note.range); });
  }
  Diagnostic asTyped(Diagnostic diagnostic) const {
    move(diagnostic.range);
    for (Note &note : diagnostic.notes)
      move(note.range);
    for (Suggestion &suggestion : diagnostic.suggestions)
      move(suggestion.range);
    return diagnostic;
  }

private:
  const Placed *find(SourceRange range) const {
    for (const Placed &one : placed)
      if (isWithin(range, text, one.begin, one.end))
        return &one;
    return nullptr;
  }
  void move(SourceRange &range) const {
    if (const Placed *one = find(range))
      range = {&typed, range.begin - one->begin + one->typedBegin, range.end - one->begin + one->typedBegin};
  }

  const SourceFile &text;
  const std::vector<Placed> &placed;
  const SourceFile &typed;
};

} // namespace

Session::Session() : checked(checkAll(state)) {}

void Session::clear() {
  State empty;
  install(empty, checkAll(empty));
  bindings.clear();
}

std::vector<std::string> Session::attentions() const {
  std::vector<std::string> names;
  for (const syntax::Attention &attention : checked.whole->syntax().attentions)
    names.emplace_back(attention.name.text);
  return names;
}

std::shared_ptr<const Spec> Session::spec(const std::string &name) const {
  auto found = checked.specs.find(name);
  return found == checked.specs.end() ? nullptr : found->second;
}

const syntax::Attention *Session::findAttention(const Spec &whole, const std::string &name) const {
  for (const syntax::Attention &attention : whole.syntax().attentions)
    if (attention.name.text == name)
      return &attention;
  return nullptr;
}

/// An attention alone with the file's defs, but for those lines that nothing uses and, if it gets by without them, defs
/// that are wrong.
std::shared_ptr<const Spec> Session::specOf(const State &state, const Spec &whole, const std::string &name) {
  std::string text = state.text;
  for (const syntax::Attention &other : whole.syntax().attentions)
    if (other.name.text != name)
      blank(text, other.range.begin, other.range.end);
  std::shared_ptr<const Spec> spec = Spec::fromText(state.path, text), withAll;
  for (bool changed = true; changed && !spec->isGood();) {
    changed = false;
    const SourceFile &file = spec->source();
    for (const Diagnostic &diagnostic : spec->diagnostics().all()) {
      if (diagnostic.kind == DiagnosticKind::UnusedLine)
        for (const syntax::Attention &attention : spec->syntax().attentions)
          for (const syntax::Line &line : attention.lines)
            if (isWithin(diagnostic.range, file, line.range.begin, line.range.end)) {
              blank(text, line.range.begin, line.range.end);
              changed = true;
            }
      for (const syntax::Definition &definition : spec->syntax().definitions)
        if (isWithin(diagnostic.range, file, definition.range.begin, definition.range.end)) {
          withAll = withAll ? withAll : spec;
          blank(text, definition.range.begin, definition.range.end);
          changed = true;
        }
    }
    if (changed)
      spec = Spec::fromText(state.path, text);
  }
  return spec->isGood() || !withAll ? spec : withAll;
}

Session::Checked Session::checkAll(const State &state) {
  Checked result;
  result.whole = Spec::fromText(state.path, state.text);
  std::string items = state.text;
  for (const syntax::Attention &attention : result.whole->syntax().attentions) {
    std::string name(attention.name.text);
    result.specs[name] = specOf(state, *result.whole, name);
    blank(items, attention.range.begin, attention.range.end);
  }
  result.items = Spec::fromText(state.path, items);
  for (const Diagnostic &diagnostic : result.items->diagnostics().all()) {
    if (kindSeverity(diagnostic.kind) != Severity::Error)
      continue;
    for (const syntax::Definition &definition : result.items->syntax().definitions)
      if (isWithin(diagnostic.range, result.items->source(), definition.range.begin, definition.range.end))
        result.wrongItems[std::string(definition.name.text)] = "def";
    for (const syntax::Layout &layout : result.items->syntax().layouts)
      if (isWithin(diagnostic.range, result.items->source(), layout.range.begin, layout.range.end))
        result.wrongItems[std::string(layout.name.text)] = "layout";
  }
  return result;
}

void Session::install(State next, Checked now) {
  history.push_back(std::move(state));
  state = std::move(next);
  checked = std::move(now);
}

/// Attentions and defs that no longer check, or do so again.
void Session::tellDifference(const Checked &before, const Checked &after, const std::set<std::string> &told,
                             Messages &messages) const {
  for (const auto &[name, what] : after.wrongItems) {
    if (before.wrongItems.count(name) || told.count(name))
      continue;
    std::vector<Diagnostic> own;
    for (const Diagnostic &diagnostic : after.items->diagnostics().all())
      for (const syntax::Definition &definition : after.items->syntax().definitions)
        if (definition.name.text == name &&
            isWithin(diagnostic.range, after.items->source(), definition.range.begin, definition.range.end))
          own.push_back(diagnostic);
    messages.add(std::move(own), after.items);
    messages.note(fmt::format("{} `{}` no longer checks", what, name));
  }
  for (const auto &[name, spec] : after.specs) {
    auto earlier = before.specs.find(name);
    if (told.count(name) || earlier == before.specs.end() || earlier->second->isGood() == spec->isGood())
      continue;
    if (state.growing.count(name))
      continue;
    if (!spec->isGood())
      messages.add(spec->diagnostics(), spec);
    messages.note(fmt::format("attention `{}` {}", name, spec->isGood() ? "checks again" : "no longer checks"));
  }
}

/// Carries a change out, unless the new text itself has mistakes. `touched` are the attentions it is about; `whole`:
/// they were typed as a whole, so that every mistake in them is one of the new text.
bool Session::accept(State next, const std::vector<Placed> &placed, const SourceFile &typed,
                     std::shared_ptr<const void> owner, const std::set<std::string> &touched, bool whole,
                     Messages &messages) {
  Checked after = checkAll(next);
  struct Owners {
    std::shared_ptr<const void> typed, spec;
  };
  auto tell = [&](const std::shared_ptr<const Spec> &spec, bool everything) {
    Placement placement(spec->source(), placed, typed);
    std::vector<Diagnostic> own;
    for (const Diagnostic &diagnostic : spec->diagnostics().all())
      if (everything || placement.concerns(diagnostic, spec->syntax()))
        own.push_back(placement.asTyped(diagnostic));
    bool failed = std::any_of(own.begin(), own.end(), [](const Diagnostic &diagnostic) {
      return kindSeverity(diagnostic.kind) == Severity::Error;
    });
    messages.add(std::move(own), std::make_shared<Owners>(Owners{owner, spec}));
    return failed;
  };
  bool failed = tell(after.items, false);
  for (const std::string &name : touched)
    if (auto spec = after.specs.find(name); spec != after.specs.end() && !failed)
      failed |= tell(spec->second, whole && !spec->second->isGood());
  if (failed)
    return false;
  Checked before = checked;
  install(std::move(next), std::move(after));
  tellDifference(before, checked, {}, messages);
  std::erase_if(state.growing, [&](const std::string &name) { return !spec(name) || spec(name)->isGood(); });
  return true;
}

bool Session::add(const std::string &typed, Messages &messages) {
  auto sources = std::make_shared<SourceManager>();
  const SourceFile *source = sources->addText(inputName, typed);
  Diagnostics found;
  auto fragment = std::make_shared<syntax::Fragment>(syntax::parseFragment(*source, found));
  bool failed = found.hasErrors();
  messages.add(std::move(found), sources);
  if (failed || fragment->kind == syntax::Fragment::Kind::Nothing)
    return !failed;
  return fragment->kind == syntax::Fragment::Kind::Items ? addItems(*fragment, sources, messages)
                                                         : addLines(*fragment, sources, messages);
}

bool Session::addItems(const syntax::Fragment &fragment, std::shared_ptr<const void> owner, Messages &messages) {
  Change change = withItems(checked.whole->syntax(), fragment.file);
  State next = state;
  next.text = std::move(change.text);
  std::set<std::string> touched;
  for (const syntax::Attention &attention : fragment.file.attentions)
    touched.emplace(attention.name.text);
  if (!fragment.file.attentions.empty())
    next.current = std::string(fragment.file.attentions.back().name.text);
  if (next.current != state.current || touched.count(next.current))
    next.assumedLayout = false;
  return accept(std::move(next), change.placed, *fragment.file.source, std::move(owner), touched, true, messages);
}

bool Session::addLines(const syntax::Fragment &fragment, std::shared_ptr<const void> owner, Messages &messages) {
  State next = state;
  if (next.current.empty())
    next.current = "main";
  auto any = [&](auto test) { return std::any_of(fragment.lines.begin(), fragment.lines.end(), test); };
  bool usesLayout = any([](const syntax::Line &line) { return line.kind == syntax::LineKind::UseLayout; });
  bool declares = any([](const syntax::Line &line) {
    return line.kind == syntax::LineKind::Declaration &&
           (line.name.text == "q" || line.name.text == "k" || line.name.text == "v");
  });
  bool isNew = !findAttention(*checked.whole, next.current);
  if (isNew) {
    std::string begin = next.text.empty() || next.text.back() == '\n' ? "" : "\n";
    next.text +=
        fmt::format("{}attention {} {{\n{}}}\n", begin, next.current, declares || usesLayout ? "" : "  layout mha\n");
    next.assumedLayout = !declares && !usesLayout;
    next.growing.insert(next.current);
  } else if (next.assumedLayout && (declares || usesLayout)) {
    if (!usesLayout)
      next.text = without(checked.whole->syntax(), findAttention(*checked.whole, next.current), "layout").text;
    next.assumedLayout = false;
  }
  std::shared_ptr<const Spec> base = next.text == state.text ? checked.whole : Spec::fromText(next.path, next.text);
  Change change = withLines(base->syntax(), *findAttention(*base, next.current), fragment.lines);
  next.text = std::move(change.text);
  std::string current = next.current;
  bool assumed = isNew && next.assumedLayout;
  if (!accept(std::move(next), change.placed, *fragment.file.source, std::move(owner), {current}, false, messages))
    return false;
  if (assumed)
    messages.note(
        fmt::format("attention `{}` begins with `layout mha`; another `layout` line takes its place", current));
  if (change.isAgain)
    for (const std::string &gone : change.replaced)
      messages.note(fmt::format("it takes the place of `{}`", gone));
  return true;
}

bool Session::load(const std::string &path, Messages &messages) {
  auto sources = std::make_shared<SourceManager>();
  std::string reason;
  const SourceFile *source = sources->open(path, reason);
  if (!source) {
    messages.error(fmt::format("cannot read `{}`: {}", path, reason));
    return false;
  }
  std::shared_ptr<const Spec> file = Spec::fromText(path, std::string(source->text()));
  Diagnostics syntaxOnly;
  syntax::File tree = syntax::parse(*source, syntaxOnly);
  if (syntaxOnly.hasErrors()) {
    messages.add(std::move(syntaxOnly), sources);
    return false;
  }
  State next = state;
  std::set<std::string> touched;
  for (const syntax::Attention &attention : tree.attentions)
    touched.emplace(attention.name.text);
  if (state.text.empty()) {
    next.text = std::string(source->text());
    next.path = path;
  } else {
    std::string folder = folderOf(path), here = folderOf(state.path);
    next.text = withItems(checked.whole->syntax(), tree, folder == here ? "" : folder.empty() ? "." : folder).text;
  }
  next.loaded = path;
  if (!tree.attentions.empty() && !touched.count(next.current)) {
    next.current = std::string(tree.attentions.front().name.text);
    next.assumedLayout = false;
  }
  Checked before = checked, after = checkAll(next);
  install(std::move(next), std::move(after));
  bool good = checked.items->isGood();
  for (const std::string &name : touched)
    good &= spec(name)->isGood();
  // Of a file as a whole, lines that nothing uses are told, too: it says them for good.
  if (!good || !file->diagnostics().all().empty())
    messages.add(file->diagnostics(), file);
  tellDifference(before, checked, touched, messages);
  return good && file->isGood();
}

bool Session::drop(const std::string &name, Messages &messages) {
  Change change = without(checked.whole->syntax(), findAttention(*checked.whole, state.current), name);
  if (change.replaced.empty()) {
    std::vector<std::string> known{"layout", "out"};
    for (const auto &definition : checked.whole->syntax().definitions)
      known.emplace_back(definition.name.text);
    for (const auto &layout : checked.whole->syntax().layouts)
      known.emplace_back(layout.name.text);
    for (const auto &attention : checked.whole->syntax().attentions)
      known.emplace_back(attention.name.text);
    if (const syntax::Attention *attention = findAttention(*checked.whole, state.current))
      for (const syntax::Line &line : attention->lines)
        if (line.kind != syntax::LineKind::Outputs)
          known.emplace_back(line.name.text);
    std::string close = closestName(name, known);
    messages.error(close.empty() ? fmt::format("nothing here is called `{}`", name)
                                 : fmt::format("nothing here is called `{}`; did you mean `{}`?", name, close));
    return false;
  }
  State next = state;
  next.text = std::move(change.text);
  Checked before = checked, after = checkAll(next);
  if (!after.specs.count(next.current))
    next.current = after.specs.empty() ? "" : after.specs.begin()->first;
  install(std::move(next), std::move(after));
  tellDifference(before, checked, {}, messages);
  return true;
}

bool Session::undo(Messages &messages) {
  if (history.empty()) {
    messages.error("there is nothing to undo");
    return false;
  }
  Checked before = std::move(checked);
  state = std::move(history.back());
  history.pop_back();
  checked = checkAll(state);
  tellDifference(before, checked, {}, messages);
  return true;
}

std::string Session::savedText(Messages &messages) const {
  std::vector<std::pair<uint32_t, uint32_t>> unused;
  for (const syntax::Attention &attention : checked.whole->syntax().attentions) {
    std::string name(attention.name.text);
    std::shared_ptr<const Spec> one = spec(name);
    if (!one->isGood()) {
      messages.note(fmt::format("attention `{}` doesn't check as it stands", name));
      continue;
    }
    // In the spec that checks, such lines are blank.
    for (const syntax::Line &line : attention.lines)
      if (one->source().text()[line.range.begin] == ' ') {
        unused.push_back({line.range.begin, line.range.end});
        messages.note(fmt::format("nothing in `{}` uses `{}`: it is saved as a comment", name, line.range.text()));
      }
  }
  for (const auto &[name, what] : checked.wrongItems)
    messages.note(fmt::format("{} `{}` doesn't check as it stands", what, name));
  return commentedOut(state.text, unused, "unused");
}
