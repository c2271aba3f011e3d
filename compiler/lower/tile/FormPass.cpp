#include "compiler/lower/tile/TileFormer.h"

#include <numbers>

using namespace mlir;

namespace attn::lower {

/// Whether nothing but row functions of the score and its own pass look at it.
static bool isOnlyScore(Value score) {
  return llvm::all_of(score.getUsers(), [](Operation *user) { return isa<ir::OnlineOp, ir::LogSumExpOp>(user); });
}

void TileFormer::emitPass(const RowPass &pass, bool isFirst) {
  SmallVector<Value> roots;
  for (const NormalisedScore &score : pass.scores)
    roots.push_back(score.score);
  for (ir::WeightedSumOp sum : pass.sums)
    roots.push_back(sum.getWeight());
  for (ir::ReduceOp reduce : pass.reductions)
    roots.push_back(reduce.getOperand());
  for (ir::TopKOp top : pass.tops)
    roots.push_back(top.getOperand());
  SmallVector<ir::CheckOp> checks;
  if (isFirst)
    for (auto check : kernel.getBody().getOps<ir::CheckOp>())
      if (isPairwise(check)) {
        checks.push_back(check);
        llvm::append_range(roots, check->getOperands());
      }
  if (plan.mask)
    roots.push_back(plan.mask);
  llvm::erase_if(roots, [](Value value) { return !isa<ir::FnType>(value.getType()); });
  Leaves leaves = leavesOf(roots);

  SmallVector<Type> carriedTypes;
  for (const NormalisedScore &score : pass.scores) {
    carriedTypes.push_back(ir::StateType::get(context, ir::Normaliser::Softmax));
    for (ir::OnlineOp sum : score.sums)
      carriedTypes.push_back(accumulatorType(featuresOf(sum.getValue())[0]));
  }
  for (ir::WeightedSumOp sum : pass.sums)
    carriedTypes.push_back(accumulatorType(featuresOf(sum.getValue())[0]));
  builder.setInsertionPoint(rowBlockEnd);
  SmallVector<Type> initTypes(carriedTypes);
  // A state for what is summed as it is.
  if (!pass.sums.empty())
    initTypes.push_back(ir::StateType::get(context, ir::Normaliser::Sum));
  auto init = ir::TileInitOp::create(builder, location, initTypes);
  Reductions reductions;
  for (ir::ReduceOp reduce : pass.reductions)
    addReduction(reductions, reduce.getKind(), functionType(reduce).getElementType());
  addScans(reductions, leaves);
  SmallVector<Value> inits(init.getResults().take_front(carriedTypes.size()));
  llvm::append_range(inits, reductions.inits);
  llvm::append_range(carriedTypes, reductions.types);

  SmallVector<Value> lists;
  for (ir::TopKOp top : pass.tops)
    lists.push_back(ir::TileTopInitOp::create(builder, location, ir::TopType::get(context), rowValue(top.getCount())));
  Block *body = beginVisit(carriedTypes, inits, !leaves.scans.empty(), Pairs::Visible);

  // Where the only score is the plain product, which nothing else looks at, log2(e) joins the factor on the query.
  bool plainScore = pass.scores.size() == 1 && pass.sums.empty() && pass.tops.empty() && reductions.kinds.empty() &&
                    leaves.dots.size() == 1 && pass.scores[0].score == leaves.dots[0]->getResult(0) &&
                    isOnlyScore(pass.scores[0].score);
  SmallVector<Value> products = contractAll(leaves, plainScore);
  SmallVector<Value> tiles(products), totals;
  if (!plainScore || !alwaysVisible()) {
    auto map = mapPass(pass, leaves, checks, products, reductions, plainScore);
    tiles = SmallVector<Value>(map.getTiles());
    totals = SmallVector<Value>(map.getTotals());
  }

  SmallVector<Value> next;
  builder.setInsertionPoint(blockEnd);
  unsigned argument = 1, tile = 0;
  for (const NormalisedScore &score : pass.scores) {
    Value state = body->getArgument(argument++);
    auto absorb = ir::TileAbsorbOp::create(builder, location, state.getType(), tiles[tile].getType(), perQuery(), state,
                                           tiles[tile], block);
    ++tile;
    next.push_back(absorb.getNext());
    for (ir::OnlineOp sum : score.sums)
      next.push_back(
          accumulate(body->getArgument(argument++), absorb.getRescale(), absorb.getWeights(), sum.getValue()));
  }
  for (Value list : lists)
    ir::TileTopAbsorbOp::create(builder, location, list, tiles[tile++], block);
  for (ir::WeightedSumOp sum : pass.sums)
    next.push_back(accumulate(body->getArgument(argument++), number(1), tiles[tile++], sum.getValue()));
  llvm::append_range(next, totals);
  finishPass(pass, endVisit(next), pass.sums.empty() ? Value() : init.getResults().back());
  for (auto [top, list] : llvm::zip(pass.tops, lists)) {
    auto last = ir::TileTopLastOp::create(builder, location, perQuery(), perQuery(builder.getI64Type()), list);
    perRow.map(ir::TopKOp(top).getSmallest(), last.getSmallest());
    perRow.map(ir::TopKOp(top).getLast(), last.getLast());
  }
}

ir::TileMapOp TileFormer::mapPass(const RowPass &pass, const Leaves &leaves, ArrayRef<ir::CheckOp> checks,
                                  ArrayRef<Value> products, const Reductions &reductions, bool plainScore) {
  size_t scores = pass.scores.size() + pass.tops.size();
  return createMap(leaves, products, scores + pass.sums.size(), scores, reductions, Pairs::Visible,
                   [&](IRMapping &perPair, SmallVectorImpl<Value> &results) {
                     for (ir::CheckOp check : checks)
                       cloneCheck(check, perPair);
                     for (const NormalisedScore &score : pass.scores) {
                       Value value = clone(score.score, perPair);
                       results.push_back(plainScore ? value : multiply(value, number(std::numbers::log2e_v<float>)));
                     }
                     for (ir::TopKOp top : pass.tops)
                       results.push_back(clone(top.getOperand(), perPair));
                     for (ir::WeightedSumOp sum : pass.sums)
                       results.push_back(clone(sum.getWeight(), perPair));
                     for (ir::ReduceOp reduce : pass.reductions)
                       results.push_back(clone(reduce.getOperand(), perPair));
                   });
}

void TileFormer::finishPass(const RowPass &pass, ir::TileVisitOp visit, Value plainState) {
  unsigned result = 0;
  auto finishTiles = [&](Value state, size_t count) {
    auto accumulators = visit.getResults().slice(result, count);
    result += count;
    return ir::TileFinishOp::create(builder, location, accumulators.getTypes(), perQuery(), state, accumulators);
  };
  for (const NormalisedScore &score : pass.scores) {
    Value state = visit.getResult(result++);
    auto finish = finishTiles(state, score.sums.size());
    for (auto [sum, tile] : llvm::zip(score.sums, finish.getTiles())) {
      tileOf[ir::OnlineOp(sum).getValues()] = tile;
      perRow.map(ir::OnlineOp(sum).getLogDenominator(), finish.getLogDenominator());
    }
    for (ir::LogSumExpOp logarithm : score.logarithms)
      perRow.map(logarithm.getResult(), finish.getLogDenominator());
  }
  if (!pass.sums.empty())
    for (auto [sum, tile] : llvm::zip(pass.sums, finishTiles(plainState, pass.sums.size()).getTiles()))
      tileOf[sum->getResult(0)] = tile;
  for (ir::ReduceOp reduce : pass.reductions)
    perRow.map(reduce.getResult(), visit.getResult(result++));
}

} // namespace attn::lower
