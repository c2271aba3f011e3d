#include "compiler/lower/vector/Support.h"
#include "compiler/lower/vector/TileEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace attn::lower {

Value TileEmitter::tableSize(Value table, ArrayAttr axes) {
  auto shift = table.getDefiningOp<ir::ShiftOp>();
  auto tensor = (shift ? shift.getTensor() : table).getDefiningOp<ir::TensorOp>();
  auto row = llvm::find_if(axes, [](Attribute axis) { return cast<StringAttr>(axis) == "row"; });
  return run.size(tensor.getIndex(), std::distance(axes.begin(), row), tensor.getSizes());
}

void TileEmitter::multiplyRows(ir::TileTableOp op, Value first, Value end) {
  Matrix table = matrixOf(op.getTable(), op.getAxes(), "row", featureOf(op.getQueries()));
  forStride(code, table, SmallVector<Type>(vectors, vectorType), [&](const Matrix &matrix) {
    return contractBlock(op.getQueries(), scratchTiles[op.getResult()], {first, end, {}}, matrix);
  });
}

void TileEmitter::emitTable(ir::TileTableOp op) {
  Value size = tableSize(op.getTable(), op.getAxes());
  tiles[op.getResult()] = {scratchTiles[op.getResult()], {}};
  rowWindows[op.getResult()] = {code.integer(0), {}};
  Value fits = code.compare(arith::CmpIPredicate::sle, size, code.integer(op.getRows()));
  code.when(fits, [&] { multiplyRows(op, code.integer(0), size); });
}

/// The index follows query and key step by step, so that its least and largest value are at corners.
TileEmitter::RowRange TileEmitter::rowsOfBlock(Value index, const KeyBlock &block, Value size) {
  Value zero = code.integer(0), one = code.integer(1);
  auto larger = [&](Value left, Value right) -> Value { return arith::MaxSIOp::create(code.builder, code.location, left, right); };
  auto [firstQuery, lastQuery] = queriesOfBlock();
  FunctionEmitter corner = functions.withLanes("");
  Value low, high;
  for (Value query : {firstQuery, lastQuery})
    for (Value key : {block.first, code.subtract(block.end, one)}) {
      FunctionEmitter::Scope scope(corner);
      corner.place.others["i"] = query;
      corner.place.key = key;
      Value at = corner.resize(corner.emitScalar(index), 64);
      low = low ? code.minimum(low, at) : at;
      high = high ? larger(high, at) : at;
    }
  Value isSingle = code.compare(arith::CmpIPredicate::eq, low, high), lastRow = larger(code.subtract(size, one), zero);
  Value first = larger(code.minimum(low, lastRow), zero);
  return {first, larger(code.minimum(code.add(high, one), size), first), isSingle};
}

void TileEmitter::emitWindow(ir::TileWindowOp op) {
  auto table = op.getTable().getDefiningOp<ir::TileTableOp>();
  Value size = tableSize(table.getTable(), table.getAxes()), rowsOfTile = code.integer(table.getRows());
  RowRange range = rowsOfBlock(op.getIndex(), blocks[op.getBlock()], size);
  Value fits = code.compare(arith::CmpIPredicate::sle, size, rowsOfTile);
  code.when(code.negate(fits), [&] { multiplyRows(table, range.first, code.minimum(range.end, code.add(range.first, rowsOfTile))); });
  tiles[op.getResult()] = tiles[op.getTable()];
  rowWindows[op.getResult()] = {code.select(fits, code.integer(0), range.first), range.isSingle};
}

/// A row block's worth of the table's rows at a time: packed, then multiplied with the keys as queries are.
void TileEmitter::emitKeyTable(ir::TileKeyTableOp op) {
  KeyBlock block = blocks[op.getBlock()];
  Value size = tableSize(op.getTable(), op.getTableAxes()), rowsOfTile = code.integer(op.getRows()), zero = code.integer(0);
  Value fits = code.compare(arith::CmpIPredicate::sle, size, rowsOfTile), first = zero, end = code.select(fits, size, zero), isSingle;
  if (op.getIndex()) {
    RowRange range = rowsOfBlock(op.getIndex(), block, size);
    first = code.select(fits, zero, range.first);
    end = code.select(fits, size, code.minimum(range.end, code.add(range.first, rowsOfTile)));
    isSingle = range.isSingle;
  }
  StringRef feature = op.getFeature();
  Value tile = scratchTiles[op.getResult()], packed = packedRows[op], features = extentOf(feature);
  Matrix table = matrixOf(op.getTable(), op.getTableAxes(), "row", feature);
  Matrix keys = keyMatrixOf(op.getKeys(), op.getAxes(), block, feature);
  code.loop(first, end, schedule.queryBlock(), {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    Value count = code.minimum(code.subtract(end, row), code.integer(schedule.queryBlock()));
    callSupport(code, "attn_pack_rows_f32",
                {code.at(table.base, table.element, code.multiply(row, table.rowStride)), table.rowStride, table.columnStride, count, features, packed,
                 code.integer(schedule.queryBlock()), code.real(1)},
                {});
    Value target = code.at(tile, code.f32(), code.subtract(row, first));
    forStride(code, keys, SmallVector<Type>(vectors, vectorType), [&](const Matrix &matrix) {
      return contractBlock({packed, features, target, rowsOfTile}, block, matrix);
    });
    return {};
  });
  tiles[op.getResult()] = {tile, {}};
  rowWindows[op.getResult()] = {first, isSingle};
}

