#include "compiler/picture/Terminal.h"

#include "test/unit/Catch.h"
#include "test/unit/picture/Figures.h"

#include <algorithm>
#include <cmath>
#include <sstream>

using namespace attn;
using namespace attn::picture;
using test::causalPanel;
using test::panelOf;

namespace {

std::string text(std::vector<Panel> panels, int width = 80, bool color = false) {
  Figure figure;
  figure.title = "test";
  figure.panels = std::move(panels);
  return terminalText(figure, {width, color});
}

size_t widest(const std::string &text) {
  size_t width = 0;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    width = std::max(width, size_t(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xC0) != 0x80; })));
  return width;
}

} // namespace

TEST_CASE("a small causal mask") {
  CHECK(text({causalPanel(6)}) == R"(test

 j 0         5
i ┌┴─────────┴─┐
0 ┤██          │
  │████        │
  │██████      │
  │████████    │
  │██████████  │
5 ┤████████████│
  └────────────┘

█ visible, blank: hidden
i: queries, j: keys
)");
}

TEST_CASE("where a key takes one column a line holds two queries") {
  Panel panel = panelOf(Quantity::Mask, 20, 20, [](int64_t i, int64_t j) { return Cell{j <= i ? 1.0f : 0.0f, 0, 0}; });
  CHECK(text({panel}, 30) == R"(test

  j 0         10
 i ┌┴─────────┴─────────┐
 0 ┤█▄                  │
   │███▄                │
   │█████▄              │
   │███████▄            │
   │█████████▄          │
10 ┤███████████▄        │
   │█████████████▄      │
   │███████████████▄    │
   │█████████████████▄  │
   │███████████████████▄│
   └────────────────────┘

█ visible, blank: hidden
i: queries, j: keys
)");
}

TEST_CASE("shades say which share of a cell is visible, and only all is full and only none is blank") {
  Panel panel = panelOf(Quantity::Mask, 1, 6, [](int64_t, int64_t j) {
    constexpr float shares[] = {0, 1e-7f, 0.34f, 0.67f, 1 - 1e-7f, 1};
    return Cell{shares[j], 0, 0};
  });
  CHECK(text({panel}).find("┤  ░░▒▒▓▓▓▓██│") != std::string::npos);
}

TEST_CASE("tiles have a character for each class, and the most frequent one wins") {
  Panel panel;
  panel.quantity = Quantity::Tiles;
  panel.raster = cut(64, 256, {1, 4}, 64, 64);
  panel.raster.cells = {{1, 0, 0}, {0, 1, 0}, {0, 0, 0}, {0.2f, 0.3f, 0}};
  std::string shown = text({panel});
  CHECK(shown.find("┤██████▒▒▒▒▒▒············│") != std::string::npos);
  CHECK(shown.find("what most tiles of the cell are") != std::string::npos);
}

TEST_CASE("values are bars; what isn't a number says so, what is hidden is blank") {
  Panel panel = panelOf(Quantity::Score, 1, 4, [](int64_t, int64_t j) {
    constexpr float values[] = {-1, 1, 5, NAN};
    return Cell{j == 2 ? 0.0f : 1.0f, 0, values[j]};
  });
  panel.low = -1;
  panel.high = 1;
  CHECK(text({panel}).find("┤▁▁██  ??│") != std::string::npos);
}

TEST_CASE("no line is wider than the terminal, whatever the plane") {
  for (int width : {30, 50, 80, 120})
    for (size_t panels : {1u, 2u, 3u, 5u})
      for (auto [queries, keys] : {std::pair<int64_t, int64_t>{1, 1}, {3, 5000}, {5000, 3}, {333, 1000}, {1000000, 1000000}})
        for (Quantity quantity : {Quantity::Mask, Quantity::Tiles, Quantity::Score}) {
          Panel panel;
          panel.quantity = quantity;
          panel.title = "mask, b = 0, h = 3";
          panel.notes = {"some words about how many pairs are visible in this plane, and how that was found out"};
          panel.raster = cut(queries, keys, terminalGrid(width, panels, queries, keys, quantity));
          for (Cell &cell : panel.raster.cells)
            cell.visible = 0.5f;
          INFO(width << " " << panels << " " << queries << " " << keys);
          CHECK(widest(text(std::vector<Panel>(panels, panel), width)) <= size_t(width));
        }
}

TEST_CASE("colours change nothing but colour") {
  std::string plain = text({causalPanel(9), causalPanel(9)}), colored = text({causalPanel(9), causalPanel(9)}, 80, true);
  CHECK(colored != plain);
  std::string stripped;
  for (size_t n = 0; n < colored.size(); ++n) {
    if (colored[n] == '\x1b')
      n = colored.find('m', n);
    else
      stripped += colored[n];
  }
  CHECK(stripped == plain);
}

TEST_CASE("an empty plane is said to be empty") {
  Panel panel;
  panel.raster = cut(0, 7, {1, 1});
  CHECK(text({panel}).find("no pairs: I = 0, J = ") != std::string::npos);
}
