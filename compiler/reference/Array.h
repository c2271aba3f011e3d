#pragma once

#include "compiler/sema/Program.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

/// Arrays whose dimensions have names. A function of coordinates, evaluated where some coordinates run over an axis
/// each, is an array over just the axes its value varies along; arrays of different axes combine by broadcasting.
namespace attn::reference {

using AxisId = uint32_t;

struct Axis {
  AxisId id;
  int64_t size;
  bool operator==(const Axis &) const = default;
};

/// Sorted by id; the last one is contiguous in memory.
using Axes = std::vector<Axis>;

Axes merge(const Axes &a, const Axes &b);
Axes without(const Axes &axes, const Axes &removed);
bool contains(const Axes &axes, AxisId id);
int64_t elementCount(const Axes &axes);

/// What went wrong in computing one element: an index of a load, an integer divisor. It is carried along
/// with the element, and is an error only if an output or a mask turns out to depend on it; this is how laziness is
/// defined.
struct Fault {
  static constexpr int32_t divisor = -1, batch = -2;
  sema::NodeId node = sema::none;
  int32_t dimension = 0; ///< of the load at `node`, or one of the above
  int64_t value = 0;
  explicit operator bool() const { return node != sema::none; }
};

/// Leaves elements uninitialised on resize.
template <typename T> struct UninitializedAllocator : std::allocator<T> {
  template <typename U> struct rebind { using other = UninitializedAllocator<U>; };
  template <typename U> void construct(U *place) noexcept { ::new (static_cast<void *>(place)) U; }
  template <typename U, typename... Args> void construct(U *place, Args &&...args) {
    ::new (static_cast<void *>(place)) U(std::forward<Args>(args)...);
  }
};
template <typename T> using Buffer = std::vector<T, UninitializedAllocator<T>>;

struct Array {
  Axes axes;
  bool real = false; ///< elements are in `reals`; else, ints and bools, in `integers`
  Buffer<double> reals;
  Buffer<int64_t> integers;
  Buffer<Fault> faults; ///< empty, or one per element; an element with a fault holds an arbitrary value

  Array() = default;
  /// Elements are not initialised.
  Array(Axes axes, bool real);
  static Array ofInteger(int64_t value);
  static Array ofReal(double value);

  int64_t size() const { return static_cast<int64_t>(real ? reals.size() : integers.size()); }
  template <typename T> T *data() {
    if constexpr (std::is_same_v<T, double>)
      return reals.data();
    else
      return integers.data();
  }
  template <typename T> const T *data() const { return const_cast<Array *>(this)->data<T>(); }
  void allocateFaults() {
    if (faults.empty())
      faults.assign(size(), Fault{});
  }
  /// An element as a float, whatever it is.
  double realAt(int64_t offset) const { return real ? reals[offset] : static_cast<double>(integers[offset]); }
  /// An array of the same `real`.
  void copyElement(int64_t to, const Array &source, int64_t from) {
    if (real)
      reals[to] = source.reals[from];
    else
      integers[to] = source.integers[from];
    if (!source.faults.empty() && source.faults[from]) {
      allocateFaults();
      faults[to] = source.faults[from];
    }
  }
};

using Value = std::shared_ptr<const Array>;

/// Steps through the points of `axes` with an offset into each of several arrays, broadcasting those that lack an axis.
/// The first array may lack axes too: a reduction.
template <size_t N> class Walk {
public:
  Walk(const Axes &axes, const std::array<const Axes *, N> &arrays);

  /// Calls `run(offsets, strides, count)` for runs of points along the innermost axis, in row-major order.
  template <typename Run> void forEachRun(Run run) const;
  /// Calls `point(offsets)` for every point.
  template <typename Point> void forEachPoint(Point point) const {
    forEachRun([&](std::array<int64_t, N> offsets, const std::array<int64_t, N> &strides, int64_t count) {
      for (int64_t n = 0; n < count; ++n) {
        point(offsets);
        for (size_t a = 0; a < N; ++a)
          offsets[a] += strides[a];
      }
    });
  }

private:
  struct Level {
    int64_t size;
    std::array<int64_t, N> strides;
  };
  std::vector<Level> levels; ///< outermost first; never empty
  bool empty = false;
};

/// The stride in `array` of each of `axes`; 0 where it lacks one.
std::vector<int64_t> stridesOver(const Axes &axes, const Axes &array);
/// The part of an array at one point of some of its axes; axes it lacks are ignored.
Array sliceAt(const Array &array, const Axes &sliced, const std::vector<int64_t> &point);
/// Calls `visit(point)` with an index per axis, for every point.
template <typename Visit> void forEachIndex(const Axes &axes, Visit visit) {
  std::vector<int64_t> point(axes.size(), 0);
  for (int64_t left = elementCount(axes); left > 0; --left) {
    visit(point);
    for (size_t n = axes.size(); n-- > 0 && ++point[n] == axes[n].size;)
      point[n] = 0;
  }
}

template <size_t N> Walk<N>::Walk(const Axes &axes, const std::array<const Axes *, N> &arrays) {
  std::array<std::vector<int64_t>, N> strides;
  for (size_t a = 0; a < N; ++a)
    strides[a] = stridesOver(axes, *arrays[a]);
  for (size_t n = 0; n < axes.size(); ++n) {
    empty |= axes[n].size == 0;
    if (axes[n].size == 1)
      continue;
    Level level{axes[n].size, {}};
    bool joins = !levels.empty();
    for (size_t a = 0; a < N; ++a) {
      level.strides[a] = strides[a][n];
      joins = joins && levels.back().strides[a] == level.strides[a] * level.size;
    }
    if (joins) {
      levels.back().size *= level.size;
      levels.back().strides = level.strides;
    } else {
      levels.push_back(level);
    }
  }
  if (levels.empty())
    levels.push_back({1, {}});
}

template <size_t N> template <typename Run> void Walk<N>::forEachRun(Run run) const {
  if (empty)
    return;
  std::array<int64_t, N> offsets{};
  const Level &inner = levels.back();
  const size_t outer = levels.size() - 1;
  std::vector<int64_t> counter(outer, 0);
  while (true) {
    run(offsets, inner.strides, inner.size);
    size_t level = outer;
    while (level-- > 0) {
      for (size_t a = 0; a < N; ++a)
        offsets[a] += levels[level].strides[a];
      if (++counter[level] < levels[level].size)
        break;
      for (size_t a = 0; a < N; ++a)
        offsets[a] -= levels[level].strides[a] * levels[level].size;
      counter[level] = 0;
    }
    if (level == size_t(-1))
      return;
  }
}

} // namespace attn::reference
