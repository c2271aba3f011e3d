#include "compiler/picture/Color.h"

#include "test/unit/Catch.h"

#include <algorithm>
#include <cmath>

using namespace attn::picture;

namespace {

/// Relative luminance, as the Web Content Accessibility Guidelines define it.
double luminance(Color color) {
  auto linear = [](uint8_t value) {
    double share = value / 255.0;
    return share <= 0.04045 ? share / 12.92 : std::pow((share + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(color.red) + 0.7152 * linear(color.green) + 0.0722 * linear(color.blue);
}

double contrast(Color a, Color b) {
  double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
  return std::max(x, y) / std::min(x, y);
}

} // namespace

TEST_CASE("lightness alone tells the colours apart, and text can be read") {
  for (const Theme *theme : {&lightTheme(), &darkTheme()}) {
    CHECK(contrast(theme->paper, theme->visible) >= 3);
    CHECK(contrast(theme->paper, theme->mixedTile) >= 1.8);
    CHECK(contrast(theme->visible, theme->mixedTile) >= 1.8);
    CHECK(contrast(theme->background, theme->ink) >= 7);
    CHECK(contrast(theme->background, theme->muted) >= 4.5);
    for (int level = 2; level < levels; ++level)
      CHECK(luminance(colorOf(*theme, Quantity::Score, level)) > luminance(colorOf(*theme, Quantity::Score, level - 1)));
  }
}

TEST_CASE("the ends of a scale are the theme's own colours, and only they") {
  const Theme &theme = lightTheme();
  Panel panel;
  CHECK(colorOf(theme, Quantity::Mask, levelOf(panel, {0, 0, 0})) == theme.paper);
  CHECK(colorOf(theme, Quantity::Mask, levelOf(panel, {1, 0, 0})) == theme.visible);
  CHECK_FALSE(colorOf(theme, Quantity::Mask, levelOf(panel, {1e-7f, 0, 0})) == theme.paper);
  CHECK_FALSE(colorOf(theme, Quantity::Mask, levelOf(panel, {1 - 1e-7f, 0, 0})) == theme.visible);
  panel.quantity = Quantity::Tiles;
  CHECK(colorOf(theme, Quantity::Tiles, levelOf(panel, {0, 0, 0})) == theme.paper);
  CHECK(colorOf(theme, Quantity::Tiles, levelOf(panel, {1, 0, 0})) == theme.visible);
  CHECK(colorOf(theme, Quantity::Tiles, levelOf(panel, {0, 1, 0})) == theme.mixedTile);
  panel.quantity = Quantity::Score;
  panel.high = 1;
  CHECK(colorOf(theme, Quantity::Score, levelOf(panel, {0, 0, 0})) == theme.paper);
  CHECK(colorOf(theme, Quantity::Score, levelOf(panel, {1, 0, 0})) == theme.ramp[0]);
  CHECK(colorOf(theme, Quantity::Score, levelOf(panel, {1, 0, 1})) == theme.ramp[4]);
  CHECK(hexText({0, 114, 178}) == "#0072b2");
}
