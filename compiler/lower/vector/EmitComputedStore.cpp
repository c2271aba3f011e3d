#include "compiler/lower/vector/TileEmitter.h"

using namespace mlir;

namespace attn::lower {

std::optional<TileEmitter::LinearIndex> TileEmitter::linearIndex(FunctionEmitter &scalar, Value index, StringRef row,
                                                                 StringRef column) {
  Value zero = code.integer(0), one = code.integer(1);
  auto type = cast<ir::FnType>(index.getType());
  if (!type.variesWith(row) && !type.variesWith(column))
    return LinearIndex{scalar.emitScalar(index), zero, zero};
  if (auto coordinate = index.getDefiningOp<ir::CoordinateOp>())
    return LinearIndex{zero, coordinate.getName() == row ? one : zero, coordinate.getName() == column ? one : zero};
  auto op = index.getDefiningOp<ir::BinaryOp>();
  if (!op)
    return std::nullopt;
  auto left = linearIndex(scalar, op.getLhs(), row, column), right = linearIndex(scalar, op.getRhs(), row, column);
  if (!left || !right)
    return std::nullopt;
  if (op.getKind() == ir::BinaryKind::Add)
    return LinearIndex{code.add(left->rest, right->rest), code.add(left->row, right->row),
                       code.add(left->column, right->column)};
  if (op.getKind() == ir::BinaryKind::Subtract)
    return LinearIndex{code.subtract(left->rest, right->rest), code.subtract(left->row, right->row),
                       code.subtract(left->column, right->column)};
  auto varies = [&](Value operand) {
    auto of = cast<ir::FnType>(operand.getType());
    return of.variesWith(row) || of.variesWith(column);
  };
  if (op.getKind() != ir::BinaryKind::Multiply || (varies(op.getLhs()) && varies(op.getRhs())))
    return std::nullopt;
  if (varies(op.getRhs()))
    std::swap(left, right);
  Value factor = right->rest;
  return LinearIndex{code.multiply(left->rest, factor), code.multiply(left->row, factor),
                     code.multiply(left->column, factor)};
}

Value TileEmitter::checkStored(Operation *op, int64_t number, ArrayRef<Value> lowest, ArrayRef<Value> highest,
                               Value counts) {
  auto tensor = op->getOperand(1).getDefiningOp<ir::TensorOp>();
  Value allInside = code.boolean(true);
  for (auto [dimension, low, high] : llvm::enumerate(lowest, highest)) {
    Value limit = run.size(number, dimension, tensor.getSizes()), zero = code.integer(0);
    Value isBelow = code.compare(arith::CmpIPredicate::slt, low, zero),
          isInside = code.both(code.negate(isBelow), code.compare(arith::CmpIPredicate::slt, high, limit));
    int32_t site = sites.number(op, ATTN_SITE_INDEX, number, dimension, tensor.getNameAttr());
    sites.reportIfAny(code, run.pointer(), site, code.both(counts, code.negate(isInside)),
                      code.select(isBelow, low, high), limit);
    allInside = code.both(allInside, isInside);
  }
  return allInside;
}

void TileEmitter::storeBlock(const Matrix &target, const StoredBlock &block) {
  if (!block.isWide)
    return unpack(target, block.source, block.width, block.rows.count, block.columns.count);
  code.loop(code.integer(0), block.rows.count, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    Value element = functions.resize(code.load(code.i64(), code.at(block.source, code.i64(), row), 8),
                                     target.element.getIntOrFloatBitWidth());
    code.store(element, code.at(target.base, target.element, code.multiply(row, target.rowStride)),
               target.element.getIntOrFloatBitWidth() / 8);
    return {};
  });
}

/// Where each index is linear in the row and the column, so are addresses; only the corners of the block are compared
/// with the tensor's sizes.
void TileEmitter::storeComputed(Operation *op, Value tensor, ValueRange indices, const StoredBlock &block) {
  int64_t number = tensor.getDefiningOp<ir::TensorOp>().getIndex();
  Type element = matrixElement(tensor);
  // By itself, since lanes may hold rows of several heads.
  FunctionEmitter scalar = functions.withLanes("");
  Value zero = code.integer(0), one = code.integer(1);
  Matrix target{run.data(number), zero, zero, false, element};
  SmallVector<Value> lowest, highest;
  Value lastRow = code.subtract(block.rows.count, one), lastColumn = code.subtract(block.columns.count, one);
  for (auto [dimension, index] : llvm::enumerate(indices)) {
    auto linear = linearIndex(scalar, index, block.rows.coordinate, block.columns.coordinate);
    if (!linear)
      return storeEach(op, tensor, indices, block);
    Value first = code.add(linear->rest, code.add(code.multiply(linear->row, block.rows.first),
                                                  code.multiply(linear->column, block.columns.first)));
    Value down = code.multiply(linear->row, lastRow), across = code.multiply(linear->column, lastColumn);
    auto atMost = [&](Value value) { return code.minimum(value, zero); };
    auto atLeast = [&](Value value) { return code.builder.createOrFold<arith::MaxSIOp>(code.location, value, zero); };
    lowest.push_back(code.add(first, code.add(atMost(down), atMost(across))));
    highest.push_back(code.add(first, code.add(atLeast(down), atLeast(across))));
    Value stride = run.stride(number, dimension);
    target.base = code.at(target.base, element, code.multiply(first, stride));
    target.rowStride = code.add(target.rowStride, code.multiply(linear->row, stride));
    target.columnStride = code.add(target.columnStride, code.multiply(linear->column, stride));
  }
  Value isThere = code.both(code.compare(arith::CmpIPredicate::sgt, block.rows.count, zero),
                            code.compare(arith::CmpIPredicate::sgt, block.columns.count, zero));
  Value isInside = checkStored(op, number, lowest, highest, isThere);
  code.when(code.both(isThere, isInside), [&] { storeBlock(target, block); });
}

