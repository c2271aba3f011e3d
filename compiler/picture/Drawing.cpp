#include "compiler/picture/Drawing.h"

#include "compiler/picture/StrokeFont.h"
#include "compiler/picture/Ticks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

using namespace attn::picture;

namespace {

constexpr double margin = 24, gap = 36, small = 12, medium = 14, large = 20, line = 1;
constexpr double leastPanel = 300, mostAcross = 3;

class Arranger {
public:
  Arranger(const Figure &figure, double width) : figure(figure) { drawing.width = width; }

  Drawing arrange() {
    double inside = drawing.width - 2 * margin;
    y = margin + large * 0.8;
    text(margin, y, large, figure.title, Role::Ink, true);
    if (!figure.subtitle.empty())
      for (const std::string &part : wrapped(figure.subtitle, inside, medium)) {
        y += medium * 1.55;
        text(margin, y, medium, part, Role::Muted);
      }
    y += gap * 0.8;
    size_t count = std::max<size_t>(figure.panels.size(), 1);
    size_t across = size_t(std::clamp(std::floor((inside + gap) / (leastPanel + gap)), 1.0, std::min(mostAcross, double(count))));
    // As many in every line.
    across = (count + (count + across - 1) / across - 1) / ((count + across - 1) / across);
    double each = (inside - double(across - 1) * gap) / double(across);
    for (size_t first = 0; first < figure.panels.size(); first += across) {
      double top = y, bottom = y;
      for (size_t n = first; n < std::min(first + across, figure.panels.size()); ++n) {
        y = top;
        panel(figure.panels[n], margin + double(n - first) * (each + gap), each);
        bottom = std::max(bottom, y);
      }
      y = bottom + gap;
    }
    drawing.height = std::ceil(y - gap + margin);
    drawing.title = figure.title + (figure.subtitle.empty() ? "" : ": " + figure.subtitle);
    for (const Panel &panel : figure.panels)
      for (const std::string &part : panel.notes)
        drawing.title += fmt::format("; {}: {}", panel.title, part);
    return std::move(drawing);
  }

private:
  static std::vector<std::string> wrapped(std::string_view text, double width, double size) {
    std::vector<std::string> lines(1);
    while (!text.empty()) {
      size_t space = text.find(' ');
      std::string word(text.substr(0, space));
      text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
      if (!lines.back().empty() && textWidth(lines.back() + " " + word, size) > width)
        lines.emplace_back();
      lines.back() += (lines.back().empty() ? "" : " ") + word;
    }
    return lines;
  }

  void text(double x, double at, double size, std::string words, Role role = Role::Ink, bool bold = false,
            Anchor anchor = Anchor::Start) {
    drawing.labels.push_back({x, at, size, anchor, role, bold, std::move(words)});
  }
  void fill(double x, double at, double width, double height, Paint paint) {
    drawing.fills.push_back({{x, at, width, height}, paint});
  }

  void panel(const Panel &panel, double x, double width);
  void axes(const Panel &panel, const Rectangle &area);
  void legend(const Panel &panel, double x, double width);
  double key(double x, double width, double &at, Paint paint, const std::string &words, double start);

