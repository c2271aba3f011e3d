#pragma once

#include "compiler/library/Inputs.h"
#include "compiler/picture/Figure.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

/// Pictures of an attention: what `attnc show` draws. The drawing itself is compiler/picture's.
namespace attn::library {

/// The size of the compiler's tiles.
struct TileSize {
  int64_t queries = 0, keys = 0;
};

/// Some batches or heads, in the order they stand.
struct Numbers {
  bool all = false;
  std::vector<int64_t> list; ///< if not all; not empty
};

struct PictureRequest {
  std::vector<picture::Quantity> quantities; ///< in the order they stand
  /// Which planes. Without a value: the first, where planes differ. Of those that don't differ only one is drawn.
  std::optional<Numbers> batches, heads;
  TileSize tile; ///< where tiles are among the quantities
  /// How finely a plane of so many queries and keys is cut, beside how many panels.
  std::function<picture::Grid(size_t panels, int64_t queries, int64_t keys, picture::Quantity)> grid;
};

/// The nodes that a picture evaluates, for InputRequest::onlyNodes. Fails where there is no such value in the attention.
Result<std::vector<sema::NodeId>> pictureNodes(const sema::Attention &attention,
                                               const std::vector<picture::Quantity> &quantities);

/// The tiles that the compiler cuts the plane into.
std::optional<TileSize> tileSize(const sema::Attention &attention, const RunData &data, const CompileRequest &request,
                                 CompileReport &report);

/// Whether every pair is visible because the attention says nothing else.
bool hasMask(const sema::Attention &attention);

/// Fails where a batch or head doesn't exist, or where the data is at fault.
Result<picture::Figure> makeFigure(const sema::Attention &attention, const RunData &data, const PictureRequest &request);

} // namespace attn::library
