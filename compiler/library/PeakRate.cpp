#include "compiler/library/PeakRate.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace attn;

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// One round of a loop that the compiler can't drop, and how many operations it is.
struct Loop {
  float (*run)(int64_t rounds);
  double operationsPerRound;
};

constexpr int64_t roundsPerBurst = 2000;
/// Independent sums, more than latency times throughput of any CPU's multiply-adders.
constexpr int chains = 12;

#if defined(__x86_64__)
__attribute__((target("avx512f"))) float fma512(int64_t rounds) {
  __m512 sums[chains], factor = _mm512_set1_ps(0.5f), addend = _mm512_set1_ps(1.0f);
  for (int n = 0; n < chains; ++n)
    sums[n] = _mm512_set1_ps(float(n));
  for (int64_t round = 0; round < rounds; ++round)
#pragma GCC unroll 12
    for (int n = 0; n < chains; ++n)
      sums[n] = _mm512_fmadd_ps(sums[n], factor, addend);
  for (int n = 1; n < chains; ++n)
    sums[0] = _mm512_add_ps(sums[0], sums[n]);
  return _mm512_cvtss_f32(sums[0]);
}

__attribute__((target("avx2,fma"))) float fma256(int64_t rounds) {
  __m256 sums[chains], factor = _mm256_set1_ps(0.5f), addend = _mm256_set1_ps(1.0f);
  for (int n = 0; n < chains; ++n)
    sums[n] = _mm256_set1_ps(float(n));
  for (int64_t round = 0; round < rounds; ++round)
#pragma GCC unroll 12
    for (int n = 0; n < chains; ++n)
      sums[n] = _mm256_fmadd_ps(sums[n], factor, addend);
  for (int n = 1; n < chains; ++n)
    sums[0] = _mm256_add_ps(sums[0], sums[n]);
  return _mm256_cvtss_f32(sums[0]);
}

__attribute__((target("avx512f"))) float read512(const float *memory, size_t count) {
  __m512 sums[8];
  for (__m512 &sum : sums)
    sum = _mm512_setzero_ps();
  for (size_t at = 0; at + 128 <= count; at += 128)
#pragma GCC unroll 8
    for (int n = 0; n < 8; ++n)
      sums[n] = _mm512_add_ps(sums[n], _mm512_loadu_ps(memory + at + 16 * n));
  for (int n = 1; n < 8; ++n)
    sums[0] = _mm512_add_ps(sums[0], sums[n]);
  return _mm512_cvtss_f32(sums[0]);
}
#endif

/// Four lanes of whatever the baseline has: fused where it has that, else a product and a sum.
float fmaBaseline(int64_t rounds) {
  typedef float Lanes __attribute__((vector_size(16)));
  Lanes sums[chains], factor{0.5f, 0.5f, 0.5f, 0.5f}, addend{1, 1, 1, 1};
  for (int n = 0; n < chains; ++n)
    sums[n] = Lanes{float(n), 1, 2, 3};
  for (int64_t round = 0; round < rounds; ++round)
#pragma GCC unroll 12
    for (int n = 0; n < chains; ++n)
      sums[n] = sums[n] * factor + addend;
  for (int n = 1; n < chains; ++n)
    sums[0] += sums[n];
  return sums[0][0];
}

float readBaseline(const float *memory, size_t count) {
  typedef float Lanes __attribute__((vector_size(16), aligned(4), may_alias));
  Lanes sums[8] = {};
  for (size_t at = 0; at + 32 <= count; at += 32)
#pragma GCC unroll 8
    for (int n = 0; n < 8; ++n)
      sums[n] += *reinterpret_cast<const Lanes *>(memory + at + 4 * n);
  for (int n = 1; n < 8; ++n)
    sums[0] += sums[n];
  return sums[0][0];
}

Loop widestLoop(unsigned lanes) {
#if defined(__x86_64__)
  if (lanes >= 16 && __builtin_cpu_supports("avx512f"))
    return {fma512, 2.0 * 16 * chains};
  if (lanes >= 8 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {fma256, 2.0 * 8 * chains};
#endif
  return {fmaBaseline, 2.0 * 4 * chains};
}

float readMemory(const float *memory, size_t count) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f"))
    return read512(memory, count);
#endif
  return readBaseline(memory, count);
}

/// Runs work(n) on `threads` threads, this one among them.
template <class Work> void onThreads(unsigned threads, Work work) {
  std::vector<std::thread> others;
  for (unsigned n = 1; n < threads; ++n)
    others.emplace_back([&work, n] { work(n); });
  work(0);
  for (std::thread &other : others)
    other.join();
}

void keep(float value) { asm volatile("" : : "r"(value) : "memory"); }

} // namespace

double library::measureFmaRate(unsigned threads, double milliseconds, unsigned lanes) {
  threads = std::max(1u, threads);
  Loop loop = widestLoop(lanes);
  std::vector<double> rates(threads);
  onThreads(threads, [&](unsigned n) {
    keep(loop.run(roundsPerBurst));
    int64_t bursts = 0;
    Clock::time_point begin = Clock::now();
    double elapsed;
    do {
      keep(loop.run(roundsPerBurst));
      ++bursts;
      elapsed = secondsSince(begin);
    } while (elapsed * 1000 < milliseconds);
    rates[n] = double(bursts) * roundsPerBurst * loop.operationsPerRound / elapsed / 1e9;
  });
  double total = 0;
  for (double rate : rates)
    total += rate;
  return total;
}

double library::measureReadRate(unsigned threads, size_t bytes) {
  threads = std::max(1u, threads);
  size_t count = std::max<size_t>(bytes / sizeof(float) / threads, 128);
  std::unique_ptr<float, void (*)(void *)> memory(static_cast<float *>(std::malloc(count * threads * sizeof(float))),
                                                  std::free);
  if (!memory)
    return 0;
  onThreads(threads, [&](unsigned n) { std::memset(static_cast<void *>(memory.get() + n * count), 0, count * sizeof(float)); });
  double best = 0;
  for (int round = 0; round < 3; ++round) {
    Clock::time_point begin = Clock::now();
    onThreads(threads, [&](unsigned n) { keep(readMemory(memory.get() + n * count, count)); });
    best = std::max(best, double(count * threads * sizeof(float)) / secondsSince(begin) / 1e9);
  }
  return best;
}