Value TileEmitter::gather(FunctionEmitter &reader, Value address, Value offset, Value isThere) {
  Value addresses = LLVM::GEPOp::create(code.builder, code.location, reader.vectorType(code.pointer()), code.f32(), address, ArrayRef<LLVM::GEPArg>{offset});
  return LLVM::masked_gather::create(code.builder, code.location, vectorType, addresses, isThere, ValueRange{code.real(0, vectorType)},
                                     code.builder.getI32IntegerAttr(4));
}

Plain TileEmitter::lookUp(FunctionEmitter &reader, ir::TileLookupOp op) {
  auto keyTable = op.getTable().getDefiningOp<ir::TileKeyTableOp>();
  auto window = op.getTable().getDefiningOp<ir::TileWindowOp>();
  auto table = keyTable ? ir::TileTableOp() : (window ? window.getTable() : op.getTable()).getDefiningOp<ir::TileTableOp>();
  RowWindow held = rowWindows[op.getTable()];
  int64_t rowsOfTile = keyTable ? keyTable.getRows() : table.getRows();
  Value address = tiles[op.getTable()].address, zero = code.real(0, vectorType);
  Value size = keyTable ? tableSize(keyTable.getTable(), keyTable.getTableAxes()) : tableSize(table.getTable(), table.getAxes());
  if (keyTable)
    address = code.at(address, code.f32(), code.multiply(code.subtract(reader.place.key, currentBlock.first), code.integer(rowsOfTile)));
  SmallVector<Value> indices = reader.emitVectors(op.getIndex());
  VectorType narrow = reader.vectorType(code.i32());
  Plain result;
  result.perQuery = true;
  auto lookUpEach = [&]() -> SmallVector<Value> {
    SmallVector<Value> parts;
    for (int64_t part = 0; part < vectors; ++part) {
      Value index = indices[part];
      unsigned width = getElementTypeOrSelf(index.getType()).getIntOrFloatBitWidth();
      Value isThere = code.compare(arith::CmpIPredicate::ult, index, code.broadcast(reader.resize(size, width), index.getType()));
      Value row = code.subtract(reader.resize(index, 32), code.broadcast(reader.resize(held.first, 32), narrow));
      row = arith::MinUIOp::create(code.builder, code.location, row, code.integer(rowsOfTile - 1, narrow));
      // Rows of queries' products have queries in lanes, rows of keys' products the table's rows.
      Value offset = keyTable ? row : code.add(code.multiply(row, code.integer(schedule.queryBlock(), narrow)), reader.laneNumbers(part));
      parts.push_back(gather(reader, address, offset, isThere));
    }
    return parts;
  };
  if (!held.isSingle) {
    result.parts = lookUpEach();
    return result;
  }
  auto lookUpOne = [&]() -> SmallVector<Value> {
    Value index = vector::ExtractOp::create(code.builder, code.location, reader.resize(indices[0], 64), 0);
    Value isThere = code.compare(arith::CmpIPredicate::ult, index, size);
    Value row = code.select(isThere, code.subtract(index, held.first), code.integer(0));
    Value theyAre = code.broadcast(isThere, reader.vectorType(code.i1()));
    SmallVector<Value> parts;
    for (int64_t part = 0; part < vectors; ++part) {
      Value found = keyTable ? code.broadcast(code.load(code.f32(), code.at(address, code.f32(), row), 4), vectorType) : loadScratch(address, row, part);
      parts.push_back(code.select(theyAre, found, zero));
    }
    return parts;
  };
  result.parts = code.branch(held.isSingle, SmallVector<Type>(vectors, vectorType), lookUpOne, lookUpEach);
  return result;
}

} // namespace attn::lower
