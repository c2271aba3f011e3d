#include "compiler/lower/vector/TileEmitter.h"

#include "compiler/lower/vector/Reductions.h"
#include "compiler/lower/vector/Support.h"
#include "runtime/kernel/Kernel.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace attn::lower {

TileEmitter::TileEmitter(Code &code, RunState &run, Sites &sites, ir::TileKernelOp kernel, const MathTarget &target)
    : code(code), run(run), sites(sites), kernel(kernel), target(target), schedule(kernel.getSchedule()),
      vectors(schedule.getVectors()), vectorType(VectorType::get({schedule.getLanes()}, code.f32())),
      functions(code, run, sites, schedule, kernel.getCoordinates()) {
  softmax = createNormaliser(ir::Normaliser::Softmax, code, vectorType, vectors, target);
  plainSum = createNormaliser(ir::Normaliser::Sum, code, vectorType, vectors, target);
  kernel.getBody().walk([&](ir::TileMergeOp op) { merge = op; });
  functions.readTile = [this](FunctionEmitter &reader, ir::TileFunctionOp op) { return readTile(reader, op); };
  functions.lookUp = [this](FunctionEmitter &reader, ir::TileLookupOp op) { return lookUp(reader, op); };
}

Normaliser &TileEmitter::normaliserOf(Value state) {
  return cast<ir::StateType>(state.getType()).getNormaliser() == ir::Normaliser::Softmax ? *softmax : *plainSum;
}

Value TileEmitter::extentOf(StringRef coordinate) {
  int64_t index = kernel.extentOf(coordinate);
  return index < 0 ? code.integer(1) : run.extent(index);
}

bool TileEmitter::isMultiple(StringRef coordinate, int64_t factor) {
  auto known = kernel.fixedExtent(kernel.extentOf(coordinate));
  return known && *known % factor == 0;
}

Value TileEmitter::taskCount() {
  return code.multiply(code.multiply(extentOf("b"), headSets()), rowBlocks());
}

Value TileEmitter::rowBlocks() {
  Value all = holdsGroups() ? code.multiply(extentOf("i"), headsOfSet()) : extentOf("i");
  Value size = rowBlockQueries(), one = code.integer(1);
  Value blocks = code.divide(code.add(all, code.subtract(size, one)), size);
  if (!storesStill())
    return blocks;
  return code.select(code.compare(arith::CmpIPredicate::sgt, blocks, one), blocks, one);
}

/// As ScheduleAttr::stripsOf says.
Value TileEmitter::rowBlockQueries() {
  Value size = code.integer(schedule.queryBlock());
  if (!hasStrips())
    return size;
  Value one = code.integer(1);
  Value all = code.multiply(code.multiply(extentOf("b"), extentOf("h")), code.divide(code.roundUp(extentOf("i"), schedule.queryBlock()), size));
  Value count = code.minimum(code.divide(all, code.integer(ir::ScheduleAttr::leastRowBlocks)), code.integer(schedule.getStrips()));
  return code.multiply(size, code.select(code.compare(arith::CmpIPredicate::sgt, count, one), count, one));
}

Value TileEmitter::headSets() {
  if (!holdsGroups())
    return extentOf("h");
  return kernel.extentOf("g") < 0 ? code.integer(1) : extentOf("g");
}

Value TileEmitter::headsOfSet() {
  if (!holdsGroups())
    return code.integer(1);
  Value sets = headSets(), one = code.integer(1);
  return code.divide(extentOf("h"), code.select(code.compare(arith::CmpIPredicate::sgt, sets, one), sets, one));
}

