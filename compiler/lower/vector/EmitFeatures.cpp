#include "compiler/lower/vector/LeftOut.h"
#include "compiler/lower/vector/Support.h"
#include "compiler/lower/vector/TileEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace attn::lower {

/// The sum over the lanes of each vector, as many to a vector as it has lanes. In every step the lanes of two vectors that belong to the same sum are halved:
/// a vector holds twice as many sums, of half as many lanes each.
static SmallVector<Value> sumLanes(Code &code, SmallVector<Value> vectors) {
  int64_t lanes = cast<VectorType>(vectors[0].getType()).getNumElements();
  for (int64_t sums = 1; sums < lanes; sums *= 2) {
    int64_t width = lanes / sums;
    SmallVector<int64_t> firstHalves, secondHalves;
    for (int64_t sum = 0; sum < 2 * sums; ++sum)
      for (int64_t lane = 0; lane < width / 2; ++lane) {
        firstHalves.push_back(sum * width + lane);
        secondHalves.push_back(sum * width + width / 2 + lane);
      }
    SmallVector<Value> halved;
    for (size_t n = 0; n + 1 < vectors.size(); n += 2) {
      auto shuffle = [&](ArrayRef<int64_t> order) -> Value {
        return vector::ShuffleOp::create(code.builder, code.location, vectors[n], vectors[n + 1], order);
      };
      halved.push_back(arith::AddFOp::create(code.builder, code.location, shuffle(firstHalves), shuffle(secondHalves)));
    }
    vectors = halved;
  }
  return vectors;
}

static void prefetch(Code &code, Value address) {
  constexpr uint32_t forReading = 0, intoSecond = 2, data = 1;
  LLVM::Prefetch::create(code.builder, code.location, address, forReading, intoSecond, data);
}

Value TileEmitter::lanesBefore(Value count, int64_t part) {
  Value lane = functions.laneNumbers(part);
  return code.compare(arith::CmpIPredicate::slt, lane, code.broadcast(functions.resize(count, 32), lane.getType()));
}

Value TileEmitter::spillPerQuery(ValueRange perQuery, int64_t place) {
  Value row = code.integer(place);
  for (auto [part, value] : llvm::enumerate(perQuery))
    storeScratch(value, rowTile, row, part);
  return scratch(rowTile, row, 0);
}

Value TileEmitter::elementOfQuery(Value spilled, Value row) {
  return code.broadcast(code.load(code.f32(), code.at(spilled, code.f32(), row), 4), vectorType);
}

/// From the last row to the first, since rows past the last query are copies of its row as it was.
void TileEmitter::emitScale(ir::TileScaleOp op) {
  TileValue tile = tiles[op.getOperand()];
  tiles[op.getResult()] = tile;
  SmallVector<Value> ones(vectors, code.real(1, vectorType));
  Value factors = spillPerQuery(op.getScale() ? whereExact(ones, functions.emitVectors(op.getScale())) : ones, 0);
  Value features = extentOf(lanesOf(op.getResult())), width = rowFloats(op.getResult()), zero = code.real(0, vectorType);
  Value rowCount = code.roundUp(rows, schedule.getFeatureRows()), one = code.integer(1), lastRow = code.subtract(rows, one);
  code.loop(code.integer(0), rowCount, 1, {}, [&](Value step, ValueRange) -> SmallVector<Value> {
    Value row = code.subtract(code.subtract(rowCount, one), step), source = code.minimum(row, lastRow);
    Value factor = elementOfQuery(factors, source);
    code.loop(code.integer(0), features, schedule.getLanes(), {}, [&](Value feature, ValueRange) -> SmallVector<Value> {
      Value values = code.load(vectorType, code.at(tile.address, code.f32(), code.add(code.multiply(source, width), feature)), 4);
      values = arith::MulFOp::create(code.builder, code.location, values, factor);
      values = code.select(lanesBefore(code.subtract(features, feature), 0), values, zero);
      code.store(values, code.at(tile.address, code.f32(), code.add(code.multiply(row, width), feature)), 4);
      return {};
    });
    return {};
  });
}

