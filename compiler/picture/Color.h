#pragma once

#include "compiler/picture/Figure.h"

namespace attn::picture {

struct Color {
  uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Color &) const = default;
};

/// `#0072b2`
std::string hexText(Color color);

/// A mixture that looks evenly spaced (in OKLab): `share` of b, the rest a.
Color mixed(Color a, Color b, double share);

/// The colours of one appearance. They are told apart by every kind of colour vision, and by lightness alone.
struct Theme {
  Color background, paper; ///< of the picture; of a plane where nothing is visible
  Color ink, muted, faint; ///< text, text beside it, lines
  Color visible;           ///< of the mask; full tiles
  Color mixedTile;
  Color ramp[5]; ///< values, from the lowest to the highest
};

const Theme &lightTheme();
const Theme &darkTheme();

/// How many different colours the cells of a panel have: levels of a share or a value, or mixtures of the three classes of tiles.
constexpr int levels = 48;

/// The level of a cell's colour, below `levels` squared; cells that look alike have one level. 0: nothing is visible.
int levelOf(const Panel &panel, const Cell &cell);
Color colorOf(const Theme &theme, Quantity quantity, int level);

} // namespace attn::picture
