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
using namespace attn::library;

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

} // namespace

ReadRate::ReadRate(unsigned wanted, size_t bytes)
    : threads(std::max(1u, wanted)), count(std::max<size_t>(bytes / sizeof(float) / threads / granularity, 1) * granularity),
      memory(static_cast<float *>(std::malloc(count * threads * sizeof(float))), std::free), seconds(readLoops().size()) {
  // Not zeros: they may all lie in one page.
  if (memory)
    std::fill_n(memory.get(), count * threads, 1.0f);
}

ReadRate::~ReadRate() = default;

void ReadRate::walk() {
  if (!memory)
    return;
  ReadLoop loop = readLoops()[next];
  std::atomic<unsigned> ready = 0, done = 0;
  auto all = [&](std::atomic<unsigned> &arrived) {
    arrived.fetch_add(1);
    while (arrived.load() < threads)
      std::this_thread::yield();
  };
  double took = 0;
  auto work = [&](unsigned number) {
    // Making threads isn't measured.
    all(ready);
    Clock::time_point begin = Clock::now();
    keep(loop(memory.get() + number * count, count));
    all(done);
    if (number == 0)
      took = std::chrono::duration<double>(Clock::now() - begin).count();
  };
  std::vector<std::thread> others;
  for (unsigned n = 1; n < threads; ++n)
    others.emplace_back(work, n);
  work(0);
  for (std::thread &other : others)
    other.join();
  seconds[next].push_back(took);
  next = (next + 1) % seconds.size();
}

double ReadRate::best() const {
  double least = 0;
  for (const std::vector<double> &times : seconds)
    if (double median = times.empty() ? 0 : medianOf(times); median > 0 && (least == 0 || median < least))
      least = median;
  return least > 0 ? double(count * threads * sizeof(float)) / least / 1e9 : 0;
}
