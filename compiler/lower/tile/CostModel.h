#pragma once

#include "dialect/AttnDialect.h"

/// What a schedule costs, so that schedules can be compared before one is compiled. An estimate by counting: of multiply-adds, of what operands take to be brought into
/// form, of instructions per vector of scores, of bytes. Its constants are fitted to measurements (docs/performance.md); `attnc tune` sets its estimates beside
/// times. It is pure: the same numbers in give the same numbers out, on any machine.
namespace attn::lower {

/// What a run of a kernel has to do, whatever its schedule.
struct Work {
  double batches = 1, heads = 8, groups = 8, queries = 1024, keys = 1024;
  double visible = 1; ///< the share of pairs of query and key that the mask lets through
  /// Multiply-adds of a pair: of its score, and of its weight with values.
  double scoreFeatures = 64, valueFeatures = 64;
  double instructions = 16; ///< on each vector of scores between the two products
  double keyBytes = 4;      ///< of an element of keys or values as it lies in memory
  int64_t parts = 3;        ///< how many bf16 a key or value is the sum of, where the matrix unit multiplies it
};

/// Cycles of one core. `reading` is what memory takes beyond all the rest, with which it overlaps.
struct Cost {
  double products = 0;    ///< multiply-adds, by vectors or by the matrix unit
  double conversions = 0; ///< operands and weights brought into the unit's form; sums over lanes with features in lanes
  double scores = 0;      ///< what happens to a score between the products
  double rows = 0;        ///< what a row block costs before, after and beside its keys
  double reading = 0;

  double total() const { return products + conversions + scores + rows + reading; }
};

Cost estimateCost(ir::ScheduleAttr schedule, const Work &work);

/// The work of a kernel, as far as its expression and extents tell; what they leave open is what many models have. `queries` where they aren't known. The kernel has
/// been through `form-online`.
Work workOf(ir::KernelOp kernel, double queries);

} // namespace attn::lower
