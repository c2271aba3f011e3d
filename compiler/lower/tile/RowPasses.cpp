#include "compiler/lower/tile/RowPasses.h"

#include "compiler/lower/coordinate/Coordinates.h"

using namespace mlir;

namespace attn::lower {

static bool isRowFunction(Operation *op) {
  auto reduce = dyn_cast<ir::ReduceOp>(op);
  return isa<ir::OnlineOp, ir::WeightedSumOp, ir::LogSumExpOp, ir::ThresholdOp, ir::TopKOp>(op) ||
         (reduce && isOverKeys(reduce));
}

RowPasses::RowPasses(ir::KernelOp kernel) {
  for (Operation &op : kernel.getBody().front()) {
    unsigned most = 0;
    for (Value operand : op.getOperands())
      most = std::max(most, level(operand));
    for (Value result : op.getResults())
      levels[result] = most + isRowFunction(&op);
  }
  auto passOf = [&](Value result) -> RowPass & {
    size_t number = level(result) - 1;
    if (passes.size() <= number)
      passes.resize(number + 1);
    return passes[number];
  };
  auto scoreOf = [&](Value result, Value score) -> NormalisedScore & {
    RowPass &pass = passOf(result);
    for (NormalisedScore &known : pass.scores)
      if (known.score == score)
        return known;
    pass.scores.push_back({score, {}, {}});
    return pass.scores.back();
  };
  for (Operation &op : kernel.getBody().front()) {
    if (isRowFunction(&op) || isa<ir::SumAfterOp>(op))
      mask = maskOfRow(&op);
    if (auto online = dyn_cast<ir::OnlineOp>(op)) {
      scoreOf(online.getValues(), online.getScore()).sums.push_back(online);
    } else if (auto logarithm = dyn_cast<ir::LogSumExpOp>(op)) {
      scoreOf(logarithm, logarithm.getScore()).logarithms.push_back(logarithm);
    } else if (auto sum = dyn_cast<ir::WeightedSumOp>(op)) {
      passOf(sum).sums.push_back(sum);
    } else if (auto reduce = dyn_cast<ir::ReduceOp>(op); reduce && isOverKeys(reduce)) {
      passOf(reduce).reductions.push_back(reduce);
    } else if (auto threshold = dyn_cast<ir::ThresholdOp>(op)) {
      passOf(threshold).thresholds.push_back(threshold);
    } else if (auto top = dyn_cast<ir::TopKOp>(op)) {
      passOf(top.getSmallest()).tops.push_back(top);
    }
  }
}

} // namespace attn::lower
