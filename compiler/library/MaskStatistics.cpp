#include "compiler/library/MaskStatistics.h"

#include "compiler/library/Interval.h"
#include "compiler/reference/GraphEvaluator.h"

#include <algorithm>
#include <unordered_map>

using namespace attn;
using namespace attn::library;
using namespace attn::sema;

namespace {

/// Minima and maxima of boxes of integer tensors. Large boxes give the whole tensor's range, which is computed once.
class TableRanges {
public:
  explicit TableRanges(const RunData &data) : data(data), whole(data.tensors.size()) {}

  Interval operator()(TensorId id, const std::vector<Interval> &indices) {
    const attn::Tensor &tensor = data.tensors[id];
    if (attn::isFloat(tensor.element()) || tensor.rank() != indices.size())
      return Interval::whole();
    std::vector<Interval> box = indices;
    double count = 1;
    for (size_t n = 0; n < box.size(); ++n) {
      // What lies outside is never read: where it would count, the run ends.
      box[n] = {std::max<int64_t>(box[n].low, 0), std::min(box[n].high, tensor.shape()[n] - 1)};
      if (box[n].low > box[n].high)
        return Interval::whole();
      count *= double(box[n].high - box[n].low + 1);
    }
    constexpr double mostScanned = 4096;
    if (count <= mostScanned)
      return scan(tensor, box);
    if (!whole[id]) {
      for (size_t n = 0; n < box.size(); ++n)
        box[n] = {0, tensor.shape()[n] - 1};
      whole[id] = scan(tensor, box);
    }
    return *whole[id];
  }

private:
  static Interval scan(const attn::Tensor &tensor, const std::vector<Interval> &box) {
    Interval range{INT64_MAX, INT64_MIN};
    std::vector<int64_t> index;
    for (const Interval &dimension : box)
      index.push_back(dimension.low);
    for (;;) {
      int64_t value = tensor.integer(tensor.offset(index));
      range = {std::min(range.low, value), std::max(range.high, value)};
      size_t n = index.size();
      while (n > 0 && index[n - 1] == box[n - 1].high) {
        index[n - 1] = box[n - 1].low;
        --n;
      }
      if (n == 0)
        return range;
      ++index[n - 1];
    }
  }

  const RunData &data;
  std::vector<std::optional<Interval>> whole;
};

class MaskCounter {
public:
  MaskCounter(const Attention &attention, const RunData &data, int64_t tileQueries, int64_t tileKeys)
      : attention(attention), tables(data),
        intervals(attention, data.binding, [this](TensorId id, const auto &indices) { return tables(id, indices); }),
        exact(attention, data.binding) {
    statistics.tileQueries = tileQueries;
    statistics.tileKeys = tileKeys;
  }

  MaskStatistics count();

private:
  int64_t extentOf(CoordinateId coordinate) const {
    ExtentId id = attention.coordinates[coordinate].extent;
    return id == none ? 1 : exact.extentOf(coordinate, exact.environment());
  }
  void plane(double times);
  void area(int64_t firstQuery, int64_t lastQuery, int64_t firstKey, int64_t lastKey, double times);
  double visibleIn(int64_t firstQuery, int64_t lastQuery, int64_t firstKey, int64_t lastKey);
  void tiles(int64_t &kind, int64_t firstQuery, int64_t lastQuery, int64_t firstKey, int64_t lastKey, double times,
             bool occupied);