Matrix TileEmitter::withAdjacentFeatures(Operation *user, const Matrix &matrix, const KeyBlock &block, Value features) {
  if (matrix.rowAddresses)
    return matrix;
  Matrix result = matrix;
  result.base = code.at(matrix.base, matrix.element, code.multiply(block.first, matrix.rowStride));
  if (matrix.isContiguous)
    return result;
  result.columnStride = code.integer(1);
  result.isContiguous = true;
  SmallVector<Value> place = code.branch(
      code.compare(arith::CmpIPredicate::eq, matrix.columnStride, result.columnStride), {code.pointer(), code.i64()},
      [&]() -> SmallVector<Value> { return {result.base, matrix.rowStride}; },
      [&]() -> SmallVector<Value> {
        Value width = code.roundUp(features, 16), copy = copies.lookup(user);
        code.when(code.compare(arith::CmpIPredicate::sgt, features, code.integer(0)), [&] {
          SmallVector<Value> arguments{result.base, matrix.columnStride, matrix.rowStride, features, code.subtract(block.end, block.first), copy, width};
          if (matrix.element.isF32())
            arguments.push_back(code.real(1));
          callSupport(code, matrix.element.isF32() ? "attn_pack_rows_f32" : "attn_pack_rows_16", arguments, {});
        });
        return {copy, width};
      });
  result.base = place[0];
  result.rowStride = place[1];
  return result;
}

Value TileEmitter::loadFeatures(FloatType element, Value address, Value feature, Value features, bool isWhole) {
  Value at = code.at(address, element, feature);
  Type stored = vectorType.clone(code.loadedAs(element));
  unsigned bytes = element.getIntOrFloatBitWidth() / 8;
  if (isWhole)
    return code.asFloats(code.load(stored, at, bytes), element);
  Value isThere = lanesBefore(code.subtract(features, feature), 0);
  return code.asFloats(LLVM::MaskedLoadOp::create(code.builder, code.location, stored, at, isThere, code.zero(stored), bytes), element);
}

