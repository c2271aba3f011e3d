#include "compiler/picture/Color.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

using namespace attn::picture;

namespace {

/// Björn Ottosson's OKLab, in which equal steps look equal.
struct Lab {
  double l, a, b;
};

double linear(uint8_t value) {
  double share = value / 255.0;
  return share <= 0.04045 ? share / 12.92 : std::pow((share + 0.055) / 1.055, 2.4);
}

uint8_t encoded(double value) {
  value = std::clamp(value, 0.0, 1.0);
  double share = value <= 0.0031308 ? value * 12.92 : 1.055 * std::pow(value, 1 / 2.4) - 0.055;
  return uint8_t(std::lround(share * 255));
}

Lab labOf(Color color) {
  double r = linear(color.red), g = linear(color.green), b = linear(color.blue);
  double l = std::cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  double m = std::cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  double s = std::cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s, 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
          0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

Color colorOf(const Lab &lab) {
  auto cube = [](double x) { return x * x * x; };
  double l = cube(lab.l + 0.3963377774 * lab.a + 0.2158037573 * lab.b);
  double m = cube(lab.l - 0.1055613458 * lab.a - 0.0638541728 * lab.b);
  double s = cube(lab.l - 0.0894841775 * lab.a - 1.2914855480 * lab.b);
  return {encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
          encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
          encoded(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)};
}

/// A share as a level from 0 to `most`, of which the ends stand for nothing and all.
int shareLevel(float share, int most) {
  return share <= 0 ? 0 : share >= 1 ? most : std::clamp(int(std::lround(share * float(most))), 1, most - 1);
}

constexpr int top = levels - 1;

} // namespace

std::string attn::picture::hexText(Color color) {
  return fmt::format("#{:02x}{:02x}{:02x}", color.red, color.green, color.blue);
}

Color attn::picture::mixed(Color a, Color b, double share) {
  if (share <= 0 || share >= 1)
    return share <= 0 ? a : b;
  Lab x = labOf(a), y = labOf(b);
  return ::colorOf({x.l + (y.l - x.l) * share, x.a + (y.a - x.a) * share, x.b + (y.b - x.b) * share});
}

const Theme &attn::picture::lightTheme() {
  static constexpr Theme theme{{255, 255, 255}, {238, 241, 245},  {31, 41, 55},   {85, 96, 112}, {148, 157, 170}, {0, 95, 158}, {240, 160, 20},
                               {{37, 32, 96},   {44, 94, 150},    {38, 149, 148}, {122, 196, 98},  {249, 226, 66}}};
  return theme;
}

const Theme &attn::picture::darkTheme() {
  static constexpr Theme theme{{19, 23, 31},  {35, 41, 53},    {226, 232, 240}, {163, 173, 189}, {96, 108, 127}, {51, 132, 204}, {240, 160, 20},
                               {{70, 66, 150}, {58, 112, 176}, {44, 163, 160},  {132, 206, 106}, {253, 234, 90}}};
  return theme;
}

int attn::picture::levelOf(const Panel &panel, const Cell &cell) {
  switch (panel.quantity) {
  case Quantity::Mask: return shareLevel(cell.visible, top);
  case Quantity::Tiles: return shareLevel(cell.visible, top) * levels + shareLevel(cell.mixed, top);
  case Quantity::Score:
  case Quantity::Weight: break;
  }
  return cell.visible <= 0 ? 0 : 1 + int(std::lround(position(panel, cell) * (top - 1)));
}

Color attn::picture::colorOf(const Theme &theme, Quantity quantity, int level) {
  double share = double(level) / top;
  switch (quantity) {
  case Quantity::Mask: return mixed(theme.paper, theme.visible, share);
  case Quantity::Tiles: {
    double full = double(level / levels) / top, some = double(level % levels) / top;
    Color both = mixed(theme.visible, theme.mixedTile, full + some > 0 ? some / (full + some) : 0);
    return mixed(theme.paper, both, std::min(1.0, full + some));
  }
  case Quantity::Score:
  case Quantity::Weight: break;
  }
  if (level == 0)
    return theme.paper;
  double place = double(level - 1) / (top - 1) * 4;
  int step = std::min(3, int(place));
  return mixed(theme.ramp[step], theme.ramp[step + 1], place - step);
}
