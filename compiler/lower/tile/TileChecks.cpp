#include "compiler/lower/tile/TileFormer.h"

using namespace mlir;

namespace attn::lower {

bool TileFormer::isPairwise(ir::CheckOp check) {
  return llvm::any_of(check->getOperands(), [](Value value) { return variesWith(value, "j"); });
}

LogicalResult TileFormer::check(Operation &op) {
  auto checkPair = [&](Value value, const char *what) -> LogicalResult {
    if (!functionType(value).getElementType().isF32() || !featuresOf(value).empty())
      return op.emitError("needs ") << what << " that is an f32 for each query and key, not " << value.getType();
    return success();
  };
  auto checkSum = [&](Value weight, Value value) -> LogicalResult {
    if (failed(checkPair(weight, "a score or weight")))
      return failure();
    if (featuresOf(value).size() != 1 || !functionType(value).getElementType().isF32())
      return op.emitError("sums what isn't a row of f32 features for each key: ") << value.getType();
    return success();
  };
  if (auto online = dyn_cast<ir::OnlineOp>(op))
    return checkSum(online.getScore(), online.getValue());
  if (auto sum = dyn_cast<ir::WeightedSumOp>(op))
    return checkSum(sum.getWeight(), sum.getValue());
  if (auto logarithm = dyn_cast<ir::LogSumExpOp>(op))
    return checkPair(logarithm.getScore(), "a score");
  if (auto dot = dyn_cast<ir::DotOp>(op); dot && !isLookup(dot)) {
    bool isRowTimesRow = dot.getOver().size() == 1 && !variesWith(dot.getLhs(), "j") && variesWith(dot.getRhs(), "j") &&
                         !variesWith(dot.getRhs(), "i") && featuresOf(dot.getLhs()).size() == 1 &&
                         featuresOf(dot.getRhs()).size() == 1;
    if (!isRowTimesRow || !functionType(dot).getElementType().isF32())
      return dot.emitError("isn't the product of a row of a query and a row of a key");
  }
  if (auto output = dyn_cast<ir::OutputOp>(op)) {
    Value value = output.getValue();
    bool ofKey = variesWith(value, "j"), isNumber = featuresOf(value).empty() && !ofKey;
    size_t features = featuresOf(value).size();
    if (features > 1 || (ofKey && (variesWith(value, "i") ? features != 0 : features != 1)))
      return output.emitError("stores neither a number nor a row for each query, nor a row of features for each key: ")
             << value.getType();
    if (!isNumber && !functionType(value).getElementType().isF32())
      return output.emitError("stores rows of ") << functionType(value).getElementType() << ": tiles are of f32";
  }
  if (isa<ir::SoftmaxOp, ir::RebaseOp>(op))
    return op.emitError("has no form in tiles: run attn-form-online first");
  return success();
}

} // namespace attn::lower
