#pragma once

namespace attn::lower {

/// What the expansion of math functions needs to know of the target machine. The default is the x86-64 baseline: what
/// it emits runs everywhere.
struct MathTarget {
  /// AVX-512 F: `vscalefps`/`vscalefpd` on whole 512-bit vectors, which also treats overflow, underflow and -inf right.
  bool avx512 = false;
  /// Fused multiply-add as one instruction. Without it `math.fma` and `vector.fma` of f32 become a multiplication and an
  /// addition (no sum of products promises one rounding). Of f64, whose exact remainders decide floors, they keep the exact
  /// product: a result that nearly cancels is right.
  bool fma = false;
  /// Rounding to integral values as one instruction (SSE4.1, AVX, NEON). Without it floor, ceil, trunc, round and
  /// roundeven are expanded too, since LLVM would call the C library.
  bool hasRound = false;
};

} // namespace attn::lower
