#include "compiler/library/PeakRate.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

using namespace attn;

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

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

constexpr int operands = 4;

/// Numbers between 1 and 2, of either sign, in 16 bits: products of zeros cost less power, and so run faster, than
/// those of an attention.
void fillNarrow(uint16_t *numbers, size_t count) {
  uint32_t state = 12345;
  for (size_t n = 0; n < count; ++n) {
    state = state * 1664525u + 1013904223u;
    numbers[n] = uint16_t((state >> 31 << 15) | 0x3F80u | (state >> 20 & 0x7Fu));
  }
}

__attribute__((target("avx512f,avx512bf16"))) float dot512(int64_t rounds) {
  alignas(64) uint16_t numbers[2 * operands * 32];
  fillNarrow(numbers, std::size(numbers));
  __m512bh left[operands], right[operands];
  for (int n = 0; n < operands; ++n) {
    std::memcpy(&left[n], numbers + 64 * n, 64);
    std::memcpy(&right[n], numbers + 64 * n + 32, 64);
  }
  __m512 sums[chains];
  for (int n = 0; n < chains; ++n)
    sums[n] = _mm512_set1_ps(float(n));
  for (int64_t round = 0; round < rounds; ++round)
#pragma GCC unroll 12
    for (int n = 0; n < chains; ++n)
      sums[n] = _mm512_dpbf16_ps(sums[n], left[n % operands], right[n / operands]);
  for (int n = 1; n < chains; ++n)
    sums[0] = _mm512_add_ps(sums[0], sums[n]);
  return _mm512_cvtss_f32(sums[0]);
}

/// Two by two tiles of 16 rows and 16 columns, four products a round.
__attribute__((target("amx-tile,amx-bf16"))) float matrixTiles(int64_t rounds) {
  struct alignas(64) {
    uint8_t palette = 1, start = 0, reserved[14] = {};
    uint16_t bytesOfRow[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } shapes;
  alignas(64) uint16_t numbers[4][16 * 32];
  alignas(64) float sums[16 * 16];
  fillNarrow(numbers[0], sizeof numbers / sizeof numbers[0][0]);
  _tile_loadconfig(&shapes);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, numbers[0], 64);
  _tile_loadd(5, numbers[1], 64);
  _tile_loadd(6, numbers[2], 64);
  _tile_loadd(7, numbers[3], 64);
  for (int64_t round = 0; round < rounds; ++round) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, sums, 64);
  _tile_release();
  return sums[0];
}

/// Tiles are registers that a process must ask the system for.
bool hasMatrixUnit() {
#if defined(__linux__)
  unsigned a, b, c, d;
  constexpr unsigned matrix16 = 1u << 22, tiles = 1u << 24;
  constexpr long requestPermission = 0x1023, tileData = 18;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & matrix16) && (d & tiles) &&
         syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
#else
  return false;
#endif
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

Loop widestLoop(unsigned lanes) {
#if defined(__x86_64__)
  if (lanes >= 16 && __builtin_cpu_supports("avx512f"))
    return {fma512, 2.0 * 16 * chains};
  if (lanes >= 8 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {fma256, 2.0 * 8 * chains};
#endif
  return {fmaBaseline, 2.0 * 4 * chains};
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

/// How fast `threads` threads run a loop for about so many milliseconds, in 10^9 operations a second.
double rateOf(Loop loop, unsigned threads, double milliseconds) {
  threads = std::max(1u, threads);
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

} // namespace

double library::measureFmaRate(unsigned threads, double milliseconds, unsigned lanes) {
  return rateOf(widestLoop(lanes), threads, milliseconds);
}

library::NarrowRates library::measureNarrowRates(unsigned threads, double milliseconds) {
  NarrowRates rates;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bf16"))
    rates.dot = rateOf({dot512, 2.0 * 32 * chains}, threads, milliseconds);
  if (hasMatrixUnit())
    rates.matrix = rateOf({matrixTiles, 4 * 2.0 * 16 * 16 * 32}, threads, milliseconds);
#endif
  return rates;
}
