#pragma once

#include "compiler/library/MaskClassifier.h"
#include "compiler/picture/Figure.h"

namespace attn::library {

/// How true a raster is.
struct RasterTruth {
  int64_t cells = 0;         ///< of the raster
  int64_t sampledCells = 0;  ///< whose share was estimated from some of their pairs (or tiles)
  int64_t samples = 0;       ///< how many each, at most
  double within = 0;         ///< the others' shares are off by no more; 0: exact
  int64_t rowsPerCell = 0;   ///< Score, Weight: how many queries of a row of cells were computed; 0: all
};

/// How much work a raster may be, in operations on whole areas or on single pairs; a few seconds.
constexpr double rasterWork = 1e7;

/// Fills in what share of each cell the mask lets through, of the plane that the classifier is at. The area of cells is decided as a whole as far
/// as that is proven, the rest is cut in halves down to single pairs while the work lasts, and what is undecided after that is sampled (with the
/// same sample in every run). No memory but the raster's is used, whatever I and J are.
RasterTruth fillMask(MaskClassifier &classifier, picture::Raster &raster, double work = rasterWork);

/// Fills in the shares of full and mixed tiles. The raster was cut in steps of the tiles.
RasterTruth fillTiles(MaskClassifier &classifier, picture::Raster &raster, int64_t tileQueries, int64_t tileKeys,
                      double work = rasterWork);

/// Fills in the score or the weights of a batch and head, as the oracle computes them from the attention's definitions: float64, hidden
/// keys left out. Features that the score varies with are 0. Of each row of cells so many queries are computed as the work allows, at least one,
/// evenly spread. Fails where an index or a divisor is wrong at a pair that counts.
Result<RasterTruth> fillValues(const sema::Attention &attention, const RunData &data, int64_t batch, int64_t head,
                               sema::NodeId node, bool isWeight, picture::Raster &raster, double work);

} // namespace attn::library
