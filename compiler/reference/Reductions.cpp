#include "compiler/reference/Arithmetic.h"
#include "compiler/reference/GraphEvaluator.h"

#include <algorithm>
#include <limits>

namespace attn::reference {

using namespace sema;

namespace {

/// Points a reduction visits together; beyond that it goes in chunks.
constexpr int64_t maximumPoints = 1 << 17;

double combine(Reduction reduction, double a, double b) {
  switch (reduction) {
  case Reduction::Maximum:
    return maximum(a, b);
  case Reduction::Minimum:
    return minimum(a, b);
  default:
    return a + b;
  }
}

int64_t combine(Reduction reduction, int64_t a, int64_t b) {
  switch (reduction) {
  case Reduction::Sum:
    return wrapAdd(a, b);
  case Reduction::Maximum:
    return std::max(a, b);
  case Reduction::Minimum:
    return std::min(a, b);
  case Reduction::Any:
    return a | b;
  case Reduction::All:
    return a & b;
  }
  return a;
}

template <typename T> T neutral(Reduction reduction) {
  constexpr bool real = std::is_same_v<T, double>;
  using Limits = std::numeric_limits<T>;
  switch (reduction) {
  case Reduction::Maximum:
    return real ? -Limits::infinity() : Limits::min();
  case Reduction::Minimum:
    return real ? Limits::infinity() : Limits::max();
  case Reduction::All:
    return 1;
  default:
    return 0;
  }
}

void mergeFaults(Array &result, const Axes &points, const Array &operand) {
  if (operand.faults.empty())
    return;
  result.allocateFaults();
  Walk<2>(points, {&result.axes, &operand.axes}).forEachPoint([&](const std::array<int64_t, 2> &at) {
    if (!result.faults[at[0]])
      result.faults[at[0]] = operand.faults[at[1]];
  });
}

template <typename T> void fold(Reduction reduction, Array &result, const Axes &points, const Array &operand) {
  T *into = result.data<T>();
  const T *from = operand.data<T>();
  Walk<2>(points, {&result.axes, &operand.axes})
      .forEachRun([&](const std::array<int64_t, 2> &at, const std::array<int64_t, 2> &step, int64_t count) {
        T *to = into + at[0];
        const T *x = from + at[1];
        if (reduction == Reduction::Sum && step[0] == 1 && step[1] == 1)
          for (int64_t n = 0; n < count; ++n)
            to[n] = combine(Reduction::Sum, to[n], x[n]);
        else
          for (int64_t n = 0; n < count; ++n)
            to[n * step[0]] = combine(reduction, to[n * step[0]], x[n * step[1]]);
      });
}

/// Four partial sums, so that the additions need not wait for each other.
double dotProduct(const double *x, int64_t xStep, const double *y, int64_t yStep, int64_t count) {
  double partial[4] = {0, 0, 0, 0};
  int64_t n = 0;
  if (xStep == 1 && yStep == 1)
    for (; n + 4 <= count; n += 4)
      for (int lane = 0; lane < 4; ++lane)
        partial[lane] += x[n + lane] * y[n + lane];
  for (; n < count; ++n)
    partial[0] += x[n * xStep] * y[n * yStep];
  return (partial[0] + partial[1]) + (partial[2] + partial[3]);
}

void foldProducts(Array &result, const Axes &points, const Array &left, const Array &right) {
  Walk<3>(points, {&result.axes, &left.axes, &right.axes})
      .forEachRun([&](const std::array<int64_t, 3> &at, const std::array<int64_t, 3> &step, int64_t count) {
        if (!result.real) {
          int64_t *to = result.integers.data() + at[0];
          const int64_t *x = left.integers.data() + at[1], *y = right.integers.data() + at[2];
          for (int64_t n = 0; n < count; ++n)
            to[n * step[0]] = wrapAdd(to[n * step[0]], wrapMultiply(x[n * step[1]], y[n * step[2]]));
          return;
        }
        double *to = result.reals.data() + at[0];
        const double *x = left.reals.data() + at[1], *y = right.reals.data() + at[2];
        if (step[0] == 0)
          *to += dotProduct(x, step[1], y, step[2], count);
        else
          for (int64_t n = 0; n < count; ++n)
            to[n * step[0]] += x[n * step[1]] * y[n * step[2]];
      });
}

} // namespace

Array GraphEvaluator::neutralResult(const Node &node, NodeId id, const Environment &environment) const {
  const bool real = node.type == ScalarType::Float32 || node.type == ScalarType::Float64;
  Array result(axesOf(depends.of(id), environment), real);
  const Reduction reduction = node.kind == NodeKind::Dot ? Reduction::Sum : node.reduction;
  std::fill(result.reals.begin(), result.reals.end(), neutral<double>(reduction));
  std::fill(result.integers.begin(), result.integers.end(), neutral<int64_t>(reduction));
  return result;
}

Value GraphEvaluator::reduce(const Node &node, NodeId id, const Environment &environment) {
  for (CoordinateId coordinate : node.coordinates) {
    const ExtentId extent = spec.coordinates[coordinate].extent;
    if (extent == none || !spec.extents[extent].perBatch)
      continue;
    if (const Axes batches = axesOf(setOf(coordinateB), environment); !batches.empty())
      return forEachSlice(id, environment, batches);
    if (const Fault fault = batchFault(coordinate, id, environment)) {
      auto result = std::make_shared<Array>(neutralResult(node, id, environment));
      result->faults.assign(result->size(), fault);
      return result;
    }
  }
  auto result = std::make_shared<Array>(neutralResult(node, id, environment));
  reduceInto(*result, node, environment, {}, 0);
  return result;
}

// Binds the coordinates one after the other, in chunks where all points together would be too many, then folds.
void GraphEvaluator::reduceInto(Array &result, const Node &node, const Environment &environment, Axes reduced,
                                size_t firstUnbound) {
  while (firstUnbound < node.coordinates.size() && node.coordinates[firstUnbound] == coordinateJ)
    ++firstUnbound; // the caller runs j over the visible keys
  if (firstUnbound == node.coordinates.size()) {
    const Axes points = merge(result.axes, reduced);
    const Value left = evaluate(node.operands[0], environment);
    if (node.kind == NodeKind::Dot) {
      const Value right = evaluate(node.operands[1], environment);
      foldProducts(result, points, *left, *right);
      mergeFaults(result, points, *left);
      mergeFaults(result, points, *right);
      return;
    }
    if (result.real)
      fold<double>(node.reduction, result, points, *left);
    else
      fold<int64_t>(node.reduction, result, points, *left);
    mergeFaults(result, points, *left);
    return;
  }

  const CoordinateId coordinate = node.coordinates[firstUnbound];
  CoordinateSet others = 0;
  for (NodeId operand : node.operands)
    others |= depends.of(operand);
  others &= ~(coordinate == coordinateH ? setOf(coordinateH) | setOf(coordinateG) : setOf(coordinate));
  int64_t inside = std::max<int64_t>(1, elementCount(merge(result.axes, reduced)));
  for (size_t n = firstUnbound + 1; n < node.coordinates.size(); ++n)
    if (node.coordinates[n] != coordinateJ)
      inside *= std::max<int64_t>(1, extentOf(node.coordinates[n], environment));
  const int64_t size = extentOf(coordinate, environment);
  const int64_t chunk = std::max<int64_t>(1, maximumPoints / inside);
  for (int64_t begin = 0; begin < size; begin += chunk) {
    const int64_t end = std::min(size, begin + chunk);
    const Environment inner = enterChunk(environment, coordinate, begin, end, others);
    const AxisId axis = inner[coordinate].values->axes[0].id;
    reduceInto(result, node, inner, merge(reduced, {{axis, end - begin}}), firstUnbound + 1);
    leaveChunk();
  }
}

Value GraphEvaluator::reduceRow(const Node &node, NodeId id, const Environment &environment) {
  CoordinateSet rowSet = depends.ofRow();
  for (CoordinateId coordinate : node.coordinates)
    if (ExtentId extent = spec.coordinates[coordinate].extent; extent != none && spec.extents[extent].perBatch)
      rowSet |= setOf(coordinateB);
  if (const Axes rows = axesOf(rowSet, environment); !rows.empty())
    return forEachSlice(id, environment, rows);

  auto result = std::make_shared<Array>(neutralResult(node, id, environment));
  const std::shared_ptr<const RowContext> row = rowContext(environment);
  if (row->fault) {
    result->faults.assign(result->size(), row->fault);
    return result;
  }
  double otherPoints = 1;
  for (CoordinateId coordinate : node.coordinates)
    if (coordinate != coordinateJ)
      otherPoints *= static_cast<double>(std::max<int64_t>(1, extentOf(coordinate, environment)));
  const NodeId operand = node.operands[0];
  const int64_t count = static_cast<int64_t>(row->keys.size());
  const int64_t chunk = keysPerChunk(operand, environment, otherPoints);
  const CoordinateSet others = depends.of(operand) & ~setOf(coordinateJ);
  for (int64_t begin = 0; begin < count; begin += chunk) {
    const Environment inner = enterKeys(environment, row->keys, begin, std::min(count, begin + chunk), others);
    reduceInto(*result, node, inner, inner[coordinateJ].values->axes, 0);
    leaveChunk();
  }
  if (row->poisoned && result->real && depends.usesScore(operand))
    std::fill(result->reals.begin(), result->reals.end(), std::numeric_limits<double>::quiet_NaN());
  return result;
}

} // namespace attn::reference
