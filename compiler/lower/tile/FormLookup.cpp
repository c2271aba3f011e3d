#include "compiler/lower/coordinate/TableProduct.h"
#include "compiler/lower/tile/LinearRead.h"
#include "compiler/lower/tile/TileFormer.h"

using namespace mlir;

namespace attn::lower {

bool TileFormer::isLookup(ir::DotOp dot) { return dot->hasAttr(tableAttributeName); }

/// As many rows as differ between the corners of a row block and a block of keys.
static int64_t windowRows(ir::ScheduleAttr schedule) {
  return std::max(schedule.queryBlock(), 2 * schedule.getLanes()) + schedule.getKeyBlock();
}

static bool isByWindow(ir::DotOp dot) { return dot->getAttrOfType<StringAttr>(tableAttributeName).getValue() == "window"; }

Value TileFormer::keyTable(ir::DotOp dot) {
  Value &tile = windows[dot];
  if (tile)
    return tile;
  TableProduct product = *tableProduct(dot);
  LinearRead rows = tableOf(product.row, product.dimension);
  Value tensor = place(rows);
  auto [keys, axes] = keyMatrix(dot.getLhs());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(blockEnd);
  IRMapping perPair;
  Value index = isByWindow(dot) ? clone(product.index(), perPair) : Value();
  int64_t count = llvm::alignTo(index ? windowRows(schedule) : mostTableRows, schedule.queryBlock());
  return windows[dot] = ir::TileKeyTableOp::create(builder, dot.getLoc(), tileType(name("j"), name("row")), keys, axes, tensor, rows.axes,
                                                   cast<StringAttr>(dot.getOver()[0]), count, index, block);
}

Value TileFormer::lookupTile(ir::DotOp dot) {
  TableProduct product = *tableProduct(dot);
  if (product.ofKey)
    return keyTable(dot);
  bool byWindow = isByWindow(dot);
  Value &table = tables[dot];
  if (!table) {
    LinearRead rows = tableOf(product.row, product.dimension);
    Value queries = queryTile(dot.getLhs(), Value(), ir::Orientation::Queries), tensor = place(rows);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(rowBlockEnd);
    int64_t count = llvm::alignTo(byWindow ? windowRows(schedule) : mostTableRows, schedule.getKeyRows());
    table = ir::TileTableOp::create(builder, dot.getLoc(), tileType(name("row")), queries, tensor, rows.axes, count);
  }
  if (!byWindow)
    return table;
  Value &window = windows[dot];
  if (!window) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(blockEnd);
    IRMapping perPair;
    Value index = clone(product.index(), perPair);
    window = ir::TileWindowOp::create(builder, dot.getLoc(), table, index, block);
  }
  return window;
}

Value TileFormer::lookUp(ir::DotOp dot, IRMapping &perPair) {
  Value tile = lookupTile(dot), index = clone(tableProduct(dot)->index(), perPair);
  ir::FnType type = ir::pointwiseType(builder.getF32Type(), {index});
  SmallVector<StringAttr> coordinates = ir::unionOfCoordinates({index}, {name("i")});
  Value found = ir::TileLookupOp::create(builder, dot.getLoc(), ir::FnType::get(type.getElementType(), coordinates), tile, index);
  return dot.getScale() ? multiply(found, clone(dot.getScale(), perPair)) : found;
}

} // namespace attn::lower
