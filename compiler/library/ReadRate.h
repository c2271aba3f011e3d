#pragma once

#include <cstddef>

namespace attn::library {

/// The machine's ceiling for reading: `bytes` of memory of this process once, split over `threads` threads, in GB/s.
/// The best of several times and of several ways to walk, since a buffer in a cache and one in memory, and CPU and CPU,
/// favour different ones.
double measureReadRate(unsigned threads, size_t bytes);

} // namespace attn::library
