#include "compiler/reference/Arithmetic.h"
#include "compiler/reference/GraphEvaluator.h"
#include "compiler/reference/RowFunctions.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attn::reference {

using namespace sema;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// What a row function is where its key is not visible.
double outsideValue(NodeKind kind) { return kind == NodeKind::TopK ? -infinity : 0; }

void applyRowFunction(NodeKind kind, std::span<double> row, const Array *argument, int64_t argumentAt) {
  switch (kind) {
  case NodeKind::Softmax:
    return softmax(row, argument ? std::optional(argument->realAt(argumentAt)) : std::nullopt);
  case NodeKind::Normalize:
    return normalize(row);
  case NodeKind::TopK:
    return topk(row, argument->integers[argumentAt]);
  case NodeKind::Sparsemax:
    return sparsemax(row);
  default:
    return entmax15(row);
  }
}

double sum(double a, double b) { return a + b; }
int64_t sum(int64_t a, int64_t b) { return wrapAdd(a, b); }

/// [p] becomes the sum of [p], [p + 1], …; the last element, past the keys, is the empty sum.
template <typename T> void sumsFromTheEnd(std::vector<T> &row, std::vector<Fault> &faults) {
  for (size_t p = row.size() - 1; p-- > 0;) {
    row[p] = sum(row[p], row[p + 1]);
    if (!faults[p])
      faults[p] = faults[p + 1];
  }
}

} // namespace

std::shared_ptr<const RowContext> GraphEvaluator::rowContext(const Environment &environment) {
  if (auto found = recall(Aspect::Context, 0, depends.ofRow(), environment))
    return std::static_pointer_cast<const RowContext>(found);
  auto row = std::make_shared<RowContext>();
  const int64_t extent = std::max<int64_t>(0, extentOf(coordinateJ, environment));
  row->fault = batchFault(coordinateJ, spec.mask, environment);

  std::vector<int64_t> unmasked;
  const CoordinateSet maskOthers = depends.of(spec.mask) & ~setOf(coordinateJ);
  const int64_t maskChunk = keysPerChunk(spec.mask, environment);
  for (int64_t begin = 0; begin < extent; begin += maskChunk) {
    const int64_t end = std::min(extent, begin + maskChunk);
    const Value mask = evaluate(spec.mask, enterChunk(environment, coordinateJ, begin, end, maskOthers));
    const int64_t step = mask->axes.empty() ? 0 : 1;
    for (int64_t key = begin; key < end; ++key) {
      const int64_t at = (key - begin) * step;
      if (!mask->faults.empty() && mask->faults[at]) {
        if (!row->fault)
          row->fault = mask->faults[at];
      } else if (mask->integers[at]) {
        unmasked.push_back(key);
      }
    }
    leaveChunk();
  }

  if (!depends.scoreHides()) {
    row->keys = std::move(unmasked);
  } else {
    const CoordinateSet scoreOthers = depends.of(spec.score) & ~setOf(coordinateJ);
    const int64_t chunk = keysPerChunk(spec.score, environment);
    const int64_t count = static_cast<int64_t>(unmasked.size());
    for (int64_t begin = 0; begin < count; begin += chunk) {
      const int64_t end = std::min(count, begin + chunk);
      const Value scores = evaluate(spec.score, enterKeys(environment, unmasked, begin, end, scoreOthers));
      const int64_t step = scores->axes.empty() ? 0 : 1;
      for (int64_t n = begin; n < end; ++n) {
        const int64_t at = (n - begin) * step;
        if (!scores->faults.empty() && scores->faults[at]) {
          if (!row->fault)
            row->fault = scores->faults[at];
          continue;
        }
        const double score = scores->realAt(at);
        if (score == -infinity)
          continue;
        row->poisoned |= std::isnan(score) || score == infinity;
        row->keys.push_back(unmasked[n]);
        row->scores.push_back(score);
      }
      leaveChunk();
    }
  }

  row->position.assign(extent, -1);
  for (size_t n = 0; n < row->keys.size(); ++n)
    row->position[row->keys[n]] = static_cast<int64_t>(n);
  remember(Aspect::Context, 0, depends.ofRow(), environment, row);
  return row;
}

