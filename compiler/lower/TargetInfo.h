#pragma once

#include <string>

namespace attn::lower {

/// What the lowering needs to know of the machine it compiles for, as plain data: tile shapes, the way exp2 scales and the
/// lane count follow from it. `compiler/codegen/Target.h` fills it from LLVM's description of a CPU.
struct TargetInfo {
  std::string cpu;      ///< LLVM's name: `znver5`, `x86-64-v3`
  std::string triple;   ///< `x86_64-unknown-linux-gnu`
  std::string features; ///< `+avx512f,-amx-tile,…`: what the CPU has beyond its name, as LLVM spells it; may be empty
  bool x86 = false;
  bool avx512 = false;   ///< AVX-512 F, VL, BW and DQ: 512-bit vectors, masks, `vscalefps`
  bool matrixUnit = false; ///< AMX for bf16, beside AVX-512 with conversions to bf16: products of numbers of 16 bits, tile by tile
  bool fma = false;      ///< fused multiply-add as one instruction
  bool hasRound = false; ///< rounding to integral values as one instruction (SSE4.1, AVX, NEON)
  unsigned vectorBits = 128;
  unsigned vectorRegisters = 16;

  /// Lanes of one register for elements of `bits` bits.
  unsigned lanes(unsigned bits = 32) const { return vectorBits / bits; }
};

} // namespace attn::lower
