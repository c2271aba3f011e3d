#pragma once

#include "compiler/picture/Color.h"

#include <string>
#include <vector>

namespace attn::picture {

/// What a colour is for; a theme says what it looks like.
enum class Role : uint8_t { Background, Paper, Ink, Muted, Faint, Cell };

struct Paint {
  Role role = Role::Ink;
  Quantity quantity = Quantity::Mask; ///< Cell
  int level = 0;                      ///< Cell

  bool operator==(const Paint &) const = default;
  Color in(const Theme &theme) const;
};

struct Rectangle {
  double x = 0, y = 0, width = 0, height = 0;
};

struct Fill {
  Rectangle area;
  Paint paint;
};

enum class Anchor : uint8_t { Start, Middle, End };

/// A line of text: its baseline begins, has its middle, or ends at (x, y).
struct Label {
  double x = 0, y = 0, size = 12;
  Anchor anchor = Anchor::Start;
  Role role = Role::Ink;
  bool bold = false;
  std::string text;
};

/// A panel's cells, each where its queries and keys lie in the area.
struct Plot {
  Rectangle area;
  const Panel *panel = nullptr;
};

/// A picture in pixels from the upper left corner, before it is SVG or PNG. Points to the figure's panels, which must outlive it.
struct Drawing {
  double width = 0, height = 0;
  std::string title; ///< what it shows, for those who can't see it
  std::vector<Plot> plots;
  std::vector<Fill> fills; ///< over the plots; then the labels
  std::vector<Label> labels;
};

/// Room that a text takes at most in the fonts that pictures use.
double textWidth(std::string_view text, double size, bool bold = false);

/// Arranges a figure: panels side by side as far as they fit, axes, a legend under each kind of panel. `width` in pixels, at least `leastImageWidth`.
Drawing arrange(const Figure &figure, double width);

constexpr int leastImageWidth = 240;

/// How many cells a panel has where a picture has `most` of them across.
Grid imageGrid(int64_t queries, int64_t keys, int64_t most);

} // namespace attn::picture
