#include "compiler/reference/Evaluator.h"

#include "compiler/reference/ElementCodec.h"
#include "compiler/reference/FaultText.h"
#include "compiler/reference/GraphEvaluator.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace attn::reference {

using namespace sema;

class Evaluator::Implementation {
public:
  Implementation(const Attention &attention, const Binding &binding)
      : attention(attention), binding(binding), graph(attention, binding) {
    for (uint32_t output = 0; output < attention.outputs.size(); ++output)
      plans.push_back(plan(output));
  }

  struct Plan {
    std::vector<CoordinateId> rowCoordinates; ///< of b h g i, in this order
    std::vector<CoordinateId> features;       ///< the others, as the output lists them
    std::vector<int64_t> shape;
    std::vector<int64_t> rowsBefore; ///< of each batch, and of them all
  };

  int64_t rowCount(uint32_t output) const { return plans[output].rowsBefore.back(); }

  /// The values of the row coordinates of row `number`.
  std::vector<int64_t> point(uint32_t output, int64_t number) const {
    const Plan &plan = plans[output];
    std::vector<int64_t> values(plan.rowCoordinates.size(), 0);
    const auto after = std::upper_bound(plan.rowsBefore.begin(), plan.rowsBefore.end(), number);
    const int64_t batch = after - plan.rowsBefore.begin() - 1;
    number -= plan.rowsBefore[batch];
    for (size_t n = values.size(); n-- > 0;) {
      if (plan.rowCoordinates[n] == coordinateB) {
        values[n] = batch;
        continue;
      }
      const int64_t size = extent(plan.rowCoordinates[n], batch);
      values[n] = number % size;
      number /= size;
    }
    return values;
  }

  RowResult evaluateRow(uint32_t output, int64_t number) {
    const Plan &plan = plans[output];
    const Output &target = attention.outputs[output];
    enterRow(plan.rowCoordinates, point(output, number));

    CoordinateSet others = graph.dependencies().of(target.value);
    for (NodeId index : target.indices)
      others |= graph.dependencies().of(index);
    for (CoordinateId coordinate : target.coordinates)
      others |= setOf(coordinate);
    Environment environment = graph.environment();
    bool overKeys = false;
    for (CoordinateId coordinate : plan.features) {
      if (coordinate == coordinateJ)
        overKeys = true;
      else
        environment = graph.bindWhole(environment, coordinate, others);
    }
    RowResult result;
    result.row.real = attention.node(target.value).type == ScalarType::Float32 ||
                      attention.node(target.value).type == ScalarType::Float64;
    if (!overKeys) {
      appendElements(plan, target, environment, result);
      return result;
    }
    const int64_t keys = graph.extentOf(coordinateJ, environment);
    int64_t features = 1;
    for (CoordinateId coordinate : plan.features)
      if (coordinate != coordinateJ)
        features *= std::max<int64_t>(1, graph.extentOf(coordinate, environment));
    const int64_t chunk = graph.keysPerChunk(target.value, environment, static_cast<double>(features));
    for (int64_t begin = 0; begin < keys && !result.error; begin += chunk) {
      const int64_t end = std::min(keys, begin + chunk);
      appendElements(plan, target, graph.enterChunk(environment, coordinateJ, begin, end, others), result);
      graph.leaveChunk();
    }
    return result;
  }

  std::string rowName(uint32_t output, int64_t number) const {
    const std::vector<int64_t> values = point(output, number);
    std::string text;
    for (size_t n = 0; n < values.size(); ++n)
      text += fmt::format("{}{} = {}", n ? ", " : "", attention.coordinates[plans[output].rowCoordinates[n]].name,
                          values[n]);
    return text;
  }

private:
  int64_t extent(CoordinateId coordinate, int64_t batch) const {
    const ExtentId id = attention.coordinates[coordinate].extent;
    if (id == none)
      return 1;
    return attention.extents[id].perBatch ? binding.perBatch[id][batch] : binding.extents[id].value_or(1);
  }

  Plan plan(uint32_t number) const {
    const Output &output = attention.outputs[number];
    Plan plan;
    plan.shape = outputShape(attention, binding, number);
    for (CoordinateId coordinate : {coordinateB, coordinateH, coordinateG, coordinateI})
      if (std::count(output.coordinates.begin(), output.coordinates.end(), coordinate))
        plan.rowCoordinates.push_back(coordinate);
    for (CoordinateId coordinate : output.coordinates)
      if (coordinate > coordinateI)
        plan.features.push_back(coordinate);
    const bool batched = !plan.rowCoordinates.empty() && plan.rowCoordinates[0] == coordinateB;
    const int64_t batches = batched ? extent(coordinateB, 0) : 1;
    plan.rowsBefore.push_back(0);
    for (int64_t b = 0; b < batches; ++b) {
      int64_t rows = 1;
      for (CoordinateId coordinate : plan.rowCoordinates)
        if (coordinate != coordinateB)
          rows *= extent(coordinate, b);
      plan.rowsBefore.push_back(plan.rowsBefore.back() + rows);
    }
    return plan;
  }

