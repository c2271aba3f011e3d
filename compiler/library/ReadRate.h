#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace attn::library {

/// The machine's ceiling for reading: `bytes` of memory of this process once, split over `threads` threads. To be walked between the runs that it is compared with: a
/// machine that was computing until then reads slower than one that does nothing but read.
class ReadRate {
public:
  ReadRate(unsigned threads, size_t bytes);
  ~ReadRate();

  /// Reads all of it once, in the next of several ways to walk: a buffer in a cache and one in memory, and CPU and CPU, favour different ones. Does nothing
  /// where there is no such memory.
  void walk();
  /// In GB/s: the median of the way whose median is best; 0 before each was walked once.
  double best() const;

private:
  unsigned threads;
  size_t count; ///< elements of a thread
  std::unique_ptr<float, void (*)(void *)> memory;
  std::vector<std::vector<double>> seconds; ///< by way
  size_t next = 0;
};

} // namespace attn::library
