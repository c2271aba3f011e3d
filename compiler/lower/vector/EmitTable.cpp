#include "compiler/lower/vector/TileEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace attn::lower {

Value TileEmitter::tableSize(ir::TileTableOp op) {
  auto shift = op.getTable().getDefiningOp<ir::ShiftOp>();
  auto tensor = (shift ? shift.getTensor() : op.getTable()).getDefiningOp<ir::TensorOp>();
  auto row = llvm::find_if(op.getAxes(), [](Attribute axis) { return cast<StringAttr>(axis) == "row"; });
  return run.size(tensor.getIndex(), std::distance(op.getAxes().begin(), row), tensor.getSizes());
}

void TileEmitter::multiplyRows(ir::TileTableOp op, Value first, Value end) {
  Matrix table = matrixOf(op.getTable(), op.getAxes(), "row", featureOf(op.getQueries()));
  forStride(code, table, SmallVector<Type>(vectors, vectorType), [&](const Matrix &matrix) {
    return contractBlock(op.getQueries(), scratchTiles[op.getResult()], {first, end, {}}, matrix);
  });
}

void TileEmitter::emitTable(ir::TileTableOp op) {
  Value size = tableSize(op);
  tiles[op.getResult()] = {scratchTiles[op.getResult()], {}};
  rowWindows[op.getResult()] = {code.integer(0), {}};
  Value fits = code.compare(arith::CmpIPredicate::sle, size, code.integer(op.getRows()));
  code.when(fits, [&] { multiplyRows(op, code.integer(0), size); });
}

/// The index follows query and key step by step, so that its least and largest value are at corners.
void TileEmitter::emitWindow(ir::TileWindowOp op) {
  auto table = op.getTable().getDefiningOp<ir::TileTableOp>();
  KeyBlock block = blocks[op.getBlock()];
  Value zero = code.integer(0), one = code.integer(1), size = tableSize(table), rowsOfTile = code.integer(table.getRows());
  auto larger = [&](Value left, Value right) -> Value { return arith::MaxSIOp::create(code.builder, code.location, left, right); };
  auto [firstQuery, lastQuery] = queriesOfBlock();
  FunctionEmitter corner = functions.withLanes("");
  Value low, high;
  for (Value query : {firstQuery, lastQuery})
    for (Value key : {block.first, code.subtract(block.end, one)}) {
      FunctionEmitter::Scope scope(corner);
      corner.place.others["i"] = query;
      corner.place.key = key;
      Value index = corner.resize(corner.emitScalar(op.getIndex()), 64);
      low = low ? code.minimum(low, index) : index;
      high = high ? larger(high, index) : index;
    }
  Value isSingle = code.compare(arith::CmpIPredicate::eq, low, high);
  Value lastRow = larger(code.subtract(size, one), zero);
  low = larger(code.minimum(low, lastRow), zero), high = code.minimum(high, lastRow);
  Value fits = code.compare(arith::CmpIPredicate::sle, size, rowsOfTile);
  Value first = code.select(fits, zero, low);
  code.when(code.negate(fits), [&] { multiplyRows(table, low, code.minimum(code.add(high, one), code.add(low, rowsOfTile))); });
  tiles[op.getResult()] = tiles[op.getTable()];
  rowWindows[op.getResult()] = {first, isSingle};
}

Plain TileEmitter::lookUp(FunctionEmitter &reader, ir::TileLookupOp op) {
  auto window = op.getTable().getDefiningOp<ir::TileWindowOp>();
  auto table = (window ? window.getTable() : op.getTable()).getDefiningOp<ir::TileTableOp>();
  RowWindow held = rowWindows[op.getTable()];
  Value address = tiles[op.getTable()].address, size = tableSize(table), zero = code.real(0, vectorType);
  SmallVector<Value> indices = reader.emitVectors(op.getIndex());
  Plain result;
  result.perQuery = true;
  auto gather = [&]() -> SmallVector<Value> {
    SmallVector<Value> parts;
    for (int64_t part = 0; part < vectors; ++part) {
      Value index = indices[part];
      Value isThere = code.compare(arith::CmpIPredicate::ult, index, code.broadcast(reader.resize(size, getElementTypeOrSelf(index.getType()).getIntOrFloatBitWidth()), index.getType()));
      VectorType narrow = reader.vectorType(code.i32());
      Value row = code.subtract(reader.resize(index, 32), code.broadcast(reader.resize(held.first, 32), narrow));
      Value last = code.integer(table.getRows() - 1, narrow);
      row = arith::MinUIOp::create(code.builder, code.location, row, last);
      Value offset = code.add(code.multiply(row, code.integer(schedule.queryBlock(), narrow)), reader.laneNumbers(part));
      Value addresses = LLVM::GEPOp::create(code.builder, code.location, reader.vectorType(code.pointer()), code.f32(), address, ArrayRef<LLVM::GEPArg>{offset});
      parts.push_back(LLVM::masked_gather::create(code.builder, code.location, vectorType, addresses, isThere, ValueRange{zero}, code.builder.getI32IntegerAttr(4)));
    }
    return parts;
  };
  if (!held.isSingle) {
    result.parts = gather();
    return result;
  }
  auto load = [&]() -> SmallVector<Value> {
    Value index = functions.resize(indices[0], 64);
    index = vector::ExtractOp::create(code.builder, code.location, index, 0);
    Value isThere = code.compare(arith::CmpIPredicate::ult, index, size);
    Value row = code.select(isThere, code.subtract(index, held.first), code.integer(0));
    SmallVector<Value> parts;
    for (int64_t part = 0; part < vectors; ++part)
      parts.push_back(code.select(code.broadcast(isThere, reader.vectorType(code.i1())), loadScratch(address, row, part), zero));
    return parts;
  };
  result.parts = code.branch(held.isSingle, SmallVector<Type>(vectors, vectorType), load, gather);
  return result;
}

} // namespace attn::lower
