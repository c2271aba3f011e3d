#pragma once

#include "test/accuracy/CompiledFunction.h"

#include <algorithm>
#include <cstdint>
#include <new>
#include <string>
#include <vector>

namespace attn::test {

/// Memory for vectors of any width.
template <typename T> struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <typename U> AlignedAllocator(const AlignedAllocator<U> &) {}
  T *allocate(size_t count) { return static_cast<T *>(::operator new(count * sizeof(T), std::align_val_t(64))); }
  void deallocate(T *memory, size_t) { ::operator delete(memory, std::align_val_t(64)); }
  bool operator==(const AlignedAllocator &) const { return true; }
};
template <typename T> using Numbers = std::vector<T, AlignedAllocator<T>>;

/// The largest errors seen so far.
struct Errors {
  double ulp = 0, relative = 0;
  std::string where, relativeWhere;
  uint64_t compared = 0;
  uint64_t wrongSpecial = 0; ///< NaN, infinity, or sign of zero
  std::string wrongWhere;

  void merge(const Errors &other);
};

/// Error of `value` as the result of a function of `x` and maybe `y` whose exact value is `exact`. Beyond the largest
/// finite number, infinity stands for the next power of two.
template <typename T> void compare(Errors &errors, T value, long double exact, double x, double y, bool hasY);

/// Zeros, infinities, NaN, the borders of the subnormal and finite ranges, small integers and halves, of both signs.
template <typename T> std::vector<T> specialValues();
/// The floats around each point, of both signs.
template <typename T> void appendNeighbourhoods(Numbers<T> &to, const std::vector<double> &points, int radius);
/// Every `stride`th float; for doubles, random ones of every sign and exponent, 2^64 / stride of them.
void appendWholeRange(Numbers<float> &to, uint64_t stride);
void appendWholeRange(Numbers<double> &to, uint64_t stride);

/// Fills `to` up to a multiple of `lanes`.
template <typename T> void pad(Numbers<T> &to, unsigned lanes) {
  while (to.size() % lanes)
    to.push_back(T(1));
}

} // namespace attn::test