/// `keyRows` keys and `featureRows` queries at a time, a vector of features of each after the other; then the lanes are summed. Past the last key the last
/// is taken again.
void TileEmitter::contractFeatures(ir::TileContractOp op, const Matrix &matrix) {
  KeyBlock block = blocks[op.getBlock()];
  StringRef feature = lanesOf(op.getQueries());
  Value features = extentOf(feature), queries = tiles[op.getQueries()].address, width = rowFloats(op.getQueries());
  Matrix keys = withAdjacentFeatures(op, matrix, block, features);
  int64_t lanes = schedule.getLanes(), keyRows = schedule.getKeyRows(), queryRows = schedule.getFeatureRows();
  Value keysAhead = keys.rowAddresses ? Value() : code.multiply(keys.rowStride, code.integer(rowsAhead));
  Value count = code.subtract(block.end, block.first), lastKey = code.subtract(count, code.integer(1));
  Value scoreTile = scratchTiles[op.getResult()];
  Value whole = code.subtract(features, code.remainder(features, code.integer(lanes)));
  code.loop(code.integer(0), count, keyRows, {}, [&](Value key, ValueRange) -> SmallVector<Value> {
    SmallVector<Value> keyAddresses, addressesAhead;
    for (int64_t n = 0; n < keyRows; ++n) {
      Value row = code.minimum(code.add(key, code.integer(n)), lastKey);
      if (keys.rowAddresses) {
        keyAddresses.push_back(rowAddress(keys.rowAddresses, row));
        addressesAhead.push_back(rowAddress(keys.rowAddresses, code.add(row, code.integer(rowsAhead))));
      } else {
        keyAddresses.push_back(code.at(keys.base, keys.element, code.multiply(row, keys.rowStride)));
      }
    }
    code.loop(code.integer(0), rows, queryRows, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      SmallVector<Value> queryAddresses, sums;
      for (int64_t n = 0; n < queryRows; ++n)
        queryAddresses.push_back(code.at(queries, code.f32(), code.multiply(code.add(row, code.integer(n)), width)));
      // As many keys as there are registers for their addresses.
      for (int64_t first = 0, together = std::min<int64_t>(keyRows, 8); first < keyRows; first += together) {
        auto step = [&](Value at, ValueRange partial, bool isWhole) {
          SmallVector<Value> next, own;
          for (int64_t n = first; n < first + together; ++n)
            prefetch(code, keys.rowAddresses ? code.at(addressesAhead[n], keys.element, at)
                                             : code.at(keyAddresses[n], keys.element, code.add(at, keysAhead)));
          for (Value address : queryAddresses)
            own.push_back(loadFeatures(Float32Type::get(code.builder.getContext()), address, at, features, true));
          for (int64_t n = 0; n < together; ++n) {
            Value element = loadFeatures(cast<FloatType>(keys.element), keyAddresses[first + n], at, features, isWhole);
            for (int64_t query = 0; query < queryRows; ++query)
              next.push_back(multiplyAdd(element, own[query], partial[n * queryRows + query]));
          }
          return next;
        };
        SmallVector<Value> ofKeys(together * queryRows, code.real(0, vectorType));
        ofKeys = code.loop(code.integer(0), whole, lanes, ofKeys, [&](Value at, ValueRange partial) { return step(at, partial, true); });
        if (!isMultiple(feature, lanes))
          ofKeys = code.loop(whole, features, lanes, ofKeys, [&](Value at, ValueRange partial) { return step(at, partial, false); });
        llvm::append_range(sums, ofKeys);
      }
      for (auto [n, products] : llvm::enumerate(sumLanes(code, sums)))
        for (int64_t lane = 0; lane < lanes; lane += queryRows) {
          Value ofKey = vector::ExtractStridedSliceOp::create(code.builder, code.location, products, ArrayRef<int64_t>{lane},
                                                              ArrayRef<int64_t>{queryRows}, ArrayRef<int64_t>{1});
          Value keyRow = code.add(key, code.integer((n * lanes + lane) / queryRows));
          code.store(ofKey, code.at(scratch(scoreTile, keyRow, 0), code.f32(), row), 4);
        }
      return {};
    });
    return {};
  });
}

/// Lanes past the last query repeat it, as everywhere.
SmallVector<Value> TileEmitter::repeatLastQuery(Value tile, const KeyBlock &block) {
  SmallVector<Value> initial(vectors, code.real(-std::numeric_limits<double>::infinity(), vectorType)), isQuery;
  for (int64_t part = 0; part < vectors; ++part)
    isQuery.push_back(lanesBefore(rows, part));
  Value last = code.subtract(rows, code.integer(1));
  return code.loop(code.integer(0), code.subtract(block.end, block.first), 1, initial, [&](Value key, ValueRange carried) {
    Value ofLast = elementOfQuery(scratch(tile, key, 0), last);
    SmallVector<Value> next;
    for (int64_t part = 0; part < vectors; ++part) {
      Value scores = code.select(isQuery[part], loadScratch(tile, key, part), ofLast);
      storeScratch(scores, tile, key, part);
      Value isLarger = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::OGT, scores, carried[part]);
      next.push_back(code.select(isLarger, scores, carried[part]));
    }
    return next;
  });
}

