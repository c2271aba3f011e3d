#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Pictures of the (i, j) plane of a head: as text for a terminal, as SVG, as PNG, as a page. Knows nothing of specs; whoever draws says
/// what each cell holds.
namespace attn::picture {

enum class Quantity : uint8_t { Mask, Tiles, Score, Weight };

std::string_view nameOf(Quantity quantity);

/// What a rectangle of queries and keys shows; which of these depends on the quantity.
struct Cell {
  float visible = 0; ///< Mask, Score, Weight: the share of its pairs that are visible, 0 and 1 only where that is exact. Tiles: of full tiles
  float mixed = 0;   ///< Tiles: the share of mixed tiles; the rest are empty
  float value = 0;   ///< Score: the mean over visible pairs. Weight: the sum over its keys, mean over its queries. Else unused
};

/// A plane cut into cells: row r holds queries [queryEdges[r], queryEdges[r + 1]), and columns keys likewise.
struct Raster {
  std::vector<int64_t> queryEdges{0}, keyEdges{0};
  std::vector<Cell> cells; ///< row by row

  size_t rows() const { return queryEdges.size() - 1; }
  size_t columns() const { return keyEdges.size() - 1; }
  Cell &at(size_t row, size_t column) { return cells[row * columns() + column]; }
  const Cell &at(size_t row, size_t column) const { return cells[row * columns() + column]; }
  int64_t queries() const { return queryEdges.back(); }
  int64_t keys() const { return keyEdges.back(); }
};

struct Grid {
  int64_t rows = 0, columns = 0;
};

/// An empty raster of so many cells, or of fewer: none is smaller than `queryStep` queries by `keyStep` keys, the units that cells consist of.
/// Sizes of cells differ by at most one unit (the last unit may be cut).
Raster cut(int64_t queries, int64_t keys, Grid grid, int64_t queryStep = 1, int64_t keyStep = 1);

/// One plane, and how to read it.
struct Panel {
  Quantity quantity = Quantity::Mask;
  std::string title; ///< which plane: `b = 0, h = 3`
  Raster raster;
  double low = 0, high = 0;        ///< Score, Weight: the smallest and largest value of the cells, what the scale spans
  bool logarithmic = false;        ///< the scale
  std::vector<std::string> notes{}; ///< what was counted, and how exactly; a line each
};

struct Figure {
  std::string title, subtitle;
  std::vector<Panel> panels;
};

/// Where on its scale a cell with a value lies, 0 to 1.
double position(const Panel &panel, const Cell &cell);

/// A number as a legend shows it: `0.25`, `1e-05`.
std::string numberText(double value);

} // namespace attn::picture
