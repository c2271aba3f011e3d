#include "compiler/library/ReadRate.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace attn;

namespace {

using Clock = std::chrono::steady_clock;

/// The most streams a loop reads side by side; a thread's share is a multiple of what all of them read in one step.
constexpr size_t mostStreams = 4, stepElements = 64, granularity = mostStreams * stepElements;

#if defined(__x86_64__)
template <int Streams> __attribute__((target("avx512f"))) float read512(const float *memory, size_t count) {
  constexpr int vectors = int(stepElements) / 16;
  __m512 sums[vectors];
  for (__m512 &sum : sums)
    sum = _mm512_setzero_ps();
  size_t each = count / Streams;
  for (size_t at = 0; at < each; at += stepElements)
#pragma GCC unroll 16
    for (int n = 0; n < Streams * vectors; ++n)
      sums[n % vectors] = _mm512_add_ps(sums[n % vectors],
                                        _mm512_loadu_ps(memory + size_t(n / vectors) * each + at + 16 * (n % vectors)));
  for (int n = 1; n < vectors; ++n)
    sums[0] = _mm512_add_ps(sums[0], sums[n]);
  return _mm512_cvtss_f32(sums[0]);
}
#endif

template <int Streams> float readBaseline(const float *memory, size_t count) {
  typedef float Lanes __attribute__((vector_size(16), aligned(4), may_alias));
  constexpr int vectors = 8;
  Lanes sums[vectors] = {};
  size_t each = count / Streams;
  for (size_t at = 0; at < each; at += 4 * vectors)
#pragma GCC unroll 32
    for (int n = 0; n < Streams * vectors; ++n)
      sums[n % vectors] +=
          *reinterpret_cast<const Lanes *>(memory + size_t(n / vectors) * each + at + 4 * (n % vectors));
  for (int n = 1; n < vectors; ++n)
    sums[0] += sums[n];
  return sums[0][0];
}

using ReadLoop = float (*)(const float *memory, size_t count);

std::vector<ReadLoop> readLoops() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return {read512<1>, read512<2>, read512<4>};
#endif
  return {readBaseline<1>, readBaseline<2>, readBaseline<4>};
}

void keep(float value) { asm volatile("" : : "r"(value) : "memory"); }

double medianOf(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + ptrdiff_t(values.size() / 2), values.end());
  return values[values.size() / 2];
}

/// Threads that wait for each other before every round and after it, so that making them isn't measured.
class Rounds {
public:
  Rounds(unsigned threads, size_t count, const std::function<void()> &before) : threads(threads), count(count), before(before) {}
  /// Seconds.
  double best(const float *memory, const std::vector<ReadLoop> &loops, int rounds);

private:
  void wait(unsigned &passed) {
    ++passed;
    arrived.fetch_add(1);
    while (arrived.load() < passed * threads)
      std::this_thread::yield();
  }

  unsigned threads;
  size_t count; ///< elements of a thread
  const std::function<void()> &before;
  std::atomic<unsigned> arrived{0};
};

double Rounds::best(const float *memory, const std::vector<ReadLoop> &loops, int rounds) {
  std::vector<std::vector<double>> seconds(loops.size());
  auto work = [&](unsigned number) {
    unsigned passed = 0;
    for (int round = 0; round < rounds; ++round) {
      for (size_t n = 0; n < loops.size(); ++n) {
        before();
        wait(passed);
        Clock::time_point begin = Clock::now();
        keep(loops[n](memory + number * count, count));
        wait(passed);
        if (number == 0)
          seconds[n].push_back(std::chrono::duration<double>(Clock::now() - begin).count());
      }
    }
  };
  std::vector<std::thread> others;
  for (unsigned n = 1; n < threads; ++n)
    others.emplace_back(work, n);
  work(0);
  for (std::thread &other : others)
    other.join();
  double least = 0;
  for (const std::vector<double> &times : seconds)
    if (double median = medianOf(times); least == 0 || median < least)
      least = median;
  return least;
}

} // namespace

double library::measureReadRate(unsigned threads, size_t bytes, const std::function<void()> &before) {
  constexpr double enoughBytes = 512 << 20;
  constexpr int least = 5, most = 50;
  threads = std::max(1u, threads);
  size_t count = std::max<size_t>(bytes / sizeof(float) / threads / granularity, 1) * granularity;
  size_t size = count * threads * sizeof(float);
  std::unique_ptr<float, void (*)(void *)> memory(static_cast<float *>(std::malloc(size)), std::free);
  if (!memory)
    return 0;
  // Not zeros: they may all lie in one page.
  std::fill_n(memory.get(), size / sizeof(float), 1.0f);
  double seconds =
      Rounds(threads, count, before).best(memory.get(), readLoops(), std::clamp(int(enoughBytes / double(size)), least, most));
  return double(size) / seconds / 1e9;
}