  const Figure &figure;
  Drawing drawing;
  double y = 0;
};

void Arranger::panel(const Panel &panel, double x, double width) {
  const Raster &raster = panel.raster;
  text(x, y, medium, panel.title, Role::Ink, true);
  y += small * 0.6;
  if (raster.cells.empty()) {
    y += small * 1.8;
    text(x, y, small, fmt::format("no pairs: I = {}, J = {}", raster.queries(), raster.keys()));
    return;
  }
  double labels = 0;
  for (int64_t tick : ticks(raster.queries(), 6))
    labels = std::max(labels, textWidth(tickLabel(tick), small));
  double left = x + labels + 14, across = x + width - left;
  double ratio = double(raster.queries()) / double(raster.keys());
  Rectangle area{left, y + small * 2.2, across, std::clamp(across * ratio, std::min(across, 64.0), across * 1.25)};
  if (ratio > 1.25)
    area.width = std::max(area.height / ratio, std::min(across, 96.0));
  // Whole pixels keep edges sharp.
  area.x = std::round(area.x);
  area.y = std::round(area.y);
  area.width = std::floor(area.width);
  area.height = std::round(area.height);
  drawing.plots.push_back({area, &panel});
  axes(panel, area);
  y = area.y + area.height + small * 1.2;
  legend(panel, x, width);
}

void Arranger::axes(const Panel &panel, const Rectangle &area) {
  Paint faint{Role::Faint};
  fill(area.x - line, area.y - line, area.width + 2 * line, line, faint);
  fill(area.x - line, area.y + area.height, area.width + 2 * line, line, faint);
  fill(area.x - line, area.y, line, area.height, faint);
  fill(area.x + area.width, area.y, line, area.height, faint);
  // A tick stands at the middle of its position where that is wide enough to see, else where it begins.
  auto place = [](double begin, double size, int64_t extent, int64_t tick) {
    double step = size / double(extent);
    return begin + step * double(tick) + (step >= 6 ? step / 2 : 0);
  };
  int64_t queries = panel.raster.queries(), keys = panel.raster.keys();
  double widest = textWidth(tickLabel(keys), small) + 16;
  double last = -1e9;
  for (int64_t tick : ticks(keys, std::clamp<int64_t>(int64_t(area.width / std::max(widest, 48.0)), 2, 9))) {
    double at = place(area.x, area.width, keys, tick);
    if (at - last < widest)
      continue;
    last = at;
    fill(std::round(at) - line / 2, area.y - 5, line, 5, faint);
    text(at, area.y - 8, small, tickLabel(tick), Role::Ink, false, Anchor::Middle);
  }
  last = -1e9;
  for (int64_t tick : ticks(queries, std::clamp<int64_t>(int64_t(area.height / 40), 2, 9))) {
    double at = place(area.y, area.height, queries, tick);
    if (at - last < small * 1.3)
      continue;
    last = at;
    fill(area.x - 5, std::round(at) - line / 2, 5, line, faint);
    text(area.x - 8, at + small * 0.36, small, tickLabel(tick), Role::Ink, false, Anchor::End);
  }
  text(area.x + area.width, area.y - 8 - small * 1.3, small, "key j →", Role::Muted, false, Anchor::End);
  text(area.x - 8, area.y + area.height + small * 0.3, small, "i ↓", Role::Muted, false, Anchor::End);
}

/// One entry of a legend; breaks the line where it doesn't fit.
double Arranger::key(double x, double width, double &at, Paint paint, const std::string &words, double start) {
  double room = 18 + textWidth(words, small) + 16;
  if (at > start && at + room > x + width + 16) {
    at = start;
    y += small * 1.7;
  }
  fill(at, y - small * 0.85, 12, 12, {Role::Faint});
  fill(at + line, y - small * 0.85 + line, 12 - 2 * line, 12 - 2 * line, paint);
  text(at + 18, y, small, words);
  return at + room;
}

void Arranger::legend(const Panel &panel, double x, double width) {
  Quantity quantity = panel.quantity;
  constexpr int top = levels - 1;
  double at = x;
  y += small * 1.4;
  auto entry = [&](int level, const std::string &words) { at = key(x, width, at, {Role::Cell, quantity, level}, words, x); };
  auto ramp = [&](int first, const std::string &low, const std::string &high) {
    double begin = at + textWidth(low, small) + 8;
    constexpr double length = 120;
    text(at, y, small, low);
    for (int level = first; level <= top; ++level) {
      double from = std::round(length * (level - first) / (top - first + 1)), to = std::round(length * (level - first + 1) / (top - first + 1));
      fill(begin + from, y - small * 0.85, to - from, 12, {Role::Cell, quantity, level});
    }
    text(begin + length + 8, y, small, high);
    at = begin + length + 8 + textWidth(high, small) + 20;
  };
  if (quantity == Quantity::Mask) {
    bool isShaded = std::any_of(panel.raster.cells.begin(), panel.raster.cells.end(),
                                [](const Cell &cell) { return cell.visible > 0 && cell.visible < 1; });
    if (isShaded) {
      ramp(0, "hidden", "visible");
    } else {
      entry(top, "visible");
      entry(0, "hidden");
    }
  } else if (quantity == Quantity::Tiles) {
    entry(top * levels, "full: the mask costs nothing");
    entry(top, "mixed: applied");
    entry(0, "empty: never visited");
  } else {
    ramp(1, numberText(panel.low), numberText(panel.high));
    entry(0, "hidden");
  }
  y += small * 0.5;
  for (const std::string &note : panel.notes)
    for (const std::string &part : wrapped(note, width, small)) {
      y += small * 1.5;
      text(x, y, small, part, Role::Muted);
    }
}

} // namespace

Color Paint::in(const Theme &theme) const {
  switch (role) {
  case Role::Background: return theme.background;
  case Role::Paper: return theme.paper;
  case Role::Ink: return theme.ink;
  case Role::Muted: return theme.muted;
  case Role::Faint: return theme.faint;
  case Role::Cell: break;
  }
  return colorOf(theme, quantity, level);
}

double attn::picture::textWidth(std::string_view text, double size, bool bold) {
  // A reader's font may be wider than ours.
  return strokeWidth(text, size) * (bold ? 1.2 : 1.12);
}

Drawing attn::picture::arrange(const Figure &figure, double width) {
  return Arranger(figure, std::max(width, double(leastImageWidth))).arrange();
}

Grid attn::picture::imageGrid(int64_t queries, int64_t keys, int64_t most) {
  // As in `arrange`, a plane is drawn between a fifth and five quarters as high as it is wide.
  double ratio = std::clamp(double(queries) / double(std::max<int64_t>(keys, 1)), 0.2, 1.25);
  return {std::max<int64_t>(1, int64_t(double(most) * ratio)), most};
}