/// Quotients of rows and queries are taken in floats, half a row further on: what is less than 2^22 divides exactly.
void TileEmitter::placeRowsOfGroup() {
  VectorType floats = vectorType, integers = VectorType::get(vectorType.getShape(), code.i32());
  Value queries = code.broadcast(functions.resize(extentOf("i"), 32), integers);
  Value firstHead = code.broadcast(functions.resize(code.multiply(headSet, headsOfSet()), 32), integers);
  Value first = code.broadcast(functions.resize(functions.place.firstQuery, 32), integers);
  Value last = code.broadcast(functions.resize(functions.place.lastQuery, 32), integers);
  Value divisor = arith::SIToFPOp::create(code.builder, code.location, floats, queries);
  functions.place.heads.clear();
  functions.place.queries.clear();
  for (int64_t part = 0; part < vectors; ++part) {
    Value row = code.minimum(code.add(first, functions.laneNumbers(part)), last);
    Value middle = arith::AddFOp::create(code.builder, code.location, arith::SIToFPOp::create(code.builder, code.location, floats, row),
                                         code.real(0.5, floats));
    Value head = arith::FPToSIOp::create(code.builder, code.location, integers, arith::DivFOp::create(code.builder, code.location, middle, divisor));
    functions.place.queries.push_back(code.subtract(row, code.multiply(head, queries)));
    functions.place.heads.push_back(code.add(firstHead, head));
  }
}

std::pair<Value, Value> TileEmitter::headAndQuery(Value row) {
  Value place = code.add(functions.place.firstQuery, row);
  if (!holdsGroups())
    return {functions.place.head, place};
  Value head = code.divide(place, extentOf("i"));
  return {code.add(code.multiply(headSet, headsOfSet()), head), code.subtract(place, code.multiply(head, extentOf("i")))};
}

std::pair<Value, Value> TileEmitter::queriesOfBlock() {
  Value first = functions.place.firstQuery, one = code.integer(1);
  if (holdsGroups())
    return {code.integer(0), code.subtract(extentOf("i"), one)};
  return {first, code.subtract(code.add(first, rows), one)};
}

Value TileEmitter::rowFloats(Value tile) {
  StringRef lanes = lanesOf(tile);
  if (auto table = tile.getDefiningOp<ir::TileKeyTableOp>())
    return code.integer(table.getRows());
  return lanes == "i" ? code.integer(schedule.queryBlock()) : code.roundUp(extentOf(lanes), 16);
}

Value TileEmitter::rowCount(Value tile) {
  StringRef rows = rowsOf(tile);
  if (auto table = tile.getDefiningOp<ir::TileTableOp>())
    return code.integer(table.getRows());
  if (rows == "i" || rows == "j")
    return code.integer(rows == "i" ? schedule.queryBlock() : schedule.getKeyBlock());
  return code.roundUp(extentOf(rows), schedule.getFeatureRows());
}

/// Queries that are read only to bring them into the matrix unit's form, and, of one strip at a time, with care.
bool TileEmitter::isOnlySplit(Operation &queries) {
  return hasStrips() && isa<ir::TilePackOp, ir::TileTransposeOp>(queries) &&
         llvm::all_of(queries.getUsers(), [](Operation *user) { return isa<ir::TileContractOp>(user); });
}

void TileEmitter::forEachStripTile(function_ref<void(Value &, Value)> reserve) {
  auto reserveTile = [&](Value tile) { reserve(scratchTiles[tile], code.multiply(rowCount(tile), rowFloats(tile))); };
  for (Operation &op : kernel.getBody().front()) {
    if (isa<ir::TilePackOp, ir::TileComputeOp, ir::TileTransposeOp>(op) && !isOnlySplit(op))
      reserveTile(op.getResult(0));
    if (auto init = dyn_cast<ir::TileInitOp>(op))
      for (Value result : init.getResults())
        if (isa<ir::TileType>(result.getType()))
          reserveTile(result);
  }
  reserveSplitQueries(reserve);
}

