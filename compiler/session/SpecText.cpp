#include "compiler/session/SpecText.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace attn::session {

using syntax::Line;
using syntax::LineKind;

namespace {

using Range = std::pair<uint32_t, uint32_t>;

/// Edits of one text, gathered and then carried out from its end to its beginning.
class Editor {
public:
  explicit Editor(std::string_view text) : text(text) {}

  void replace(Range range, std::string before, std::string_view piece, std::string after, uint32_t typedBegin) {
    edits.push_back({range, std::move(before), std::string(piece), std::move(after), typedBegin});
  }
  void remove(Range range) { edits.push_back({range, "", "", "", 0}); }
  void note(std::string_view gone) { replaced.emplace_back(gone); }

  Change finish() {
    for (size_t n = 0; n < edits.size(); ++n)
      edits[n].number = n;
    std::sort(edits.begin(), edits.end(), [](const Edit &a, const Edit &b) {
      return a.range != b.range ? a.range < b.range : a.number < b.number;
    });
    Change change;
    uint32_t at = 0;
    for (const Edit &edit : edits) {
      uint32_t begin = std::max(at, edit.range.first);
      change.text += text.substr(at, begin - at);
      change.text += edit.before;
      if (!edit.piece.empty())
        change.placed.push_back(
            {uint32_t(change.text.size()), uint32_t(change.text.size() + edit.piece.size()), edit.typedBegin});
      change.text += edit.piece + edit.after;
      at = std::max(begin, edit.range.second);
    }
    change.text += text.substr(at);
    change.replaced = std::move(replaced);
    return change;
  }

private:
  struct Edit {
    Range range;
    std::string before, piece, after;
    uint32_t typedBegin;
    size_t number = 0; ///< what stands in one place stands in the order it came
  };
  std::string_view text;
  std::vector<Edit> edits;
  std::vector<std::string> replaced;
};

/// The whole lines of text of a range that has them to itself (a comment behind it goes with it); else the range, with
/// the `;` that parted it from its neighbour.
Range wholeLines(std::string_view text, SourceRange range) {
  uint32_t begin = range.begin, end = range.end;
  while (begin > 0 && (text[begin - 1] == ' ' || text[begin - 1] == '\t'))
    --begin;
  uint32_t after = end;
  while (after < text.size() && (text[after] == ' ' || text[after] == '\t'))
    ++after;
  bool atStart = begin == 0 || text[begin - 1] == '\n';
  if (after < text.size() && text[after] == ';') {
    for (++after; after < text.size() && text[after] == ' ';)
      ++after;
    return {range.begin, after};
  }
  if (!atStart && text[begin - 1] == ';')
    return {begin - 1, range.end};
  if (after < text.size() && text[after] == '#')
    while (after < text.size() && text[after] != '\n')
      ++after;
  bool atEnd = after == text.size() || text[after] == '\n';
  if (!atStart || !atEnd)
    return {range.begin, range.end};
  return {begin, after < text.size() ? after + 1 : after};
}

void addNames(const syntax::Expr *root, std::set<std::string_view> &names) {
  std::vector<const syntax::Expr *> pending{root};
  while (!pending.empty()) {
    const syntax::Expr *top = pending.back();
    pending.pop_back();
    if (!top)
      continue;
    if (top->kind == syntax::ExprKind::Name)
      names.insert(top->name.text);
    pending.insert(pending.end(), top->operands.begin(), top->operands.end());
    for (const syntax::Argument &argument : top->arguments)
      pending.push_back(argument.value);
  }
}

std::set<std::string_view> namesIn(const Line &line) {
  std::set<std::string_view> names;
  addNames(line.value, names);
  if (line.type)
    for (const syntax::Expr *dimension : line.type->dimensions)
      addNames(dimension, names);
  for (const syntax::Argument &argument : line.arguments)
    addNames(argument.value, names);
  return names;
}

bool mentionsItself(const Line &line) {
  return line.kind == LineKind::Assignment && namesIn(line).count(line.name.text);
}

bool givesName(const Line &line) { return line.kind == LineKind::Assignment || line.kind == LineKind::Declaration; }

/// Whether `later` takes the place of `earlier`, as far as their kinds and names say.
bool isAnew(const Line &earlier, const Line &later) {
  if (earlier.kind != later.kind)
    return false;
  if (later.kind == LineKind::UseLayout)
    return true;
  if (later.kind != LineKind::Outputs)
    return earlier.name.text == later.name.text;
  return std::all_of(earlier.items.begin(), earlier.items.end(), [&](const syntax::OutputItem &item) {
    return std::any_of(later.items.begin(), later.items.end(),
                       [&](const syntax::OutputItem &other) { return other.name.text == item.name.text; });
  });
}

struct Item {
  SourceRange range;
  std::string_view name;
  syntax::File::ItemKind kind;
};

std::vector<Item> itemsOf(const syntax::File &file) {
  std::vector<Item> items;
  for (const syntax::File::Item &item : file.order) {
    switch (item.kind) {
    case syntax::File::ItemKind::Import:
      items.push_back({file.imports[item.index].range, file.imports[item.index].path, item.kind});
      break;
    case syntax::File::ItemKind::Definition:
      items.push_back({file.definitions[item.index].range, file.definitions[item.index].name.text, item.kind});
      break;
    case syntax::File::ItemKind::Layout:
      items.push_back({file.layouts[item.index].range, file.layouts[item.index].name.text, item.kind});
      break;
    case syntax::File::ItemKind::Attention:
      items.push_back({file.attentions[item.index].range, file.attentions[item.index].name.text, item.kind});
      break;
    }
  }
  return items;
}

std::string escaped(std::string_view path) {
  std::string text;
  for (char c : path) {
    if (c == '"' || c == '\\')
      text += '\\';
    text += c;
  }
  return text;
}

Range rangeOf(SourceRange range) { return {range.begin, range.end}; }

} // namespace

