#include "compiler/library/MaskStatistics.h"

#include "compiler/library/MaskClassifier.h"

#include <algorithm>

using namespace attn;
using namespace attn::library;

namespace {

class MaskCounter {
public:
  MaskCounter(const sema::Attention &attention, const RunData &data, int64_t tileQueries, int64_t tileKeys)
      : classifier(attention, data) {
    statistics.tileQueries = tileQueries;
    statistics.tileKeys = tileKeys;
  }

  MaskStatistics count();

private:
  int64_t rowsOf(const Area &area) const {
    return (area.queryEnd - 1) / statistics.tileQueries - area.queryBegin / statistics.tileQueries + 1;
  }
  int64_t columnsOf(const Area &area) const {
    return (area.keyEnd - 1) / statistics.tileKeys - area.keyBegin / statistics.tileKeys + 1;
  }
  void plane(double times);
  void count(const Area &area, double times);
  void add(int64_t &kind, const Area &area, double times, bool occupied);

  MaskClassifier classifier;
  MaskStatistics statistics;
  bool recordRanges = true;
};

void MaskCounter::add(int64_t &kind, const Area &area, double times, bool occupied) {
  kind += int64_t(double(rowsOf(area) * columnsOf(area)) * times);
  if (!recordRanges || !occupied)
    return;
  for (int64_t row = area.queryBegin / statistics.tileQueries; row * statistics.tileQueries < area.queryEnd; ++row) {
    auto &range = statistics.keyRanges[size_t(row)];
    range = {std::min(range.first, area.keyBegin), std::max(range.second, area.keyEnd)};
  }
}

void MaskCounter::count(const Area &area, double times) {
  if (std::optional<bool> visible = classifier.decide(area)) {
    add(*visible ? statistics.full : statistics.empty, area, times, *visible);
    statistics.visible += *visible ? area.pairs() * times : 0;
    return;
  }
  int64_t rows = rowsOf(area), columns = columnsOf(area);
  if (rows == 1 && columns == 1) {
    add(statistics.mixed, area, times, true);
    statistics.visible += double(classifier.count(area)) * times;
    return;
  }
  // Halves at tile edges, across the longer side.
  bool acrossQueries = rows > 1 && (columns == 1 || rows * statistics.tileQueries >= columns * statistics.tileKeys);
  Area first = area, second = area;
  if (acrossQueries)
    first.queryEnd = second.queryBegin =
        (area.queryBegin / statistics.tileQueries + rows / 2) * statistics.tileQueries;
  else
    first.keyEnd = second.keyBegin = (area.keyBegin / statistics.tileKeys + columns / 2) * statistics.tileKeys;
  count(first, times);
  count(second, times);
}

/// The plane that the classifier is at, counted so many times.
void MaskCounter::plane(double times) {
  int64_t queries = classifier.queries(), keys = classifier.keys();
  if (queries <= 0 || keys <= 0)
    return;
  statistics.pairs += double(queries) * double(keys) * times;
  if (recordRanges)
    statistics.keyRanges.assign(size_t((queries + statistics.tileQueries - 1) / statistics.tileQueries),
                                {INT64_MAX, 0});
  count({0, queries, 0, keys}, times);
  recordRanges = false;
}

MaskStatistics MaskCounter::count() {
  int64_t batches = classifier.batches(), heads = classifier.heads();
  int64_t batchSteps = classifier.variesByBatch() ? batches : std::min<int64_t>(batches, 1);
  int64_t headSteps = classifier.variesByHead() ? heads : std::min<int64_t>(heads, 1);
  double times = (classifier.variesByBatch() ? 1.0 : double(batches)) * (classifier.variesByHead() ? 1.0 : double(heads));
  for (int64_t b = 0; b < batchSteps; ++b)
    for (int64_t h = 0; h < headSteps; ++h) {
      classifier.enter(b, h);
      plane(times);
    }
  return std::move(statistics);
}

} // namespace

bool library::canCountMask(const sema::Attention &attention, const RunData &data, int64_t tileQueries, int64_t tileKeys) {
  // Undecided tiles stand along edges of the mask, as a rule; and a plane as such costs something.
  constexpr double mostEdges = 1 << 17, mostTiles = 0x1p62;
  MaskClassifier classifier(attention, data);
  int64_t batches = classifier.batches(), heads = classifier.heads();
  double edges = 0, tiles = 0;
  for (int64_t b = 0; b < (classifier.variesByBatch() ? batches : 1); ++b) {
    classifier.enter(b, 0);
    double rows = double(classifier.queries()) / double(tileQueries) + 1, columns = double(classifier.keys()) / double(tileKeys) + 1;
    edges += (rows + columns) * double(classifier.variesByHead() ? heads : 1);
    tiles += rows * columns * double(heads) * double(classifier.variesByBatch() ? 1 : batches);
    if (edges > mostEdges || tiles > mostTiles)
      return false;
  }
  return true;
}

MaskStatistics library::countMask(const sema::Attention &attention, const RunData &data, int64_t tileQueries,
                                  int64_t tileKeys) {
  return MaskCounter(attention, data, tileQueries, tileKeys).count();
}
