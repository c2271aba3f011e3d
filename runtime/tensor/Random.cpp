#include "runtime/tensor/Random.h"

#include <cmath>
#include <numbers>

namespace attn {

static uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

uint64_t Random::bits() { return mix(state += 0x9E3779B97F4A7C15u); }

double Random::uniform() { return double(bits() >> 11) * 0x1p-53; }

double Random::normal() {
  double radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

int64_t Random::integer(int64_t low, int64_t high) {
  uint64_t span = uint64_t(high) - uint64_t(low);
  // Values above the last whole multiple of the span would favour small results.
  uint64_t excess = (0 - span) % span, drawn;
  do
    drawn = bits();
  while (drawn < excess);
  return int64_t(uint64_t(low) + drawn % span);
}

uint64_t seedOf(uint64_t seed, uint64_t stream) { return mix(seed ^ mix(stream + 0x9E3779B97F4A7C15u)); }

} // namespace attn
