#include "compiler/lower/tile/TileFormer.h"

using namespace mlir;

namespace attn::lower {

/// What varies with the key is stored block by block, whether or not anything is visible.
void TileFormer::emitPairOutputs() {
  SmallVector<ir::OutputOp> pairs, rowsOfKeys;
  SmallVector<Value> roots;
  for (auto output : kernel.getBody().getOps<ir::OutputOp>()) {
    Value value = output.getValue();
    if (!variesWith(value, "j"))
      continue;
    if (featuresOf(value).empty())
      pairs.push_back(output), roots.push_back(value);
    else
      rowsOfKeys.push_back(output);
  }
  if (pairs.empty() && rowsOfKeys.empty())
    return;
  builder.setInsertionPoint(rowBlockEnd);
  Leaves leaves = leavesOf(roots);
  Reductions reductions;
  addScans(reductions, leaves);
  beginVisit(reductions.types, reductions.inits, !leaves.scans.empty(), Pairs::All);
  SmallVector<Value> totals;
  if (!pairs.empty())
    totals = storePairs(pairs, leaves, reductions);
  for (ir::OutputOp output : rowsOfKeys) {
    Value tile = keyTile(output.getValue());
    ir::TileStoreOp::create(builder, location, tile, rowValue(output.getTensor()), output.getCoordinates(), block, indicesOf(output));
  }
  endVisit(totals);
}

SmallVector<Value> TileFormer::storePairs(ArrayRef<ir::OutputOp> outputs, const Leaves &leaves,
                                          const Reductions &reductions) {
  SmallVector<Value> products = contractAll(leaves, false);
  auto map = createMap(leaves, products, outputs.size(), 0, reductions, Pairs::All,
                       [&](IRMapping &perPair, SmallVectorImpl<Value> &results) {
                         for (ir::OutputOp output : outputs)
                           results.push_back(clone(output.getValue(), perPair));
                       });
  for (auto [output, tile] : llvm::zip(outputs, map.getTiles()))
    ir::TileStoreOp::create(builder, location, tile, rowValue(ir::OutputOp(output).getTensor()),
                            ir::OutputOp(output).getCoordinates(), block, indicesOf(output));
  return SmallVector<Value>(map.getTotals());
}

SmallVector<Value> TileFormer::indicesOf(ir::OutputOp output) {
  IRMapping perKey;
  return llvm::map_to_vector(output.getIndices(), [&](Value index) { return clone(index, perKey); });
}

void TileFormer::emitOutput(ir::OutputOp output) {
  Value value = output.getValue();
  builder.setInsertionPoint(rowBlockEnd);
  Value target = rowValue(output.getTensor());
  SmallVector<Value> indices = indicesOf(output);
  if (auto tile = tileOf.find(value); tile != tileOf.end()) {
    ir::TileStoreOp::create(builder, output.getLoc(), tile->second, target, output.getCoordinates(), Value(), indices);
    return;
  }
  SmallVector<StringAttr> features = featuresOf(value);
  Value copy = rowValue(value);
  if (features.empty()) {
    ir::TileStoreRowOp::create(builder, output.getLoc(), copy, target, output.getCoordinates(), indices);
    return;
  }
  Value tile = ir::TileComputeOp::create(builder, output.getLoc(), tileType(features[0]), copy, Value());
  ir::TileStoreOp::create(builder, output.getLoc(), tile, target, output.getCoordinates(), Value(), indices);
}

} // namespace attn::lower
