#include "compiler/lower/vector/TileEmitter.h"

using namespace mlir;

namespace attn::lower {

/// Steps of the innermost loops taken at once: enough that their few rounds are predicted, and no more than keeps the code small. Rows whose
/// elements lie apart take one, so that code few run doesn't cost everybody's compile time.
static int64_t unrolledFeatures(const Matrix &matrix) { return matrix.isContiguous ? 8 : 1; }
static int64_t unrolledKeys(const Matrix &matrix) { return matrix.isContiguous ? 4 : 1; }

static Value larger(Code &code, Value candidate, Value current) {
  Value isLarger = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::OGT, candidate, current);
  return code.select(isLarger, candidate, current);
}

/// Whether products are scores as they are: a map, if there is one, only hides some.
static bool isScore(Value products) {
  return llvm::none_of(products.getUsers(), [](Operation *user) {
    auto map = dyn_cast<ir::TileMapOp>(user);
    return map && map.getBody().front().getTerminator()->getOperand(0) != map.getBody().front().getArgument(0);
  });
}

/// Emits `loop` twice: for rows whose elements lie side by side, where addresses are one register and a constant, and for any other stride.
static SmallVector<Value> forStride(Code &code, Matrix matrix, TypeRange types, function_ref<SmallVector<Value>(const Matrix &)> loop) {
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
  Matrix keys = matrixOf(op.getKeys(), op.getAxes(), "j", rowsOf(op.getQueries()));
  SmallVector<Value> maximum = forStride(code, keys, SmallVector<Type>(vectors, vectorType),
                                         [&](const Matrix &matrix) { return contractBlock(op, matrix); });
  Value scale = op.getQueries().getDefiningOp<ir::TilePackOp>().getScale();
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
        isCareful, SmallVector<Type>(vectors, vectorType), [&] { return scaleScores(blocks[op.getBlock()], factors); },
        [&] { return maximum; });
  }
  tiles[op.getResult()] = {scoreTile, maximum};
}

SmallVector<Value> TileEmitter::scaleScores(const KeyBlock &block, ValueRange factors) {
  SmallVector<Value> initial(vectors, code.real(-std::numeric_limits<double>::infinity(), vectorType));
  return code.loop(code.integer(0), code.subtract(block.end, block.first), 1, initial, [&](Value row, ValueRange carried) {
    SmallVector<Value> next;
    for (int64_t part = 0; part < vectors; ++part) {
      Value score = arith::MulFOp::create(code.builder, code.location, loadScratch(scoreTile, row, part), factors[part]);
      storeScratch(score, scoreTile, row, part);
      next.push_back(larger(code, score, carried[part]));
    }
    return next;
  });
}

SmallVector<Value> TileEmitter::contractBlock(ir::TileContractOp op, const Matrix &keys) {
  KeyBlock block = blocks[op.getBlock()];
  Value last = code.subtract(block.end, code.integer(1));
  Value zero = code.real(0, vectorType);
  Value minusInfinity = code.real(-std::numeric_limits<double>::infinity(), vectorType);
  Value featureCount = extentOf(rowsOf(op.getQueries())), packed = tiles[op.getQueries()].address;
  int64_t keyRows = schedule.getKeyRows();

  SmallVector<Value> initial(vectors, minusInfinity);
  return code.loop(code.integer(0), code.subtract(block.end, block.first), keyRows, initial, [&](Value row, ValueRange carried) {
    SmallVector<Value> addresses;
    for (int64_t key = 0; key < keyRows; ++key) {
      Value index = code.minimum(code.add(block.first, code.add(row, code.integer(key))), last);
      addresses.push_back(code.at(keys.base, code.f32(), code.multiply(index, keys.rowStride)));
    }
    SmallVector<Value> sums(keyRows * vectors, zero);
    sums.push_back(code.integer(0));
    SmallVector<Value> products = code.unrolledLoop(featureCount, unrolledFeatures(keys), sums, [&](Value d, ValueRange partial) {
      SmallVector<Value> next, queries;
      for (int64_t part = 0; part < vectors; ++part)
        queries.push_back(loadScratch(packed, d, part));
      Value offset = partial.back();
      for (int64_t key = 0; key < keyRows; ++key) {
        Value element = code.broadcast(code.load(code.f32(), code.at(addresses[key], code.f32(), offset), 4), vectorType);
        for (int64_t part = 0; part < vectors; ++part)
          next.push_back(multiplyAdd(element, queries[part], partial[key * vectors + part]));
      }
      next.push_back(code.add(offset, keys.columnStride));
      return next;
    });
    SmallVector<Value> next(carried);
    for (int64_t key = 0; key < keyRows; ++key)
      for (int64_t part = 0; part < vectors; ++part) {
        Value product = products[key * vectors + part];
        storeScratch(product, scoreTile, code.add(row, code.integer(key)), part);
        next[part] = larger(code, product, next[part]);
      }
    return next;
  });
}