void TileEmitter::forEachBlockTile(function_ref<void(Value &, Value)> reserve) {
  auto reserveTile = [&](Value tile) { reserve(scratchTiles[tile], code.multiply(rowCount(tile), rowFloats(tile))); };
  kernel.getBody().walk([&](Operation *op) {
    bool isOfBlock = op->getBlock() != &kernel.getBody().front();
    if (schedule.getOrientation() == ir::Orientation::Features) {
      Value keys = code.integer(schedule.getKeyBlock());
      if (auto contract = dyn_cast<ir::TileContractOp>(op); contract && !isa<ir::TileType>(contract.getKeys().getType()))
        reserve(copies[op], code.multiply(keys, rowFloats(contract.getQueries())));
      if (auto accumulate = dyn_cast<ir::TileAccumulateOp>(op); accumulate && !isa<ir::TileType>(accumulate.getValues().getType()))
        reserve(copies[op], code.multiply(keys, rowFloats(accumulate.getAccumulator())));
    }
    if (isa<ir::TileContractOp, ir::TileTableOp, ir::TileKeyTableOp>(op) ||
        (isa<ir::TilePackOp, ir::TileComputeOp, ir::TileTransposeOp>(op) && (isOfBlock || isOnlySplit(*op))))
      reserveTile(op->getResult(0));
    if (auto table = dyn_cast<ir::TileKeyTableOp>(op))
      reserve(packedRows[op], code.multiply(code.roundUp(extentOf(table.getFeature()), 16), code.integer(schedule.queryBlock())));
    if (auto compute = dyn_cast<ir::TileComputeOp>(op); compute && rowPlaces(compute) == RowPlaces::Anywhere)
      reserve(rowTables[compute.getResult()], code.integer(llvm::alignTo(2 * rowsOfTable(), 16)));
    if (auto init = dyn_cast<ir::TileInitOp>(op); init && isOfBlock)
      for (Value result : init.getResults())
        if (isa<ir::TileType>(result.getType()))
          reserveTile(result);
    if (auto top = dyn_cast<ir::TileTopInitOp>(op))
      reserve(scratchTiles[top.getResult()],
              code.multiply(placesOf(top), code.integer(2 * schedule.queryBlock())));
    // The first tiles of a map take the products' places.
    if (auto map = dyn_cast<ir::TileMapOp>(op))
      for (Value tile : llvm::drop_begin(map.getTiles(), std::min(map.getProducts().size(), map.getTiles().size())))
        reserveTile(tile);
  });
  reserve(rowTile, code.integer(2 * schedule.queryBlock()));
  if (usesMatrixUnit())
    reserveSplitBlocks(reserve);
}

/// Floats before the first tile: the hint, and the counts of what is visited where they are all there is, and what makes a row block irregular,
/// on a cache line of their own; then what parts of tiles are classified with.
static constexpr int64_t countFloats = 16, irregularPlace = 15;

int64_t TileEmitter::partWords() {
  int64_t most = 0;
  kernel.getBody().walk([&](ir::TileVisitOp visit) {
    if (!visit.getClassifier().empty() && !visit.getExact())
      most = std::max(most, int64_t(llvm::range_size(visit.getClassifier().front().getOps<ir::UniformOp>())) + 2);
  });
  return most;
}

Value TileEmitter::workspaceFloats() {
  Value total = code.integer(countFloats + int64_t(llvm::alignTo(2 * partWords(), 16)));
  auto add = [&](Value &, Value count) { total = code.add(total, count); };
  forEachBlockTile(add);
  if (hasStrips())
    return code.add(total, code.multiply(stripFloats(), code.integer(schedule.getStrips())));
  forEachStripTile(add);
  return total;
}

void TileEmitter::emitTasks(Value begin, Value end, Value workspace) {
  hint = workspace;
  code.store(code.integer(0), hint, 8);
  if (onlyVisits)
    for (int64_t count = 0; count < visitCounts; ++count)
      code.store(code.integer(0), code.at(hint, code.i64(), 1 + count), 8);
  partArguments = code.at(workspace, code.f32(), countFloats);
  Value next = code.at(workspace, code.f32(), countFloats + int64_t(llvm::alignTo(2 * partWords(), 16)));
  auto place = [&](Value &tile, Value count) {
    tile = next;
    next = code.at(next, code.f32(), count);
  };
  forEachBlockTile(place);
  if (hasStrips()) {
    strips.memory = next;
    strips.floats = stripFloats();
  } else {
    forEachStripTile(place);
  }

  irregular = code.at(workspace, code.i32(), irregularPlace);
  bool onUnit = usesMatrixUnit() && !onlyVisits;
  if (onUnit) {
    callSupport(code, "attn_matrix_begin", {}, {});
    expectNothing();
  }
  code.loop(begin, end, 1, {}, [&](Value task, ValueRange) -> SmallVector<Value> {
    emitTask(task);
    return {};
  });
  if (onUnit)
    callSupport(code, "attn_matrix_end", {}, {});
}

