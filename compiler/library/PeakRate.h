#pragma once

#include <cstddef>
#include <cstdint>

namespace attn::library {

/// The machine's ceilings, measured where they are asked for: a figure from elsewhere says nothing about a shared machine.

/// Fused multiply-adds of f32 in registers on `threads` threads, in GFLOP/s (two operations each), over a burst of about so many
/// milliseconds. Uses the widest vectors this CPU has, but of no more than `lanes` elements; without fused instructions where those of
/// 4 lanes are.
double measureFmaRate(unsigned threads, double milliseconds, unsigned lanes = 16);

/// Reading `bytes` of memory once, split over `threads` threads, in GB/s.
double measureReadRate(unsigned threads, size_t bytes);

} // namespace attn::library