/// `featureRows` queries and as many vectors of features at a time as there are registers for; what is left of the features one vector at a time. With care, values
/// whose weight is 0 are left out.
void TileEmitter::accumulateFeatures(ir::TileAccumulateOp op, const Matrix &matrix) {
  KeyBlock block = blocks[op.getBlock()];
  StringRef feature = lanesOf(op.getAccumulator());
  Value features = extentOf(feature), width = rowFloats(op.getAccumulator());
  Value accumulator = tiles[op.getAccumulator()].address, weights = tiles[op.getWeights()].address;
  Matrix values = withAdjacentFeatures(op, matrix, block, features);
  Value rescale = spillPerQuery(functions.emitVectors(op.getRescale()), 0), count = code.subtract(block.end, block.first);
  int64_t lanes = schedule.getLanes(), queryRows = schedule.getFeatureRows(), most = schedule.getKeyRows();
  if (queryRows == 1)
    for (most = 8; most > 4 && !isMultiple(feature, most * lanes);)
      most /= 2;
  Value zero = code.real(0, vectorType);
  Value valuesAhead = values.rowAddresses ? Value() : code.multiply(values.rowStride, code.integer(rowsAhead));

  auto columns = [&](Value begin, Value end, int64_t vectorCount, bool isWhole, bool withCare) {
    code.loop(begin, end, vectorCount * lanes, {}, [&](Value column, ValueRange) -> SmallVector<Value> {
      code.loop(code.integer(0), rows, queryRows, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
        SmallVector<Value> offsets, addresses, factors, sums(queryRows * vectorCount, zero);
        for (int64_t n = 0; n < vectorCount; ++n)
          offsets.push_back(code.add(column, code.integer(n * lanes)));
        for (int64_t query = 0; query < queryRows; ++query) {
          Value own = code.add(row, code.integer(query)), factor = elementOfQuery(rescale, own);
          Value line = code.at(accumulator, code.f32(), code.multiply(own, width));
          for (Value offset : offsets) {
            addresses.push_back(code.at(line, code.f32(), offset));
            factors.push_back(factor);
          }
        }
        sums.append({values.rowAddresses ? values.rowAddresses : values.base, code.at(weights, code.f32(), row)});
        SmallVector<Value> total = code.loop(code.integer(0), count, 1, sums, [&](Value, ValueRange partial) {
          Value place = partial[partial.size() - 2], weightRow = partial.back(), valueRow = place, rowAhead;
          if (values.rowAddresses) {
            valueRow = rowAddress(place, code.integer(0));
            rowAhead = rowAddress(place, code.integer(rowsAhead));
          } else {
            rowAhead = code.at(valueRow, values.element, valuesAhead);
          }
          SmallVector<Value> next, own;
          for (Value offset : offsets) {
            prefetch(code, code.at(rowAhead, values.element, offset));
            own.push_back(loadFeatures(cast<FloatType>(values.element), valueRow, offset, features, isWhole));
          }
          for (int64_t query = 0; query < queryRows; ++query) {
            Value weight = elementOfQuery(weightRow, code.integer(query));
            for (int64_t n = 0; n < vectorCount; ++n) {
              Value old = partial[query * vectorCount + n], sum = multiplyAdd(weight, own[n], old);
              if (withCare)
                sum = code.select(isLeftOut(code, op, weight), old, sum);
              next.push_back(sum);
            }
          }
          next.push_back(values.rowAddresses ? code.at(place, code.pointer(), 1)
                                             : code.at(valueRow, values.element, values.rowStride));
          next.push_back(code.at(weightRow, code.f32(), schedule.queryBlock()));
          return next;
        });
        for (auto [address, factor, sum] : llvm::zip(addresses, factors, total))
          code.store(multiplyAdd(code.load(vectorType, address, 4), factor, sum), address, 4);
        return {};
      });
      return {};
    });
  };
  Value none = code.integer(0);
  code.branch(
      isCareful, {},
      [&]() -> SmallVector<Value> {
        columns(none, features, 1, false, true);
        return {};
      },
      [&]() -> SmallVector<Value> {
        Value whole = code.subtract(features, code.remainder(features, code.integer(most * lanes)));
        columns(none, whole, most, true, false);
        if (!isMultiple(feature, most * lanes))
          columns(whole, features, 1, isMultiple(feature, lanes), false);
        return {};
      });
}

} // namespace attn::lower
