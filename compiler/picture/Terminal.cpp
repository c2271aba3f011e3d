#include "compiler/picture/Terminal.h"

#include "compiler/picture/Ticks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

using namespace attn;
using namespace attn::picture;

namespace {

constexpr int gap = 3, leastPanel = 38, mostLines = 36;

size_t displayWidth(std::string_view text) {
  return size_t(std::count_if(text.begin(), text.end(), [](char c) { return (uint8_t(c) & 0xC0) != 0x80; }));
}

std::string padded(std::string text, size_t width) {
  size_t used = displayWidth(text);
  return used < width ? text + std::string(width - used, ' ') : text;
}

std::vector<std::string> wrapped(std::string_view text, size_t width) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    size_t space = text.find(' ');
    std::string word(text.substr(0, space));
    text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
    if (!lines.back().empty() && displayWidth(lines.back()) + 1 + displayWidth(word) > width)
      lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
  }
  for (std::string &line : lines)
    line.erase(line.find_last_not_of(' ') + 1);
  return lines;
}

int panelsPerLine(int width, size_t panels) {
  return std::clamp<int>((width + gap) / (leastPanel + gap), 1, int(std::max<size_t>(panels, 1)));
}

int panelWidth(int width, size_t panels) {
  int count = panelsPerLine(width, panels);
  return (width - (count - 1) * gap) / count;
}

std::vector<int64_t> queryTicks(int64_t queries, int lines) { return ticks(queries, std::max(2, lines / 3)); }

size_t labelWidth(const std::vector<int64_t> &list) {
  size_t width = 1;
  for (int64_t tick : list)
    width = std::max(width, tickLabel(tick).size());
  return width;
}

/// Columns left for cells: without labels, their blanks and the frame.
int plotWidth(int panel, int64_t queries) { return panel - int(labelWidth(queryTicks(queries, mostLines))) - 4; }

/// Lines that make a plane of so many columns about as high as it is.
int plotLines(int64_t queries, int64_t keys, int columns) {
  double lines = std::round(double(columns) * double(queries) / double(std::max<int64_t>(keys, 1)) / 2);
  return int(std::clamp<double>(lines, double(std::min<int64_t>(queries, 6)), mostLines));
}

/// How cells become characters.
struct Shape {
  int width = 1, height = 1; ///< of a cell
  bool halves = false;       ///< a character holds two cells, one above the other
  int lines = 0;
};

Shape shapeOf(const Panel &panel, int plot) {
  const Raster &raster = panel.raster;
  int rows = int(raster.rows()), columns = int(raster.columns());
  Shape shape;
  if (panel.quantity == Quantity::Tiles && rows > 0 && columns > 0) {
    shape.width = std::clamp(plot / columns, 1, 6);
    double tileHeight = double(raster.queryEdges[1]), tileWidth = double(raster.keyEdges[1]);
    shape.height = int(std::clamp<double>(std::round(shape.width * tileHeight / tileWidth / 2), 1,
                                          std::max(1, mostLines / rows)));
  } else {
    shape.width = columns * 2 <= plot ? 2 : 1;
    shape.halves = panel.quantity == Quantity::Mask &&
                   rows > plotLines(raster.queries(), raster.keys(), columns * shape.width);
  }
  shape.lines = shape.halves ? (rows + 1) / 2 : rows * shape.height;
  return shape;
}

const char *shade(float share) {
  return share <= 0 ? " " : share >= 1 ? "█" : share < 1 / 3.0f ? "░" : share < 2 / 3.0f ? "▒" : "▓";
}

bool isWhole(float share) { return share <= 0 || share >= 1; }

/// A character, and the number of its colour of the 256; 0: none.
struct Glyph {
  const char *text;
  int color = 0;
};

constexpr int blue = 33, orange = 208, grey = 245;

Glyph maskGlyph(const Cell &upper, const Cell *lower) {
  if (!lower)
    return {shade(upper.visible), blue};
  if (!isWhole(upper.visible) || !isWhole(lower->visible))
    return {shade((upper.visible + lower->visible) / 2), blue};
  if (upper.visible >= 1)
    return {lower->visible >= 1 ? "█" : "▀", blue};
  return {lower->visible >= 1 ? "▄" : " ", blue};
}

Glyph tileGlyph(const Cell &cell) {
  float empty = 1 - cell.visible - cell.mixed;
  if (cell.mixed >= cell.visible && cell.mixed >= empty)
    return {"▒", orange};
  return cell.visible >= empty ? Glyph{"█", blue} : Glyph{"·", grey};
}

