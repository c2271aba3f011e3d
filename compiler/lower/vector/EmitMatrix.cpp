#include "compiler/lower/vector/Support.h"
#include "compiler/lower/vector/TileEmitter.h"
#include "runtime/kernel/Kernel.h"

using namespace mlir;

namespace attn::lower {

static int32_t elementNumber(Type element) { return element.isF32() ? ATTN_F32 : element.isBF16() ? ATTN_BF16 : ATTN_F16; }

static constexpr int64_t aheadFloats = 64;

bool TileEmitter::isOnMatrixUnit(Value operand) {
  return schedule.getProducts() == ir::Products::Matrix && !isa<ir::FnType>(operand.getType()) && isa<Float32Type, Float16Type, BFloat16Type>(storedAs(operand));
}

bool TileEmitter::usesMatrixUnit() {
  return kernel
      .walk([&](Operation *op) {
        auto contract = dyn_cast<ir::TileContractOp>(op);
        auto accumulate = dyn_cast<ir::TileAccumulateOp>(op);
        bool uses =
            (contract && isOnMatrixUnit(contract.getKeys())) || (accumulate && isOnMatrixUnit(accumulate.getValues()));
        return uses ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

void TileEmitter::keepMatrixUnitAwake(Value row) {
  constexpr int64_t apart = 32;
  if (!usesMatrixUnit())
    return;
  Value isDue = code.compare(arith::CmpIPredicate::eq, arith::AndIOp::create(code.builder, code.location, row, code.integer(apart - 1)), code.integer(0));
  code.when(isDue, [&] {
    SmallVector<Value> registers;
    for (int64_t number : {0, 4, 6})
      registers.push_back(code.integer(number, code.builder.getI8Type()));
    LLVM::CallIntrinsicOp::create(code.builder, code.location, code.builder.getStringAttr("llvm.x86.tdpbf16ps"), registers);
  });
}

/// What is stored in 16 bits is rounded once more: weights needn't be taken to their last bit. Beside floats they are.
int64_t TileEmitter::weightParts(ir::TileAccumulateOp op) {
  if (storedAs(op.getValues()).isF32())
    return 3;
  auto isRounded = [](Operation *user) {
    auto store = dyn_cast<ir::TileStoreOp>(user);
    return store &&
           cast<ir::TensorHandleType>(store.getTensor().getType()).getElementType().getIntOrFloatBitWidth() == 16;
  };
  WalkResult walk = kernel.walk([&](ir::TileFinishOp finish) {
    bool allRounded =
        llvm::all_of(finish.getTiles(), [&](Value tile) { return llvm::all_of(tile.getUsers(), isRounded); });
    return allRounded ? WalkResult::advance() : WalkResult::interrupt();
  });
  if (walk.wasInterrupted())
    return 3;
  return storedAs(op.getValues()).isBF16() ? 1 : 2;
}

void TileEmitter::forEachSplit(function_ref<void(Operation *, Value, StringRef)> visit) {
  kernel.getBody().walk([&](Operation *op) {
    if (auto contract = dyn_cast<ir::TileContractOp>(op); contract && isOnMatrixUnit(contract.getKeys()) && storedAs(contract.getKeys()).isF32())
      visit(op, contract.getKeys(), featureOf(contract.getQueries()));
    if (auto accumulate = dyn_cast<ir::TileAccumulateOp>(op);
        accumulate && isOnMatrixUnit(accumulate.getValues()) && storedAs(accumulate.getValues()).isF32())
      visit(op, accumulate.getValues(), featureOf(accumulate.getAccumulator()));
  });
}

/// Floats of memory as runtime/kernel/Kernel.h says that the products of one operation need.
Value TileEmitter::matrixScratchFloats() {
  Value most = code.integer(0);
  auto need = [&](StringRef feature, int64_t moreBytes) {
    Value floats = code.add(code.multiply(code.roundUp(extentOf(feature), 32), code.integer(schedule.getKeyBlock())), code.integer(moreBytes / 4));
    most = arith::MaxSIOp::create(code.builder, code.location, most, floats);
  };
  int64_t keys = schedule.getKeyBlock();
  kernel.getBody().walk([&](Operation *op) {
    if (auto contract = dyn_cast<ir::TileContractOp>(op); contract && isOnMatrixUnit(contract.getKeys()))
      need(featureOf(contract.getQueries()), 0);
    if (auto accumulate = dyn_cast<ir::TileAccumulateOp>(op); accumulate && isOnMatrixUnit(accumulate.getValues()))
      need(featureOf(accumulate.getAccumulator()), storedAs(accumulate.getValues()).isF32()
                                                       ? 192 * keys
                                                       : 4096 * keys / 32 + 2 * keys * schedule.queryBlock() * weightParts(accumulate));
  });
  return most;
}

void TileEmitter::reserveSplitQueries(function_ref<void(Value &, Value)> reserve) {
  kernel.getBody().walk([&](ir::TileContractOp contract) {
    if (!isOnMatrixUnit(contract.getKeys()))
      return;
    // Three numbers of 16 bits for each.
    Value floats = code.multiply(code.roundUp(extentOf(featureOf(contract.getQueries())), 32),
                                 code.integer(3 * schedule.queryBlock() / 2));
    reserve(splitQueries[{contract.getQueries(), elementNumber(storedAs(contract.getKeys()))}], floats);
  });
}

void TileEmitter::reserveSplitBlocks(function_ref<void(Value &, Value)> reserve) {
  forEachSplit([&](Operation *op, Value, StringRef feature) {
    reserve(splitBlocks[op], code.multiply(code.roundUp(extentOf(feature), 32), code.integer(schedule.getKeyBlock() * 3 / 2)));
  });
  reserve(matrixScratch, matrixScratchFloats());
  reserve(ahead, code.integer(aheadFloats));
}

void TileEmitter::expectNothing() {
  for (int64_t n = 0; n < aheadFloats; n += schedule.getLanes())
    code.store(code.real(0, vectorType), code.at(ahead, code.f32(), n), 4 * schedule.getLanes());
}

void TileEmitter::packRows(SmallVector<Value> arguments) {
  if (usesMatrixUnit())
    arguments.append({ahead, rowsThatFollow()});
  callSupport(code, usesMatrixUnit() ? "attn_matrix_pack_rows" : "attn_pack_rows_f32", arguments, {});
}

/// Those of the next row block.
Value TileEmitter::rowsThatFollow() { return hasStrips() ? code.minimum(strips.rows, rowBlockQueries()) : rows; }

void TileEmitter::splitBlock(Operation *op, const KeyBlock &block) {
  FunctionEmitter::Scope scope(functions);
  auto split = [&](Value operand, ArrayAttr axes, StringRef feature) {
    Matrix matrix = keyMatrixOf(operand, axes, block, feature);
    bool isPlaced = !matrix.rowAddresses;
    Value first = isPlaced ? code.at(matrix.base, matrix.element, code.multiply(block.first, matrix.rowStride)) : code.null();
    return SmallVector<Value>{first, isPlaced ? code.null() : matrix.rowAddresses, isPlaced ? matrix.rowStride : code.integer(0), matrix.columnStride,
                              code.subtract(block.end, block.first), extentOf(feature), splitBlocks[op], matrixScratch, ahead};
  };
  if (auto contract = dyn_cast<ir::TileContractOp>(op)) {
    Value isIrregular =
        callSupport(code, "attn_matrix_split_keys",
                    split(contract.getKeys(), contract.getAxes(), featureOf(contract.getQueries())), code.i32())[0];
    if (!isScore(contract.getResult()))
      noteIrregular(isIrregular);
  }
  if (auto accumulate = dyn_cast<ir::TileAccumulateOp>(op))
    noteIrregular(callSupport(code, "attn_matrix_split_values",
                              split(accumulate.getValues(), accumulate.getAxes(), featureOf(accumulate.getAccumulator())), code.i32())[0]);
}

void TileEmitter::splitForMatrixUnit(Value queries) {
  for (int32_t element : {ATTN_BF16, ATTN_F16, ATTN_F32})
    if (Value target = splitQueries.lookup({queries, element}))
      noteIrregular(callSupport(code, "attn_matrix_split_queries",
                                {tiles[queries].address, code.integer(schedule.queryBlock()), extentOf(featureOf(queries)),
                                 code.integer(element, code.i32()), target},
                                code.i32())[0]);
}

void TileEmitter::noteIrregular(Value isIrregular) {
  Value sofar = code.load(code.i32(), irregular, 4);
  code.store(arith::OrIOp::create(code.builder, code.location, sofar, isIrregular), irregular, 4);
}

Value TileEmitter::visibleOf(const KeyBlock &block) { return block.visible ? block.visible : code.integer(-1); }

/// Whether somebody asks for the largest products: not a map that makes scores of them.
static bool needsLargest(ir::TileContractOp op) {
  return llvm::any_of(op->getUsers(), [](Operation *user) {
    auto map = dyn_cast<ir::TileMapOp>(user);
    return !map || isProduct(map);
  });
}

SmallVector<Value> TileEmitter::contractOnMatrixUnit(ir::TileContractOp op, const Matrix &keys) {
  KeyBlock block = blocks[op.getBlock()];
  int32_t element = elementNumber(keys.element);
  Value products = scratchTiles[op.getResult()], count = code.subtract(block.end, block.first), features = extentOf(featureOf(op.getQueries())),
        queries = splitQueries.lookup({op.getQueries(), element}), width = code.integer(schedule.queryBlock());
  SmallVector<Value> none(vectors, code.real(-std::numeric_limits<double>::infinity(), vectorType));
  if (element != ATTN_F32) {
    Value first = code.at(keys.base, keys.element, code.multiply(block.first, keys.rowStride));
    noteIrregular(callSupport(code, "attn_matrix_contract",
                              {first, code.integer(element, code.i32()), keys.rowStride, keys.columnStride, count, features, queries, width, rows, products,
                               matrixScratch},
                              code.i32())[0]);
    return needsLargest(op) ? maximumOfRows(products, block) : none;
  }
  if (schedule.getStrips() == 1)
    splitBlock(op, block);
  callSupport(code, "attn_matrix_contract_floats",
              {splitBlocks[op], count, features, queries, width, rows, visibleOf(block), products, needsLargest(op) ? rowTile : code.null(), ahead}, {});
  if (!needsLargest(op))
    return none;
  SmallVector<Value> largest;
  for (int64_t part = 0; part < vectors; ++part)
    largest.push_back(loadScratch(rowTile, code.integer(0), part));
  return largest;
}

void TileEmitter::accumulateOnMatrixUnit(ir::TileAccumulateOp op, const Matrix &values) {
  KeyBlock block = blocks[op.getBlock()];
  Value count = code.subtract(block.end, block.first), features = extentOf(featureOf(op.getAccumulator())), weights = tiles[op.getWeights()].address,
        rescale = spillPerQuery(functions.emitVectors(op.getRescale()), 0), width = code.integer(schedule.queryBlock()),
        sums = tiles[op.getAccumulator()].address;
  int32_t element = elementNumber(values.element);
  if (element != ATTN_F32) {
    noteIrregular(callSupport(code, "attn_matrix_accumulate",
                              {values.base, code.integer(element, code.i32()), values.rowStride, values.columnStride, count, features, weights,
                               code.integer(weightParts(op)), rescale, width, rows, sums, matrixScratch},
                              code.i32())[0]);
    return;
  }
  if (schedule.getStrips() == 1)
    splitBlock(op, block);
  callSupport(code, "attn_matrix_accumulate_floats",
              {splitBlocks[op], count, features, weights, rescale, width, rows, visibleOf(block), sums, matrixScratch, ahead}, {});
}

} // namespace attn::lower