Change withItems(const syntax::File &file, const syntax::File &typed, const std::string &importFolder) {
  std::string_view text = file.source->text();
  Editor editor(text);
  std::vector<Item> old = itemsOf(file);
  std::string begin = text.empty() || text.back() == '\n' ? "" : "\n";
  for (const Item &item : itemsOf(typed)) {
    std::string path(item.name);
    bool isImport = item.kind == syntax::File::ItemKind::Import;
    bool moves = isImport && !importFolder.empty() && !path.starts_with("/");
    if (moves)
      path = importFolder + "/" + path;
    auto same = std::find_if(old.begin(), old.end(),
                             [&](const Item &other) { return other.kind == item.kind && other.name == path; });
    if (same != old.end() && isImport)
      continue;
    std::string piece = moves ? fmt::format("import \"{}\"", escaped(path)) : std::string(item.range.text());
    if (same == old.end()) {
      uint32_t end = uint32_t(text.size());
      editor.replace({end, end}, begin, piece, "\n", item.range.begin);
      begin.clear();
      continue;
    }
    editor.note(same->range.text());
    editor.replace(rangeOf(same->range), "", piece, "", item.range.begin);
  }
  return editor.finish();
}

namespace {

/// Which lines a new one replaces, in order.
std::vector<size_t> replacedBy(const Line &line, const std::vector<Line> &old) {
  bool readsItself = mentionsItself(line);
  std::vector<size_t> found;
  for (size_t n = 0; n < old.size(); ++n)
    if (isAnew(old[n], line) && (!readsItself || mentionsItself(old[n])))
      found.push_back(n);
  // What reads the earlier meaning of its name leaves that standing: only the last such line makes room.
  if (readsItself && found.size() > 1)
    found = {found.back()};
  return found;
}

/// How many of the old lines must stand before a new one, because they define what it uses.
size_t linesUsed(const Line &line, const std::vector<Line> &old, const std::vector<size_t> &replaced) {
  std::set<std::string_view> names = namesIn(line);
  for (size_t n = old.size(); n-- > 0;)
    if (givesName(old[n]) && names.count(old[n].name.text) && !std::count(replaced.begin(), replaced.end(), n))
      return n + 1;
  return 0;
}

} // namespace