  // Leaves only the scopes that differ from the last row's, innermost first.
  void enterRow(const std::vector<CoordinateId> &coordinates, const std::vector<int64_t> &values) {
    size_t same = 0;
    while (same < entered.size() && same < coordinates.size() &&
           entered[same] == std::pair(coordinates[same], values[same]))
      ++same;
    for (; entered.size() > same; entered.pop_back())
      graph.leave();
    for (size_t n = same; n < coordinates.size(); ++n) {
      graph.enter(coordinates[n], values[n]);
      entered.emplace_back(coordinates[n], values[n]);
    }
  }

  void appendElements(const Plan &plan, const Output &target, const Environment &environment, RowResult &result) {
    std::vector<Value> indices;
    Axes axes;
    for (CoordinateId coordinate : target.coordinates)
      axes = merge(axes, environment[coordinate].values->axes);
    if (target.indices.empty())
      for (CoordinateId coordinate : target.coordinates)
        indices.push_back(environment[coordinate].values);
    for (NodeId index : target.indices)
      indices.push_back(graph.evaluate(index, environment));
    Value value = graph.evaluate(target.value, environment);
    if ((target.name == "score" && target.value == attention.score) ||
        (target.name == "weight" && target.value == attention.weight))
      value = hideInvisible(target, value, axes, environment);

    const int64_t start = static_cast<int64_t>(result.row.elements.size());
    result.row.elements.resize(start + elementCount(axes), 0);
    for (size_t n = 0; n < indices.size() && !result.error; ++n)
      addIndex(target, n, *indices[n], plan.shape[n], axes, result, start);
    if (result.error)
      return clear(result);
    if (result.row.real)
      result.row.reals.resize(result.row.elements.size());
    else
      result.row.integers.resize(result.row.elements.size());
    Walk<2>(axes, {&axes, &value->axes}).forEachPoint([&](const std::array<int64_t, 2> &at) {
      if (!value->faults.empty() && value->faults[at[1]] && !result.error)
        result.error = errorOf(value->faults[at[1]]);
      if (result.row.real)
        result.row.reals[start + at[0]] = value->reals[at[1]];
      else
        result.row.integers[start + at[0]] = value->integers[at[1]];
    });
    if (result.error)
      clear(result);
  }

  void addIndex(const Output &target, size_t dimension, const Array &index, int64_t size, const Axes &axes,
                RowResult &result, int64_t start) const {
    Walk<2>(axes, {&axes, &index.axes}).forEachPoint([&](const std::array<int64_t, 2> &at) {
      if (result.error)
        return;
      const int64_t value = index.integers[at[1]];
      if (!index.faults.empty() && index.faults[at[1]])
        result.error = errorOf(index.faults[at[1]]);
      else if (value < 0 || value >= size)
        result.error = EvaluationError{fmt::format("{}: stored at index {} of dimension {}, whose size is {}{}",
                                                   target.name, value, dimension, size, atPlace(target.range)),
                                       target.range};
      int64_t &element = result.row.elements[start + at[0]];
      element = element * size + value;
    });
  }

  /// Scores are -inf and weights 0 at keys that are not visible, where they are not even evaluated.
  Value hideInvisible(const Output &target, const Value &value, const Axes &axes, const Environment &environment) {
    const Value visible = graph.visible(environment);
    auto result = std::make_shared<Array>(axes, value->real);
    const double hidden = target.name == "score" ? -std::numeric_limits<double>::infinity() : 0;
    Walk<3>(axes, {&axes, &value->axes, &visible->axes}).forEachPoint([&](const std::array<int64_t, 3> &at) {
      if (!visible->faults.empty() && visible->faults[at[2]]) {
        result->allocateFaults();
        result->faults[at[0]] = visible->faults[at[2]];
      } else if (visible->integers[at[2]]) {
        result->copyElement(at[0], *value, at[1]);
      } else if (result->real) {
        result->reals[at[0]] = hidden;
      } else {
        result->integers[at[0]] = truncate(hidden);
      }
    });
    return result;
  }

  EvaluationError errorOf(const Fault &fault) const {
    return {describe(attention, binding, fault), attention.node(fault.node).range};
  }
  static std::string atPlace(SourceRange range) { return range ? " at " + placeOf(range) : ""; }
  static void clear(RowResult &result) {
    const bool real = result.row.real;
    result.row = {};
    result.row.real = real;
  }

  const Attention &attention;
  const Binding &binding;
  GraphEvaluator graph;
  std::vector<Plan> plans;
  std::vector<std::pair<CoordinateId, int64_t>> entered;
};

Evaluator::Evaluator(const Attention &attention, const Binding &binding)
    : implementation(std::make_unique<Implementation>(attention, binding)) {}
Evaluator::~Evaluator() = default;

int64_t Evaluator::rowCount(uint32_t output) const { return implementation->rowCount(output); }
RowResult Evaluator::evaluateRow(uint32_t output, int64_t number) {
  return implementation->evaluateRow(output, number);
}
std::string Evaluator::rowName(uint32_t output, int64_t number) const {
  return implementation->rowName(output, number);
}

} // namespace attn::reference
