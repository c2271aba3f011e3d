#include "compiler/lower/tile/CostModel.h"

#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/tile/ScheduleRules.h"
#include "compiler/lower/tile/StoredRows.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace attn::lower {

namespace {

/// Of the matrix unit: multiply-adds a cycle, and the products of 16 bits that make one of a query with a key, or a weight with a value, of so many parts.
constexpr double matrixRate = 512;
constexpr double scoreProducts[] = {0, 3, 5, 6}, valueProducts[] = {0, 1, 3, 6};
/// Cycles to bring an element of a key or value into the unit's form, and to split a weight.
constexpr double splitElement[] = {0, 0.3, 0.45, 1.37}, splitWeight[] = {0, 0.05, 0.1, 0.15};

/// A register tile's loads beside its multiply-adds, and what it loses where it has fewer accumulators than multiply-adds are in flight.
constexpr double loadCost = 0.3, inFlight = 8;
/// A pair whose block of scores the first cache doesn't hold; the size from which that is so.
constexpr double scoreMiss = 0.95, mostScoreBytes = 24 << 10;
/// What all strips keep in the second cache: for each feature of a query three bf16 and a sum.
constexpr double stripBytes = 10, mostStripBytes = 640 << 10, stripMiss = 16;
constexpr double laneSum = 0.5;
constexpr double memoryRate = 8, cacheRate = 16; ///< bytes a cycle
constexpr double rowBlockCost = 300, keyBlockCost = 100, rowFeatureCost = 0.5;

double ceilDivide(double number, double divisor) { return std::ceil(number / divisor); }

double registerTile(double rows, double vectors) {
  double accumulators = rows * vectors;
  return std::max(1.0, inFlight / accumulators) + loadCost * (rows + vectors) / accumulators;
}

double tileFeatures(double features) { return 32 * ceilDivide(features, 32); }

/// Instructions on a vector, roughly: functions of real numbers are a polynomial of some degree.
double instructionsOf(Operation &op) {
  return llvm::TypeSwitch<Operation *, double>(&op)
      .Case([](ir::UnaryOp unary) {
        switch (unary.getKind()) {
        case ir::UnaryKind::Negate:
        case ir::UnaryKind::BitNot:
        case ir::UnaryKind::Relu:
        case ir::UnaryKind::Abs:
        case ir::UnaryKind::Sign:
        case ir::UnaryKind::Floor:
        case ir::UnaryKind::Ceil:
        case ir::UnaryKind::Round:
          return 1.0;
        default:
          return 12.0;
        }
      })
      .Case([](ir::ReadOp) { return 4.0; })
      .Case([](ir::OnlineOp) { return 14.0; })
      .Case([](ir::DotOp) { return 0.0; })
      .Default(1.0);
}

} // namespace

