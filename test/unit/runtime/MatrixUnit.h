#pragma once

#include "test/unit/Catch.h"

#include "runtime/kernel/CpuFeatures.h"
#include "runtime/kernel/Kernel.h"

#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string_view>

#include <sys/mman.h>

#if defined(__x86_64__)
/// Memory on lines of 64 bytes.
template <typename T> struct Aligned {
  explicit Aligned(int64_t count)
      : count(count),
        data(static_cast<T *>(std::aligned_alloc(64, (size_t(count) * sizeof(T) + 127) / 64 * 64)), &std::free) {}
  T &operator[](int64_t n) { return data.get()[n]; }
  T *get() { return data.get(); }
  int64_t count;
  std::unique_ptr<T, decltype(&std::free)> data;
};

/// Numbers behind which no memory can be read.
template <typename T> struct Guarded {
  explicit Guarded(int64_t count) : count(count), bytes((size_t(count) * sizeof(T) / page + 2) * page) {
    base = static_cast<char *>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    REQUIRE(base != MAP_FAILED);
    REQUIRE(mprotect(base + bytes - page, page, PROT_NONE) == 0);
  }
  Guarded(const Guarded &) = delete;
  ~Guarded() { munmap(base, bytes); }
  T *get() { return reinterpret_cast<T *>(base + bytes - page) - count; }
  T &operator[](int64_t n) { return get()[n]; }

  static constexpr size_t page = 65536;
  int64_t count;
  size_t bytes;
  char *base;
};

inline bool hasMatrixUnit() {
  constexpr std::string_view names[] = {
#define ATTN_FEATURE(name, leaf, subleaf, index, bit, state) name,
      ATTN_CPU_FEATURES(ATTN_FEATURE)
#undef ATTN_FEATURE
  };
  for (size_t n = 0; n < std::size(names); ++n)
    if ((names[n].starts_with("amx-") || names[n] == "avx512bf16") && !(attn_cpu_features() >> n & 1))
      return false;
  return attn_may_use(attn_cpu_features());
}

/// The matrix unit, set up for as long as this lives. The operating system may keep from us what the CPU has.
struct MatrixUnit {
  MatrixUnit() : isThere(hasMatrixUnit()) {
    if (isThere)
      attn_matrix_begin();
    else
      WARN("skipped: this CPU has no matrix unit for this process");
  }
  ~MatrixUnit() {
    if (isThere)
      attn_matrix_end();
  }
  bool isThere;
};
#endif