Value GraphEvaluator::visible(const Environment &environment) {
  const CoordinateSet set = depends.ofRow() | setOf(coordinateJ);
  const Axes rows = axesOf(depends.ofRow(), environment);
  auto result = std::make_shared<Array>(axesOf(set, environment), false);
  const std::vector<int64_t> strides = stridesOver(rows, result->axes);
  const Axes rest = without(result->axes, rows);
  forEachIndex(rows, [&](const std::vector<int64_t> &point) {
    int64_t start = 0;
    for (size_t n = 0; n < rows.size(); ++n)
      start += strides[n] * point[n];
    const Environment inner = sliced(environment, set, rows, point);
    const std::shared_ptr<const RowContext> row = rowContext(inner);
    const Array &keys = *inner[coordinateJ].values;
    Walk<2>(rest, {&result->axes, &keys.axes}).forEachPoint([&](const std::array<int64_t, 2> &at) {
      result->integers[start + at[0]] = row->find(keys.integers[at[1]]) >= 0;
      if (!row->fault)
        return;
      result->allocateFaults();
      result->faults[start + at[0]] = row->fault;
    });
  });
  return result;
}

// Scores were computed to find the visible keys; nothing computes them again.
Value GraphEvaluator::scoreFromRow(const Environment &environment) {
  if (!depends.scoreHides() || !(depends.of(spec.score) & setOf(coordinateJ)) ||
      !axesOf(depends.ofRow(), environment).empty())
    return nullptr;
  const auto found = recall(Aspect::Context, 0, depends.ofRow(), environment);
  const Array &keys = *environment[coordinateJ].values;
  const bool real = spec.node(spec.score).type != ScalarType::Int;
  if (!found || !real || !keys.faults.empty())
    return nullptr;
  const auto &row = *static_cast<const RowContext *>(found.get());
  if (row.fault)
    return nullptr;
  auto result = std::make_shared<Array>(keys.axes, true);
  for (int64_t n = 0; n < keys.size(); ++n) {
    const int64_t at = row.find(keys.integers[n]);
    if (at < 0)
      return nullptr;
    result->reals[n] = row.scores[at];
  }
  return result;
}

Array GraphEvaluator::operandOverKeys(NodeId operand, const Environment &environment, const RowContext &row,
                                      Axis keyAxis) {
  const CoordinateSet others = depends.of(operand) & ~setOf(coordinateJ);
  const Node &node = spec.node(operand);
  const bool real = node.type == ScalarType::Float32 || node.type == ScalarType::Float64;
  const Axes rest = axesOf(others, environment);
  Array result(merge({keyAxis}, rest), real);
  const int64_t width = elementCount(rest), chunk = keysPerChunk(operand, environment);
  for (int64_t begin = 0; begin < keyAxis.size; begin += chunk) {
    const int64_t end = std::min(keyAxis.size, begin + chunk);
    const Environment inner = enterKeys(environment, row.keys, begin, end, others);
    const Value part = evaluate(operand, inner);
    const Axes points = merge(inner[coordinateJ].values->axes, rest);
    Walk<2>(points, {&points, &part->axes}).forEachPoint([&](const std::array<int64_t, 2> &at) {
      result.copyElement(begin * width + at[0], *part, at[1]);
    });
    leaveChunk();
  }
  return result;
}

