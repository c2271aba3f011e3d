#include "compiler/lower/vector/LeftOut.h"
#include "compiler/lower/vector/TileEmitter.h"

using namespace mlir;

namespace attn::lower {

/// Steps of the innermost loops taken at once: enough that their few rounds are predicted, and no more than keeps the code small. Rows whose
/// elements lie apart take one, so that code few run doesn't cost everybody's compile time.
static int64_t unrolledFeatures(const Matrix &matrix) { return matrix.isContiguous && matrix.element.isF32() ? 8 : 1; }
static int64_t unrolledKeys(const Matrix &matrix) { return matrix.isContiguous ? 4 : 1; }

static Value larger(Code &code, Value candidate, Value current) {
  Value isLarger = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::OGT, candidate, current);
  return code.select(isLarger, candidate, current);
}

bool isScore(Value products) {
  auto isAbsorbed = [](Operation *user) { return isa<ir::TileAbsorbOp>(user); };
  return llvm::all_of(products.getUsers(), [&](Operation *user) {
    auto map = dyn_cast<ir::TileMapOp>(user);
    return isAbsorbed(user) || (map && isProduct(map) && llvm::all_of(map.getTiles()[0].getUsers(), isAbsorbed));
  });
}

/// The factor on a tile of packed queries; null if there is none.
static Value scaleOf(Value queries) {
  if (auto pack = queries.getDefiningOp<ir::TilePackOp>())
    return pack.getScale();
  if (auto rows = queries.getDefiningOp<ir::TileScaleOp>())
    return rows.getScale();
  return queries.getDefiningOp<ir::TileTransposeOp>().getScale();
}

SmallVector<Value> forStride(Code &code, Matrix matrix, TypeRange types, function_ref<SmallVector<Value>(const Matrix &)> loop) {
  if (matrix.isContiguous)
    return loop(matrix);
  Matrix contiguous = matrix;
  contiguous.columnStride = code.integer(1);
  contiguous.isContiguous = true;
  return code.branch(
      code.compare(arith::CmpIPredicate::eq, matrix.columnStride, contiguous.columnStride), types, [&] { return loop(contiguous); },
      [&] { return loop(matrix); });
}

/// scores[k][q] = sum over d of keys[first + k][d] * queries[d][q], `keyRows` keys at a time in registers. Past the last key the last is
/// taken again: the rows that come of it hold what no maximum changes by, and nothing reads them.
void TileEmitter::emitContract(ir::TileContractOp op) {
  Matrix keys = keyMatrixOf(op.getKeys(), op.getAxes(), blocks[op.getBlock()], featureOf(op.getQueries()));
  Value scale = scaleOf(op.getQueries()), tile = scratchTiles[op.getResult()];
  SmallVector<Value> maximum;
  if (isOnMatrixUnit(op.getKeys())) {
    maximum = code.branch(
        isCareful, SmallVector<Type>(vectors, vectorType), [&] { return contractBlock(op.getQueries(), tile, blocks[op.getBlock()], keys); },
        [&] { return contractOnMatrixUnit(op, keys); });
  } else if (lanesOf(op.getQueries()) == "i") {
    maximum = forStride(code, keys, SmallVector<Type>(vectors, vectorType), [&](const Matrix &matrix) { return contractBlock(op.getQueries(), tile, blocks[op.getBlock()], matrix); });
  } else {
    contractFeatures(op, keys);
    maximum = repeatLastQuery(tile, blocks[op.getBlock()]);
  }
  if (bool inUnits = isScore(op.getResult()); scale || inUnits) {
    double unit = inUnits ? 0.25 : 1;
    if (inUnits && scale)
      if (auto [natural, log2e] = takeConstantFactor(scale); natural)
        scale = natural, unit *= log2e;
    SmallVector<Value> factors(vectors, code.real(unit, vectorType));
    if (scale)
      for (auto [part, factor] : llvm::enumerate(functions.emitVectors(scale)))
        factors[part] = arith::MulFOp::create(code.builder, code.location, factor, factors[part]);
    factors = whereExact(factors, SmallVector<Value>(vectors, code.real(1, vectorType)));
    maximum = code.branch(
        isCareful, SmallVector<Type>(vectors, vectorType), [&] { return scaleScores(tile, blocks[op.getBlock()], factors); },
        [&] { return maximum; });
  }
  tiles[op.getResult()] = {tile, maximum};
}

