#pragma once

#include "compiler/picture/Figure.h"

#include <functional>

namespace attn::test {

/// A panel of one cell for each pair of a plane.
inline picture::Panel panelOf(picture::Quantity quantity, int64_t queries, int64_t keys,
                              const std::function<picture::Cell(int64_t i, int64_t j)> &cell) {
  picture::Panel panel;
  panel.quantity = quantity;
  panel.raster = picture::cut(queries, keys, {queries, keys});
  for (int64_t i = 0; i < queries; ++i)
    for (int64_t j = 0; j < keys; ++j)
      panel.raster.at(size_t(i), size_t(j)) = cell(i, j);
  return panel;
}

inline picture::Panel causalPanel(int64_t extent) {
  return panelOf(picture::Quantity::Mask, extent, extent,
                 [](int64_t i, int64_t j) { return picture::Cell{j <= i ? 1.0f : 0.0f, 0, 0}; });
}

} // namespace attn::test