Glyph valueGlyph(const Panel &panel, const Cell &cell) {
  static constexpr const char *bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (cell.visible <= 0)
    return {" "};
  if (std::isnan(cell.value))
    return {"?", orange};
  return {bars[std::min(7, int(position(panel, cell) * 8))],
          panel.quantity == Quantity::Score && cell.value < 0 ? orange : blue};
}

class PanelText {
public:
  PanelText(const Panel &panel, int width, bool color)
      : panel(panel), raster(panel.raster), width(width), color(color), plot(plotWidth(width, raster.queries())),
        shape(shapeOf(panel, plot)), label(labelWidth(queryTicks(raster.queries(), mostLines))) {}

  std::vector<std::string> lines() const {
    std::vector<std::string> list;
    if (!panel.title.empty())
      list = wrapped(panel.title, size_t(width));
    if (raster.cells.empty()) {
      list.push_back(fmt::format("no pairs: I = {}, J = {}", raster.queries(), raster.keys()));
    } else {
      addTop(list);
      addRows(list);
      list.push_back(std::string(label + 1, ' ') + "└" + repeated("─", columns()) + "┘");
    }
    for (const std::string &note : panel.notes)
      for (std::string &line : wrapped(note, size_t(width)))
        list.push_back(std::move(line));
    return list;
  }

private:
  size_t columns() const { return raster.columns() * size_t(shape.width); }

  static std::string repeated(std::string_view text, size_t count) {
    std::string result;
    for (size_t n = 0; n < count; ++n)
      result += text;
    return result;
  }

  /// The cell that holds a coordinate.
  static size_t cellAt(const std::vector<int64_t> &edges, int64_t coordinate) {
    return size_t(std::upper_bound(edges.begin(), edges.end(), coordinate) - edges.begin()) - 1;
  }

  void addTop(std::vector<std::string> &list) const {
    std::string labels = fmt::format("{:>{}} ", "j", label + 1), frame;
    std::vector<std::string> edge(columns(), "─");
    for (int64_t tick : ticks(raster.keys(), std::max<int64_t>(2, int64_t(columns()) / 8))) {
      size_t at = cellAt(raster.keyEdges, tick) * size_t(shape.width), place = label + 2 + at;
      std::string text = tickLabel(tick);
      if (place < labels.size() + (tick ? 1 : 0) || at + text.size() > size_t(plot) + 1)
        continue;
      labels = padded(std::move(labels), place) + text;
      edge[at] = "┴";
    }
    for (const std::string &part : edge)
      frame += part;
    list.push_back(labels);
    list.push_back(fmt::format("{:>{}} ┌{}┐", "i", label, frame));
  }

  void addRows(std::vector<std::string> &list) const {
    std::vector<std::string> labels(size_t(shape.lines), "");
    for (int64_t tick : queryTicks(raster.queries(), shape.lines)) {
      size_t row = cellAt(raster.queryEdges, tick);
      std::string &place = labels[shape.halves ? row / 2 : row * size_t(shape.height)];
      if (place.empty())
        place = tickLabel(tick);
    }
    for (size_t line = 0; line < size_t(shape.lines); ++line)
      list.push_back(fmt::format("{:>{}} {}{}│", labels[line], label, labels[line].empty() ? "│" : "┤", row(line)));
  }

  Glyph glyph(size_t line, size_t column) const {
    size_t row = shape.halves ? line * 2 : line / size_t(shape.height);
    const Cell &cell = raster.at(row, column);
    switch (panel.quantity) {
    case Quantity::Mask: {
      // Below the last of an odd number of rows there is nothing.
      static constexpr Cell nothing{};
      bool isLast = row + 1 == raster.rows();
      if (!shape.halves || (isLast && !isWhole(cell.visible)))
        return maskGlyph(cell, nullptr);
      return maskGlyph(cell, isLast ? &nothing : &raster.at(row + 1, column));
    }
    case Quantity::Tiles: return tileGlyph(cell);
    case Quantity::Score:
    case Quantity::Weight: break;
    }
    return valueGlyph(panel, cell);
  }

  std::string row(size_t line) const {
    std::string text;
    int current = 0;
    for (size_t column = 0; column < raster.columns(); ++column) {
      Glyph next = glyph(line, column);
      int wanted = std::string_view(next.text) == " " ? current : next.color;
      if (color && wanted != current)
        text += wanted ? fmt::format("\x1b[38;5;{}m", wanted) : "\x1b[39m";
      current = wanted;
      text += repeated(next.text, size_t(shape.width));
    }
    return color && current ? text + "\x1b[39m" : text;
  }

