#include "compiler/lower/vector/Passes.h"

#include "compiler/lower/tile/EmptyRuns.h"
#include "compiler/lower/vector/TileEmitter.h"
#include "runtime/kernel/Kernel.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace attn::lower {

#define GEN_PASS_DEF_LOWERTILES
#include "compiler/lower/vector/Passes.h.inc"

namespace {

func::FuncOp createFunction(ModuleOp module, Location location, const Twine &name, ArrayRef<Type> inputs) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto function = func::FuncOp::create(builder, location, name.str(), builder.getFunctionType(inputs, {}));
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  func::ReturnOp::create(builder, location);
  return function;
}

/// A kernel, the one for few queries, if there is one, and those for runs without batches or heads.
struct Kernels {
  ir::TileKernelOp many, few;
  SmallVector<std::pair<EmptyRun, ir::TileKernelOp>> empty;

  Kernels(ModuleOp module, ir::TileKernelOp kernel) : many(kernel) {
    auto find = [&](StringRef suffix) { return module.lookupSymbol<ir::TileKernelOp>((kernel.getSymName() + suffix).str()); };
    few = find(ir::TileKernelOp::fewSuffix);
    for (const EmptyRun &run : emptyRuns)
      if (ir::TileKernelOp found = find(run.suffix))
        empty.push_back({run, found});
  }

  bool isOne() const { return !few && empty.empty(); }
  SmallVector<ir::TileKernelOp> all() const {
    SmallVector<ir::TileKernelOp> list{many};
    if (few)
      list.push_back(few);
    for (auto [run, kernel] : empty)
      list.push_back(kernel);
    return list;
  }

  /// Does for the kernel that a run takes what `act` says.
  void choose(Code &code, RunState &run, function_ref<void(ir::TileKernelOp)> act, size_t number = 0) {
    auto actOn = [&](ir::TileKernelOp kernel) {
      return [&act, kernel]() -> SmallVector<Value> {
        act(kernel);
        return {};
      };
    };
    if (number < empty.size()) {
      auto [emptyRun, kernel] = empty[number];
      auto others = [&]() -> SmallVector<Value> {
        choose(code, run, act, number + 1);
        return {};
      };
      code.branch(isEmpty(code, run, emptyRun), {}, actOn(kernel), others);
    } else if (few) {
      code.branch(takesFew(code, run), {}, actOn(few), actOn(many));
    } else {
      act(many);
    }
  }

private:
  /// i1: whether there are no batches, no heads. That both are none is asked first.
  Value isEmpty(Code &code, RunState &run, const EmptyRun &empty) {
    auto isNone = [&](StringRef coordinate) {
      return code.compare(arith::CmpIPredicate::sle, run.extent(many.extentOf(coordinate)), code.integer(0));
    };
    if (!empty.noBatches || !empty.noHeads)
      return isNone(empty.noBatches ? "b" : "h");
    return code.both(isNone("b"), isNone("h"));
  }

  /// i1: which of the two a run takes.
  Value takesFew(Code &code, RunState &run) {
    Value queries = run.extent(many.extentOf("i"));
    return code.compare(arith::CmpIPredicate::sle, queries, code.integer(*few.getMostQueries()));
  }
};

/// Emits the tasks of one kernel at the end of a function with the body's arguments.
void emitTasks(func::FuncOp function, ir::TileKernelOp kernel, Sites &sites, const MathTarget &target, bool onlyVisits) {
  Block &entry = function.getBody().front();
  OpBuilder builder(entry.getTerminator());
  Code code(builder, kernel.getLoc(), target.fma);
  // Loads that hold for the whole run go before this marker, everything else after it.
  Operation *marker = code.integer(0).getDefiningOp();
  RunState run(entry.getArgument(0), marker, [kernel](int64_t number) mutable { return kernel.fixedExtent(number); });
  TileEmitter emitter(code, run, sites, kernel, target);
  emitter.onlyVisits = onlyVisits;
  emitter.emitTasks(entry.getArgument(1), entry.getArgument(2), entry.getArgument(3));
  marker->erase();
}

