#include "compiler/lower/tile/Passes.h"

#include "compiler/lower/Parts.h"
#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/coordinate/TableProduct.h"
#include "compiler/lower/tile/LinearRead.h"
#include "compiler/lower/tile/RowPasses.h"
#include "compiler/lower/tile/StoredRows.h"

using namespace mlir;

namespace attn::lower {

#define GEN_PASS_DEF_SCHEDULE
#include "compiler/lower/tile/Passes.h.inc"

namespace {

/// Whether products may have features in lanes: a function as values, which varies with the query, takes queries in lanes.
bool allowsFeaturesInLanes(ir::KernelOp kernel) {
  return llvm::all_of(kernel.getBody().front(), [](Operation &op) {
    if (auto online = dyn_cast<ir::OnlineOp>(op))
      return !variesWith(online.getValue(), "i");
    auto sum = dyn_cast<ir::WeightedSumOp>(op);
    return !sum || !variesWith(sum.getValue(), "i");
  });
}

/// How many bf16 a key or value is the sum of, at most, where products with all of them can be formed on the matrix unit. Their rows lie in memory or are computed
/// once for all queries, and weights are those of a softmax: whatever is lost by taking them for 0 below 2^-100 is nothing beside the largest.
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

/// Whether the strips of a row block can go through the keys together: once, by keys and values as they lie in memory, for results of queries.
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

/// Whether the heads of a group can share a row block: what they share is the same for all of them, and they have
/// results of their own.
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

/// Whether all that is asked of the keys is merged from parts of them: one pass, of states, sums and reductions.
bool allowsParts(ir::KernelOp kernel) {
  RowPasses plan(kernel);
  return plan.passes.size() == 1 && !plan.passes[0].isEmpty() && plan.passes[0].tops.empty() && plan.passes[0].thresholds.empty() &&
         llvm::none_of(kernel.getBody().front(), [](Operation &op) {
           auto output = dyn_cast<ir::OutputOp>(op);
           return isa<ir::SumAfterOp>(op) || (output && variesWith(output.getValue(), "j"));
         });
}

/// With queries in lanes a register tile of `rows` rows and `vectors` vectors needs rows * vectors accumulators, the vectors of the other operand and a
/// broadcast or two: 8 x 3 fits in 32 registers, 4 x 3 in 16: with a broadcast all of them. Without fused multiply-adds, which vectors of 8 lanes and more
/// come with, products need registers too, and 4 x 2 is what fits. Broadcasts are loads: the more vectors share one, the closer the tile comes to
/// the peak.
///
/// On the matrix unit tiles have sizes of their own. What bringing a block of keys and values into its form costs is shared by the queries of a row block: that of 16 bits by
/// four vectors; that of 32 bits, which is much, by sixteen strips of two vectors, whose scores the first cache holds and whose
/// tiles the second. A row block done once more, with care, is multiplied by
/// vectors: 4 x 4 of them.
///
/// With features in lanes a tile of `keyRows` by `featureRows` accumulators needs as many vectors of both operands: 4 x 4 of 32 registers, 4 x 2 of 16. A single row is
/// multiplied with as many keys as a vector has lanes, so that their sums fill one.
struct SchedulePass : impl::ScheduleBase<SchedulePass> {
  using ScheduleBase::ScheduleBase;

  void runOnOperation() override {
    if (!vectorProducts())
      return signalPassFailure();
    getOperation()->walk([&](ir::KernelOp kernel) {
      if (!kernel->hasAttr(scheduleAttributeName))
        choose(kernel);
    });
  }

private:
  static constexpr int64_t keyBlock = 64, keyStep = 16;

  std::optional<int64_t> partsOnMatrixUnit(ir::KernelOp kernel) { return matrixUnit ? partsOfKeysAndValues(kernel) : std::nullopt; }

  ir::ScheduleAttr manyQueries(ir::KernelOp kernel) {
    auto parts = partsOnMatrixUnit(kernel);
    if (!parts)
      return vectorProducts();
    if (*parts < 3)
      return matrixProducts(4, ir::RowHeads::One);
    // Without strips, more queries side by side share what brings a block into form.
    if (!canHaveStrips(kernel))
      return matrixProducts(8, ir::RowHeads::One);
    return matrixProducts(2, ir::RowHeads::One, std::clamp<int64_t>(2048 / mostFeatures(kernel), 4, 16));
  }

  /// Of a key or value, as far as they are known.
  int64_t mostFeatures(ir::KernelOp kernel) {
    int64_t most = 1;
    auto count = [&](Value value) {
      for (StringAttr feature : featuresOf(value))
        most = std::max(most, kernel.fixedExtent(kernel.extentOf(feature.getValue())).value_or(1));
    };
    for (Operation &op : kernel.getBody().front()) {
      if (auto dot = dyn_cast<ir::DotOp>(op))
        count(dot.getRhs());
      if (auto online = dyn_cast<ir::OnlineOp>(op))
        count(online.getValue());
    }
    return most;
  }

  ir::ScheduleAttr matrixProducts(int64_t vectors, ir::RowHeads heads, int64_t strips = 1) {
    return schedule(vectors, vectors > 4 ? 1 : 4, 32, ir::Orientation::Queries, heads, ir::Products::Matrix, strips);
  }

