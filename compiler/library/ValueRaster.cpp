#include "compiler/library/Rasters.h"

#include "compiler/reference/FaultText.h"

#include <algorithm>
#include <cmath>

using namespace attn;
using namespace attn::library;
using picture::Cell;
using picture::Raster;

namespace {

/// One query's values at all keys.
class RowReader {
public:
  RowReader(const sema::Attention &attention, const RunData &data, sema::NodeId node, int64_t batch, int64_t head)
      : attention(attention), data(data), node(node), graph(attention, data.binding) {
    graph.enter(sema::coordinateB, batch);
    graph.enter(sema::coordinateH, head);
  }

  /// False where the data is at fault; `problem` says how.
  bool read(int64_t i, int64_t keys);

  std::vector<double> values;
  std::vector<uint8_t> visible;
  std::string problem;

private:
  bool take(const reference::Array &value, const reference::Array &seen, int64_t begin, int64_t end);

  const sema::Attention &attention;
  const RunData &data;
  sema::NodeId node;
  reference::GraphEvaluator graph;
};

bool RowReader::read(int64_t i, int64_t keys) {
  values.resize(size_t(keys));
  visible.resize(size_t(keys));
  graph.enter(sema::coordinateI, i);
  bool good = true;
  int64_t chunk = graph.keysPerChunk(node, graph.environment());
  for (int64_t begin = 0; begin < keys && good; begin += chunk) {
    int64_t end = std::min(keys, begin + chunk);
    reference::Environment environment =
        graph.enterChunk(graph.environment(), sema::coordinateJ, begin, end,
                         graph.dependencies().of(node) | sema::setOf(sema::coordinateJ));
    reference::Value value = graph.evaluate(node, environment);
    good = take(*value, *graph.visible(environment), begin, end);
    graph.leaveChunk();
  }
  graph.leave();
  return good;
}

bool RowReader::take(const reference::Array &value, const reference::Array &seen, int64_t begin, int64_t end) {
  for (int64_t j = begin; j < end; ++j) {
    size_t at = value.size() == 1 ? 0 : size_t(j - begin), seenAt = seen.size() == 1 ? 0 : size_t(j - begin);
    const reference::Fault *fault = !seen.faults.empty() && seen.faults[seenAt] ? &seen.faults[seenAt] : nullptr;
    visible[size_t(j)] = !fault && seen.integers[seenAt] != 0;
    if (visible[size_t(j)] && !value.faults.empty() && value.faults[at])
      fault = &value.faults[at];
    if (fault) {
      problem = reference::describe(attention, data.binding, *fault);
      return false;
    }
    values[size_t(j)] = visible[size_t(j)] ? value.realAt(int64_t(at)) : 0;
  }
  return true;
}

/// What one column of a row of cells gathers from its queries.
struct Sum {
  double value = 0;
  int64_t visible = 0;
};

} // namespace

Result<RasterTruth> library::fillValues(const sema::Attention &attention, const RunData &data, int64_t batch,
                                        int64_t head, sema::NodeId node, bool isWeight, Raster &raster, double work) {
  RasterTruth truth;
  truth.cells = int64_t(raster.cells.size());
  if (raster.cells.empty())
    return truth;
  sema::ExtentId features = attention.coordinates[sema::coordinateD].extent;
  double perPair = 16 + (features == sema::none ? 0 : double(data.binding.extents[features].value_or(0)));
  double affordable = work / (double(raster.keys()) * perPair);
  int64_t perRow = std::max<int64_t>(1, int64_t(affordable / double(raster.rows())));

  RowReader reader(attention, data, node, batch, head);
  std::vector<Sum> sums(raster.columns());
  for (size_t row = 0; row < raster.rows(); ++row) {
    int64_t first = raster.queryEdges[row], queries = raster.queryEdges[row + 1] - first;
    int64_t looked = std::min(perRow, queries);
    std::fill(sums.begin(), sums.end(), Sum());
    for (int64_t n = 0; n < looked; ++n) {
      if (!reader.read(first + (2 * n + 1) * queries / (2 * looked), raster.keys()))
        return Failure{reader.problem};
      for (size_t column = 0; column < raster.columns(); ++column)
        for (int64_t j = raster.keyEdges[column]; j < raster.keyEdges[column + 1]; ++j) {
          sums[column].value += reader.values[size_t(j)];
          sums[column].visible += reader.visible[size_t(j)];
        }
    }
    if (looked < queries)
      truth.rowsPerCell = truth.rowsPerCell ? std::min(truth.rowsPerCell, looked) : looked;
    for (size_t column = 0; column < raster.columns(); ++column) {
      Cell &cell = raster.at(row, column);
      int64_t keys = raster.keyEdges[column + 1] - raster.keyEdges[column];
      cell.visible = float(double(sums[column].visible) / (double(keys) * double(looked)));
      if (sums[column].visible)
        cell.value = float(sums[column].value / double(isWeight ? looked : sums[column].visible));
    }
  }
  return truth;
}