Change withLines(const syntax::File &file, const syntax::Attention &attention, const std::vector<Line> &lines) {
  std::string_view text = file.source->text();
  const std::vector<Line> &old = attention.lines;
  Editor editor(text);
  bool isAgain = false;
  // The closing brace is the last character of the attention.
  uint32_t close = attention.range.end - 1;
  while (close > 0 && (text[close - 1] == ' ' || text[close - 1] == '\t'))
    --close;
  std::string lead = close > 0 && text[close - 1] == '\n' ? "" : "\n";
  for (const Line &line : lines) {
    std::string_view piece = line.range.text();
    std::vector<size_t> replaced = replacedBy(line, old);
    size_t used = linesUsed(line, old, replaced);
    bool inPlace = !replaced.empty() && used <= replaced.front();
    for (size_t n : replaced) {
      editor.note(old[n].range.text());
      isAgain |= mentionsItself(line);
      if (inPlace && n == replaced.front())
        editor.replace(rangeOf(old[n].range), "", piece, "", line.range.begin);
      else
        editor.remove(wholeLines(text, old[n].range));
    }
    if (inPlace)
      continue;
    if (!replaced.empty() && used < old.size()) {
      uint32_t end = old[used - 1].range.end;
      editor.replace({end, end}, "\n  ", piece, "", line.range.begin);
      continue;
    }
    // What is declared stands before what is defined, so that all lines see it.
    bool declares = line.kind == LineKind::Declaration || line.kind == LineKind::UseLayout;
    if (declares && replaced.empty() && !old.empty()) {
      size_t behind = old.size();
      while (behind > 0 && old[behind - 1].kind != LineKind::Declaration && old[behind - 1].kind != LineKind::UseLayout)
        --behind;
      uint32_t at = behind > 0 ? old[behind - 1].range.end : old.front().range.begin;
      editor.replace({at, at}, behind > 0 ? "\n  " : "", piece, behind > 0 ? "" : "\n  ", line.range.begin);
      continue;
    }
    editor.replace({close, close}, lead + "  ", piece, "\n", line.range.begin);
    lead.clear();
  }
  Change change = editor.finish();
  change.isAgain = isAgain;
  return change;
}

Change without(const syntax::File &file, const syntax::Attention *attention, std::string_view name) {
  std::string_view text = file.source->text();
  Editor editor(text);
  bool found = false;
  auto drop = [&](SourceRange range) {
    found = true;
    editor.note(range.text());
    editor.remove(wholeLines(text, range));
  };
  if (attention)
    for (const Line &line : attention->lines)
      if (line.kind == LineKind::UseLayout ? name == "layout"
          : line.kind == LineKind::Outputs ? name == "out"
                                           : line.name.text == name)
        drop(line.range);
  if (!found)
    for (const Item &item : itemsOf(file))
      if (item.name == name)
        drop(item.range);
  return editor.finish();
}

void blank(std::string &text, uint32_t begin, uint32_t end) {
  for (uint32_t n = begin; n < end && n < text.size(); ++n)
    if (text[n] != '\n')
      text[n] = ' ';
}

std::string commentedOut(const std::string &text, const std::vector<Range> &ranges, std::string_view reason) {
  Editor editor(text);
  for (Range range : ranges) {
    uint32_t begin = range.first;
    while (begin > 0 && text[begin - 1] != '\n')
      --begin;
    std::string_view before = std::string_view(text).substr(begin, range.first - begin);
    bool alone = before.find_first_not_of(" \t") == std::string_view::npos;
    std::string comment = alone ? "" : "\n";
    comment += fmt::format("# {}: ", reason);
    for (char c : text.substr(range.first, range.second - range.first))
      comment += c == '\n' ? std::string("\n#   ") : std::string(1, c);
    uint32_t after = range.second;
    while (after < text.size() && (text[after] == ' ' || text[after] == ';'))
      ++after;
    bool last = after >= text.size() || text[after] == '\n' || text[after] == '#';
    editor.replace({range.first, last ? range.second : after}, "", comment, last ? "" : "\n", 0);
  }
  return editor.finish().text;
}

} // namespace attn::session