void TileEmitter::emitTask(Value task) {
  if (merge) {
    parts = run.field(offsetof(attn_run, parts), code.i64());
    part = code.remainder(task, parts);
    task = rowBlock = code.divide(task, parts);
  }
  Value blocks = rowBlocks(), size = rowBlockQueries(), sets = headSets();
  Value batchAndHeads = code.divide(task, blocks);
  headSet = code.remainder(batchAndHeads, sets);
  functions.place.batch = code.divide(batchAndHeads, sets);
  functions.place.head = holdsGroups() ? Value() : headSet;
  if (kernel.extentOf("g") >= 0)
    functions.place.group = holdsGroups() ? headSet : code.divide(headSet, code.divide(extentOf("h"), extentOf("g")));
  functions.place.firstQuery = code.multiply(code.remainder(task, blocks), size);
  setBatchExtents();
  Value rowCount = code.multiply(extentOf("i"), headsOfSet());
  functions.place.lastQuery = code.subtract(rowCount, code.integer(1));
  rows = code.minimum(code.subtract(rowCount, functions.place.firstQuery), size);
  if (holdsGroups())
    placeRowsOfGroup();
  if (!storesStill() && !kernel.variesWithBatch(kernel.extentOf("i")))
    return emitRowBlockTwice();
  auto whole = [&]() -> SmallVector<Value> {
    emitRowBlockTwice();
    return {};
  };
  auto still = [&]() -> SmallVector<Value> {
    if (storesStill() && !onlyVisits)
      emitStill();
    return {};
  };
  code.branch(code.compare(arith::CmpIPredicate::sgt, rows, code.integer(0)), {}, whole, still);
}

/// Extents that vary with b are those of the task's batch from here on.
void TileEmitter::setBatchExtents() {
  for (auto [slot, number] : llvm::enumerate(kernel.getBatchExtents().value_or(ArrayRef<int64_t>()))) {
    Value values = run.batchExtents(slot, kernel.extentOf("b"));
    run.setExtent(number, code.load(code.i64(), code.at(values, code.i64(), functions.place.batch), 8));
  }
}

Value TileEmitter::hasNoFeatures() {
  Value noFeatures = code.boolean(false);
  for (Operation &op : kernel.getBody().front())
    if (isa<ir::TilePackOp, ir::TileTransposeOp, ir::TileScaleOp>(op))
      noFeatures = arith::OrIOp::create(code.builder, code.location, noFeatures,
                                        code.compare(arith::CmpIPredicate::eq, extentOf(featureOf(op.getResult(0))), code.integer(0)));
  return noFeatures;
}

void TileEmitter::emitRowBlockTwice() {
  if (onlyVisits) {
    FunctionEmitter::Scope scope(functions);
    if (merge)
      currentPart = part;
    return emitRowBlock();
  }
  if (hasStrips())
    return emitStripsTwice();
  // A value of weight 0 must not reach a sum, and 0 times what isn't finite is NaN. A factor folded into the query, or into log2(e), may leave
  // the range of floats though the score doesn't. Rather than test every product, a row block whose result isn't finite is done once more with
  // care. Without features the product is 0 whatever the factor, which then has no query to reach it through.
  Value noFeatures = hasNoFeatures();
  Type lanesType = functions.vectorType(code.i1());
  // Of a row block in parts each task does its own part; the last to be done, which merges them, does all of them once more.
  Value one = code.integer(1), end = merge ? code.add(parts, one) : code.integer(2), isDone = code.boolean(true);
  if (merge)
    isDone = code.select(noFeatures, code.compare(arith::CmpIPredicate::eq, part, code.integer(0)), isDone);
  SmallVector<Value> initial{isDone};
  initial.append(vectors, code.broadcast(noFeatures, lanesType));
  SmallVector<Type> types{code.i1()};
  types.append(vectors, lanesType);
  Value first = code.select(noFeatures, code.integer(1), code.integer(0));
  code.loop(first, end, 1, initial, [&](Value attempt, ValueRange carried) -> SmallVector<Value> {
    isCareful = code.compare(arith::CmpIPredicate::ne, attempt, code.integer(0));
    if (merge)
      currentPart = code.select(isCareful, code.subtract(attempt, one), part);
    exact = SmallVector<Value>(carried.drop_front());
    return code.branch(
        carried[0], types,
        [&]() -> SmallVector<Value> {
          FunctionEmitter::Scope scope(functions);
          notFinite = code.boolean(false);
          unbounded = exact;
          if (usesMatrixUnit())
            code.store(code.integer(0, code.i32()), irregular, 4);
          emitRowBlock();
          if (usesMatrixUnit()) {
            Value isIrregular = code.compare(arith::CmpIPredicate::ne, code.load(code.i32(), irregular, 4), code.integer(0, code.i32()));
            notFinite = arith::OrIOp::create(code.builder, code.location, notFinite, isIrregular);
          }
          if (merge)
            notFinite = arith::OrIOp::create(code.builder, code.location, isCareful, code.both(isLastPart, notFinite));
          SmallVector<Value> next{notFinite};
          next.append(unbounded);
          return next;
        },
        [&]() -> SmallVector<Value> {
          SmallVector<Value> next{code.boolean(false)};
          next.append(exact);
          return next;
        });
  });
}