Cost estimateCost(ir::ScheduleAttr schedule, const Work &work) {
  double lanes = double(schedule.getLanes()), strip = double(schedule.queryBlock()), keyBlock = double(schedule.getKeyBlock());
  bool together = schedule.getHeads() == ir::RowHeads::Group, isMatrix = schedule.getProducts() == ir::Products::Matrix;
  bool inLanes = schedule.getOrientation() == ir::Orientation::Features;
  double sets = work.batches * (together ? work.groups : work.heads);
  double rows = together ? work.queries * work.heads / std::max(1.0, work.groups) : work.queries;
  double stripsOfSet = ceilDivide(rows, strip), all = sets * stripsOfSet;
  double strips = double(ir::ScheduleAttr::stripsOf(int64_t(std::min(all, 1e15)), schedule.getStrips())), rowBlocks = sets * ceilDivide(rows, strip * strips);
  // Where the mask hides something, tiles on its border are visited whole.
  double keys = work.visible >= 1 ? work.keys : std::min(work.keys, work.keys * work.visible + (double(schedule.getKeyStep()) + strip) / 2);
  double features = work.scoreFeatures + work.valueFeatures, visits = all * ceilDivide(keys, keyBlock);
  double used = inLanes ? double(schedule.getFeatureRows()) * ceilDivide(rows / std::max(1.0, stripsOfSet), double(schedule.getFeatureRows())) : strip;

  Cost cost;
  double pairs = all * used * keys;
  if (isMatrix) {
    size_t parts = size_t(std::clamp<int64_t>(work.parts, 1, 3));
    cost.products = pairs * (tileFeatures(work.scoreFeatures) * scoreProducts[parts] + tileFeatures(work.valueFeatures) * valueProducts[parts]) / matrixRate;
    cost.conversions = rowBlocks * keys * features * splitElement[parts] + pairs * splitWeight[parts];
    double widest = std::max(work.scoreFeatures, work.valueFeatures);
    if (strips > 1 && strips * strip * stripBytes * widest > mostStripBytes)
      cost.conversions += visits * strip * stripBytes * widest / 64 * stripMiss;
  } else if (inLanes) {
    cost.products = pairs * features / (2 * lanes) * registerTile(double(schedule.getKeyRows()), double(schedule.getFeatureRows()));
    cost.conversions = pairs * laneSum;
  } else {
    double vectors = double(schedule.getVectors());
    cost.products = pairs / (2 * lanes) * (work.scoreFeatures * registerTile(double(schedule.getKeyRows()), vectors) +
                                           work.valueFeatures * registerTile(double(schedule.getFeatureRows()), vectors));
  }
  cost.scores = all * ceilDivide(used, lanes) * keys * work.instructions / 2;
  if (strip * keyBlock * 4 > mostScoreBytes)
    cost.scores += pairs * scoreMiss;
  cost.rows = all * (rowBlockCost + strip * features * rowFeatureCost) + visits * (keyBlockCost + strip * work.valueFeatures / lanes / 2);
  if (schedule.isInParts() && rowBlocks < double(schedule.getTasks())) {
    double parts = std::min(std::floor(work.keys / double(schedule.getPartKeys())), std::ceil(double(schedule.getTasks()) / rowBlocks));
    if (parts > 1)
      cost.rows += rowBlocks * parts * (rowBlockCost + strip * (work.valueFeatures + 2) * rowFeatureCost);
  }
  double once = work.batches * work.groups * keys * features * work.keyBytes;
  double again = std::max(0.0, rowBlocks * keys * features * work.keyBytes - once);
  cost.reading = std::max(0.0, once / memoryRate + again / cacheRate - cost.total());
  return cost;
}

Work workOf(ir::KernelOp kernel, double queries) {
  auto extent = [&](StringRef coordinate, double otherwise) {
    int64_t number = kernel.extentOf(coordinate);
    return number < 0 ? 1.0 : double(kernel.fixedExtent(number).value_or(int64_t(otherwise)));
  };
  auto features = [&](Value value) {
    double product = 1;
    for (StringAttr feature : featuresOf(value))
      product *= extent(feature.getValue(), 64);
    return product;
  };
  Work work;
  work.batches = extent("b", 1);
  work.heads = extent("h", 8);
  work.groups = kernel.extentOf("g") < 0 ? work.heads : extent("g", std::max(1.0, work.heads / 4));
  work.queries = extent("i", queries);
  work.keys = extent("j", 4096);
  work.scoreFeatures = work.valueFeatures = work.instructions = 0;
  work.parts = partsOfKeysAndValues(kernel).value_or(3);
  work.keyBytes = work.parts < 3 ? 2 : 4;
  for (Operation &op : kernel.getBody().front()) {
    if (auto dot = dyn_cast<ir::DotOp>(op))
      work.scoreFeatures += features(dot.getRhs());
    if (auto online = dyn_cast<ir::OnlineOp>(op))
      work.valueFeatures += features(online.getValue());
    if (auto sum = dyn_cast<ir::WeightedSumOp>(op))
      work.valueFeatures += features(sum.getValue());
    bool isOfPairs = op.getNumResults() == 1 && variesWith(op.getResult(0), "i") && variesWith(op.getResult(0), "j");
    if (isOfPairs || isa<ir::OnlineOp>(op))
      work.instructions += instructionsOf(op);
  }
  if (work.scoreFeatures + work.valueFeatures == 0)
    work.scoreFeatures = 64;
  return work;
}

} // namespace attn::lower