/// Emits NAME_body; where there are two kernels it calls one of two functions.
void lowerKernels(Kernels kernels, Sites &sites, const MathTarget &target, bool onlyVisits) {
  auto module = kernels.many->getParentOfType<ModuleOp>();
  MLIRContext *context = kernels.many.getContext();
  Type pointer = LLVM::LLVMPointerType::get(context), i64 = IntegerType::get(context, 64);
  SmallVector<Type> arguments{pointer, i64, i64, pointer};
  Location location = kernels.many.getLoc();
  func::FuncOp function = createFunction(module, location, kernels.many.getSymName() + "_body", arguments);
  if (kernels.isOne()) {
    emitTasks(function, kernels.many, sites, target, onlyVisits);
  } else {
    Block &entry = function.getBody().front();
    OpBuilder builder(entry.getTerminator());
    Code code(builder, location, target.fma);
    Operation *marker = code.integer(0).getDefiningOp();
    RunState run(entry.getArgument(0), marker, [](int64_t) { return std::optional<int64_t>(); });
    kernels.choose(code, run, [&](ir::TileKernelOp kernel) {
      StringRef which = kernel == kernels.many ? ".many" : kernel.getSymName().drop_front(kernels.many.getSymName().size());
      func::FuncOp tasks = createFunction(module, location, kernels.many.getSymName() + which + "_tasks", arguments);
      tasks.setPrivate();
      emitTasks(tasks, kernel, sites, target, onlyVisits);
      func::CallOp::create(builder, location, tasks, entry.getArguments());
    });
    marker->erase();
  }
  function->setAttr("attn.sites", sites.attribute(context));

  llvm::SetVector<int32_t> tables;
  for (ir::TileKernelOp kernel : kernels.all())
    kernel.walk([&](ir::TensorOp tensor) {
      if (llvm::any_of(tensor->getUsers(), [](Operation *user) { return isa<ir::TableRangeOp, ir::TableHoldsOp>(user); }))
        tables.insert(tensor.getIndex());
    });
  function->setAttr("attn.summaries", Builder(context).getDenseI32ArrayAttr(tables.getArrayRef()));
}

/// The scalar that was given, or the default where the caller left the marker.
Value givenOr(Code &code, Value slot, Value byDefault) {
  bool isFloat = isa<FloatType>(byDefault.getType());
  Value raw = code.load(code.i64(), slot, 8);
  Value bits = byDefault;
  if (isFloat)
    bits = arith::BitcastOp::create(code.builder, code.location, code.i64(), byDefault);
  else if (byDefault.getType().isInteger(1))
    bits = arith::ExtUIOp::create(code.builder, code.location, code.i64(), byDefault);
  Value unset = code.integer(isFloat ? static_cast<int64_t>(llvm::bit_cast<uint64_t>(ATTN_UNSET_FLOAT)) : ATTN_UNSET_INT);
  return code.select(code.compare(arith::CmpIPredicate::eq, raw, unset), bits, raw);
}