/// accumulator[e][q] = rescale[q] * accumulator[e][q] + sum over k of values[first + k][e] * weights[k][q].
void TileEmitter::emitAccumulate(ir::TileAccumulateOp op) {
  Matrix values = matrixOf(op.getValues(), op.getAxes(), "j", rowsOf(op.getAccumulator()));
  KeyBlock block = blocks[op.getBlock()];
  values.base = code.at(values.base, code.f32(), code.multiply(block.first, values.rowStride));
  code.branch(
      isCareful, {},
      [&]() -> SmallVector<Value> {
        accumulateCarefully(op, values);
        return {};
      },
      [&] {
        return forStride(code, values, {}, [&](const Matrix &matrix) -> SmallVector<Value> {
          accumulateBlock(op, matrix);
          return {};
        });
      });
  tiles[op.getResult()] = tiles[op.getAccumulator()];
}

/// `featureRows` features at a time in registers. Past the last feature the last is taken again, into rows that nothing reads.
void TileEmitter::accumulateBlock(ir::TileAccumulateOp op, const Matrix &values) {
  KeyBlock block = blocks[op.getBlock()];
  Value count = code.subtract(block.end, block.first);
  Value featureCount = extentOf(rowsOf(op.getAccumulator())), lastFeature = code.subtract(featureCount, code.integer(1));
  Value accumulator = tiles[op.getAccumulator()].address, weights = tiles[op.getWeights()].address;
  SmallVector<Value> rescale = functions.emitVectors(op.getRescale());
  int64_t featureRows = schedule.getFeatureRows();
  auto fixedCount = kernel.fixedExtent(kernel.extentOf(rowsOf(op.getAccumulator())));
  bool isWhole = fixedCount && *fixedCount % featureRows == 0;

  code.loop(code.integer(0), featureCount, featureRows, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    SmallVector<Value> offsets, sums;
    for (int64_t e = 0; e < featureRows; ++e) {
      Value index = code.add(row, code.integer(e));
      offsets.push_back(code.multiply(isWhole ? index : code.minimum(index, lastFeature), values.columnStride));
      for (int64_t part = 0; part < vectors; ++part)
        sums.push_back(arith::MulFOp::create(code.builder, code.location, loadScratch(accumulator, index, part), rescale[part]));
    }
    sums.push_back(values.base);
    SmallVector<Value> total = code.unrolledLoop(count, unrolledKeys(values), sums, [&](Value key, ValueRange partial) {
      SmallVector<Value> next, factors;
      for (int64_t part = 0; part < vectors; ++part)
        factors.push_back(loadScratch(weights, key, part));
      Value valueRow = partial.back();
      for (int64_t e = 0; e < featureRows; ++e) {
        Value element = code.broadcast(code.load(code.f32(), code.at(valueRow, code.f32(), offsets[e]), 4), vectorType);
        for (int64_t part = 0; part < vectors; ++part)
          next.push_back(multiplyAdd(element, factors[part], partial[e * vectors + part]));
      }
      next.push_back(code.at(valueRow, code.f32(), values.rowStride));
      return next;
    });
    for (int64_t e = 0; e < featureRows; ++e)
      for (int64_t part = 0; part < vectors; ++part)
        storeScratch(total[e * vectors + part], accumulator, code.add(row, code.integer(e)), part);
    return {};
  });
}

/// The same sum, one feature at a time, leaving out the values whose weight is 0.
void TileEmitter::accumulateCarefully(ir::TileAccumulateOp op, const Matrix &values) {
  KeyBlock block = blocks[op.getBlock()];
  Value keys = code.subtract(block.end, block.first);
  Value accumulator = tiles[op.getAccumulator()].address, weights = tiles[op.getWeights()].address;
  SmallVector<Value> rescale = functions.emitVectors(op.getRescale());
  Value zero = code.real(0, vectorType);
  code.loop(code.integer(0), extentOf(rowsOf(op.getAccumulator())), 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
    SmallVector<Value> sums;
    for (int64_t part = 0; part < vectors; ++part)
      sums.push_back(arith::MulFOp::create(code.builder, code.location, loadScratch(accumulator, row, part), rescale[part]));
    Value column = code.multiply(row, values.columnStride);
    SmallVector<Value> total = code.loop(code.integer(0), keys, 1, sums, [&](Value key, ValueRange partial) {
      Value offset = code.add(code.multiply(key, values.rowStride), column);
      Value element = code.broadcast(code.load(code.f32(), code.at(values.base, code.f32(), offset), 4), vectorType);
      SmallVector<Value> next;
      for (int64_t part = 0; part < vectors; ++part) {
        Value weight = loadScratch(weights, key, part);
        Value isZero = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::OEQ, weight, zero);
        next.push_back(code.select(isZero, partial[part], multiplyAdd(element, weight, partial[part])));
      }
      return next;
    });
    for (int64_t part = 0; part < vectors; ++part)
      storeScratch(total[part], accumulator, row, part);
    return {};
  });
}

} // namespace attn::lower