/// Any other index is evaluated for each element.
void TileEmitter::storeEach(Operation *op, Value tensor, ValueRange indices, const StoredBlock &block) {
  int64_t number = tensor.getDefiningOp<ir::TensorOp>().getIndex();
  Type element = matrixElement(tensor);
  Value one = code.integer(1);
  FunctionEmitter scalar = functions.withLanes("");
  auto set = [&](const Span &span, Value at) {
    if (span.coordinate == "j")
      scalar.place.key = code.add(span.first, at);
    else if (!span.coordinate.empty())
      scalar.place.others[span.coordinate] = code.add(span.first, at);
  };
  code.loop(code.integer(0), block.columns.count, 1, {}, [&](Value column, ValueRange) -> SmallVector<Value> {
    code.loop(code.integer(0), block.rows.count, 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      FunctionEmitter::Scope scope(scalar);
      set(block.rows, row);
      set(block.columns, column);
      Matrix target{run.data(number), one, one, false, element};
      SmallVector<Value> at;
      for (auto [dimension, index] : llvm::enumerate(indices)) {
        at.push_back(scalar.emitScalar(index));
        target.base = code.at(target.base, element, code.multiply(at.back(), run.stride(number, dimension)));
      }
      Value isInside = checkStored(op, number, at, at, code.boolean(true));
      code.when(isInside, [&] {
        StoredBlock single = block;
        Value offset = code.add(code.multiply(column, block.width), row);
        single.source = code.at(block.source, block.isWide ? code.i64() : code.f32(), offset);
        single.rows.count = single.columns.count = one;
        storeBlock(target, single);
      });
      return {};
    });
    return {};
  });
}

/// A tile of queries or keys, whichever of its coordinates is in lanes.
void TileEmitter::storeComputedTile(ir::TileStoreOp op) {
  Value tile = op.getTile(), source = tiles[tile].address;
  auto whole = [&](StringRef coordinate) { return Span{coordinate, code.integer(0), extentOf(coordinate)}; };
  Span keys;
  if (op.getBlock())
    keys = {"j", currentBlock.first, code.subtract(currentBlock.end, currentBlock.first)};
  if (rowsOf(tile) == "j" && lanesOf(tile) != "i")
    return storeComputed(op, op.getTensor(), op.getIndices(), {source, rowFloats(tile), whole(lanesOf(tile)), keys});
  forEachRun([&](Value row, Value count, Value query) {
    Span queries{"i", query, count};
    if (lanesOf(tile) != "i") {
      Value first = code.at(source, code.f32(), code.multiply(row, rowFloats(tile)));
      return storeComputed(op, op.getTensor(), op.getIndices(),
                           {first, rowFloats(tile), whole(lanesOf(tile)), queries});
    }
    storeComputed(op, op.getTensor(), op.getIndices(),
                  {code.at(source, code.f32(), row), code.integer(schedule.queryBlock()), queries,
                   op.getBlock() ? keys : whole(rowsOf(tile))});
  });
}

/// Values of queries, through the memory of a row.
void TileEmitter::storeComputedRow(ir::TileStoreRowOp op) {
  bool hasRows = llvm::is_contained(op.getAxes().getAsValueRange<StringAttr>(), "i");
  bool isWide = !isa<FloatType>(cast<ir::TensorHandleType>(op.getTensor().getType()).getElementType());
  Type element = isWide ? code.i64() : code.f32();
  for (auto [part, value] : llvm::enumerate(functions.emitVectors(op.getValue()))) {
    Value stored = value;
    if (isWide && getElementTypeOrSelf(value.getType()).isInteger(1))
      stored = arith::ExtUIOp::create(code.builder, code.location, functions.vectorType(code.i64()), value);
    else if (isWide)
      stored = functions.resize(value, 64);
    code.store(stored, code.at(rowTile, element, part * schedule.getLanes()), 4);
  }
  forEachRun([&](Value row, Value count, Value query) {
    StoredBlock block{code.at(rowTile, element, row),
                      code.integer(schedule.queryBlock()),
                      {"i", query, hasRows ? count : code.integer(1)},
                      {"", code.integer(0), code.integer(1)}};
    block.isWide = isWide;
    storeComputed(op, op.getTensor(), op.getIndices(), block);
  });
}

} // namespace attn::lower
