/* The instruction sets of x86-64 that code compiled for a CPU may use, and how a program finds out whether the machine it
   runs on has them. The compiler and the launcher share the list, so that the bits of a kernel's table mean the same to both.

   ATTN_CPU_FEATURES(feature) calls feature(LLVM's name, CPUID leaf, subleaf, register, bit, state) for each; a feature's
   place in the list is its bit. Registers count from eax. The state is what the operating system must save for it. What
   a kernel never contains (cryptography, system instructions) isn't among them. The bit of avx10.2 is one of a
   version number, 2 or 3; on later versions it is taken for absent. */
#ifndef ATTN_RUNTIME_KERNEL_CPU_FEATURES_H
#define ATTN_RUNTIME_KERNEL_CPU_FEATURES_H

#include <stdint.h>

/* Bits of the extended control register 0. */
enum { ATTN_STATE_NONE = 0, ATTN_STATE_YMM = 0x6, ATTN_STATE_ZMM = 0xe6, ATTN_STATE_TILES = 0x60000, ATTN_STATE_EGPR = 0x80000 };
enum { ATTN_EAX, ATTN_EBX, ATTN_ECX, ATTN_EDX };

#define ATTN_CPU_FEATURES(feature)                                                                                     \
  feature("sse3", 1, 0, ATTN_ECX, 0, ATTN_STATE_NONE)                                                                  \
  feature("ssse3", 1, 0, ATTN_ECX, 9, ATTN_STATE_NONE)                                                                 \
  feature("sse4.1", 1, 0, ATTN_ECX, 19, ATTN_STATE_NONE)                                                               \
  feature("sse4.2", 1, 0, ATTN_ECX, 20, ATTN_STATE_NONE)                                                               \
  feature("cx16", 1, 0, ATTN_ECX, 13, ATTN_STATE_NONE)                                                                 \
  feature("movbe", 1, 0, ATTN_ECX, 22, ATTN_STATE_NONE)                                                                \
  feature("popcnt", 1, 0, ATTN_ECX, 23, ATTN_STATE_NONE)                                                               \
  feature("fma", 1, 0, ATTN_ECX, 12, ATTN_STATE_YMM)                                                                   \
  feature("avx", 1, 0, ATTN_ECX, 28, ATTN_STATE_YMM)                                                                   \
  feature("f16c", 1, 0, ATTN_ECX, 29, ATTN_STATE_YMM)                                                                  \
  feature("sahf", 0x80000001, 0, ATTN_ECX, 0, ATTN_STATE_NONE)                                                         \
  feature("lzcnt", 0x80000001, 0, ATTN_ECX, 5, ATTN_STATE_NONE)                                                        \
  feature("sse4a", 0x80000001, 0, ATTN_ECX, 6, ATTN_STATE_NONE)                                                        \
  feature("xop", 0x80000001, 0, ATTN_ECX, 11, ATTN_STATE_YMM)                                                          \
  feature("fma4", 0x80000001, 0, ATTN_ECX, 16, ATTN_STATE_YMM)                                                         \
  feature("tbm", 0x80000001, 0, ATTN_ECX, 21, ATTN_STATE_NONE)                                                         \
  feature("bmi", 7, 0, ATTN_EBX, 3, ATTN_STATE_NONE)                                                                   \
  feature("avx2", 7, 0, ATTN_EBX, 5, ATTN_STATE_YMM)                                                                   \
  feature("bmi2", 7, 0, ATTN_EBX, 8, ATTN_STATE_NONE)                                                                  \
  feature("avx512f", 7, 0, ATTN_EBX, 16, ATTN_STATE_ZMM)                                                               \
  feature("avx512dq", 7, 0, ATTN_EBX, 17, ATTN_STATE_ZMM)                                                              \
  feature("adx", 7, 0, ATTN_EBX, 19, ATTN_STATE_NONE)                                                                  \
  feature("avx512ifma", 7, 0, ATTN_EBX, 21, ATTN_STATE_ZMM)                                                            \
  feature("avx512cd", 7, 0, ATTN_EBX, 28, ATTN_STATE_ZMM)                                                              \
  feature("avx512bw", 7, 0, ATTN_EBX, 30, ATTN_STATE_ZMM)                                                              \
  feature("avx512vl", 7, 0, ATTN_EBX, 31, ATTN_STATE_ZMM)                                                              \
  feature("avx512vbmi", 7, 0, ATTN_ECX, 1, ATTN_STATE_ZMM)                                                             \
  feature("avx512vbmi2", 7, 0, ATTN_ECX, 6, ATTN_STATE_ZMM)                                                            \
  feature("gfni", 7, 0, ATTN_ECX, 8, ATTN_STATE_NONE)                                                                  \
  feature("avx512vnni", 7, 0, ATTN_ECX, 11, ATTN_STATE_ZMM)                                                            \
  feature("avx512bitalg", 7, 0, ATTN_ECX, 12, ATTN_STATE_ZMM)                                                          \
  feature("avx512vpopcntdq", 7, 0, ATTN_ECX, 14, ATTN_STATE_ZMM)                                                       \
  feature("amx-bf16", 7, 0, ATTN_EDX, 22, ATTN_STATE_TILES)                                                            \
  feature("avx512fp16", 7, 0, ATTN_EDX, 23, ATTN_STATE_ZMM)                                                            \
  feature("amx-tile", 7, 0, ATTN_EDX, 24, ATTN_STATE_TILES)                                                            \
  feature("avxvnni", 7, 1, ATTN_EAX, 4, ATTN_STATE_YMM)                                                                \
  feature("avx512bf16", 7, 1, ATTN_EAX, 5, ATTN_STATE_ZMM)                                                             \
  feature("avxifma", 7, 1, ATTN_EAX, 23, ATTN_STATE_YMM)                                                               \
  feature("avxvnniint8", 7, 1, ATTN_EDX, 4, ATTN_STATE_YMM)                                                            \
  feature("avxneconvert", 7, 1, ATTN_EDX, 5, ATTN_STATE_YMM)                                                           \
  feature("avxvnniint16", 7, 1, ATTN_EDX, 10, ATTN_STATE_YMM)                                                          \
  feature("avx10.1", 7, 1, ATTN_EDX, 19, ATTN_STATE_ZMM)                                                               \
  feature("egpr", 7, 1, ATTN_EDX, 21, ATTN_STATE_EGPR)                                                                 \
  feature("avx10.2", 0x24, 0, ATTN_EBX, 1, ATTN_STATE_ZMM)

#endif
