#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/coordinate/HoistUniform.h"
#include "compiler/lower/coordinate/Passes.h"
#include "compiler/lower/coordinate/ThreeValued.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace attn::lower {
#define GEN_PASS_DEF_CLASSIFYMASKPASS
#include "compiler/lower/coordinate/Passes.h.inc"

using namespace mlir;

namespace {

bool isAlwaysTrue(Value mask) {
  auto constant = mask.getDefiningOp<ir::ConstantOp>();
  return constant && cast<BoolAttr>(constant.getValue()).getValue();
}

struct ClassifyMaskPass : impl::ClassifyMaskPassBase<ClassifyMaskPass> {
  void runOnOperation() override {
    ir::KernelOp kernel = getOperation();
    if (Value mask = maskOf(kernel); mask && !isAlwaysTrue(mask))
      classify(kernel, mask);
  }

  /// The mask that all row functions of a kernel share.
  static Value maskOf(ir::KernelOp kernel) {
    for (Operation &op : kernel.getBody().front())
      if (Value mask = maskOfRow(&op))
        return mask;
    return {};
  }

  static void classify(ir::KernelOp kernel, Value mask) {
    Location location = mask.getLoc();
    // At the end, where everything that says when something counts is there.
    OpBuilder builder = OpBuilder::atBlockEnd(&kernel.getBody().front()), outside = builder;
    auto classify = ir::ClassifyOp::create(builder, location);
    Type integer = builder.getI64Type();
    Block *block = builder.createBlock(&classify.getBody(), {}, {integer, integer, integer, integer},
                                       {location, location, location, location});
    ScalarCode code(builder, location);
    IntegerBounds bounds(kernel);
    outside.setInsertionPoint(classify);
    Tile tile{block->getArgument(0), block->getArgument(1), block->getArgument(2), block->getArgument(3)};
    TileEvaluator evaluator(kernel, bounds, outside, code, tile);
    Truth visible = evaluator.truth(mask);
    Value mayFail = evaluator.mayFail(mask);
    SmallVector<Value> results{code.either(visible.mayBeTrue, mayFail), code.either(visible.mayBeFalse, mayFail)};
    classify.setExact(evaluator.isExact(mask));
    if (!classify.getExact())
      results.push_back(code.both(evaluator.holdsBoth(mask), code.negate(mayFail)));
    ir::YieldOp::create(code.builder, location, results);
    hoistUniform(classify, outside);
    eraseUnusedIn(*block);
  }

  static void eraseUnusedIn(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (op.use_empty() && !op.hasTrait<OpTrait::IsTerminator>())
        op.erase();
  }
};

} // namespace
} // namespace attn::lower