  const Attention &attention;
  TableRanges tables;
  IntervalEvaluator intervals;
  reference::GraphEvaluator exact;
  MaskStatistics statistics;
  Box box;
  int64_t queries = 0, keys = 0;
  bool recordRanges = false;
};

/// Visible pairs of an area that intervals can't decide, row by row.
double MaskCounter::visibleIn(int64_t firstQuery, int64_t lastQuery, int64_t firstKey, int64_t lastKey) {
  double visible = 0;
  for (int64_t i = firstQuery; i <= lastQuery; ++i) {
    exact.enter(coordinateI, i);
    reference::Environment chunk =
        exact.enterChunk(exact.environment(), coordinateJ, firstKey, lastKey + 1, attention.node(attention.mask).varies);
    reference::Value mask = exact.evaluate(attention.mask, chunk);
    double row = 0;
    for (size_t n = 0; n < mask->integers.size(); ++n)
      if (mask->faults.empty() || !mask->faults[n])
        row += double(mask->integers[n] != 0);
    bool spread = mask->integers.size() == 1 && lastKey > firstKey;
    visible += spread ? row * double(lastKey - firstKey + 1) : row;
    exact.leaveChunk();
    exact.leave();
  }
  return visible;
}

void MaskCounter::tiles(int64_t &kind, int64_t firstQuery, int64_t lastQuery, int64_t firstKey, int64_t lastKey,
                        double times, bool occupied) {
  int64_t rows = lastQuery / statistics.tileQueries - firstQuery / statistics.tileQueries + 1;
  int64_t columns = lastKey / statistics.tileKeys - firstKey / statistics.tileKeys + 1;
  kind += int64_t(double(rows * columns) * times);
  if (!recordRanges || !occupied)
    return;
  for (int64_t row = firstQuery / statistics.tileQueries; row <= lastQuery / statistics.tileQueries; ++row) {
    auto &range = statistics.keyRanges[size_t(row)];
    range = {std::min(range.first, firstKey), std::max(range.second, lastKey + 1)};
  }
}

void MaskCounter::area(int64_t firstQuery, int64_t lastQuery, int64_t firstKey, int64_t lastKey, double times) {
  box[coordinateI] = {firstQuery, lastQuery};
  box[coordinateJ] = {firstKey, lastKey};
  Interval mask = intervals.evaluate(attention.mask, box);
  double pairs = double(lastQuery - firstQuery + 1) * double(lastKey - firstKey + 1);
  if (mask.isSingle()) {
    tiles(mask.low ? statistics.full : statistics.empty, firstQuery, lastQuery, firstKey, lastKey, times, mask.low != 0);
    statistics.visible += mask.low ? pairs * times : 0;
    return;
  }
  int64_t rows = lastQuery / statistics.tileQueries - firstQuery / statistics.tileQueries + 1;
  int64_t columns = lastKey / statistics.tileKeys - firstKey / statistics.tileKeys + 1;
  if (rows == 1 && columns == 1) {
    tiles(statistics.mixed, firstQuery, lastQuery, firstKey, lastKey, times, true);
    statistics.visible += visibleIn(firstQuery, lastQuery, firstKey, lastKey) * times;
    return;
  }
  // Halves at tile edges, across the longer side.
  if (rows * statistics.tileQueries >= columns * statistics.tileKeys && rows > 1) {
    int64_t middle = (firstQuery / statistics.tileQueries + rows / 2) * statistics.tileQueries;
    area(firstQuery, middle - 1, firstKey, lastKey, times);
    area(middle, lastQuery, firstKey, lastKey, times);
  } else if (columns > 1) {
    int64_t middle = (firstKey / statistics.tileKeys + columns / 2) * statistics.tileKeys;
    area(firstQuery, lastQuery, firstKey, middle - 1, times);
    area(firstQuery, lastQuery, middle, lastKey, times);
  } else {
    int64_t middle = (firstQuery / statistics.tileQueries + rows / 2) * statistics.tileQueries;
    area(firstQuery, middle - 1, firstKey, lastKey, times);
    area(middle, lastQuery, firstKey, lastKey, times);
  }
}

/// The plane of the batch and head the evaluators are at, counted so many times.
void MaskCounter::plane(double times) {
  queries = extentOf(coordinateI);
  keys = extentOf(coordinateJ);
  if (queries <= 0 || keys <= 0)
    return;
  statistics.pairs += double(queries) * double(keys) * times;
  if (recordRanges)
    statistics.keyRanges.assign(size_t((queries + statistics.tileQueries - 1) / statistics.tileQueries),
                                {INT64_MAX, 0});
  area(0, queries - 1, 0, keys - 1, times);
  recordRanges = false;
}

MaskStatistics MaskCounter::count() {
  CoordinateSet varies = attention.node(attention.mask).varies;
  for (CoordinateId coordinate : {coordinateI, coordinateJ}) {
    ExtentId id = attention.coordinates[coordinate].extent;
    if (id != none && attention.extents[id].perBatch)
      varies |= setOf(coordinateB);
  }
  bool perBatch = varies & setOf(coordinateB), perHead = varies & (setOf(coordinateH) | setOf(coordinateG));
  int64_t batches = extentOf(coordinateB), heads = extentOf(coordinateH);
  int64_t batchSteps = perBatch ? batches : std::min<int64_t>(batches, 1);
  int64_t headSteps = perHead ? heads : std::min<int64_t>(heads, 1);
  double times = (perBatch ? 1.0 : double(batches)) * (perHead ? 1.0 : double(heads));
  recordRanges = true;
  box = intervals.wholeBox();
  for (int64_t b = 0; b < batchSteps; ++b) {
    exact.enter(coordinateB, b);
    if (perBatch)
      box[coordinateB] = Interval::of(b);
    for (int64_t h = 0; h < headSteps; ++h) {
      exact.enter(coordinateH, h);
      if (perHead)
        box[coordinateH] = Interval::of(h);
      plane(times);
      exact.leave();
    }
    exact.leave();
  }
  return std::move(statistics);
}

} // namespace

MaskStatistics library::countMask(const Attention &attention, const RunData &data, int64_t tileQueries,
                                  int64_t tileKeys) {
  return MaskCounter(attention, data, tileQueries, tileKeys).count();
}