// The function's values at the visible keys (SumAfter: and one past them), keys first.
std::shared_ptr<const Array> GraphEvaluator::rowValues(const Node &node, NodeId id, const Environment &environment,
                                                       const RowContext &row) {
  const CoordinateSet set = depends.of(id) & ~setOf(coordinateJ);
  if (auto found = recall(Aspect::Row, id, set, environment))
    return std::static_pointer_cast<const Array>(found);
  const NodeId operand = node.operands[0];
  const Value argument = node.operands.size() > 1 ? evaluate(node.operands[1], environment) : nullptr;
  const Axes rest = axesOf(set, environment);
  const bool sums = node.kind == NodeKind::SumAfter, ends = node.kind == NodeKind::LogSumExp;
  const int64_t count = static_cast<int64_t>(row.keys.size());
  const Axis keyAxis{freshAxis(coordinateJ, set, environment), count};
  const Array values = operandOverKeys(operand, environment, row, keyAxis);
  const bool poisoned = row.poisoned && depends.usesScore(operand) && values.real;

  const bool real = node.type == ScalarType::Float32 || node.type == ScalarType::Float64;
  auto result = std::make_shared<Array>(ends ? rest : merge({{keyAxis.id, count + sums}}, rest), real);
  const int64_t width = elementCount(rest);
  const Axes none;
  const Axes keysOnly{keyAxis};
  Walk<3>(rest, {&rest, &values.axes, argument ? &argument->axes : &none})
      .forEachPoint([&](const std::array<int64_t, 3> &at) {
        std::vector<double> reals(count + sums, 0);
        std::vector<int64_t> integers(count + sums, 0);
        std::vector<Fault> faults(count + sums);
        const int64_t stride = stridesOver(keysOnly, values.axes)[0];
        for (int64_t n = 0; n < count; ++n) {
          const int64_t from = at[1] + n * stride;
          reals[n] = values.realAt(from);
          integers[n] = values.real ? 0 : values.integers[from];
          if (!values.faults.empty())
            faults[n] = values.faults[from];
        }
        Fault first;
        for (const Fault &fault : faults)
          first = first ? first : fault;
        if (!first && argument && !argument->faults.empty())
          first = argument->faults[at[2]];
        if (poisoned)
          std::fill(reals.begin(), reals.end(), std::numeric_limits<double>::quiet_NaN());
        if (ends) {
          result->reals[at[0]] = logSumExp(reals, argument ? std::optional(argument->realAt(at[2])) : std::nullopt);
          if (first) {
            result->allocateFaults();
            result->faults[at[0]] = first;
          }
          return;
        }
        if (sums) {
          if (real)
            sumsFromTheEnd(reals, faults);
          else
            sumsFromTheEnd(integers, faults);
        } else if (!first) {
          applyRowFunction(node.kind, reals, argument.get(), at[2]);
        } else {
          std::fill(faults.begin(), faults.end(), first);
        }
        if (first)
          result->allocateFaults();
        for (int64_t n = 0; n < count + sums; ++n) {
          const int64_t to = n * width + at[0];
          if (real)
            result->reals[to] = reals[n];
          else
            result->integers[to] = integers[n];
          if (first)
            result->faults[to] = faults[n];
        }
      });
  remember(Aspect::Row, id, set, environment, result);
  return result;
}

Value GraphEvaluator::rowFunction(const Node &node, NodeId id, const Environment &environment) {
  if (const Axes rows = axesOf(depends.ofRow(), environment); !rows.empty())
    return forEachSlice(id, environment, rows);
  const std::shared_ptr<const RowContext> row = rowContext(environment);
  const bool real = node.type == ScalarType::Float32 || node.type == ScalarType::Float64;
  auto result = std::make_shared<Array>(axesOf(depends.of(id), environment), real);
  if (row->fault) {
    result->faults.assign(result->size(), row->fault);
    return result;
  }
  const std::shared_ptr<const Array> values = rowValues(node, id, environment, *row);
  if (node.kind == NodeKind::LogSumExp)
    return values;

  const Axes rest = axesOf(depends.of(id) & ~setOf(coordinateJ), environment);
  const int64_t width = elementCount(rest);
  const Array &keys = *environment[coordinateJ].values;
  const bool sums = node.kind == NodeKind::SumAfter;
  Walk<3>(result->axes, {&result->axes, &keys.axes, &rest}).forEachPoint([&](const std::array<int64_t, 3> &at) {
    if (!keys.faults.empty() && keys.faults[at[1]]) {
      result->allocateFaults();
      result->faults[at[0]] = keys.faults[at[1]];
      return;
    }
    const int64_t key = keys.integers[at[1]];
    const int64_t position =
        sums ? std::upper_bound(row->keys.begin(), row->keys.end(), key) - row->keys.begin() : row->find(key);
    if (position >= 0)
      result->copyElement(at[0], *values, position * width + at[2]);
    else if (real)
      result->reals[at[0]] = outsideValue(node.kind);
    else
      result->integers[at[0]] = 0;
  });
  return result;
}

} // namespace attn::reference