/// Emits the binding of an extent that varies with b: every value is checked, and kept if there is a place for it; the largest is the extent's.
Value bindPerBatch(Code &code, RunState &run, Sites &sites, ir::BindOp bind, ir::TileKernelOp kernel, FunctionEmitter &functions) {
  Value batches = run.extent(kernel.extentOf("b")), zero = code.integer(0), limit = code.integer(INT32_MAX);
  Value values = runArray(code, run.pointer(), offsetof(attn_run, batch_extents));
  Value none = LLVM::ZeroOp::create(code.builder, code.location, code.pointer());
  Value isKept = LLVM::ICmpOp::create(code.builder, code.location, LLVM::ICmpPredicate::ne, values, none);
  int32_t site = sites.number(bind, ATTN_SITE_EXTENT, -1, 0, bind.getNameAttr());
  return code.loop(zero, batches, 1, {zero}, [&](Value batch, ValueRange largest) -> SmallVector<Value> {
    FunctionEmitter::Scope scope(functions);
    functions.place.batch = batch;
    Value value = functions.emitScalar(bind.getValue());
    Value isWrong = code.compare(arith::CmpIPredicate::ugt, value, limit);
    sites.reportIfAny(code, run.pointer(), site, isWrong, value, batch);
    Value safe = code.select(isWrong, zero, value);
    code.when(isKept, [&] {
      Value place = code.add(code.multiply(code.integer(*bind.getSlot()), batches), batch);
      code.store(safe, code.at(values, code.i64(), place), 8);
    });
    return {arith::MaxSIOp::create(code.builder, code.location, largest[0], safe)};
  })[0];
}

/// Compares the ranges of all values of b: each with the next where they are in order, else each with each. Once, before anything else is
/// known of a run.
void checkApart(Code &code, RunState &run, Sites &sites, ir::ApartOp apart, ir::TileKernelOp kernel, FunctionEmitter &functions) {
  Value batches = run.extent(kernel.extentOf("b")), zero = code.integer(0), one = code.integer(1);
  int32_t number = apart.getTensor().getDefiningOp<ir::TensorOp>().getIndex();
  int32_t site = sites.number(apart, ATTN_SITE_COLLISION, number, apart.getDimension(), apart.getTextAttr());
  auto rangeOf = [&](Value batch) {
    FunctionEmitter::Scope scope(functions);
    functions.place.batch = batch;
    Value size = functions.emitScalar(apart.getSize()), start = functions.emitScalar(apart.getStart());
    return std::pair(start, code.add(start, size));
  };
  auto isLess = [&](Value left, Value right) { return code.compare(arith::CmpIPredicate::slt, left, right); };
  SmallVector<Value> initial{code.integer(INT64_MIN), code.boolean(true)};
  Value inOrder = code.loop(zero, batches, 1, initial, [&](Value batch, ValueRange carried) -> SmallVector<Value> {
    auto [start, end] = rangeOf(batch);
    Value isThere = isLess(start, end), follows = code.compare(arith::CmpIPredicate::sle, carried[0], start);
    Value isFine = arith::OrIOp::create(code.builder, code.location, follows, code.negate(isThere));
    return {code.select(isThere, end, carried[0]), code.both(carried[1], isFine)};
  })[1];
  code.when(code.negate(inOrder), [&] {
    code.loop(zero, batches, 1, {}, [&](Value first, ValueRange) -> SmallVector<Value> {
      auto [start, end] = rangeOf(first);
      code.loop(code.add(first, one), batches, 1, {}, [&, start = start, end = end](Value second, ValueRange) -> SmallVector<Value> {
        auto [otherStart, otherEnd] = rangeOf(second);
        Value bothThere = code.both(isLess(start, end), isLess(otherStart, otherEnd));
        Value meet = code.both(bothThere, code.both(isLess(start, otherEnd), isLess(otherStart, end)));
        sites.reportIfAny(code, run.pointer(), site, meet, first, second);
        return {};
      });
      return {};
    });
  });
}

