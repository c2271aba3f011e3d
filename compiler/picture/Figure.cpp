#include "compiler/picture/Figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

using namespace attn::picture;

std::string_view attn::picture::nameOf(Quantity quantity) {
  static constexpr std::string_view names[] = {"mask", "tiles", "score", "weights"};
  return names[size_t(quantity)];
}

static std::vector<int64_t> edges(int64_t extent, int64_t cells, int64_t step) {
  int64_t units = (extent + step - 1) / step;
  cells = std::clamp<int64_t>(cells, 1, std::max<int64_t>(units, 1));
  std::vector<int64_t> list{0};
  for (int64_t n = 1; n <= cells && extent > 0; ++n)
    list.push_back(std::min(extent, int64_t(__int128(units) * n / cells) * step));
  return list;
}

Raster attn::picture::cut(int64_t queries, int64_t keys, Grid grid, int64_t queryStep, int64_t keyStep) {
  Raster raster;
  raster.queryEdges = edges(queries, grid.rows, queryStep);
  raster.keyEdges = edges(keys, grid.columns, keyStep);
  raster.cells.resize(raster.rows() * raster.columns());
  return raster;
}

double attn::picture::position(const Panel &panel, const Cell &cell) {
  double low = panel.low, high = panel.high, value = cell.value;
  if (panel.logarithmic) {
    value = std::log(std::max(value, low));
    low = std::log(low);
    high = std::log(high);
  }
  // A NaN lies nowhere; the top of the scale at least shows it.
  return !(high > low) || std::isnan(value) ? 1 : std::clamp((value - low) / (high - low), 0.0, 1.0);
}

std::string attn::picture::numberText(double value) {
  if (value == 0)
    return "0";
  return fmt::format("{:.3g}", value);
}
