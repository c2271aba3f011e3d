#pragma once

#include "compiler/lower/tile/CostModel.h"
#include "compiler/lower/tile/Passes.h"

#include <optional>

namespace attn::lower {

/// The schedules a kernel may have on a target: what its expression allows (ScheduleRules.h), what fits into registers, and how many queries and heads lie
/// together. Of each family the schedules stand in a fixed order, in which the earlier one is taken where the cost model sees no difference.
///
/// With queries in lanes a register tile of `rows` rows and `vectors` vectors needs rows * vectors accumulators, the vectors of the other operand and a
/// broadcast or two: 8 x 3 fits in 32 registers, 4 x 3 in 16: with a broadcast all of them. Without fused multiply-adds, which vectors of 8 lanes and more
/// come with, products need registers too, and 4 x 2 is what fits. Broadcasts are loads: the more vectors share one, the closer the tile comes to
/// the peak.
///
/// On the matrix unit tiles have sizes of their own. What bringing a block of keys and values into its form costs is shared by the queries of a row block: that of 16 bits by
/// four vectors; that of 32 bits, which is much, by sixteen strips of two vectors, whose scores the first cache holds and whose
/// tiles the second. A row block done once more, with care, is multiplied by vectors: 4 x 4 of them.
///
/// With features in lanes a tile of `keyRows` by `featureRows` accumulators needs as many vectors of both operands: 4 x 4 of 32 registers, 4 x 2 of 16. A single row is
/// multiplied with as many keys as a vector has lanes, so that their sums fill one.
class ScheduleAlternatives {
public:
  /// `kernel` has been through `form-online`. `target` is what the pass is told.
  ScheduleAlternatives(ir::KernelOp kernel, const ScheduleOptions &target) : kernel(kernel), target(target) {}

  /// Whether a schedule can be made at all; an error was reported on the kernel where not.
  bool isValid();
  /// With features in lanes, or a block of few rows on the matrix unit.
  bool canBeFew();
  /// A row block of many queries is mostly idle lanes below this.
  int64_t mostFewQueries() { return 2 * target.lanes; }
  std::optional<int64_t> knownQueries();

  /// The cheapest for many queries, and for few. Keys are cut into parts where runs may have few row blocks, if `mayCut`.
  ir::ScheduleAttr ofManyQueries(bool mayCut);
  ir::ScheduleAttr ofFewQueries();

  /// All that are worth measuring for a run of so many queries, the compiler's choice for it first; none twice. More than it chooses from: blocks of keys of other sizes, products
  /// by vectors where there is a matrix unit, heads one by one, keys in one piece.
  llvm::SmallVector<ir::ScheduleAttr> all(int64_t queries);

private:
  llvm::SmallVector<ir::ScheduleAttr> vectorSchedules();
  llvm::SmallVector<ir::ScheduleAttr> matrixSchedules();
  llvm::SmallVector<ir::ScheduleAttr> fewSchedules();
  ir::ScheduleAttr cheapest(llvm::ArrayRef<ir::ScheduleAttr> schedules, const Work &work);
  ir::ScheduleAttr inParts(ir::ScheduleAttr whole);
  ir::ScheduleAttr make(int64_t vectors, int64_t keyRows, int64_t featureRows, ir::Orientation orientation, ir::RowHeads heads,
                        ir::Products products = ir::Products::Vectors, int64_t strips = 1, int64_t keyBlock = 64);
  ir::ScheduleAttr matrix(int64_t vectors, ir::RowHeads heads, int64_t strips = 1);
  std::optional<int64_t> partsOnMatrixUnit();
  std::optional<int64_t> known(llvm::StringRef coordinate);
  bool knowsHeadsOfGroup();
  int64_t headsOfGroup();
  /// Queries of all heads of a row block, or of one.
  int64_t fewRows(ir::RowHeads heads);

  ir::KernelOp kernel;
  const ScheduleOptions &target;
};

} // namespace attn::lower
