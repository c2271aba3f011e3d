#pragma once

#include "compiler/picture/Drawing.h"

namespace attn::picture {

/// Pixels, three bytes each (red, green, blue), row by row from the top.
struct Pixels {
  int64_t width = 0, height = 0;
  std::vector<uint8_t> bytes;

  Color at(int64_t x, int64_t y) const {
    const uint8_t *pixel = &bytes[size_t((y * width + x) * 3)];
    return {pixel[0], pixel[1], pixel[2]};
  }
};

/// A drawing in so many pixels for each of its own, with smooth letters. A pixel of a plot shows the cell at its middle.
Pixels paint(const Drawing &drawing, const Theme &theme, double scale);

/// A PNG file; empty if it can't be made, for want of memory.
std::string pngBytes(const Pixels &pixels);

} // namespace attn::picture
