#pragma once

#include "compiler/picture/Figure.h"

namespace attn::picture {

struct TerminalStyle {
  int width = 80;     ///< columns; at least `leastTerminalWidth`
  bool color = false; ///< terminal colours; they say nothing that the characters don't
};

constexpr int leastTerminalWidth = 30;

/// How many cells a panel of a plane has, where `panels` of them are to stand side by side. A character holds one cell, or two, one above the
/// other; where there is room a cell takes two characters and is square.
Grid terminalGrid(int width, size_t panels, int64_t queries, int64_t keys, Quantity quantity);

/// The figure in lines of at most `width` columns: panels side by side as far as they fit, axes, and a legend. UTF-8, Unicode blocks.
std::string terminalText(const Figure &figure, const TerminalStyle &style);

} // namespace attn::picture
