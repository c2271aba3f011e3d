#include "compiler/library/Rasters.h"

#include "runtime/tensor/Random.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

using namespace attn;
using namespace attn::library;
using picture::Cell;
using picture::Raster;

namespace {

Area areaOf(const Raster &raster, size_t rowBegin, size_t rowEnd, size_t columnBegin, size_t columnEnd) {
  return {raster.queryEdges[rowBegin], raster.queryEdges[rowEnd], raster.keyEdges[columnBegin],
          raster.keyEdges[columnEnd]};
}

/// Two halves across the longer side, at a multiple of the steps inside. Needs more than one step by one.
std::pair<Area, Area> halves(const Area &area, int64_t queryStep, int64_t keyStep) {
  auto units = [](int64_t begin, int64_t end, int64_t step) { return (end - 1) / step - begin / step + 1; };
  int64_t rows = units(area.queryBegin, area.queryEnd, queryStep), columns = units(area.keyBegin, area.keyEnd, keyStep);
  std::pair<Area, Area> both{area, area};
  if (rows > 1 && (columns == 1 || area.queries() >= area.keys()))
    both.first.queryEnd = both.second.queryBegin = (area.queryBegin / queryStep + rows / 2) * queryStep;
  else
    both.first.keyEnd = both.second.keyBegin = (area.keyBegin / keyStep + columns / 2) * keyStep;
  return both;
}

/// Fills in all cells that large areas decide; gives the others.
class CellDecider {
public:
  CellDecider(MaskClassifier &classifier, Raster &raster) : classifier(classifier), raster(raster) {}

  std::vector<std::pair<size_t, size_t>> decide() {
    descend(0, raster.rows(), 0, raster.columns());
    return std::move(undecided);
  }

private:
  void descend(size_t rowBegin, size_t rowEnd, size_t columnBegin, size_t columnEnd) {
    if (std::optional<bool> visible = classifier.decide(areaOf(raster, rowBegin, rowEnd, columnBegin, columnEnd))) {
      for (size_t row = rowBegin; row < rowEnd; ++row)
        for (size_t column = columnBegin; column < columnEnd; ++column)
          raster.at(row, column).visible = *visible;
      return;
    }
    size_t rows = rowEnd - rowBegin, columns = columnEnd - columnBegin;
    if (rows == 1 && columns == 1) {
      undecided.push_back({rowBegin, columnBegin});
    } else if (rows >= columns) {
      descend(rowBegin, rowBegin + rows / 2, columnBegin, columnEnd);
      descend(rowBegin + rows / 2, rowEnd, columnBegin, columnEnd);
    } else {
      descend(rowBegin, rowEnd, columnBegin, columnBegin + columns / 2);
      descend(rowBegin, rowEnd, columnBegin + columns / 2, columnEnd);
    }
  }

  MaskClassifier &classifier;
  Raster &raster;
  std::vector<std::pair<size_t, size_t>> undecided;
};

/// Areas that nothing has decided yet, and points among them that are all equally likely.
class Rest {
public:
  explicit Rest(const std::deque<Area> &areas) {
    double sum = 0;
    for (const Area &area : areas) {
      sum += area.pairs();
      list.push_back(area);
      sums.push_back(sum);
    }
  }
  double pairs() const { return sums.empty() ? 0 : sums.back(); }
  const Area &pick(Random &random) const {
    double at = random.uniform() * pairs();
    size_t n = size_t(std::upper_bound(sums.begin(), sums.end(), at) - sums.begin());
    return list[std::min(n, list.size() - 1)];
  }

private:
  std::vector<Area> list;
  std::vector<double> sums;
};

/// A share that isn't proven to be nothing or all never says so.
float inner(double share, double samples) {
  return float(std::clamp(share, 0.5 / (samples + 1), 1 - 0.5 / (samples + 1)));
}

/// What is decided of one cell, as it is cut into ever smaller areas.
class CellCounter {
public:
  CellCounter(MaskClassifier &classifier, double work, size_t cells, RasterTruth &truth)
      : classifier(classifier), work(work / double(classifier.size() + 2) / double(std::max<size_t>(cells, 1))),
        samples(std::clamp<int64_t>(mostSamples / int64_t(std::max<size_t>(cells, 1)), 32, 256)), truth(truth),
        random(1) {}

  void mask(const Area &cell, Cell &result);
  void tiles(const Area &cell, int64_t tileQueries, int64_t tileKeys, Cell &result);

private:
  static constexpr double closeEnough = 1.0 / 512, mostCounted = 2048, mostRows = 32;
  static constexpr int64_t run = 32, mostSamples = 1 << 19;