  const Panel &panel;
  const Raster &raster;
  int width;
  bool color;
  int plot;
  Shape shape;
  size_t label;
};

/// Display width of a line that may hold colours.
size_t shownWidth(const std::string &line) {
  std::string plain;
  for (size_t n = 0; n < line.size(); ++n) {
    if (line[n] == '\x1b')
      n = line.find('m', n);
    else
      plain += line[n];
  }
  return displayWidth(plain);
}

std::string beside(const std::vector<std::vector<std::string>> &blocks, size_t width) {
  size_t height = 0;
  for (const auto &block : blocks)
    height = std::max(height, block.size());
  std::string text;
  for (size_t line = 0; line < height; ++line) {
    std::string whole;
    for (size_t n = 0; n < blocks.size(); ++n) {
      whole += line < blocks[n].size() ? blocks[n][line] : "";
      size_t wanted = (n + 1) * (width + gap), used = shownWidth(whole);
      if (n + 1 < blocks.size() && used < wanted)
        whole += std::string(wanted - used, ' ');
    }
    whole.erase(whole.find_last_not_of(' ') + 1);
    text += whole + "\n";
  }
  return text;
}

std::string legendOf(const Figure &figure, Quantity quantity) {
  auto find = [&](auto wanted) {
    return std::any_of(figure.panels.begin(), figure.panels.end(), [&](const Panel &panel) {
      return panel.quantity == quantity && std::any_of(panel.raster.cells.begin(), panel.raster.cells.end(), wanted);
    });
  };
  switch (quantity) {
  case Quantity::Mask:
    if (!find([](const Cell &cell) { return !isWhole(cell.visible); }))
      return "█ visible, blank: hidden";
    return "█ all pairs visible  ▓ more than two thirds  ▒ more than a third  ░ fewer  blank: none";
  case Quantity::Tiles:
    return find([](const Cell &cell) { return !isWhole(cell.visible) || !isWhole(cell.mixed); })
               ? "█ full  ▒ mixed  · empty: what most tiles of the cell are"
               : "█ full: the mask costs nothing  ▒ mixed: applied  · empty: never visited";
  case Quantity::Score:
    return "▁▂▃▄▅▆▇█ from the lowest to the highest score, blank: hidden";
  case Quantity::Weight:
    return "▁▂▃▄▅▆▇█ from the lowest to the highest weight, blank: hidden";
  }
  return "";
}

} // namespace

Grid picture::terminalGrid(int width, size_t panels, int64_t queries, int64_t keys, Quantity quantity) {
  int plot = plotWidth(panelWidth(std::max(width, leastTerminalWidth), panels), queries);
  bool isSquare = keys * 2 <= plot && quantity != Quantity::Tiles;
  int64_t columns = std::max<int64_t>(1, std::min<int64_t>(keys, plot));
  int64_t lines = plotLines(queries, keys, int(columns) * (isSquare ? 2 : 1));
  bool hasHalves = quantity == Quantity::Mask && queries > lines;
  return {std::min(queries, hasHalves ? lines * 2 : lines), columns};
}

std::string picture::terminalText(const Figure &figure, const TerminalStyle &style) {
  int width = std::max(style.width, leastTerminalWidth);
  std::string text;
  for (const std::string &line : wrapped(figure.title + (figure.subtitle.empty() ? "" : ": " + figure.subtitle),
                                         size_t(width)))
    text += line + "\n";
  size_t each = size_t(panelsPerLine(width, figure.panels.size()));
  for (size_t first = 0; first < figure.panels.size(); first += each) {
    std::vector<std::vector<std::string>> blocks;
    for (size_t n = first; n < std::min(first + each, figure.panels.size()); ++n)
      blocks.push_back(PanelText(figure.panels[n], panelWidth(width, figure.panels.size()), style.color).lines());
    text += "\n" + beside(blocks, size_t(panelWidth(width, figure.panels.size())));
  }
  text += "\n";
  for (Quantity quantity : {Quantity::Mask, Quantity::Tiles, Quantity::Score, Quantity::Weight})
    if (std::any_of(figure.panels.begin(), figure.panels.end(),
                    [&](const Panel &panel) { return panel.quantity == quantity && !panel.raster.cells.empty(); }))
      for (const std::string &line : wrapped(legendOf(figure, quantity), size_t(width)))
        text += line + "\n";
  return text + "i: queries, j: keys\n";
}
