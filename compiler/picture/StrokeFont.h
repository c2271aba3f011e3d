#pragma once

#include <string_view>
#include <vector>

namespace attn::picture {

struct Point {
  double x = 0, y = 0;
};

/// A line drawn by a round pen through points, in units of which capitals are 10 high; y grows upwards from the baseline.
using Stroke = std::vector<Point>;

struct Glyph {
  double advance = 0; ///< how far right the next one begins
  std::vector<Stroke> strokes;
};

/// Letters as lines for a pen, so that an image has text on a machine without any font, and the same on all. A character that is not
/// among them is a box.
Glyph glyphOf(char32_t character);

/// The characters of UTF-8.
std::vector<char32_t> charactersOf(std::string_view text);

/// Pixels in a unit of glyphs for text of a size in pixels.
constexpr double strokeUnit(double size) { return size * 0.071; }
/// The width of text of a size in pixels.
double strokeWidth(std::string_view text, double size);

} // namespace attn::picture
