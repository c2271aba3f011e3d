#include "compiler/lower/tile/EmptyRuns.h"

#include "compiler/lower/coordinate/Coordinates.h"

using namespace mlir;

namespace attn::lower {

bool isForEmptyRun(StringRef name) {
  return llvm::any_of(emptyRuns, [&](const EmptyRun &run) { return name.ends_with(run.suffix); });
}

static bool isStored(ir::OutputOp output, const EmptyRun &run) {
  auto has = [&](StringRef name) { return llvm::is_contained(output.getCoordinates().getAsValueRange<StringAttr>(), name); };
  return !(run.noBatches && has("b")) && !(run.noHeads && has("h"));
}

static void eraseWhatIsNotStored(ir::KernelOp kernel, const EmptyRun &run) {
  for (auto output : llvm::make_early_inc_range(kernel.getBody().getOps<ir::OutputOp>()))
    if (!isStored(output, run))
      output.erase();
  // A check uses what only it needs, and so may the classifier: they go first if nothing else is left of what they are about.
  SmallVector<Value> roots;
  for (auto output : kernel.getBody().getOps<ir::OutputOp>())
    roots.append(output->operand_begin(), output->operand_end());
  llvm::DenseSet<Operation *> kept;
  for (Operation *op : computedFrom(roots))
    kept.insert(op);
  for (auto check : llvm::make_early_inc_range(kernel.getBody().getOps<ir::CheckOp>())) {
    bool isAbout = llvm::any_of(kept, [&](Operation *op) {
      return isa<ir::ReadOp, ir::BinaryOp>(op) && op->getLoc() == check.getLoc() && op->getAttrOfType<StringAttr>("text") == check.getTextAttr();
    });
    if (!isAbout)
      check.erase();
  }
  bool hasPass = llvm::any_of(kept, [](Operation *op) { return maskOfRow(op) != Value(); });
  if (!hasPass)
    for (auto classify : llvm::make_early_inc_range(kernel.getBody().getOps<ir::ClassifyOp>()))
      classify.erase();
  eraseUnused(kernel);
}

ir::KernelOp kernelForEmptyRun(ir::KernelOp kernel, const EmptyRun &run) {
  auto mayBeNone = [&](StringRef coordinate) {
    int64_t extent = kernel.extentOf(coordinate);
    return extent >= 0 && kernel.fixedExtent(extent).value_or(0) == 0;
  };
  if ((run.noBatches && !mayBeNone("b")) || (run.noHeads && !mayBeNone("h")) ||
      llvm::none_of(kernel.getBody().getOps<ir::OutputOp>(), [&](ir::OutputOp output) { return isStored(output, run); }))
    return {};
  OpBuilder builder(kernel.getContext());
  builder.setInsertionPointAfter(kernel);
  auto copy = cast<ir::KernelOp>(builder.clone(*kernel));
  copy.setSymName((kernel.getSymName() + run.suffix).str());
  eraseWhatIsNotStored(copy, run);
  // What is stored once for each group has tasks of groups.
  NamedAttrList coordinates(copy.getCoordinates());
  if (run.noBatches) {
    coordinates.erase("b");
    copy.removeBatchExtentsAttr();
  }
  if (run.noHeads) {
    coordinates.erase("h");
    if (Attribute group = coordinates.get("g"))
      coordinates.set("h", group);
  }
  copy.setCoordinatesAttr(coordinates.getDictionary(copy.getContext()));
  return copy;
}

ir::ScheduleAttr scheduleForEmptyRun(ir::ScheduleAttr schedule) {
  return ir::ScheduleAttr::get(schedule.getContext(), schedule.getLanes(), std::min<int64_t>(schedule.getVectors(), 2), schedule.getKeyRows(),
                               schedule.getFeatureRows(), schedule.getKeyBlock(), schedule.getKeyStep(), ir::Orientation::Queries, ir::RowHeads::One,
                               ir::Products::Vectors, /*partKeys=*/0, /*tasks=*/0, /*strips=*/1);
}

} // namespace attn::lower
