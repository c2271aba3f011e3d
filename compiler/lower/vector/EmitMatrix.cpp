#include "compiler/lower/vector/Support.h"
#include "compiler/lower/vector/TileEmitter.h"
#include "runtime/kernel/Kernel.h"

using namespace mlir;

namespace attn::lower {

bool TileEmitter::isOnMatrixUnit(Value operand) {
  return schedule.getProducts() == ir::Products::Matrix && !isa<ir::FnType>(operand.getType()) &&
         (storedAs(operand).isBF16() || storedAs(operand).isF16());
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

/// What is stored in 16 bits is rounded once more: weights needn't be taken to their last bit.
int64_t TileEmitter::weightParts(ir::TileAccumulateOp op) {
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

/// Floats of memory as runtime/kernel/Kernel.h says that the products of one operation need.
Value TileEmitter::matrixScratchFloats() {
  Value most = code.integer(0);
  auto need = [&](StringRef feature, int64_t perFeature, int64_t more) {
    Value floats =
        code.add(code.multiply(code.roundUp(extentOf(feature), 32), code.integer(perFeature)), code.integer(more));
    most = arith::MaxSIOp::create(code.builder, code.location, most, floats);
  };
  int64_t keys = schedule.getKeyBlock();
  kernel.getBody().walk([&](Operation *op) {
    if (auto contract = dyn_cast<ir::TileContractOp>(op); contract && isOnMatrixUnit(contract.getKeys()))
      need(featureOf(contract.getQueries()), keys, 0);
    if (auto accumulate = dyn_cast<ir::TileAccumulateOp>(op); accumulate && isOnMatrixUnit(accumulate.getValues()))
      need(featureOf(accumulate.getAccumulator()), keys,
           32 * keys + keys * schedule.queryBlock() * weightParts(accumulate) / 2);
  });
  return most;
}

void TileEmitter::reserveSplitQueries(function_ref<void(Value &, Value)> reserve) {
  kernel.getBody().walk([&](ir::TileContractOp contract) {
    Value queries = contract.getQueries();
    if (!isOnMatrixUnit(contract.getKeys()))
      return;
    // Three numbers of 16 bits for each.
    Value floats =
        code.multiply(code.roundUp(extentOf(featureOf(queries)), 32), code.integer(3 * schedule.queryBlock() / 2));
    reserve(splitQueries[queries], floats);
  });
}

void TileEmitter::splitForMatrixUnit(Value queries) {
  Value target = splitQueries.lookup(queries);
  if (!target)
    return;
  noteIrregular(callSupport(code, "attn_matrix_split_queries",
                            {tiles[queries].address, code.integer(schedule.queryBlock()), extentOf(featureOf(queries)), target},
                            code.i32())[0]);
}

void TileEmitter::noteIrregular(Value isIrregular) {
  Value sofar = code.load(code.i32(), irregular, 4);
  code.store(arith::OrIOp::create(code.builder, code.location, sofar, isIrregular), irregular, 4);
}

static Value elementNumber(Code &code, const Matrix &matrix) {
  return code.integer(matrix.element.isBF16() ? ATTN_BF16 : ATTN_F16, code.i32());
}

void TileEmitter::contractOnMatrixUnit(ir::TileContractOp op, const Matrix &keys) {
  KeyBlock block = blocks[op.getBlock()];
  Value first = code.at(keys.base, keys.element, code.multiply(block.first, keys.rowStride));
  noteIrregular(callSupport(code, "attn_matrix_contract",
                            {first, elementNumber(code, keys), keys.rowStride, keys.columnStride,
                             code.subtract(block.end, block.first), extentOf(featureOf(op.getQueries())),
                             splitQueries[op.getQueries()], code.integer(schedule.queryBlock()),
                             scratchTiles[op.getResult()], matrixScratch},
                            code.i32())[0]);
}

void TileEmitter::accumulateOnMatrixUnit(ir::TileAccumulateOp op, const Matrix &values) {
  KeyBlock block = blocks[op.getBlock()];
  noteIrregular(callSupport(code, "attn_matrix_accumulate",
                            {values.base, elementNumber(code, values), values.rowStride, values.columnStride,
                             code.subtract(block.end, block.first), extentOf(featureOf(op.getAccumulator())),
                             tiles[op.getWeights()].address, code.integer(weightParts(op)),
                             spillPerQuery(functions.emitVectors(op.getRescale()), 0),
                             code.integer(schedule.queryBlock()), tiles[op.getAccumulator()].address, matrixScratch},
                            code.i32())[0]);
}

} // namespace attn::lower
