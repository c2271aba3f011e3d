#include "compiler/lower/tile/KeySplit.h"

#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/tile/StoredRows.h"

using namespace mlir;

namespace attn::lower {

static bool isKey(Value value) {
  auto coordinate = value.getDefiningOp<ir::CoordinateOp>();
  return coordinate && coordinate.getName() == "j";
}

std::optional<KeySplit> keySplit(Value condition) {
  auto compare = condition.getDefiningOp<ir::CompareOp>();
  if (!compare)
    return std::nullopt;
  ir::CompareKind kind = compare.getKind();
  if (isKey(compare.getLhs()) && isOfRowBlock(compare.getRhs()) &&
      (kind == ir::CompareKind::Less || kind == ir::CompareKind::GreaterEqual))
    return KeySplit{compare.getRhs(), kind == ir::CompareKind::GreaterEqual};
  if (isKey(compare.getRhs()) && isOfRowBlock(compare.getLhs()) &&
      (kind == ir::CompareKind::Greater || kind == ir::CompareKind::LessEqual))
    return KeySplit{compare.getLhs(), kind == ir::CompareKind::LessEqual};
  return std::nullopt;
}

bool isSameNumber(Value left, Value right) {
  auto extent = left.getDefiningOp<ir::ExtentOp>(), other = right.getDefiningOp<ir::ExtentOp>();
  return left == right || (extent && other && extent.getIndex() == other.getIndex());
}

SmallVector<Value> keySplits(ir::KernelOp kernel) {
  llvm::SetVector<Value> rows;
  auto add = [&](Value value) {
    if (variesWith(value, "j") && !variesWith(value, "i"))
      rows.insert(value);
  };
  for (Operation &op : kernel.getBody().front()) {
    if (auto dot = dyn_cast<ir::DotOp>(op))
      add(dot.getRhs());
    else if (auto online = dyn_cast<ir::OnlineOp>(op))
      add(online.getValue());
    else if (auto sum = dyn_cast<ir::WeightedSumOp>(op))
      add(sum.getValue());
    else if (auto output = dyn_cast<ir::OutputOp>(op); output && !featuresOf(output.getValue()).empty())
      add(output.getValue());
  }
  SmallVector<Value> splits;
  for (size_t n = 0; n < rows.size(); ++n) {
    Operation *op = rows[n].getDefiningOp();
    if (auto choice = dyn_cast<ir::SelectOp>(op))
      if (auto split = keySplit(choice.getCondition());
          split && llvm::none_of(splits, [&](Value known) { return isSameNumber(known, split->at); }))
        splits.push_back(split->at);
    for (Value operand : op->getOperands())
      add(operand);
  }
  return splits;
}

} // namespace attn::lower
