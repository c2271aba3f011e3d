#include "compiler/picture/Canvas.h"

#include "compiler/picture/StrokeFont.h"

#include <algorithm>
#include <cmath>
#include <map>

using namespace attn::picture;

namespace {

class Canvas {
public:
  Canvas(const Drawing &drawing, const Theme &theme, double scale) : theme(theme), scale(scale) {
    pixels.width = int64_t(std::ceil(drawing.width * scale));
    pixels.height = int64_t(std::ceil(drawing.height * scale));
    pixels.bytes.resize(size_t(pixels.width * pixels.height * 3));
    fill({0, 0, drawing.width, drawing.height}, theme.background);
  }

  void fill(const Rectangle &area, Color color) {
    auto edge = [&](double at, int64_t most) { return std::clamp<int64_t>(std::lround(at * scale), 0, most); };
    int64_t left = edge(area.x, pixels.width), right = edge(area.x + area.width, pixels.width);
    for (int64_t y = edge(area.y, pixels.height); y < edge(area.y + area.height, pixels.height); ++y)
      for (int64_t x = left; x < right; ++x)
        set(x, y, color);
  }

  void plot(const Plot &plot);
  void text(const Label &label);

  Pixels pixels;

private:
  void set(int64_t x, int64_t y, Color color) {
    uint8_t *pixel = &pixels.bytes[size_t((y * pixels.width + x) * 3)];
    pixel[0] = color.red;
    pixel[1] = color.green;
    pixel[2] = color.blue;
  }
  void blend(int64_t x, int64_t y, Color color, double share) {
    if (x < 0 || y < 0 || x >= pixels.width || y >= pixels.height || share <= 0)
      return;
    Color old = pixels.at(x, y);
    auto mix = [share](uint8_t a, uint8_t b) { return uint8_t(std::lround(a + (b - a) * share)); };
    set(x, y, {mix(old.red, color.red), mix(old.green, color.green), mix(old.blue, color.blue)});
  }
  void glyph(const Glyph &glyph, double x, double baseline, double unit, double radius, Color color);

  const Theme &theme;
  double scale;
};

/// The cell that each of so many pixels along an axis shows.
std::vector<size_t> cellsOf(const std::vector<int64_t> &edges, int64_t count) {
  std::vector<size_t> cells;
  for (int64_t n = 0; n < count; ++n) {
    int64_t coordinate = int64_t((double(n) + 0.5) / double(count) * double(edges.back()));
    size_t cell = size_t(std::upper_bound(edges.begin(), edges.end(), coordinate) - edges.begin());
    cells.push_back(std::clamp<size_t>(cell, 1, edges.size() - 1) - 1);
  }
  return cells;
}

void Canvas::plot(const Plot &plot) {
  int64_t left = std::lround(plot.area.x * scale), top = std::lround(plot.area.y * scale);
  int64_t width = std::lround((plot.area.x + plot.area.width) * scale) - left;
  int64_t height = std::lround((plot.area.y + plot.area.height) * scale) - top;
  std::vector<size_t> columns = cellsOf(plot.panel->raster.keyEdges, width);
  std::vector<size_t> rows = cellsOf(plot.panel->raster.queryEdges, height);
  std::map<int, Color> colors;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) {
      int level = levelOf(*plot.panel, plot.panel->raster.at(rows[size_t(y)], columns[size_t(x)]));
      auto [color, isNew] = colors.insert({level, {}});
      if (isNew)
        color->second = colorOf(theme, plot.panel->quantity, level);
      set(left + x, top + y, color->second);
    }
}

double distance(const Point &a, const Point &b, double x, double y) {
  double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  double t = length > 0 ? std::clamp(((x - a.x) * dx + (y - a.y) * dy) / length, 0.0, 1.0) : 0;
  return std::hypot(x - a.x - t * dx, y - a.y - t * dy);
}

/// How much of each pixel the pen covers follows from its distance to the middle of the stroke.
void Canvas::glyph(const Glyph &glyph, double x, double baseline, double unit, double radius, Color color) {
  std::vector<Stroke> strokes = glyph.strokes;
  for (Stroke &stroke : strokes)
    for (Point &point : stroke)
      point = {x + point.x * unit, baseline - point.y * unit};
  int64_t left = int64_t(std::floor(x - radius - 1)), right = int64_t(std::ceil(x + glyph.advance * unit + radius + 1));
  int64_t top = int64_t(std::floor(baseline - 12 * unit)), bottom = int64_t(std::ceil(baseline + 4 * unit));
  for (int64_t py = top; py <= bottom; ++py)
    for (int64_t px = left; px <= right; ++px) {
      double nearest = 1e9;
      for (const Stroke &stroke : strokes)
        for (size_t n = 0; n + 1 < stroke.size(); ++n)
          nearest = std::min(nearest, distance(stroke[n], stroke[n + 1], double(px) + 0.5, double(py) + 0.5));
      blend(px, py, color, std::clamp(radius + 0.5 - nearest, 0.0, 1.0));
    }
}

void Canvas::text(const Label &label) {
  double size = label.size * scale, unit = strokeUnit(size) * (label.bold ? 1.03 : 1);
  double width = 0;
  for (char32_t character : charactersOf(label.text))
    width += glyphOf(character).advance * unit;
  double x = label.x * scale - (label.anchor == Anchor::Middle ? width / 2 : label.anchor == Anchor::End ? width : 0);
  for (char32_t character : charactersOf(label.text)) {
    Glyph shape = glyphOf(character);
    glyph(shape, x, label.y * scale, unit, size * (label.bold ? 0.058 : 0.041), Paint{label.role}.in(theme));
    x += shape.advance * unit;
  }
}

} // namespace

Pixels attn::picture::paint(const Drawing &drawing, const Theme &theme, double scale) {
  Canvas canvas(drawing, theme, scale);
  for (const Plot &plot : drawing.plots)
    canvas.plot(plot);
  for (const Fill &fill : drawing.fills)
    canvas.fill(fill.area, fill.paint.in(theme));
  for (const Label &label : drawing.labels)
    canvas.text(label);
  return std::move(canvas.pixels);
}