SmallVector<Value> TileEmitter::maximumOfRows(Value tile, const KeyBlock &block) {
  SmallVector<Value> initial(vectors, code.real(-std::numeric_limits<double>::infinity(), vectorType));
  return code.loop(code.integer(0), code.subtract(block.end, block.first), 1, initial, [&](Value row, ValueRange carried) {
    SmallVector<Value> next;
    for (int64_t part = 0; part < vectors; ++part)
      next.push_back(larger(code, loadScratch(tile, row, part), carried[part]));
    return next;
  });
}

Value TileEmitter::broadcastElement(const Matrix &matrix, Value address) {
  auto stored = cast<FloatType>(matrix.element);
  return code.broadcast(code.asFloats(code.load(code.loadedAs(stored), address, stored.getWidth() / 8), stored), vectorType);
}

SmallVector<Value> TileEmitter::scaleScores(Value tile, const KeyBlock &block, ValueRange factors) {
  SmallVector<Value> initial(vectors, code.real(-std::numeric_limits<double>::infinity(), vectorType));
  return code.loop(code.integer(0), code.subtract(block.end, block.first), 1, initial, [&](Value row, ValueRange carried) {
    SmallVector<Value> next;
    for (int64_t part = 0; part < vectors; ++part) {
      Value score = arith::MulFOp::create(code.builder, code.location, loadScratch(tile, row, part), factors[part]);
      storeScratch(score, tile, row, part);
      next.push_back(larger(code, score, carried[part]));
    }
    return next;
  });
}

SmallVector<Value> TileEmitter::contractBlock(Value queries, Value scores, const KeyBlock &block, const Matrix &keys) {
  return contractBlock({tiles[queries].address, extentOf(rowsOf(queries)), scores, code.integer(schedule.queryBlock())}, block, keys);
}

SmallVector<Value> TileEmitter::contractBlock(const Contraction &tiles, const KeyBlock &block, const Matrix &keys) {
  Value last = code.subtract(block.end, code.integer(1));
  Value zero = code.real(0, vectorType);
  Value minusInfinity = code.real(-std::numeric_limits<double>::infinity(), vectorType);
  int64_t keyRows = schedule.getKeyRows();

  SmallVector<Value> initial(vectors, minusInfinity);
  return code.loop(code.integer(0), code.subtract(block.end, block.first), keyRows, initial, [&](Value row, ValueRange carried) {
    SmallVector<Value> addresses;
    for (int64_t key = 0; key < keyRows; ++key) {
      Value index = code.minimum(code.add(block.first, code.add(row, code.integer(key))), last);
      addresses.push_back(keys.rowAddresses ? rowAddress(keys.rowAddresses, code.subtract(index, block.first))
                                            : code.at(keys.base, keys.element, code.multiply(index, keys.rowStride)));
    }
    SmallVector<Value> sums(keyRows * vectors, zero);
    sums.push_back(code.integer(0));
    SmallVector<Value> products = code.unrolledLoop(tiles.features, unrolledFeatures(keys), sums, [&](Value d, ValueRange partial) {
      SmallVector<Value> next, parts;
      for (int64_t part = 0; part < vectors; ++part)
        parts.push_back(loadScratch(tiles.packed, d, part));
      Value offset = partial.back();
      for (int64_t key = 0; key < keyRows; ++key) {
        Value element = broadcastElement(keys, code.at(addresses[key], keys.element, offset));
        for (int64_t part = 0; part < vectors; ++part)
          next.push_back(multiplyAdd(element, parts[part], partial[key * vectors + part]));
      }
      next.push_back(code.add(offset, keys.columnStride));
      return next;
    });
    SmallVector<Value> next(carried);
    for (int64_t key = 0; key < keyRows; ++key)
      for (int64_t part = 0; part < vectors; ++part) {
        Value product = products[key * vectors + part];
        Value offset = code.add(code.multiply(code.add(row, code.integer(key)), tiles.scoreFloats), code.integer(part * schedule.getLanes()));
        code.store(product, code.at(tiles.scores, code.f32(), offset), 4 * schedule.getLanes());
        next[part] = larger(code, product, next[part]);
      }
    return next;
  });
}

