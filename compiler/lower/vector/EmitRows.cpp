#include "compiler/lower/vector/Support.h"
#include "compiler/lower/vector/TileEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/SetVector.h"

#include <tuple>

using namespace mlir;

namespace attn::lower {

/// Emits what of a function doesn't vary with the coordinate in lanes, so that it isn't emitted once more in every step of a loop along it.
static void emitScalarParts(FunctionEmitter &functions, Value root, StringRef lane) {
  llvm::SetVector<Value> found;
  found.insert(root);
  for (size_t n = 0; n < found.size(); ++n) {
    if (!cast<ir::FnType>(found[n].getType()).variesWith(lane)) {
      functions.emit(found[n]);
      continue;
    }
    if (isa<ir::ReduceOp>(found[n].getDefiningOp()))
      continue;
    for (Value operand : found[n].getDefiningOp()->getOperands())
      if (isa<ir::FnType>(operand.getType()))
        found.insert(operand);
  }
}

/// One row of a tile whose lanes are features.
void TileEmitter::computeRow(ir::TileComputeOp op, Value row, FunctionEmitter &features) {
  StringRef feature = lanesOf(op.getResult());
  Value tile = scratchTiles[op.getResult()], count = extentOf(feature);
  Value target = code.at(tile, code.f32(), code.multiply(row, rowFloats(op.getResult())));
  FunctionEmitter::Scope scope(features);
  features.place.lastQuery = code.subtract(count, code.integer(1));
  emitScalarParts(features, op.getValue(), feature);
  code.loop(code.integer(0), count, schedule.getLanes(), {}, [&](Value first, ValueRange) -> SmallVector<Value> {
    FunctionEmitter::Scope perVector(features);
    features.place.firstQuery = first;
    Value values = features.emitVectors(op.getValue())[0];
    code.store(values, code.at(target, code.f32(), first), 4 * schedule.getLanes());
    return {};
  });
}

void TileEmitter::emitCompute(ir::TileComputeOp op) {
  Value result = op.getResult(), tile = scratchTiles[result];
  tiles[result] = {tile, {}};
  StringRef rowName = rowsOf(result), laneName = lanesOf(result);
  if (laneName == "i") {
    code.loop(code.integer(0), extentOf(rowName), 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      FunctionEmitter::Scope scope(functions);
      Value outer = functions.place.others.lookup(rowName);
      functions.place.others[rowName] = row;
      for (auto [part, value] : llvm::enumerate(functions.emitVectors(op.getValue())))
        storeScratch(value, tile, row, part);
      functions.place.others[rowName] = outer;
      return {};
    });
    return;
  }
  FunctionEmitter features = functions.withLanes(laneName);
  bool ofKeys = op.getBlock() != nullptr;
  Value first = currentBlock.first;
  Value count = ofKeys ? code.subtract(currentBlock.end, currentBlock.first) : rows;
  auto compute = [&] {
    code.loop(code.integer(0), count, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      FunctionEmitter::Scope scope(features);
      if (ofKeys) {
        features.place.key = code.add(first, row);
      } else {
        std::tie(features.place.head, features.place.others["i"]) = headAndQuery(row);
        features.place.row = row;
      }
      computeRow(op, row, features);
      return {};
    });
  };
  switch (rowPlaces(op)) {
  case RowPlaces::Computed:
    compute();
    break;
  case RowPlaces::Even:
    tiles[result].stored = placeEvenRows(op, compute);
    break;
  case RowPlaces::Anywhere:
    tiles[result].stored = placeRows(op, compute);
    break;
  }
}

void TileEmitter::emitTranspose(ir::TileTransposeOp op) {
  Value tile = scratchTiles[op.getResult()];
  Value scale = packedScale(op.getScale());
  Value features = extentOf(rowsOf(op.getResult()));
  packRows({tiles[op.getOperand()].address, rowFloats(op.getOperand()), code.integer(1), rows, features, tile, code.integer(schedule.queryBlock()), scale});
  if (op.getScale())
    scalePacked(tile, features, op.getScale());
  tiles[op.getResult()] = {tile, {}};
}

/// A tile with queries in lanes is read as vectors by an emitter that has them so too; every other combination is one element for all lanes.
Plain TileEmitter::readTile(FunctionEmitter &reader, ir::TileFunctionOp op) {
  Value tile = op.getTile(), address = tiles[tile].address;
  StringRef rowName = rowsOf(tile), laneName = lanesOf(tile);
  auto relative = [&](StringRef name) {
    if (name == "i")
      return reader.place.row;
    Value at = reader.scalarCoordinate(name);
    return name == "j" ? code.subtract(at, currentBlock.first) : at;
  };
  Plain plain;
  if (laneName == "i" && &reader == &functions) {
    plain.perQuery = true;
    Value row = relative(rowName);
    for (int64_t part = 0; part < vectors; ++part)
      plain.parts.push_back(loadScratch(address, row, part));
    return plain;
  }
  if (!reader.isInLanes(op)) {
    Value offset = code.add(code.multiply(relative(rowName), rowFloats(tile)), relative(laneName));
    plain.parts = {code.load(code.f32(), code.at(address, code.f32(), offset), 4)};
    return plain;
  }
  // Lanes along the tile's rows or lanes: element by element, from where the reader's lanes begin.
  plain.perQuery = true;
  bool alongRows = rowName == reader.laneCoordinate(), alongQueries = reader.laneCoordinate() == "i";
  Value stride = alongRows ? rowFloats(tile) : code.integer(1);
  Value fixed = alongRows ? relative(laneName) : code.multiply(relative(rowName), rowFloats(tile));
  Value first = alongQueries ? code.integer(0) : reader.place.firstQuery;
  Value last = alongQueries ? code.subtract(rows, code.integer(1)) : reader.place.lastQuery;
  for (int64_t part = 0; part < (&reader == &functions ? vectors : 1); ++part) {
    Value result = code.real(0, vectorType);
    for (int64_t lane = 0; lane < schedule.getLanes(); ++lane) {
      Value at = code.minimum(code.add(first, code.integer(part * schedule.getLanes() + lane)), last);
      Value element = code.load(code.f32(), code.at(address, code.f32(), code.add(fixed, code.multiply(at, stride))), 4);
      result = vector::InsertOp::create(code.builder, code.location, element, result, lane);
    }
    plain.parts.push_back(result);
  }
  return plain;
}

} // namespace attn::lower
