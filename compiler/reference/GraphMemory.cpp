#include "compiler/reference/GraphEvaluator.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <numeric>

namespace attn::reference {

using namespace sema;

namespace {

/// Doubles computed together: enough to amortise a node's overhead, few enough to stay in cache.
constexpr double pointBudget = 1 << 15;
/// Elements of one node's value that are kept for other rows.
constexpr int64_t sharedPoints = 1 << 19;

template <typename Visit> void forEachCoordinate(CoordinateSet set, Visit visit) {
  for (; set; set &= set - 1)
    visit(static_cast<CoordinateId>(std::countr_zero(set)));
}

uint64_t hashOf(const Array &array) {
  uint64_t hash = 0x9E3779B97F4A7C15u;
  auto mix = [&](uint64_t value) { hash = std::rotl((hash ^ value) * 0xFF51AFD7ED558CCDu, 29); };
  for (const Axis &axis : array.axes)
    mix(axis.id);
  for (int64_t value : array.integers)
    mix(static_cast<uint64_t>(value));
  return hash;
}

Value iota(Axis axis, int64_t begin) {
  auto values = std::make_shared<Array>(Axes{axis}, false);
  std::iota(values->integers.begin(), values->integers.end(), begin);
  return values;
}

/// Keys come first in every array, so that their chunks can be joined; features last.
constexpr AxisId keyAxes = 256;
AxisId axisNumber(CoordinateId coordinate, uint32_t n) {
  return coordinate == coordinateJ ? keyAxes - 1 - n : keyAxes * (coordinate + 1) + n;
}
bool axisBelongsTo(AxisId axis, CoordinateId coordinate) {
  return coordinate == coordinateJ ? axis < keyAxes : axis / keyAxes == AxisId(coordinate) + 1;
}
uint32_t axisOrdinal(AxisId axis) { return axis < keyAxes ? keyAxes - 1 - axis : axis % keyAxes; }

} // namespace

GraphEvaluator::GraphEvaluator(const Attention &attention, const Binding &binding)
    : spec(attention), binding(binding), depends(attention) {
  scopes.emplace_back();
  const Place zero = intern(std::make_shared<Array>(Array::ofInteger(0)), 0);
  base.assign(attention.coordinates.size(), zero);

  pointsInside.assign(attention.nodes.size(), 1);
  for (NodeId id = 0; id < attention.nodes.size(); ++id) {
    const Node &node = attention.node(id);
    if (isRowFunction(node))
      continue;
    double points = 1;
    for (NodeId operand : node.operands)
      points = std::max(points, pointsInside[operand]);
    if (node.kind == NodeKind::Reduce || node.kind == NodeKind::Dot)
      for (CoordinateId coordinate : node.coordinates)
        points *= static_cast<double>(std::max<int64_t>(1, extentOf(coordinate, base)));
    pointsInside[id] = points;
  }
}

uint32_t GraphEvaluator::scopeOf(CoordinateSet set, const Environment &environment) const {
  uint32_t scope = 0;
  forEachCoordinate(set, [&](CoordinateId c) { scope = std::max(scope, environment[c].scope); });
  return scope;
}

std::shared_ptr<const void> GraphEvaluator::recall(Aspect aspect, NodeId node, CoordinateSet set,
                                                   const Environment &environment) const {
  const auto &memory = scopes[scopeOf(set, environment)].memory;
  const auto found = memory.find(uint64_t(node) * 4 + uint64_t(aspect));
  if (found == memory.end())
    return nullptr;
  for (const Remembered &entry : found->second) {
    bool same = true;
    size_t n = 0;
    forEachCoordinate(set, [&](CoordinateId c) { same = same && entry.places[n++] == environment[c].id; });
    if (same)
      return entry.value;
  }
  return nullptr;
}

void GraphEvaluator::remember(Aspect aspect, NodeId node, CoordinateSet set, const Environment &environment,
                              std::shared_ptr<const void> value) {
  Remembered entry{{}, std::move(value)};
  forEachCoordinate(set, [&](CoordinateId c) { entry.places.push_back(environment[c].id); });
  scopes[scopeOf(set, environment)].memory[uint64_t(node) * 4 + uint64_t(aspect)].push_back(std::move(entry));
}

Value GraphEvaluator::known(NodeId node, const Environment &environment) const {
  if (spec.node(node).kind == NodeKind::Coordinate)
    return environment[spec.node(node).coordinate].values;
  return std::static_pointer_cast<const Array>(recall(Aspect::Value, node, depends.of(node), environment));
}

Place GraphEvaluator::intern(Value values, uint32_t scope) {
  if (!values->faults.empty())
    return {std::move(values), nextId++, scope};
  const uint64_t hash = hashOf(*values);
  auto &places = scopes[scope].places;
  for (auto [at, end] = places.equal_range(hash); at != end; ++at)
    if (at->second.values->axes == values->axes && at->second.values->integers == values->integers)
      return at->second;
  Place place{std::move(values), nextId++, scope};
  places.emplace(hash, place);
  return place;
}

// What does not vary with the innermost coordinate that rows run over, i as a rule, is evaluated once at all keys, if
// that is not too much to keep, and each row picks its own: keys are rotated and dequantised once per head.
Value GraphEvaluator::sharedByRows(NodeId id, const Environment &environment) {
  const CoordinateSet set = depends.of(id), others = set & ~setOf(coordinateJ);
  if (!(set & setOf(coordinateJ)) || entered == 0 || scopeOf(others, environment) >= entered)
    return nullptr;
  const Array &keys = *environment[coordinateJ].values;
  const int64_t extent = extentOf(coordinateJ, environment);
  const Axes rest = axesOf(others, environment);
  if (environment[coordinateJ].scope < entered || keys.axes.size() != 1 || !keys.faults.empty() ||
      contains(rest, keys.axes[0].id) || elementCount(rest) > sharedPoints / std::max<int64_t>(1, extent))
    return nullptr;
  if (std::any_of(keys.integers.begin(), keys.integers.end(), [&](int64_t key) { return key < 0 || key >= extent; }))
    return nullptr;

  const Environment everyKey = bindWhole(environment, coordinateJ, set);
  const Value all = evaluate(id, everyKey);
  const Axes keyAxis = everyKey[coordinateJ].values->axes, allRest = without(all->axes, keyAxis);
  const int64_t stride = all->axes == allRest ? 0 : elementCount(allRest); // keys are outermost
  auto result = std::make_shared<Array>(merge(keys.axes, rest), all->real);
  Walk<3>(result->axes, {&result->axes, &keys.axes, &allRest})
      .forEachRun([&](std::array<int64_t, 3> at, const std::array<int64_t, 3> &step, int64_t count) {
        for (int64_t n = 0; n < count; ++n) {
          result->copyElement(at[0], *all, keys.integers[at[1]] * stride + at[2]);
          for (size_t a = 0; a < 3; ++a)
            at[a] += step[a];
        }
      });
  return result;
}

void GraphEvaluator::setPlace(Environment &environment, CoordinateId coordinate, Place place) {
  if (coordinate == coordinateH) {
    const ExtentId heads = spec.coordinates[coordinateH].extent, groups = spec.coordinates[coordinateG].extent;
    int64_t ratio = 1;
    if (heads != none && groups != none && binding.extents[heads] && binding.extents[groups].value_or(0) > 0)
      ratio = std::max<int64_t>(1, *binding.extents[heads] / *binding.extents[groups]);
    auto group = std::make_shared<Array>(*place.values);
    for (int64_t &value : group->integers)
      value = (value - (value < 0 ? ratio - 1 : 0)) / ratio;
    environment[coordinateG] = intern(std::move(group), place.scope);
  }
  environment[coordinate] = std::move(place);
}

void GraphEvaluator::enter(CoordinateId coordinate, int64_t value) {
  scopes.emplace_back();
  scopes.back().outer = base;
  ++entered;
  setPlace(base, coordinate, intern(std::make_shared<Array>(Array::ofInteger(value)), uint32_t(scopes.size() - 1)));
}

void GraphEvaluator::leave() {
  assert(scopes.size() > 1);
  if (!scopes.back().outer.empty()) {
    base = std::move(scopes.back().outer);
    --entered;
  }
  scopes.pop_back();
}

Environment GraphEvaluator::enterChunk(const Environment &environment, CoordinateId coordinate, int64_t begin,
                                       int64_t end, CoordinateSet others) {
  scopes.emplace_back();
  Environment inner = environment;
  const Axis axis{freshAxis(coordinate, others, environment), end - begin};
  const bool whole = begin == 0 && end == extentOf(coordinate, environment);
  setPlace(inner, coordinate, intern(iota(axis, begin), whole ? 0 : uint32_t(scopes.size() - 1)));
  return inner;
}

Environment GraphEvaluator::bindWhole(const Environment &environment, CoordinateId coordinate, CoordinateSet others) {
  Environment inner = environment;
  const Axis axis{freshAxis(coordinate, others, environment), extentOf(coordinate, environment)};
  setPlace(inner, coordinate, intern(iota(axis, 0), 0));
  return inner;
}

Environment GraphEvaluator::enterKeys(const Environment &environment, const std::vector<int64_t> &keys, int64_t begin,
                                      int64_t end, CoordinateSet others) {
  const int64_t count = end - begin;
  if (keys[end - 1] - keys[begin] == count - 1)
    return enterChunk(environment, coordinateJ, keys[begin], keys[end - 1] + 1, others);
  scopes.emplace_back();
  auto values = std::make_shared<Array>(Axes{{freshAxis(coordinateJ, others, environment), count}}, false);
  std::copy(keys.begin() + begin, keys.begin() + end, values->integers.begin());
  Environment inner = environment;
  setPlace(inner, coordinateJ, intern(std::move(values), uint32_t(scopes.size() - 1)));
  return inner;
}

Axes GraphEvaluator::axesOf(CoordinateSet set, const Environment &environment) const {
  Axes axes;
  forEachCoordinate(set, [&](CoordinateId c) {
    if (!environment[c].values->axes.empty())
      axes = merge(axes, environment[c].values->axes);
  });
  return axes;
}

AxisId GraphEvaluator::freshAxis(CoordinateId coordinate, CoordinateSet others, const Environment &environment) const {
  uint32_t n = 0;
  for (const Axis &axis : axesOf(others & ~setOf(coordinate), environment))
    if (axisBelongsTo(axis.id, coordinate))
      n = std::max(n, axisOrdinal(axis.id) + 1);
  return axisNumber(coordinate, n);
}

Environment GraphEvaluator::sliced(const Environment &environment, CoordinateSet set, const Axes &axes,
                                   const std::vector<int64_t> &point) {
  Environment inner = environment;
  forEachCoordinate(set, [&](CoordinateId c) {
    const Axes &own = environment[c].values->axes;
    if (std::any_of(own.begin(), own.end(), [&](const Axis &axis) { return contains(axes, axis.id); }))
      inner[c] = intern(std::make_shared<Array>(sliceAt(*environment[c].values, axes, point)), environment[c].scope);
  });
  return inner;
}

int64_t GraphEvaluator::extentOf(CoordinateId coordinate, const Environment &environment) const {
  const ExtentId extent = spec.coordinates[coordinate].extent;
  if (extent == none)
    return 1;
  if (!spec.extents[extent].perBatch)
    return binding.extents[extent].value_or(1);
  const std::vector<int64_t> &sizes = binding.perBatch[extent];
  const Array &batch = *environment[coordinateB].values;
  const int64_t b = batch.integers.empty() ? -1 : batch.integers[0];
  return b >= 0 && b < static_cast<int64_t>(sizes.size()) ? sizes[b] : 0;
}

Fault GraphEvaluator::batchFault(CoordinateId coordinate, NodeId node, const Environment &environment) const {
  const ExtentId extent = spec.coordinates[coordinate].extent;
  if (extent == none || !spec.extents[extent].perBatch)
    return {};
  const Array &batch = *environment[coordinateB].values;
  if (!batch.faults.empty() && batch.faults[0])
    return batch.faults[0];
  const int64_t b = batch.integers[0];
  if (b >= 0 && b < static_cast<int64_t>(binding.perBatch[extent].size()))
    return {};
  return {node, Fault::batch, b};
}

int64_t GraphEvaluator::keysPerChunk(NodeId node, const Environment &environment, double otherPoints) const {
  double points = pointsInside[node] * std::max(otherPoints, 1.0);
  for (const Axis &axis : axesOf(depends.of(node) & ~setOf(coordinateJ), environment))
    points *= static_cast<double>(std::max<int64_t>(1, axis.size));
  return std::max<int64_t>(1, static_cast<int64_t>(pointBudget / points));
}

} // namespace attn::reference