/// accumulator[e][q] = rescale[q] * accumulator[e][q] + sum over k of values[first + k][e] * weights[k][q].
void TileEmitter::emitAccumulate(ir::TileAccumulateOp op) {
  tiles[op.getResult()] = tiles[op.getAccumulator()];
  if (isa<ir::FnType>(op.getValues().getType()))
    return accumulateFunction(op);
  KeyBlock block = blocks[op.getBlock()];
  Matrix values = keyMatrixOf(op.getValues(), op.getAxes(), block, featureOf(op.getAccumulator()));
  if (lanesOf(op.getAccumulator()) != "i")
    return accumulateFeatures(op, values);
  if (!values.rowAddresses)
    values.base = code.at(values.base, values.element, code.multiply(block.first, values.rowStride));
  code.branch(
      isCareful, {},
      [&]() -> SmallVector<Value> {
        accumulateCarefully(op, values);
        return {};
      },
      [&]() -> SmallVector<Value> {
        if (isOnMatrixUnit(op.getValues())) {
          accumulateOnMatrixUnit(op, values);
          return {};
        }
        return forStride(code, values, {}, [&](const Matrix &matrix) -> SmallVector<Value> {
          accumulateBlock(op, matrix);
          return {};
        });
      });
}

/// A block's sum is formed apart: what is lost by adding small numbers to a large one then grows with the number of blocks, not of keys.
void TileEmitter::addToAccumulator(Value accumulator, Value row, ValueRange rescale, ArrayRef<Value> sums) {
  for (int64_t part = 0; part < vectors; ++part)
    storeScratch(multiplyAdd(loadScratch(accumulator, row, part), rescale[part], sums[part]), accumulator, row, part);
}

/// `featureRows` features at a time in registers. Past the last feature the last is taken again, into rows that nothing reads.
void TileEmitter::accumulateBlock(ir::TileAccumulateOp op, const Matrix &values) {
  KeyBlock block = blocks[op.getBlock()];
  Value count = code.subtract(block.end, block.first);
  Value featureCount = extentOf(rowsOf(op.getAccumulator())), lastFeature = code.subtract(featureCount, code.integer(1));
  Value accumulator = tiles[op.getAccumulator()].address, weights = tiles[op.getWeights()].address;
  SmallVector<Value> rescale = functions.emitVectors(op.getRescale());
  int64_t featureRows = schedule.getFeatureRows();
  bool isWhole = isMultiple(rowsOf(op.getAccumulator()), featureRows);
  Value zero = code.real(0, vectorType);

  code.loop(code.integer(0), featureCount, featureRows, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    SmallVector<Value> offsets, sums(featureRows * vectors, zero);
    for (int64_t e = 0; e < featureRows; ++e) {
      Value index = code.add(row, code.integer(e));
      offsets.push_back(code.multiply(isWhole ? index : code.minimum(index, lastFeature), values.columnStride));
    }
    sums.push_back(values.rowAddresses ? values.rowAddresses : values.base);
    SmallVector<Value> total = code.unrolledLoop(count, unrolledKeys(values), sums, [&](Value key, ValueRange partial) {
      SmallVector<Value> next, factors;
      for (int64_t part = 0; part < vectors; ++part)
        factors.push_back(loadScratch(weights, key, part));
      Value valueRow = values.rowAddresses ? rowAddress(partial.back(), code.integer(0)) : partial.back();
      for (int64_t e = 0; e < featureRows; ++e) {
        Value element = code.broadcast(code.load(code.f32(), code.at(valueRow, code.f32(), offsets[e]), 4), vectorType);
        for (int64_t part = 0; part < vectors; ++part)
          next.push_back(multiplyAdd(element, factors[part], partial[e * vectors + part]));
      }
      next.push_back(values.rowAddresses ? code.at(partial.back(), code.pointer(), 1)
                                         : code.at(valueRow, code.f32(), values.rowStride));
      return next;
    });
    for (int64_t e = 0; e < featureRows; ++e)
      addToAccumulator(accumulator, code.add(row, code.integer(e)), rescale, ArrayRef<Value>(total).slice(e * vectors, vectors));
    return {};
  });
}

