#pragma once

#include "compiler/syntax/Ast.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

/// A spec as text that is changed piece by piece, as a person would in an editor: comments and blanks outside the
/// pieces stay.
namespace attn::session {

/// Where a piece of what was typed stands in the text now.
struct Placed {
  uint32_t begin = 0, end = 0; ///< in the text
  uint32_t typedBegin = 0;     ///< in what was typed
};

/// A change: the new text, where the new pieces stand in it, and what they replaced.
struct Change {
  std::string text;
  std::vector<Placed> placed;
  std::vector<std::string> replaced; ///< the text of what is gone
  bool isAgain = false;              ///< the new line reads the meaning of its name before the line it replaced
};

/// Puts items in place of those of the same kind and name, or at the end. `file` is the text's tree, `typed` that of
/// what was typed, which holds items only. `importFolder` goes before the paths of imports that are relative.
Change withItems(const syntax::File &file, const syntax::File &typed, const std::string &importFolder = "");

/// Puts lines into an attention of the text: in place of the line that they define anew, but behind all that they use;
/// or at its end. A line that reads the earlier meaning of its own name leaves that standing.
Change withLines(const syntax::File &file, const syntax::Attention &attention, const std::vector<syntax::Line> &lines);

/// Takes out a line, def, layout or attention by its name; `layout` and `out` name those lines of the attention, which
/// may be null. Nothing is replaced where there is no such thing.
Change without(const syntax::File &file, const syntax::Attention *attention, std::string_view name);

/// The text with a range made blank; lines and columns stay what they are.
void blank(std::string &text, uint32_t begin, uint32_t end);

/// The lines of text that a range touches, made comments.
std::string commentedOut(const std::string &text, const std::vector<std::pair<uint32_t, uint32_t>> &ranges,
                         std::string_view reason);

} // namespace attn::session
