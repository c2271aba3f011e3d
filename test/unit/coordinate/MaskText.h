#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace attn::test {

/// Masks as text, at random. They may use the scalars `w`, `p` and `s` (positive), the tables `t: i32[N]`, `u: i8[N, N]`, `f: f32[N]` and
/// `m: bool[N, N]`.
class MaskText {
public:
  explicit MaskText(uint64_t seed) : random(seed) {}

  /// Combinations of comparisons of i, j and i - j with constants, extents and scalars, and of chunks of one size.
  std::string difference(unsigned depth);
  /// Any expression.
  std::string any(unsigned depth);

  int64_t below(int64_t limit) { return std::uniform_int_distribution<int64_t>(0, limit - 1)(random); }

private:
  std::string differenceAtom();
  std::string integer(unsigned depth);
  std::string real(unsigned depth);
  std::string comparison();
  template <size_t count> std::string oneOf(const char *const (&choices)[count]) { return choices[below(count)]; }

  std::mt19937_64 random;
};

} // namespace attn::test
