#pragma once

#include "compiler/reference/Binding.h"
#include "compiler/sema/Program.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

namespace attn::library {

/// The values an Int or Bool node may take over a box of coordinates, both ends included. `whole()`: nothing is known.
struct Interval {
  int64_t low = INT64_MIN, high = INT64_MAX;

  static Interval whole() { return {}; }
  static Interval of(int64_t value) { return {value, value}; }
  bool isWhole() const { return low == INT64_MIN && high == INT64_MAX; }
  bool isSingle() const { return low == high; }
  bool within(Interval other) const { return low >= other.low && high <= other.high; }
  bool operator==(const Interval &) const = default;
};

/// A range of values for every coordinate, by CoordinateId.
using Box = std::vector<Interval>;

/// Evaluates Int and Bool nodes over boxes: sound (the true values always lie inside), as narrow as plain interval arithmetic gives,
/// and exact for comparisons of one coordinate, of i - j, and of i // c with j // c. Floats are not followed. Extents and scalars are those
/// of a binding, which must outlive this.
class IntervalEvaluator {
public:
  /// The range a load of a tensor may give, for a box of its indices; null: its elements' whole type.
  using TableRange = std::function<Interval(sema::TensorId tensor, const std::vector<Interval> &indices)>;

  IntervalEvaluator(const sema::Attention &attention, const reference::Binding &binding, TableRange tables = nullptr);

  /// Every coordinate over its whole extent.
  Box wholeBox() const;
  Interval evaluate(sema::NodeId node, const Box &box) const;

private:
  /// One box, and what is known over it already: the graph shares nodes.
  struct Scope {
    const Box &box;
    uint64_t &steps;
    std::unordered_map<sema::NodeId, Interval> known;
  };
  Interval evaluate(sema::NodeId node, Scope &scope) const;
  Interval compute(const sema::Node &node, Scope &scope) const;
  Interval unary(const sema::Node &node, Scope &scope) const;
  Interval binary(const sema::Node &node, Scope &scope) const;
  Interval compare(const sema::Node &node, Scope &scope) const;
  Interval extent(const Box &box, sema::ExtentId id) const;
  Interval load(const sema::Node &node, Scope &scope) const;

  const sema::Attention &attention;
  const reference::Binding &binding;
  TableRange tables;
  sema::ExtentId heads, groups;
};

} // namespace attn::library
