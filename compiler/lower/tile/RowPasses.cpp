#include "compiler/lower/tile/RowPasses.h"

using namespace mlir;

namespace attn::lower {

SmallVector<StringAttr> featuresOf(Value value) {
  SmallVector<StringAttr> features;
  if (auto type = dyn_cast<ir::FnType>(value.getType()))
    for (StringAttr name : type.getCoordinates())
      if (!llvm::is_contained({"b", "h", "g", "i", "j"}, name.getValue()))
        features.push_back(name);
  return features;
}

static bool isOverKeys(ir::ReduceOp reduce) {
  return llvm::is_contained(reduce.getOver().getAsValueRange<StringAttr>(), "j");
}

static bool isRowFunction(Operation *op) {
  auto reduce = dyn_cast<ir::ReduceOp>(op);
  return isa<ir::OnlineOp, ir::WeightedSumOp, ir::LogSumExpOp, ir::ThresholdOp, ir::TopKOp>(op) || (reduce && isOverKeys(reduce));
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
    if (auto online = dyn_cast<ir::OnlineOp>(op)) {
      scoreOf(online.getValues(), online.getScore()).sums.push_back(online);
      mask = online.getMask();
    } else if (auto logarithm = dyn_cast<ir::LogSumExpOp>(op)) {
      scoreOf(logarithm, logarithm.getScore()).logarithms.push_back(logarithm);
      mask = logarithm.getMask();
    } else if (auto sum = dyn_cast<ir::WeightedSumOp>(op)) {
      passOf(sum).sums.push_back(sum);
      mask = sum.getMask();
    } else if (auto reduce = dyn_cast<ir::ReduceOp>(op); reduce && isOverKeys(reduce)) {
      passOf(reduce).reductions.push_back(reduce);
      mask = reduce.getWhere();
    } else if (auto threshold = dyn_cast<ir::ThresholdOp>(op)) {
      passOf(threshold).thresholds.push_back(threshold);
      mask = threshold.getMask();
    } else if (auto top = dyn_cast<ir::TopKOp>(op)) {
      passOf(top.getSmallest()).tops.push_back(top);
      mask = top.getMask();
    } else if (auto scan = dyn_cast<ir::SumAfterOp>(op)) {
      mask = scan.getMask();
    }
  }
}

} // namespace attn::lower