/// The same sum, one feature at a time, leaving out the values of invisible pairs.
void TileEmitter::accumulateCarefully(ir::TileAccumulateOp op, const Matrix &values) {
  KeyBlock block = blocks[op.getBlock()];
  Value keys = code.subtract(block.end, block.first);
  Value accumulator = tiles[op.getAccumulator()].address, weights = tiles[op.getWeights()].address;
  SmallVector<Value> rescale = functions.emitVectors(op.getRescale());
  Value zero = code.real(0, vectorType);
  code.loop(code.integer(0), extentOf(rowsOf(op.getAccumulator())), 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    SmallVector<Value> sums(vectors, zero);
    Value column = code.multiply(row, values.columnStride);
    SmallVector<Value> total = code.loop(code.integer(0), keys, 1, sums, [&](Value key, ValueRange partial) {
      Value valueRow = values.rowAddresses ? rowAddress(values.rowAddresses, key)
                                           : code.at(values.base, values.element, code.multiply(key, values.rowStride));
      Value element = broadcastElement(values, code.at(valueRow, values.element, column));
      SmallVector<Value> next;
      for (int64_t part = 0; part < vectors; ++part) {
        Value weight = loadScratch(weights, key, part);
        next.push_back(code.select(isLeftOut(code, op, weight), partial[part], multiplyAdd(element, weight, partial[part])));
      }
      return next;
    });
    addToAccumulator(accumulator, row, rescale, total);
    return {};
  });
}

/// The same sum of what varies with the query: a vector of values for each key and feature.
void TileEmitter::accumulateFunction(ir::TileAccumulateOp op) {
  KeyBlock block = blocks[op.getBlock()];
  Value accumulator = tiles[op.getAccumulator()].address, weights = tiles[op.getWeights()].address;
  StringRef feature = rowsOf(op.getAccumulator());
  SmallVector<Value> rescale = functions.emitVectors(op.getRescale());
  Value zero = code.real(0, vectorType);
  code.loop(code.integer(0), extentOf(feature), 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    FunctionEmitter::Scope scope(functions);
    functions.place.others[feature] = row;
    SmallVector<Value> sums(vectors, zero);
    SmallVector<Value> total = code.loop(code.integer(0), code.subtract(block.end, block.first), 1, sums, [&](Value key, ValueRange partial) {
      FunctionEmitter::Scope perKey(functions);
      functions.place.key = code.add(block.first, key);
      SmallVector<Value> values = functions.emitVectors(op.getValues()), next;
      for (int64_t part = 0; part < vectors; ++part) {
        Value weight = loadScratch(weights, key, part);
        next.push_back(code.select(isLeftOut(code, op, weight), partial[part], multiplyAdd(values[part], weight, partial[part])));
      }
      functions.place.key = {};
      return next;
    });
    addToAccumulator(accumulator, row, rescale, total);
    functions.place.others.erase(feature);
    return {};
  });
}

} // namespace attn::lower
