#include "compiler/lower/tile/Passes.h"

#include "dialect/AttnDialect.h"

namespace attn::lower {

#define GEN_PASS_DEF_SCHEDULE
#include "compiler/lower/tile/Passes.h.inc"

namespace {

/// A register tile of `rows` rows and `vectors` vectors needs rows * vectors accumulators, the vectors of the other
/// operand and a broadcast or two: 8 x 3 fits in 32 registers, 4 x 3 in 16: with a broadcast all of them. Without fused
/// multiply-adds, which vectors of 8 lanes and more come with, products need registers too, and 4 x 2 is what fits.
/// Broadcasts are loads: the more vectors share one, the closer the tile comes to the peak.
struct SchedulePass : impl::ScheduleBase<SchedulePass> {
  using ScheduleBase::ScheduleBase;

  void runOnOperation() override {
    constexpr int64_t keyBlock = 64, keyStep = 16;
    int64_t vectors = registers >= 32 || lanes >= 8 ? 3 : 2, rows = registers >= 32 ? 8 : 4;
    auto schedule = ir::ScheduleAttr::getChecked([&] { return getOperation()->emitError(); }, &getContext(),
                                                 lanes.getValue(), vectors, rows, rows, keyBlock, keyStep);
    if (!schedule)
      return signalPassFailure();
    getOperation()->walk([&](ir::KernelOp kernel) {
      if (!kernel->hasAttr(scheduleAttributeName))
        kernel->setAttr(scheduleAttributeName, schedule);
    });
  }
};

} // namespace
} // namespace attn::lower
