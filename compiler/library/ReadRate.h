#pragma once

#include <cstddef>
#include <functional>

namespace attn::library {

/// The machine's ceiling for reading: `bytes` of memory of this process once, split over `threads` threads, in GB/s. Of several ways to walk the one whose median is
/// best, since a buffer in a cache and one in memory, and CPU and CPU, favour different ones. Each thread calls `before` before each walk: a machine that was
/// computing until then, as before each run that is timed, reads slower than one that did nothing but read.
double measureReadRate(unsigned threads, size_t bytes, const std::function<void()> &before);

} // namespace attn::library
