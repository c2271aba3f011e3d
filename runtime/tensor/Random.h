#pragma once

#include <cstdint>

namespace attn {

/// A stream of random numbers that depends only on its seed: the same on every machine and in every release.
///
/// The n-th 64 bits are SplitMix64's: the state seed + (n + 1) * 0x9E3779B97F4A7C15, mixed by two xor-shift-multiply
/// rounds. A uniform number is its upper 53 bits / 2^53. A normal one is Box and Muller's: sqrt(-2 ln(1 - u)) cos(2 pi
/// w) of the next two uniforms u, w.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed) {}

  uint64_t bits();
  /// In [0, 1).
  double uniform();
  /// Mean 0, variance 1.
  double normal();
  /// In [low, high), every value equally likely. Needs low < high.
  int64_t integer(int64_t low, int64_t high);

private:
  uint64_t state;
};

/// A seed of its own for each of several tensors of one run.
uint64_t seedOf(uint64_t seed, uint64_t stream);

} // namespace attn
