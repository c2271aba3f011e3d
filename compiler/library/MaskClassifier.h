#pragma once

#include "compiler/library/Inputs.h"
#include "compiler/library/Interval.h"
#include "compiler/library/TableRanges.h"
#include "compiler/reference/GraphEvaluator.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace attn::library {

/// A rectangle of queries and keys; the ends are exclusive.
struct Area {
  int64_t queryBegin = 0, queryEnd = 0, keyBegin = 0, keyEnd = 0;

  int64_t queries() const { return queryEnd - queryBegin; }
  int64_t keys() const { return keyEnd - keyBegin; }
  double pairs() const { return double(queries()) * double(keys()); }
  bool operator==(const Area &) const = default;
};

/// Says of whole rectangles of the (i, j) plane of one batch and head what the mask does there, without looking at pairs: by interval
/// arithmetic, with the minima and maxima of the slices of tables it reads. And counts visible pairs by the mask's definition where
/// that doesn't decide. Attention and data must outlive it; not thread-safe.
class MaskClassifier {
public:
  MaskClassifier(const sema::Attention &attention, const RunData &data);

  /// Chooses the plane. Where the mask doesn't differ between batches or heads, all planes are one.
  void enter(int64_t batch, int64_t head);
  bool variesByBatch() const { return perBatch; }
  bool variesByHead() const { return perHead; }

  int64_t batches() const { return extentOf(sema::coordinateB); }
  int64_t heads() const { return extentOf(sema::coordinateH); }
  /// Of the plane.
  int64_t queries() const { return extentOf(sema::coordinateI); }
  int64_t keys() const { return extentOf(sema::coordinateJ); }

  /// Whether all pairs are visible, or none; nothing where that isn't proven. The area isn't empty.
  std::optional<bool> decide(const Area &area);
  /// How many pairs are visible, row by row. A pair whose mask can't be computed counts as invisible.
  int64_t count(const Area &area);
  /// Whether query i sees each of the keys [keyBegin, keyEnd), by the mask's definition: 1 or 0.
  void look(int64_t i, int64_t keyBegin, int64_t keyEnd, std::vector<uint8_t> &visible);
  /// Why the mask of some pair that was counted can't be computed; empty if there was none.
  const std::string &failure() const { return problem; }
  /// How many operations the mask has, which says what deciding an area or looking at a pair costs.
  size_t size() const { return operations; }

private:
  int64_t extentOf(sema::CoordinateId coordinate) const;

  const sema::Attention &attention;
  const RunData &data;
  TableRanges tables;
  IntervalEvaluator intervals;
  reference::GraphEvaluator exact;
  Box box;
  bool perBatch = false, perHead = false, entered = false;
  std::string problem;
  size_t operations = 0;
  std::vector<uint8_t> row; ///< of `count`
};

} // namespace attn::library
