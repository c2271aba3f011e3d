#include "compiler/lower/vector/Passes.h"

#include "compiler/lower/vector/TileEmitter.h"
#include "runtime/kernel/Kernel.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

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

void lowerKernel(ir::TileKernelOp kernel, const MathTarget &target, bool onlyVisits) {
  auto module = kernel->getParentOfType<ModuleOp>();
  MLIRContext *context = kernel.getContext();
  Type pointer = LLVM::LLVMPointerType::get(context), i64 = IntegerType::get(context, 64);
  func::FuncOp function = createFunction(module, kernel.getLoc(), kernel.getSymName() + "_body", {pointer, i64, i64, pointer});
  Block &entry = function.getBody().front();
  OpBuilder builder(entry.getTerminator());
  Code code(builder, kernel.getLoc());
  // Loads that hold for the whole run go before this marker, everything else after it.
  Operation *marker = code.integer(0).getDefiningOp();
  RunState run(entry.getArgument(0), marker, [kernel](int64_t number) mutable { return kernel.fixedExtent(number); });
  Sites sites;
  TileEmitter emitter(code, run, sites, kernel, target);
  emitter.onlyVisits = onlyVisits;
  emitter.emitTasks(entry.getArgument(1), entry.getArgument(2), entry.getArgument(3));
  marker->erase();
  function->setAttr("attn.sites", sites.attribute(context));

  SmallVector<int64_t> tables;
  kernel.walk([&](ir::TensorOp tensor) {
    if (llvm::any_of(tensor->getUsers(), [](Operation *user) { return isa<ir::TableRangeOp, ir::TableHoldsOp>(user); }))
      tables.push_back(tensor.getIndex());
  });
  function->setAttr("attn.summaries", builder.getDenseI32ArrayAttr(SmallVector<int32_t>(tables.begin(), tables.end())));
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

/// Emits NAME_bind: what the binder computes, then how many tasks there are and how much memory each needs.
LogicalResult lowerBinder(ir::BinderOp binder, ir::TileKernelOp kernel, const MathTarget &target) {
  auto module = binder->getParentOfType<ModuleOp>();
  func::FuncOp function = createFunction(module, binder.getLoc(), kernel.getSymName() + "_bind",
                                         {LLVM::LLVMPointerType::get(binder.getContext())});
  Block &entry = function.getBody().front();
  Value runPointer = entry.getArgument(0);
  OpBuilder builder(entry.getTerminator());
  Code code(builder, binder.getLoc());
  auto array = [&](size_t field) { return runArray(code, runPointer, field); };
  Value extents = array(offsetof(attn_run, extents)), scalars = array(offsetof(attn_run, scalars)), sizes = array(offsetof(attn_run, sizes));

  Sites sites;
  auto unknown = [](int64_t) { return std::optional<int64_t>(); };
  for (ir::BindOp bind : binder.getBody().getOps<ir::BindOp>()) {
    // A fresh state for each, since each may read what the last has stored.
    Operation *marker = code.integer(0).getDefiningOp();
    RunState run(runPointer, marker, unknown);
    FunctionEmitter functions(code, run, sites, kernel.getSchedule(), kernel.getCoordinates());
    Value value = functions.emitScalar(bind.getValue());
    Value target = bind.getKind() == ir::BindKind::Extent ? extents : bind.getKind() == ir::BindKind::Scalar ? scalars : sizes;
    Value slot = code.at(target, code.i64(), bind.getIndex());
    code.store(bind.getKind() == ir::BindKind::Scalar ? givenOr(code, slot, value) : value, slot, 8);
    marker->erase();
  }

  Operation *marker = code.integer(0).getDefiningOp();
  RunState run(runPointer, marker, unknown);
  TileEmitter tiles(code, run, sites, kernel, target);
  auto field = [&](size_t offset) { return code.at(runPointer, builder.getI8Type(), static_cast<int64_t>(offset)); };
  code.store(tiles.taskCount(), field(offsetof(attn_run, tasks)), 8);
  code.store(code.multiply(tiles.workspaceFloats(), code.integer(4)), field(offsetof(attn_run, workspace_bytes)), 8);
  marker->erase();
  return success();
}

struct LowerTilesPass : impl::LowerTilesBase<LowerTilesPass> {
  using LowerTilesBase::LowerTilesBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    MathTarget target{avx512, fma, hasRound};
    for (ir::TileKernelOp kernel : llvm::to_vector(module.getOps<ir::TileKernelOp>())) {
      std::string name = (kernel.getSymName() + "_binder").str();
      auto binder = module.lookupSymbol<ir::BinderOp>(name);
      if (!binder) {
        kernel.emitError("has no binder: expected `attn.binder @") << name << "`";
        return signalPassFailure();
      }
      if (failed(lowerBinder(binder, kernel, target)))
        return signalPassFailure();
      lowerKernel(kernel, target, onlyVisits);
      binder.erase();
      kernel.erase();
    }
  }
};

} // namespace
} // namespace attn::lower