/// Emits NAME_bind: what the binder computes, then how many tasks there are and how much memory each needs.
LogicalResult lowerBinder(ir::BinderOp binder, Kernels kernels, Sites &sites, const MathTarget &target) {
  ir::TileKernelOp kernel = kernels.many;
  auto module = binder->getParentOfType<ModuleOp>();
  func::FuncOp function = createFunction(module, binder.getLoc(), kernel.getSymName() + "_bind",
                                         {LLVM::LLVMPointerType::get(binder.getContext())});
  Block &entry = function.getBody().front();
  Value runPointer = entry.getArgument(0);
  OpBuilder builder(entry.getTerminator());
  Code code(builder, binder.getLoc(), target.fma);
  auto array = [&](size_t field) { return runArray(code, runPointer, field); };
  Value extents = array(offsetof(attn_run, extents)), scalars = array(offsetof(attn_run, scalars)), sizes = array(offsetof(attn_run, sizes));

  auto unknown = [](int64_t) { return std::optional<int64_t>(); };
  for (ir::BindOp bind : binder.getBody().getOps<ir::BindOp>()) {
    // A fresh state for each, since each may read what the last has stored.
    Operation *marker = code.integer(0).getDefiningOp();
    RunState run(runPointer, marker, unknown);
    run.trustsShapes = bind.getKind() == ir::BindKind::Size;
    FunctionEmitter functions(code, run, sites, kernel.getSchedule(), kernel.getCoordinates());
    Value value = bind.getSlot() ? bindPerBatch(code, run, sites, bind, kernel, functions) : functions.emitScalar(bind.getValue());
    Value target = bind.getKind() == ir::BindKind::Extent ? extents : bind.getKind() == ir::BindKind::Scalar ? scalars : sizes;
    Value slot = code.at(target, code.i64(), bind.getIndex());
    code.store(bind.getKind() == ir::BindKind::Scalar ? givenOr(code, slot, value) : value, slot, 8);
    marker->erase();
  }

  for (ir::ApartOp apart : binder.getBody().getOps<ir::ApartOp>()) {
    Operation *marker = code.integer(0).getDefiningOp();
    RunState run(runPointer, marker, unknown);
    run.trustsShapes = false;
    FunctionEmitter functions(code, run, sites, kernel.getSchedule(), kernel.getCoordinates());
    checkApart(code, run, sites, apart, kernel, functions);
    marker->erase();
  }

  Operation *marker = code.integer(0).getDefiningOp();
  RunState run(runPointer, marker, unknown);
  kernels.choose(code, run, [&](ir::TileKernelOp kernel) {
    TileEmitter tiles(code, run, sites, kernel, target);
    auto field = [&](size_t offset) { return code.at(runPointer, builder.getI8Type(), static_cast<int64_t>(offset)); };
    Value tasks = tiles.taskCount();
    if (auto parts = tiles.chooseParts()) {
      tasks = code.multiply(tasks, parts->count);
      code.store(parts->count, field(offsetof(attn_run, parts)), 8);
      code.store(parts->keys, field(offsetof(attn_run, part_keys)), 8);
      code.store(code.multiply(parts->floats, code.integer(4)), field(offsetof(attn_run, part_bytes)), 8);
    }
    code.store(tasks, field(offsetof(attn_run, tasks)), 8);
    code.store(code.multiply(tiles.workspaceFloats(), code.integer(4)), field(offsetof(attn_run, workspace_bytes)), 8);
  });
  marker->erase();
  return success();
}

struct LowerTilesPass : impl::LowerTilesBase<LowerTilesPass> {
  using LowerTilesBase::LowerTilesBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    MathTarget target{avx512, fma, hasRound};
    for (ir::TileKernelOp kernel : llvm::to_vector(module.getOps<ir::TileKernelOp>())) {
      if (kernel.getMostQueries() || isForEmptyRun(kernel.getSymName()))
        continue;
      std::string name = (kernel.getSymName() + "_binder").str();
      auto binder = module.lookupSymbol<ir::BinderOp>(name);
      if (!binder) {
        kernel.emitError("has no binder: expected `attn.binder @") << name << "`";
        return signalPassFailure();
      }
      Kernels kernels(module, kernel);
      Sites sites;
      if (failed(lowerBinder(binder, kernels, sites, target)))
        return signalPassFailure();
      lowerKernels(kernels, sites, target, onlyVisits);
      binder.erase();
      for (ir::TileKernelOp lowered : kernels.all())
        lowered.erase();
    }
  }
};

} // namespace
} // namespace attn::lower