void TileEmitter::emitRowBlock() {
  if (onlyVisits) {
    kernel.getBody().walk([&](ir::TileVisitOp visit) {
      if (!visit.getClassifier().empty())
        emitVisit(visit);
    });
    return;
  }
  for (Operation &op : kernel.getBody().front())
    emitOperation(op);
}

void TileEmitter::emitOperation(Operation &op) {
  code.location = op.getLoc();
  TypeSwitch<Operation &>(op)
      .Case<ir::TensorOp, ir::ShiftOp, ir::TileFunctionOp>([&](auto) {})
      .Case([&](ir::TilePackOp pack) {
        emitPack(pack);
        splitForMatrixUnit(pack);
      })
      .Case([&](ir::TileComputeOp compute) { emitCompute(compute); })
      .Case([&](ir::TileTransposeOp transpose) {
        emitTranspose(transpose);
        splitForMatrixUnit(transpose);
      })
      .Case([&](ir::TileScaleOp scale) { emitScale(scale); })
      .Case([&](ir::TileTableOp table) { emitTable(table); })
      .Case([&](ir::TileWindowOp window) { emitWindow(window); })
      .Case([&](ir::TileKeyTableOp table) { emitKeyTable(table); })
      .Case([&](ir::TileInitOp init) { emitInit(init); })
      .Case([&](ir::TileTopInitOp init) { emitTopInit(init); })
      .Case([&](ir::TileTopAbsorbOp absorb) { emitTopAbsorb(absorb); })
      .Case([&](ir::TileTopLastOp last) { emitTopLast(last); })
      .Case([&](ir::TileRepeatOp repeat) { emitRepeat(repeat); })
      .Case([&](ir::ReductionInitOp init) {
        Type type = vectorType.clone(cast<ir::FnType>(init.getType()).getElementType());
        functions.define(init, {SmallVector<Value>(vectors, neutral(code, init.getKind(), type)), true, false});
      })
      .Case([&](ir::TileVisitOp visit) { emitVisit(visit); })
      .Case([&](ir::TileContractOp contract) { emitContract(contract); })
      .Case([&](ir::TileMapOp map) { emitMap(map); })
      .Case([&](ir::TileAbsorbOp absorb) { emitAbsorb(absorb); })
      .Case([&](ir::TileAccumulateOp accumulate) { emitAccumulate(accumulate); })
      .Case([&](ir::TileCombineOp combine) { emitCombine(combine); })
      .Case([&](ir::TileMergeOp op) { emitMerge(op); })
      .Case([&](ir::TileFinishOp finish) { emitFinish(finish); })
      .Case([&](ir::TileStoreOp store) { emitStore(store); })
      .Case([&](ir::TileStoreRowOp store) { emitStoreRow(store); })
      .Case([&](ir::CheckOp check) { functions.emitCheck(check); })
      .Case([&](ir::YieldOp) {})
      .Default([&](Operation &function) { emitFunction(function); });
}

