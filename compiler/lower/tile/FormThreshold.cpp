#include "compiler/lower/tile/TileFormer.h"

using namespace mlir;

namespace attn::lower {

/// Newton's method from below, on a sum that falls and is convex: passes over the keys until no threshold of the row
/// block grows any more.
void TileFormer::emitThreshold(ir::ThresholdOp op) {
  builder.setInsertionPoint(rowBlockEnd);
  bool isSquared = op.getKind() == ir::ThresholdKind::Entmax15;
  auto halved = [&](Value value) { return isSquared ? multiply(value, number(0.5)) : value; };
  auto subtract = [&](Value left, Value right) { return arithmetic(ir::BinaryKind::Subtract, left, right); };
  auto isAboveZero = [&](Value value) -> Value {
    Type type = ir::pointwiseType(builder.getI1Type(), {value});
    return ir::CompareOp::create(builder, location, type, ir::CompareKind::Greater, value, number(0));
  };
  // One weight at least isn't larger than 1.
  auto repeat = ir::TileRepeatOp::create(builder, location, perQuery(), number(-1));
  rowBlockEnd->moveBefore(repeat);
  Block *body = builder.createBlock(&repeat.getBody());
  Value threshold = body->addArgument(perQuery(), location);
  SmallVector<Value> roots{op.getOperand()};
  if (plan.mask)
    roots.push_back(plan.mask);
  Leaves leaves = leavesOf(roots);
  Reductions reductions;
  for (int sumAndSlope = 0; sumAndSlope < 2; ++sumAndSlope)
    addReduction(reductions, ir::ReductionKind::Sum, builder.getF32Type());
  addScans(reductions, leaves);
  beginVisit(reductions.types, reductions.inits, !leaves.scans.empty(), Pairs::Visible);
  SmallVector<Value> products = contractAll(leaves, false);
  auto map = createMap(
      leaves, products, 0, 0, reductions, Pairs::Visible, [&](IRMapping &perPair, SmallVectorImpl<Value> &results) {
        Value excess = arithmetic(ir::BinaryKind::Maximum, subtract(halved(clone(op.getOperand(), perPair)), threshold),
                                  number(0));
        results.push_back(isSquared ? multiply(excess, excess) : excess);
        results.push_back(isSquared ? multiply(excess, number(2)) : choose(isAboveZero(excess), number(1), number(0)));
      });
  ir::TileVisitOp visit = endVisit(SmallVector<Value>(map.getTotals()));
  Value sum = visit.getResult(0), slope = visit.getResult(1);
  Value step = arithmetic(ir::BinaryKind::Divide, subtract(sum, number(1)), slope);
  Value next = choose(isAboveZero(slope), arithmetic(ir::BinaryKind::Add, threshold, step), threshold);
  ir::YieldOp::create(builder, location, next);
  rowBlockEnd->moveAfter(repeat);
  builder.setInsertionPoint(rowBlockEnd);
  perRow.map(op.getResult(), repeat.getResult());
}

} // namespace attn::lower
