#pragma once

#include "compiler/library/Spec.h"
#include "compiler/session/Bindings.h"
#include "compiler/session/Message.h"
#include "compiler/session/SpecText.h"
#include "compiler/syntax/Fragment.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace attn::session {

/// An expression that checked, ready to be evaluated: the attention has it as its only output.
struct Probe {
  sema::Attention attention;
  std::shared_ptr<const void> owner; ///< of the sources that it points into

  const sema::Output &output() const { return attention.outputs.front(); }
  sema::ScalarType type() const { return attention.node(output().value).type; }
};

/// Names that can stand somewhere, for completion.
struct KnownNames {
  std::vector<std::string>
      values; ///< in expressions: what the attention declares and defines, defs, functions, coordinates, extents, words
  std::vector<std::string> layouts;
  std::vector<std::string> inputs; ///< of any attention: what `:set` takes
  std::vector<std::string> extents;
};

/// What a person has said so far: a spec that grows and changes, and values to run it on. A value: it prints nothing,
/// and what fails leaves it as it was.
class Session {
public:
  Session();

  /// Takes in what was typed: items, or lines of the current attention. What it replaces stops to count; attentions
  /// that depended on that and no longer check stay, and are told. False if what was typed has mistakes.
  bool add(const std::string &typed, Messages &messages);
  /// Takes in a file's items; the first file gives an empty session its text as it stands. False if the file can't be
  /// read or its syntax is wrong.
  bool load(const std::string &path, Messages &messages);
  /// Takes out a line, def, layout or attention by name.
  bool drop(const std::string &name, Messages &messages);
  /// Takes the last change back. False if there is none.
  bool undo(Messages &messages);
  void clear();

  /// Everything, as `:list` shows it.
  const std::string &text() const { return state.text; }
  /// Everything, as a file that checks where the session does: lines that nothing uses are comments.
  std::string savedText(Messages &messages) const;
  /// The file that was loaded last, or empty.
  const std::string &path() const { return state.loaded; }

  /// The attention that lines go to; empty before there is one.
  const std::string &current() const { return state.current; }
  /// Makes an attention current; one that doesn't exist begins with the next line.
  void use(const std::string &name) { state.current = name; }
  std::vector<std::string> attentions() const;

  /// An attention as it can be compiled: good, or with its mistakes in `diagnostics`. Null if there is none of that
  /// name.
  std::shared_ptr<const library::Spec> spec(const std::string &name) const;

  /// Checks an expression in the current attention. Nothing on a mistake.
  std::optional<Probe> probe(const std::string &typed, Messages &messages) const;

  KnownNames names() const;

  Bindings bindings;

private:
  struct State {
    std::string text;
    std::string path = "session"; ///< the name messages use, whose folder imports are relative to
    std::string loaded;
    std::string current;
    bool assumedLayout = false;    ///< the current attention's `layout mha` is the session's idea
    std::set<std::string> growing; ///< attentions that were begun line by line and never were whole; nobody was told
                                   ///< that they don't check
  };
  struct Checked {
    std::map<std::string, std::shared_ptr<const library::Spec>> specs; ///< by attention
    std::map<std::string, std::string>
        wrongItems;                             ///< defs and layouts with mistakes: their name, and `def` or `layout`
    std::shared_ptr<const library::Spec> items; ///< everything but attentions
    std::shared_ptr<const library::Spec> whole;
  };

  static Checked checkAll(const State &state);
  static std::shared_ptr<const library::Spec> specOf(const State &state, const library::Spec &whole,
                                                     const std::string &name);
  bool accept(State next, const std::vector<Placed> &placed, const SourceFile &typed, std::shared_ptr<const void> owner,
              const std::set<std::string> &touched, bool whole, Messages &messages);
  bool addItems(const syntax::Fragment &fragment, std::shared_ptr<const void> owner, Messages &messages);
  bool addLines(const syntax::Fragment &fragment, std::shared_ptr<const void> owner, Messages &messages);
  void tellDifference(const Checked &before, const Checked &after, const std::set<std::string> &told,
                      Messages &messages) const;
  void install(State next, Checked checked);
  const syntax::Attention *findAttention(const library::Spec &whole, const std::string &name) const;

  State state;
  Checked checked;
  std::vector<State> history;
};

/// The coordinates a probe varies with: `b, h, i, j`; empty for a constant.
std::string coordinatesOf(const Probe &probe);

} // namespace attn::session
