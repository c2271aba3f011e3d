#include "compiler/lower/tile/ScheduleRules.h"

#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/coordinate/TableProduct.h"
#include "compiler/lower/tile/LinearRead.h"
#include "compiler/lower/tile/RowPasses.h"
#include "compiler/lower/tile/StoredRows.h"

using namespace mlir;

namespace attn::lower {

bool allowsFeaturesInLanes(ir::KernelOp kernel) {
  return llvm::all_of(kernel.getBody().front(), [](Operation &op) {
    if (auto online = dyn_cast<ir::OnlineOp>(op))
      return !variesWith(online.getValue(), "i");
    auto sum = dyn_cast<ir::WeightedSumOp>(op);
    return !sum || !variesWith(sum.getValue(), "i");
  });
}

std::optional<int64_t> partsOfKeysAndValues(ir::KernelOp kernel) {
  int64_t parts = 0;
  auto hasRows = [&](Value value) {
    if (variesWith(value, "i") || featuresOf(value).empty())
      return false;
    auto stored = storedKeys(kernel, value);
    parts = std::max<int64_t>(parts, stored && stored->isBF16() ? 1 : stored && stored->isF16() ? 2 : 3);
    return true;
  };
  bool allHaveRows = llvm::all_of(kernel.getBody().front(), [&](Operation &op) {
    if (auto dot = dyn_cast<ir::DotOp>(op))
      return dot->hasAttr(tableAttributeName) || hasRows(dot.getRhs());
    if (auto online = dyn_cast<ir::OnlineOp>(op))
      return hasRows(online.getValue());
    return !isa<ir::WeightedSumOp>(op);
  });
  return allHaveRows && parts > 0 ? std::optional(parts) : std::nullopt;
}

bool canHaveStrips(ir::KernelOp kernel) {
  int64_t passes = 0;
  return llvm::all_of(kernel.getBody().front(), [&](Operation &op) {
    if (auto dot = dyn_cast<ir::DotOp>(op))
      return !dot->hasAttr(tableAttributeName) && linearRead(dot.getRhs());
    if (auto online = dyn_cast<ir::OnlineOp>(op))
      return ++passes == 1 && linearRead(online.getValue());
    if (auto output = dyn_cast<ir::OutputOp>(op))
      return !variesWith(output.getValue(), "j") && variesWith(output.getValue(), "i") && output.getIndices().empty();
    if (auto reduce = dyn_cast<ir::ReduceOp>(op))
      return !llvm::is_contained(reduce.getOver().getAsValueRange<StringAttr>(), "j");
    return !isa<ir::WeightedSumOp, ir::TopKOp, ir::SumAfterOp, ir::ThresholdOp, ir::LogSumExpOp, ir::SoftmaxOp>(op);
  }) && passes == 1;
}

bool allowsHeadsTogether(ir::KernelOp kernel) {
  auto ofHead = [](Value value) { return variesWith(value, "h"); };
  auto names = [](ArrayAttr coordinates, StringRef name) {
    return llvm::is_contained(coordinates.getAsValueRange<StringAttr>(), name);
  };
  return llvm::all_of(kernel.getBody().front(), [&](Operation &op) {
    if (auto dot = dyn_cast<ir::DotOp>(op))
      return !ofHead(dot.getRhs()) && !(variesWith(dot.getLhs(), "j") && ofHead(dot.getLhs()));
    if (auto online = dyn_cast<ir::OnlineOp>(op))
      return !ofHead(online.getValue());
    if (auto sum = dyn_cast<ir::WeightedSumOp>(op))
      return !ofHead(sum.getValue());
    if (auto top = dyn_cast<ir::TopKOp>(op))
      return !ofHead(top.getCount());
    if (auto classify = dyn_cast<ir::ClassifyOp>(op))
      return llvm::none_of(classify.getBody().getOps<ir::UniformOp>(), [&](ir::UniformOp uniform) { return ofHead(uniform.getOperand()); });
    auto output = dyn_cast<ir::OutputOp>(op);
    if (!output)
      return true;
    if (!variesWith(output.getValue(), "j"))
      return names(output.getCoordinates(), "h") && names(output.getCoordinates(), "i");
    // Rows of keys, which are stored once.
    return output.getIndices().empty() && !ofHead(output.getValue()) && !variesWith(output.getValue(), "i") &&
           !names(output.getCoordinates(), "h") && !names(output.getCoordinates(), "i") && featuresOf(output.getValue()).size() == 1;
  });
}

bool allowsParts(ir::KernelOp kernel) {
  RowPasses plan(kernel);
  return plan.passes.size() == 1 && !plan.passes[0].isEmpty() && plan.passes[0].tops.empty() && plan.passes[0].thresholds.empty() &&
         llvm::none_of(kernel.getBody().front(), [](Operation &op) {
           auto output = dyn_cast<ir::OutputOp>(op);
           return isa<ir::SumAfterOp>(op) || (output && variesWith(output.getValue(), "j"));
         });
}

} // namespace attn::lower