  MaskClassifier &classifier;
  double work;     ///< for one cell
  int64_t samples; ///< of one cell
  RasterTruth &truth;
  Random random;
};

void CellCounter::mask(const Area &cell, Cell &result) {
  double visible = 0, spent = 0;
  std::deque<Area> waiting{cell};
  while (!waiting.empty() && spent <= work) {
    Area area = waiting.front();
    waiting.pop_front();
    if (area.pairs() <= mostCounted && area.queries() <= mostRows) {
      visible += double(classifier.count(area));
      spent += 2 * double(area.queries()) + area.pairs() / 32;
      continue;
    }
    auto [first, second] = halves(area, 1, 1);
    for (const Area &half : {first, second}) {
      std::optional<bool> all = classifier.decide(half);
      spent += 1;
      if (!all)
        waiting.push_back(half);
      else
        visible += *all ? half.pairs() : 0;
    }
  }
  if (waiting.empty()) {
    result.visible = float(visible / cell.pairs());
    // Rounding to a float must not make nothing or all of what isn't.
    if (visible > 0 && visible < cell.pairs())
      result.visible = std::clamp(result.visible, 1e-7f, 1 - 1e-7f);
    return;
  }
  Rest rest(waiting);
  double share = rest.pairs() / cell.pairs();
  if (share <= closeEnough) {
    result.visible = inner((visible + rest.pairs() / 2) / cell.pairs(), 1e7);
    truth.within = std::max(truth.within, share / 2);
    return;
  }
  double seen = 0;
  for (int64_t n = 0; n < samples; ++n) {
    const Area &area = rest.pick(random);
    int64_t i = random.integer(area.queryBegin, area.queryEnd);
    int64_t j = area.keyBegin + random.integer(0, area.keys()) / run * run;
    Area keys{i, i + 1, j, std::min(j + run, area.keyEnd)};
    seen += double(classifier.count(keys)) / keys.pairs();
  }
  result.visible = inner((visible + rest.pairs() * seen / double(samples)) / cell.pairs(), double(samples * run));
  ++truth.sampledCells;
  truth.samples = samples * run;
}

void CellCounter::tiles(const Area &cell, int64_t tileQueries, int64_t tileKeys, Cell &result) {
  auto tilesIn = [&](const Area &area) {
    return double((area.queryEnd - 1) / tileQueries - area.queryBegin / tileQueries + 1) *
           double((area.keyEnd - 1) / tileKeys - area.keyBegin / tileKeys + 1);
  };
  double full = 0, mixed = 0, spent = 0, all = tilesIn(cell);
  std::deque<Area> waiting{cell};
  while (!waiting.empty() && spent <= work) {
    Area area = waiting.front();
    waiting.pop_front();
    if (tilesIn(area) == 1) {
      mixed += 1;
      continue;
    }
    auto [first, second] = halves(area, tileQueries, tileKeys);
    for (const Area &half : {first, second}) {
      std::optional<bool> visible = classifier.decide(half);
      spent += 1;
      if (!visible)
        waiting.push_back(half);
      else
        full += *visible ? tilesIn(half) : 0;
    }
  }
  result.visible = float(full / all);
  result.mixed = float(mixed / all);
  if (waiting.empty())
    return;
  Rest rest(waiting);
  double left = 0, someFull = 0, someMixed = 0;
  for (const Area &area : waiting)
    left += tilesIn(area);
  for (int64_t n = 0; n < samples; ++n) {
    const Area &area = rest.pick(random);
    int64_t i = random.integer(area.queryBegin, area.queryEnd) / tileQueries * tileQueries;
    int64_t j = random.integer(area.keyBegin, area.keyEnd) / tileKeys * tileKeys;
    std::optional<bool> visible = classifier.decide(
        {i, std::min(i + tileQueries, classifier.queries()), j, std::min(j + tileKeys, classifier.keys())});
    (visible && *visible ? someFull : someMixed) += !visible || *visible;
  }
  result.visible = float((full + left * someFull / double(samples)) / all);
  result.mixed = float((mixed + left * someMixed / double(samples)) / all);
  ++truth.sampledCells;
  truth.samples = samples;
}

/// Every pair of a small plane, row by row.
void countAllPairs(MaskClassifier &classifier, Raster &raster) {
  std::vector<uint8_t> visible;
  std::vector<int64_t> counts(raster.columns());
  for (size_t row = 0; row < raster.rows(); ++row) {
    std::fill(counts.begin(), counts.end(), 0);
    for (int64_t i = raster.queryEdges[row]; i < raster.queryEdges[row + 1]; ++i) {
      classifier.look(i, 0, raster.keys(), visible);
      for (size_t column = 0; column < raster.columns(); ++column)
        counts[column] += std::count(visible.begin() + raster.keyEdges[column],
                                     visible.begin() + raster.keyEdges[column + 1], 1);
    }
    for (size_t column = 0; column < raster.columns(); ++column)
      raster.at(row, column).visible =
          float(double(counts[column]) / areaOf(raster, row, row + 1, column, column + 1).pairs());
  }
}

} // namespace

RasterTruth library::fillMask(MaskClassifier &classifier, Raster &raster, double work) {
  RasterTruth truth;
  truth.cells = int64_t(raster.cells.size());
  double pairs = double(raster.queries()) * double(raster.keys());
  if (raster.cells.empty())
    return truth;
  if (pairs * double(classifier.size()) <= work) {
    countAllPairs(classifier, raster);
    return truth;
  }
  std::vector<std::pair<size_t, size_t>> undecided = CellDecider(classifier, raster).decide();
  CellCounter counter(classifier, work, undecided.size(), truth);
  for (auto [row, column] : undecided)
    counter.mask(areaOf(raster, row, row + 1, column, column + 1), raster.at(row, column));
  return truth;
}

RasterTruth library::fillTiles(MaskClassifier &classifier, Raster &raster, int64_t tileQueries, int64_t tileKeys,
                               double work) {
  RasterTruth truth;
  truth.cells = int64_t(raster.cells.size());
  if (raster.cells.empty())
    return truth;
  std::vector<std::pair<size_t, size_t>> undecided = CellDecider(classifier, raster).decide();
  CellCounter counter(classifier, work, undecided.size(), truth);
  for (auto [row, column] : undecided)
    counter.tiles(areaOf(raster, row, row + 1, column, column + 1), tileQueries, tileKeys, raster.at(row, column));
  return truth;
}
