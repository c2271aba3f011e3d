#include "compiler/lower/tile/Passes.h"

#include "compiler/lower/tile/EmptyRuns.h"
#include "compiler/lower/tile/TileFormer.h"

#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace attn::lower {

#define GEN_PASS_DEF_FORMTILES
#include "compiler/lower/tile/Passes.h.inc"

LogicalResult TileFormer::form() {
  for (Operation &op : kernel.getBody().front())
    if (failed(check(op)))
      return failure();
  for (auto found : kernel.getBody().getOps<ir::ClassifyOp>())
    classify = found;
  auto most = kernel->getAttrOfType<IntegerAttr>(mostFewQueriesAttributeName);
  auto tiles = ir::TileKernelOp::create(builder, location, kernel.getSymNameAttr(), kernel.getCoordinatesAttr(), kernel.getExtentsAttr(),
                                        kernel.getBatchExtentsAttr(), schedule, most);
  builder.setInsertionPointToStart(builder.createBlock(&tiles.getBody()));
  // What is computed per row block comes before this marker, which moves on past each visit.
  rowBlockEnd = marker();
  builder.setInsertionPoint(rowBlockEnd);
  IRMapping none;
  for (auto check : kernel.getBody().getOps<ir::CheckOp>())
    if (!isPairwise(check))
      cloneCheck(check, none);
  bool isFirst = true;
  for (const RowPass &pass : plan.passes) {
    if (!pass.isEmpty())
      emitPass(pass, isFirst);
    isFirst = false;
    for (ir::ThresholdOp threshold : pass.thresholds)
      emitThreshold(threshold);
  }
  for (auto output : kernel.getBody().getOps<ir::OutputOp>())
    if (!variesWith(output.getValue(), "j"))
      emitOutput(output);
  emitPairOutputs();
  rowBlockEnd->erase();
  if (schedule.isInParts())
    mergeParts(tiles);
  kernel.erase();
  return success();
}

void TileFormer::mergeParts(ir::TileKernelOp tiles) {
  const RowPass &pass = plan.passes.front();
  auto visit = *tiles.getBody().getOps<ir::TileVisitOp>().begin();
  SmallVector<int64_t> accumulators;
  for (const NormalisedScore &score : pass.scores)
    accumulators.push_back(int64_t(score.sums.size()));
  SmallVector<Attribute> kinds;
  for (ir::ReduceOp reduce : pass.reductions)
    kinds.push_back(reduce.getKindAttr());
  builder.setInsertionPointAfter(visit);
  auto merge = ir::TileMergeOp::create(builder, location, visit.getResults(), accumulators, builder.getArrayAttr(kinds));
  Block *body = builder.createBlock(&merge.getBody());
  for (Value part : visit.getResults())
    part.replaceAllUsesExcept(body->addArgument(part.getType(), location), merge);
  body->getOperations().splice(body->end(), merge->getBlock()->getOperations(), std::next(Block::iterator(merge)), merge->getBlock()->end());
}

namespace {

struct FormTilesPass : impl::FormTilesBase<FormTilesPass> {
  using FormTilesBase::FormTilesBase;

  void runOnOperation() override {
    for (ir::KernelOp kernel : llvm::to_vector(getOperation().getOps<ir::KernelOp>())) {
      auto schedule = kernel->getAttrOfType<ir::ScheduleAttr>(scheduleAttributeName);
      if (!schedule) {
        kernel.emitError("has no schedule: run attn-schedule first");
        return signalPassFailure();
      }
      for (const EmptyRun &run : emptyRuns)
        if (auto copy = mayBeEmpty ? kernelForEmptyRun(kernel, run) : ir::KernelOp()) {
          copy->removeAttr(mostFewQueriesAttributeName);
          if (failed(TileFormer(copy, scheduleForEmptyRun(schedule)).form()))
            return signalPassFailure();
        }
      if (auto few = kernel->getAttrOfType<ir::ScheduleAttr>(fewScheduleAttributeName)) {
        OpBuilder after(kernel.getContext());
        after.setInsertionPointAfter(kernel);
        auto copy = cast<ir::KernelOp>(after.clone(*kernel));
        copy.setSymName((kernel.getSymName() + ir::TileKernelOp::fewSuffix).str());
        if (failed(TileFormer(copy, few).form()))
          return signalPassFailure();
        kernel->removeAttr(mostFewQueriesAttributeName);
      }
      if (failed(TileFormer(kernel, schedule).form()))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace attn::lower
