#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/coordinate/Passes.h"

#include "mlir/Analysis/TopologicalSortUtils.h"

namespace attn::lower {
#define GEN_PASS_DEF_FORMONLINEPASS
#include "compiler/lower/coordinate/Passes.h.inc"

using namespace mlir;

namespace {

/// sum over j of weight * value, the two in either order.
struct WeightedSum {
  ir::ReduceOp sum;
  ir::SoftmaxOp weight;
  Value value;
};

std::optional<WeightedSum> matchWeightedSum(ir::ReduceOp reduce) {
  auto over = reduce.getOver().getAsValueRange<StringAttr>();
  if (reduce.getKind() != ir::ReductionKind::Sum || !llvm::equal(over, ArrayRef<StringRef>{"j"}))
    return std::nullopt;
  auto product = reduce.getOperand().getDefiningOp<ir::BinaryOp>();
  if (!product || product.getKind() != ir::BinaryKind::Multiply)
    return std::nullopt;
  for (auto [weight, value] : {std::pair(product.getLhs(), product.getRhs()), std::pair(product.getRhs(), product.getLhs())})
    if (auto softmax = weight.getDefiningOp<ir::SoftmaxOp>(); softmax && variesWith(value, "j"))
      if (!reduce.getWhere() || reduce.getWhere() == softmax.getMask())
        return WeightedSum{reduce, softmax, value};
  return std::nullopt;
}

ir::FnType overRows(Type element, ArrayRef<Value> operands) {
  SmallVector<StringAttr> coordinates = ir::unionOfCoordinates(operands);
  llvm::erase_if(coordinates, [](StringAttr name) { return name == "j"; });
  return ir::FnType::get(element, coordinates);
}

void orderOperands(ir::DotOp dot) {
  if (!variesWith(dot.getLhs(), "j") || variesWith(dot.getRhs(), "j"))
    return;
  Value keys = dot.getLhs();
  dot.getLhsMutable().assign(dot.getRhs());
  dot.getRhsMutable().assign(keys);
}

struct FormOnlinePass : impl::FormOnlinePassBase<FormOnlinePass> {
  using FormOnlinePassBase::FormOnlinePassBase;

  void runOnOperation() override {
    ir::KernelOp kernel = getOperation();
    for (ir::ReduceOp reduce : SmallVector<ir::ReduceOp>(kernel.getBody().getOps<ir::ReduceOp>()))
      if (auto sum = matchWeightedSum(reduce))
        form(*sum);
    eraseUnused(kernel);
    sortTopologically(&kernel.getBody().front());

    for (Operation &op : kernel.getBody().front()) {
      if (auto dot = dyn_cast<ir::DotOp>(op))
        orderOperands(dot);
      auto reduce = dyn_cast<ir::ReduceOp>(op);
      if (isa<ir::SoftmaxOp, ir::LogSumExpOp>(op) || (reduce && isOverKeys(reduce))) {
        op.emitError("no pass over the keys can compute this row function");
        signalPassFailure();
      }
    }
  }

  void form(WeightedSum match) {
    Value score = match.weight.getScore(), mask = match.weight.getMask();
    Type element = functionType(score).getElementType();
    OpBuilder builder(match.sum);
    auto online = ir::OnlineOp::create(builder, match.sum.getLoc(), overRows(element, {score, mask, match.value}),
                                       overRows(element, {score, mask}), ir::Normaliser::Softmax, score, mask, match.value);
    match.sum.replaceAllUsesWith(online.getValues());
    for (Operation *user : llvm::make_early_inc_range(score.getUsers()))
      if (auto denominator = dyn_cast<ir::LogSumExpOp>(user); denominator && denominator.getMask() == mask)
        denominator.replaceAllUsesWith(online.getLogDenominator());
  }
};

} // namespace
} // namespace attn::lower
