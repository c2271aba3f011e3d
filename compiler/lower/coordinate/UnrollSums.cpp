#include "compiler/lower/ShortSums.h"
#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/coordinate/Passes.h"

namespace attn::lower {
#define GEN_PASS_DEF_UNROLLSUMSPASS
#include "compiler/lower/coordinate/Passes.h.inc"

using namespace mlir;

namespace {

struct UnrollSumsPass : impl::UnrollSumsPassBase<UnrollSumsPass> {
  using UnrollSumsPassBase::UnrollSumsPassBase;

  void runOnOperation() override {
    ir::KernelOp kernel = getOperation();
    for (ir::ReduceOp sum : llvm::make_early_inc_range(kernel.getBody().getOps<ir::ReduceOp>())) {
      std::optional<int64_t> terms = termsOf(sum);
      if (!terms)
        continue;
      Value total = unrolled(sum, *terms);
      if (total.getType() != sum.getType())
        continue;
      sum.replaceAllUsesWith(total);
      sum.erase();
    }
    eraseUnused(kernel);
  }

private:
  /// How many terms a sum has; nothing where it isn't unrolled.
  std::optional<int64_t> termsOf(ir::ReduceOp sum) {
    if (sum.getKind() != ir::ReductionKind::Sum || sum.getWhere() || sum.getOver().size() != 1 || isOverKeys(sum) || !ofPairs(sum) ||
        !functionType(sum).getElementType().isF32())
      return std::nullopt;
    auto coordinate = cast<StringAttr>(sum.getOver()[0]);
    auto extent = getOperation().fixedExtent(getOperation().extentOf(coordinate));
    if (!extent || *extent < 1 || *extent > mostShortSumTerms)
      return std::nullopt;
    SmallVector<Operation *> graph = computedFrom({sum.getOperand()});
    bool hasProduct = llvm::any_of(graph, [&](Operation *op) { return isProduct(op) && variesWith(op->getResult(0), coordinate); });
    return hasProduct && graph.size() * *extent <= mostOperations ? extent : std::nullopt;
  }

  static bool ofPairs(Value value) { return variesWith(value, "i") && variesWith(value, "j"); }

  /// A sum over features of something of a query and a key.
  static bool isProduct(Operation *op) {
    auto reduce = dyn_cast<ir::ReduceOp>(op);
    bool isSum = isa<ir::DotOp>(op) || (reduce && reduce.getKind() == ir::ReductionKind::Sum && !isOverKeys(reduce));
    return isSum && ofPairs(op->getResult(0));
  }

  Value unrolled(ir::ReduceOp sum, int64_t terms) {
    OpBuilder builder(sum);
    Location location = sum.getLoc();
    StringAttr coordinate = cast<StringAttr>(sum.getOver()[0]);
    Value total;
    for (int64_t term = 0; term < terms; ++term) {
      auto at = ir::RebaseOp::create(builder, location, sum.getType(), sum.getOperand(), sum.getOver(), constantInt(builder, location, term));
      refineType(at);
      total = total ? binary(builder, location, ir::BinaryKind::Add, total, at) : at;
    }
    assert(!variesWith(total, coordinate) && "a term is at one place");
    return total;
  }

  static constexpr size_t mostOperations = 4000;
};

} // namespace
} // namespace attn::lower
