#include "compiler/lower/tile/ScheduleAlternatives.h"

using namespace mlir;

namespace attn::lower {

#define GEN_PASS_DEF_SCHEDULE
#include "compiler/lower/tile/Passes.h.inc"

namespace {

struct SchedulePass : impl::ScheduleBase<SchedulePass> {
  using ScheduleBase::ScheduleBase;

  void runOnOperation() override {
    ScheduleOptions target;
    target.lanes = lanes, target.registers = registers, target.matrixUnit = matrixUnit, target.queries = queries;
    target.few = few, target.groupHeads = groupHeads, target.parts = parts;
    bool isValid = true;
    getOperation()->walk([&](ir::KernelOp kernel) {
      if (kernel->hasAttr(scheduleAttributeName))
        return;
      ScheduleAlternatives alternatives(kernel, target);
      isValid = isValid && alternatives.isValid();
      if (isValid)
        choose(kernel, alternatives);
    });
    if (!isValid)
      signalPassFailure();
  }

private:
  void choose(ir::KernelOp kernel, ScheduleAlternatives &alternatives) {
    auto known = alternatives.knownQueries();
    bool areFew = known ? *known <= alternatives.mostFewQueries() : queries == "few" ? few <= alternatives.mostFewQueries() : queries != "many";
    bool canBeFew = alternatives.canBeFew() && areFew;
    bool canBeMany = !canBeFew || (!known && queries != "few");
    // Many queries beside few: row blocks enough, most of the time, and half of what parts cost to compile.
    bool areBoth = canBeFew && canBeMany;
    kernel->setAttr(scheduleAttributeName, canBeMany ? alternatives.ofManyQueries(/*mayCut=*/!areBoth) : alternatives.ofFewQueries());
    if (!areBoth)
      return;
    kernel->setAttr(fewScheduleAttributeName, alternatives.ofFewQueries());
    kernel->setAttr(mostFewQueriesAttributeName, IntegerAttr::get(IntegerType::get(&getContext(), 64), alternatives.mostFewQueries()));
  }
};

} // namespace
} // namespace attn::lower