  ir::ScheduleAttr vectorProducts() {
    int64_t vectors = registers >= 32 || lanes >= 8 ? 3 : 2, rows = registers >= 32 ? 8 : 4;
    return schedule(vectors, rows, rows, ir::Orientation::Queries, ir::RowHeads::One);
  }

  /// A row block as large as all rows of a group, if they are known to be few; else one vector of them.
  ir::ScheduleAttr fewQueries(ir::KernelOp kernel, std::optional<int64_t> count) {
    ir::RowHeads heads = allowsHeadsTogether(kernel) ? ir::RowHeads::Group : ir::RowHeads::One;
    int64_t together = count.value_or(std::max<int64_t>(few, 1)) * (heads == ir::RowHeads::Group ? headsOfGroup(kernel) : 1);
    // With fewer rows the matrix unit is mostly idle, and vectors with features in lanes are faster.
    if (auto parts = partsOnMatrixUnit(kernel); parts && together >= 16 * *parts)
      return matrixProducts(together <= 2 * lanes ? 2 : 4, heads);
    if (together == 1 && (count || few) && (heads == ir::RowHeads::One || knowsHeadsOfGroup(kernel)))
      return schedule(1, lanes, 1, ir::Orientation::Features, heads);
    int64_t vectors = std::clamp<int64_t>((together + lanes - 1) / lanes, 1, 4);
    return schedule(vectors, 4, registers >= 32 ? 4 : 2, ir::Orientation::Features, heads);
  }

  /// Of a coordinate, if the compiler knows it.
  std::optional<int64_t> known(ir::KernelOp kernel, StringRef coordinate) {
    return kernel.extentOf(coordinate) < 0 ? std::optional<int64_t>(1) : kernel.fixedExtent(kernel.extentOf(coordinate));
  }

  bool knowsHeadsOfGroup(ir::KernelOp kernel) { return (known(kernel, "h") && known(kernel, "g")) || groupHeads; }

  /// Where it is neither known nor told, what many models have.
  int64_t headsOfGroup(ir::KernelOp kernel) {
    auto heads = known(kernel, "h"), groups = known(kernel, "g");
    return heads && groups && *groups > 0 ? *heads / *groups : groupHeads ? groupHeads.getValue() : 4;
  }

  ir::ScheduleAttr schedule(int64_t vectors, int64_t keyRows, int64_t featureRows, ir::Orientation orientation,
                            ir::RowHeads heads, ir::Products products = ir::Products::Vectors, int64_t strips = 1) {
    return ir::ScheduleAttr::getChecked([&] { return getOperation()->emitError(); }, &getContext(), lanes.getValue(), vectors, keyRows, featureRows,
                                        keyBlock, keyStep, orientation, heads, products, int64_t(0), int64_t(0), strips);
  }

  /// A row block of many queries is mostly idle lanes below this.
  int64_t mostFewQueries() { return 2 * lanes; }

  /// The same with keys in parts, unless it is known that there never are any.
  ir::ScheduleAttr inParts(ir::KernelOp kernel, ir::ScheduleAttr whole) {
    if (!parts || !allowsParts(kernel) || known(kernel, "j").value_or(INT64_MAX) < 2 * leastPartKeys)
      return whole;
    // One row block for each batch and group at least.
    bool holdsGroups = whole.getHeads() == ir::RowHeads::Group;
    int64_t sets = known(kernel, holdsGroups ? "g" : "h").value_or(1), queries = holdsGroups ? 1 : known(kernel, "i").value_or(1);
    if (known(kernel, "b").value_or(1) * sets * ((queries + whole.queryBlock() - 1) / whole.queryBlock()) >= mostPartTasks)
      return whole;
    return ir::ScheduleAttr::get(&getContext(), whole.getLanes(), whole.getVectors(), whole.getKeyRows(), whole.getFeatureRows(), whole.getKeyBlock(),
                                 whole.getKeyStep(), whole.getOrientation(), whole.getHeads(), whole.getProducts(), leastPartKeys, mostPartTasks, /*strips=*/1);
  }

  void choose(ir::KernelOp kernel) {
    int64_t number = kernel.extentOf("i");
    auto known = number < 0 ? std::optional<int64_t>(1) : kernel.fixedExtent(number);
    bool canBeFew = allowsFeaturesInLanes(kernel) && (known ? *known <= mostFewQueries() : queries != "many");
    bool canBeMany = !canBeFew || (!known && queries != "few");
    ir::ScheduleAttr schedule = canBeMany ? manyQueries(kernel) : fewQueries(kernel, known);
    // Many queries beside few: row blocks enough, most of the time, and half of what parts cost to compile.
    bool areBoth = canBeFew && canBeMany;
    kernel->setAttr(scheduleAttributeName, areBoth ? schedule : inParts(kernel, schedule));
    if (!areBoth)
      return;
    kernel->setAttr(fewScheduleAttributeName, inParts(kernel, fewQueries(kernel, known)));
    kernel->setAttr(mostFewQueriesAttributeName, IntegerAttr::get(IntegerType::get(&getContext(), 64), mostFewQueries()));
  }
};

} // namespace
} // namespace attn::lower
