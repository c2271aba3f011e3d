/* Which of a kernel's versions this CPU runs. */
#include "runtime/kernel/CpuFeatures.h"
#include "runtime/kernel/Support.h"

typedef struct attn_cpu_feature {
  const char *name;
  uint32_t leaf, subleaf, index, bit;
  uint64_t state;
} attn_cpu_feature;

#if defined(__x86_64__)
static void attn_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t *registers) {
  __asm__("cpuid"
          : "=a"(registers[0]), "=b"(registers[1]), "=c"(registers[2]), "=d"(registers[3])
          : "0"(leaf), "2"(subleaf));
}

/* The vector state that the operating system saves. */
static uint64_t attn_saved_state(void) {
  uint32_t registers[4], low, high;
  attn_cpuid(1, 0, registers);
  if (!(registers[ATTN_ECX] >> 27 & 1))
    return 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

/* Linux saves the matrix unit's tiles for processes that ask for them. `call` 0x1021 asks which state there is to be had, 0x1023 for one. */
static long attn_ask_for_state(long call, void *argument) {
#if defined(__linux__)
  enum { ATTN_ARCH_PRCTL = 158 };
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"((long)ATTN_ARCH_PRCTL), "D"(call), "S"(argument)
                   : "rcx", "r11", "memory");
  return result;
#else
  return -1;
#endif
}

static int attn_can_save_tiles(void) {
  uint64_t states = 0;
  return attn_ask_for_state(0x1021, &states) == 0 && (states & ATTN_STATE_TILES) == ATTN_STATE_TILES;
}

/* Whether CPUID has a leaf. An older CPU answers for a leaf it lacks with whatever it likes. */
static int attn_has_leaf(uint32_t leaf, uint32_t subleaf) {
  uint32_t registers[4];
  attn_cpuid(leaf & 0x80000000, 0, registers);
  if (registers[ATTN_EAX] < leaf)
    return 0;
  if (subleaf == 0)
    return 1;
  attn_cpuid(leaf, 0, registers);
  return registers[ATTN_EAX] >= subleaf;
}

static const attn_cpu_feature attn_known_features[] = {
#define ATTN_FEATURE(name, leaf, subleaf, index, bit, state) {name, leaf, subleaf, index, bit, state},
    ATTN_CPU_FEATURES(ATTN_FEATURE)
#undef ATTN_FEATURE
};

enum { ATTN_KNOWN_FEATURES = (int)(sizeof(attn_known_features) / sizeof(*attn_known_features)) };

ATTN_SUPPORT_API int32_t attn_may_use(uint64_t features) {
  enum { ATTN_TILE_DATA = 18 };
  for (int n = 0; n < ATTN_KNOWN_FEATURES; ++n)
    if ((features >> n & 1) && attn_known_features[n].state == ATTN_STATE_TILES)
      return attn_ask_for_state(0x1023, (void *)(intptr_t)ATTN_TILE_DATA) == 0;
  return 1;
}

/* Neighbours in the list share a leaf, which is read once: a virtual machine takes its time over CPUID. */
static ATTN_COLD uint64_t attn_detect_cpu(void) {
  uint64_t saved = attn_saved_state(), features = 0;
  uint32_t registers[4];
  if ((saved & ATTN_STATE_TILES) == ATTN_STATE_TILES && !attn_can_save_tiles())
    saved &= ~(uint64_t)ATTN_STATE_TILES;
  for (int n = 0; n < ATTN_KNOWN_FEATURES; ++n) {
    const attn_cpu_feature *feature = &attn_known_features[n], *previous = n ? feature - 1 : NULL;
    if (!previous || previous->leaf != feature->leaf || previous->subleaf != feature->subleaf) {
      memset(registers, 0, sizeof(registers));
      if (attn_has_leaf(feature->leaf, feature->subleaf))
        attn_cpuid(feature->leaf, feature->subleaf, registers);
    }
    if ((saved & feature->state) == feature->state)
      features |= (uint64_t)(registers[feature->index] >> feature->bit & 1) << n;
  }
  return features;
}
#else
static const attn_cpu_feature attn_known_features[] = {{"", 0, 0, 0, 0, 0}};
enum { ATTN_KNOWN_FEATURES = 0 };
static uint64_t attn_detect_cpu(void) { return 0; }
ATTN_SUPPORT_API int32_t attn_may_use(uint64_t features) { return features == 0; }
#endif

/* The one mutable word of an object: what was detected, with the highest bit set. Every thread would write the same. */
static uint64_t attn_detected;

ATTN_SUPPORT_API uint64_t attn_cpu_features(void) {
  uint64_t features = __atomic_load_n(&attn_detected, __ATOMIC_RELAXED);
  if (!features) {
    features = attn_detect_cpu() | (uint64_t)1 << 63;
    __atomic_store_n(&attn_detected, features, __ATOMIC_RELAXED);
  }
  return features & ~((uint64_t)1 << 63);
}

/* `a: compiled for x86-64-v4 and x86-64-v3; this CPU lacks avx2, …`: what it lacks for the least demanding one, or what of that the operating system
   keeps from this process. */
static ATTN_COLD int32_t attn_no_version(const attn_kernel_version *versions, int32_t count, uint64_t features,
                                         attn_error *error) {
  attn_text text = attn_text_of(error);
  uint64_t lacks = versions[count - 1].features & ~features;
  const char *before = lacks ? "this CPU lacks " : "the operating system doesn't let this process use ";
  attn_append(&text, versions->info->name);
  attn_append(&text, ": compiled for ");
  for (int32_t n = 0; n < count; ++n) {
    attn_append(&text, n == 0 ? "" : n + 1 < count ? ", " : " and ");
    attn_append(&text, versions[n].cpu);
  }
  attn_append(&text, "; ");
  for (int32_t n = 0; n < ATTN_KNOWN_FEATURES; ++n)
    if (lacks ? lacks >> n & 1 : (versions[count - 1].features >> n & 1) && attn_known_features[n].state == ATTN_STATE_TILES) {
      attn_append(&text, before);
      attn_append(&text, attn_known_features[n].name);
      before = ", ";
    }
  attn_append(&text, count > 1 ? ", which the least demanding of them needs" : ", which it needs");
  if (error)
    error->status = ATTN_UNSUPPORTED_CPU;
  return ATTN_UNSUPPORTED_CPU;
}

ATTN_SUPPORT_API int32_t attn_launch_version(const attn_kernel_version *versions, int32_t count, const void *arguments,
                                             const attn_context *context, attn_error *error) {
  uint64_t features = attn_cpu_features();
  for (int32_t n = 0; n < count; ++n)
    if (!(versions[n].features & ~features) && attn_may_use(versions[n].features))
      return attn_launch(versions[n].info, arguments, context, error);
  return attn_no_version(versions, count, features, error);
}
