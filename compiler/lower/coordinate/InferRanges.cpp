#include "compiler/lower/coordinate/Bounds.h"
#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/coordinate/Passes.h"

namespace attn::lower {
#define GEN_PASS_DEF_INFERRANGESPASS
#include "compiler/lower/coordinate/Passes.h.inc"

using namespace mlir;

namespace {

struct InferRangesPass : impl::InferRangesPassBase<InferRangesPass> {
  void runOnOperation() override {
    IntegerBounds bounds(getOperation());
    Builder builder(&getContext());
    for (Operation &op : getOperation().getBody().front()) {
      if (auto read = dyn_cast<ir::ReadOp>(op); read && !read.getWhere())
        infer(read, bounds);
      if (auto division = dyn_cast<ir::BinaryOp>(op);
          division && ir::canFail(division) && !division.getWhere() && bounds.isDefined(division))
        division.setUnchecked(true);
      if (op.getNumResults() != 1)
        continue;
      auto type = dyn_cast<ir::FnType>(op.getResult(0).getType());
      if (!type || !type.getElementType().isInteger(64))
        continue;
      const Bounds &own = bounds.of(op.getResult(0));
      if (own.low >= INT32_MIN && own.high <= INT32_MAX)
        op.setAttr("attn.range", builder.getDenseI64ArrayAttr({own.low, own.high}));
      else
        op.removeAttr("attn.range");
    }
  }

private:
  static void infer(ir::ReadOp read, const IntegerBounds &bounds) {
    SmallVector<int64_t> inside;
    for (unsigned dimension = 0; dimension < read.getIndices().size(); ++dimension)
      if (bounds.isInside(read, dimension))
        inside.push_back(dimension);
    read->removeAttr("attn.inside");
    if (inside.size() == read.getIndices().size())
      read.setUnchecked(true);
    else if (!inside.empty())
      read->setAttr("attn.inside", DenseI64ArrayAttr::get(read.getContext(), inside));
  }
};

} // namespace
} // namespace attn::lower
