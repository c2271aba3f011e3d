#include "compiler/lower/tile/Passes.h"

#include "dialect/AttnDialect.h"

namespace attn::lower {

#define GEN_PASS_DEF_SCHEDULE
#include "compiler/lower/tile/Passes.h.inc"

namespace {

/// Two vectors of queries side by side. Each step of a register tile of `rows` rows needs 2 * rows accumulators, two vectors of the other operand
/// and one broadcast; with 16 registers that leaves 6 rows, with 32 the 8 that divide every usual head size.
struct SchedulePass : impl::ScheduleBase<SchedulePass> {
  using ScheduleBase::ScheduleBase;

  void runOnOperation() override {
    constexpr int64_t vectors = 2, keyBlock = 128, keyStep = 16;
    int64_t rows = registers >= 32 ? 8 : 4;
    auto schedule = ir::ScheduleAttr::get(&getContext(), lanes, vectors, rows, rows, keyBlock, keyStep);
    getOperation()->walk([&](ir::KernelOp kernel) {
      if (!kernel->hasAttr(scheduleAttributeName))
        kernel->setAttr(scheduleAttributeName, schedule);
    });
  }
};

} // namespace
} // namespace attn::lower
