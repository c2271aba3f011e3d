#pragma once

#include "compiler/reference/Array.h"
#include "compiler/reference/Binding.h"
#include "compiler/reference/Dependencies.h"

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace attn::reference {

/// What a coordinate stands for: its values, over no axis or some, and a number that equal ones of one scope share.
struct Place {
  Value values;
  uint64_t id = 0;
  uint32_t scope = 0;
};

/// A place for every coordinate of the attention.
using Environment = std::vector<Place>;

/// The visible keys of one row.
struct RowContext {
  std::vector<int64_t> keys;     ///< ascending
  std::vector<int64_t> position; ///< of each key in `keys`, or -1; size J
  Buffer<double> scores;         ///< at `keys`, where a score of -inf hides
  bool poisoned = false;         ///< a visible score is +inf or NaN
  Fault fault;                   ///< visibility itself could not be decided
  int64_t find(int64_t key) const {
    return key < 0 || key >= static_cast<int64_t>(position.size()) ? -1 : position[key];
  }
};

/// Evaluates nodes, each as an array over the axes its coordinates run along, in float64 and straight from their
/// definitions. What cannot be computed becomes a fault of just those elements, so operands may be evaluated before it
/// is known which of them decide, and nothing is ever read out of bounds.
///
/// A value is remembered under the places it depends on, until the innermost of their scopes is left: what does not
/// vary with i survives from row to row, what does not vary with j is computed once per row. Not thread-safe: one per
/// thread.
class GraphEvaluator {
public:
  /// `binding` need only hold what the evaluated nodes refer to. Attention and binding must outlive this.
  GraphEvaluator(const sema::Attention &attention, const Binding &binding);

  /// Every coordinate at 0, but those set by `enter`.
  const Environment &environment() const { return base; }

  /// Opens a scope in which `coordinate` is `value` (and g follows h). Scopes are left in reverse order.
  void enter(sema::CoordinateId coordinate, int64_t value);
  void leave();

  Value evaluate(sema::NodeId node, const Environment &environment);
  /// The row that the environment's b h g i (scalars) select. Valid until their scopes are left.
  std::shared_ptr<const RowContext> rowContext(const Environment &environment);

  /// 1 where a key is visible, else 0, over the axes of j and of all that visibility depends on.
  Value visible(const Environment &environment);

  /// Sets a coordinate to run over [begin, end) along an axis that none of `others` uses, in a new scope. `leaveChunk`
  /// ends it.
  Environment enterChunk(const Environment &environment, sema::CoordinateId coordinate, int64_t begin, int64_t end,
                         sema::CoordinateSet others);
  void leaveChunk() { leave(); }
  /// Sets a coordinate to run over its whole extent.
  Environment bindWhole(const Environment &environment, sema::CoordinateId coordinate, sema::CoordinateSet others);

  /// The extent a coordinate runs over where the environment's b is a scalar.
  int64_t extentOf(sema::CoordinateId coordinate, const Environment &environment) const;
  /// How many keys to evaluate `node` at together, so that what is computed per key, `otherPoints` times, stays small.
  int64_t keysPerChunk(sema::NodeId node, const Environment &environment, double otherPoints = 1) const;

  const Dependencies &dependencies() const { return depends; }
  const sema::Attention &attention() const { return spec; }

private:
  struct Remembered {
    std::vector<uint64_t> places;
    std::shared_ptr<const void> value;
  };
  struct Scope {
    std::unordered_map<uint64_t, std::vector<Remembered>> memory;
    std::unordered_multimap<uint64_t, Place> places;
    Environment outer; ///< what `leave` restores; empty for a chunk
  };
  enum class Aspect : uint8_t { Value, Row, Context };

  // Memory
  uint32_t scopeOf(sema::CoordinateSet set, const Environment &environment) const;
  std::shared_ptr<const void> recall(Aspect aspect, sema::NodeId node, sema::CoordinateSet set,
                                     const Environment &environment) const;
  void remember(Aspect aspect, sema::NodeId node, sema::CoordinateSet set, const Environment &environment,
                std::shared_ptr<const void> value);
  Value known(sema::NodeId node, const Environment &environment) const;
  Place intern(Value values, uint32_t scope);

  Value sharedByRows(sema::NodeId node, const Environment &environment);

  // Places
  void setPlace(Environment &environment, sema::CoordinateId coordinate, Place place);
  Axes axesOf(sema::CoordinateSet set, const Environment &environment) const;
  AxisId freshAxis(sema::CoordinateId coordinate, sema::CoordinateSet others, const Environment &environment) const;
  Environment sliced(const Environment &environment, sema::CoordinateSet set, const Axes &axes,
                     const std::vector<int64_t> &point);
  /// A chunk of some ascending, non-empty list of keys.
  Environment enterKeys(const Environment &environment, const std::vector<int64_t> &keys, int64_t begin, int64_t end,
                        sema::CoordinateSet others);
  /// The fault of a coordinate whose extent varies with a b that is no batch; empty if all is well.
  Fault batchFault(sema::CoordinateId coordinate, sema::NodeId node, const Environment &environment) const;

  // Nodes
  Value compute(sema::NodeId node, const Environment &environment);
  Value extentValue(const sema::Node &node, sema::NodeId id, const Environment &environment);
  Value load(const sema::Node &node, sema::NodeId id, const Environment &environment);
  Value unaryValue(const sema::Node &node, const Environment &environment);
  Value binaryValue(const sema::Node &node, sema::NodeId id, const Environment &environment);
  Value compareValue(const sema::Node &node, const Environment &environment);
  Value logicalValue(const sema::Node &node, const Environment &environment);
  Value selectValue(const sema::Node &node, const Environment &environment);
  Value convertValue(const sema::Node &node, const Environment &environment);
  Value rebase(const sema::Node &node, const Environment &environment);
  Value forEachSlice(sema::NodeId id, const Environment &environment, const Axes &axes);

  // Reductions and rows
  Value reduce(const sema::Node &node, sema::NodeId id, const Environment &environment);
  Array neutralResult(const sema::Node &node, sema::NodeId id, const Environment &environment) const;
  void reduceInto(Array &result, const sema::Node &node, const Environment &environment, Axes reduced,
                  size_t firstUnbound);
  Value reduceRow(const sema::Node &node, sema::NodeId id, const Environment &environment);
  Value rowFunction(const sema::Node &node, sema::NodeId id, const Environment &environment);
  std::shared_ptr<const Array> rowValues(const sema::Node &node, sema::NodeId id, const Environment &environment,
                                         const RowContext &row);
  Array operandOverKeys(sema::NodeId operand, const Environment &environment, const RowContext &row, Axis keyAxis);
  Value scoreFromRow(const Environment &environment);

  const sema::Attention &spec;
  const Binding &binding;
  Dependencies depends;
  std::vector<double> pointsInside; ///< per node: how many points its reductions visit per point of its own
  std::vector<Scope> scopes;
  uint32_t entered = 0; ///< how many of the scopes `enter` opened; they come first
  Environment base;
  uint64_t nextId = 1;
};

} // namespace attn::reference