bool TileEmitter::isFunction(Operation &op) {
  return op.getNumResults() == 1 && isa<ir::FnType>(op.getResult(0).getType()) && !isa<ir::ReductionInitOp, ir::TileFunctionOp, ir::ShiftOp>(op);
}

/// What varies with anything else belongs to a reduction and is emitted in its loop.
void TileEmitter::emitFunction(Operation &op) {
  auto coordinates = cast<ir::FnType>(op.getResult(0).getType()).getCoordinates();
  if (llvm::all_of(coordinates, [](StringAttr name) { return llvm::is_contained({"b", "h", "g", "i"}, name.getValue()); }))
    functions.emit(op.getResult(0));
}

Type TileEmitter::matrixElement(Value tensor) {
  Type element = cast<ir::TensorHandleType>(tensor.getType()).getElementType();
  return element.isInteger() ? code.builder.getIntegerType(std::max(8u, element.getIntOrFloatBitWidth())) : element;
}

Matrix TileEmitter::matrixOf(Value tensor, ArrayAttr axes, StringRef row, StringRef column) {
  auto shift = tensor.getDefiningOp<ir::ShiftOp>();
  int64_t number = (shift ? shift.getTensor() : tensor).getDefiningOp<ir::TensorOp>().getIndex();
  Type element = matrixElement(tensor);
  Matrix matrix{run.data(number), code.integer(0), code.integer(0), false, element};
  if (shift)
    for (auto [dimension, offset] : llvm::zip(shift.getDimensions(), shift.getOffsets()))
      matrix.base = code.at(matrix.base, element, code.multiply(functions.emitScalar(offset), run.stride(number, dimension)));
  for (auto [dimension, axis] : llvm::enumerate(axes.getAsValueRange<StringAttr>())) {
    Value stride = run.stride(number, dimension);
    if (axis.empty())
      continue;
    if (axis == row) {
      matrix.rowStride = stride;
    } else if (axis == column) {
      matrix.columnStride = stride;
    } else {
      Value index = axis == "b" ? functions.place.batch : axis == "h" ? functions.place.head : functions.place.group;
      matrix.base = code.at(matrix.base, element, code.multiply(index, stride));
    }
  }
  return matrix;
}

Matrix TileEmitter::keyMatrixOf(Value operand, ArrayAttr axes, const KeyBlock &block, StringRef feature) {
  if (!isa<ir::TileType>(operand.getType()))
    return matrixOf(operand, axes, "j", feature);
  if (std::optional<Matrix> stored = tiles[operand].stored)
    return *stored;
  Matrix matrix{tiles[operand].address, rowFloats(operand), code.integer(1), true, code.f32()};
  matrix.base = code.at(matrix.base, code.f32(), code.subtract(code.integer(0), code.multiply(block.first, matrix.rowStride)));
  return matrix;
}

Value TileEmitter::scratch(Value tile, Value row, int64_t part) {
  Value offset = code.add(code.multiply(row, code.integer(schedule.queryBlock())), code.integer(part * schedule.getLanes()));
  return code.at(tile, code.f32(), offset);
}

Value TileEmitter::loadScratch(Value tile, Value row, int64_t part) {
  return code.load(vectorType, scratch(tile, row, part), 4 * schedule.getLanes());
}

void TileEmitter::storeScratch(Value value, Value tile, Value row, int64_t part) {
  code.store(value, scratch(tile, row, part), 4 * schedule.getLanes());
}

SmallVector<Value> TileEmitter::whereExact(ValueRange then, ValueRange otherwise) {
  SmallVector<Value> result;
  for (int64_t part = 0; part < vectors; ++part)
    result.push_back(code.select(exact[part], then[part], otherwise[part]));
  return result;
}

SmallVector<Value> TileEmitter::whereExact(double then, double otherwise) {
  return whereExact(SmallVector<Value>(vectors, code.real(then, vectorType)),
                    SmallVector<Value>(vectors, code.real(otherwise, vectorType)));
}

Value TileEmitter::multiplyAdd(Value left, Value right, Value sum) {
  return math::FmaOp::create(code.builder, code.location, left, right, sum);
}

} // namespace attn::lower
