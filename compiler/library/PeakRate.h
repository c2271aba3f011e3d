#pragma once

#include <cstdint>

namespace attn::library {

/// The machine's ceilings for arithmetic, measured where they are asked for: a figure from elsewhere says nothing about
/// a shared machine.

/// Fused multiply-adds of f32 in registers on `threads` threads, in GFLOP/s (two operations each), over a burst of
/// about so many milliseconds. Uses the widest vectors this CPU has, but of no more than `lanes` elements; without
/// fused instructions where those of 4 lanes are.
double measureFmaRate(unsigned threads, double milliseconds, unsigned lanes = 16);

/// Products of bf16 numbers in registers, summed in f32, in GFLOP/s.
struct NarrowRates {
  double dot = 0;    ///< by the vectors' dot instruction; 0 where the CPU has none
  double matrix = 0; ///< by the matrix unit's tiles; 0 where there is none, or the system doesn't lend its registers
};
NarrowRates measureNarrowRates(unsigned threads, double milliseconds);

} // namespace attn::library
