/* What every compiled kernel's header shares: status, error, and the caller's executor and allocator. Generated headers
   carry the same text under the same guard, so that a program which links only an object needs no other file. */
#ifndef ATTN_KERNEL_H
#define ATTN_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum attn_status {
  ATTN_OK = 0,
  ATTN_INVALID_ARGUMENT = 1, /* a tensor or scalar does not fit; nothing was touched */
  ATTN_OUT_OF_MEMORY = 2,    /* the allocator returned null; outputs are unspecified */
  ATTN_INVALID_DATA = 3,     /* an index or divisor in the data was wrong where it counts; outputs are unspecified */
  ATTN_UNSUPPORTED_CPU = 4   /* the object holds no code that this CPU can run; nothing was touched */
} attn_status;

/* Filled when a kernel does not return ATTN_OK; `message` is one NUL-terminated line. */
typedef struct attn_error {
  int32_t status;
  char message[508];
} attn_error;

/* How a kernel runs. A null context, or null members, mean: serially, with malloc and free. */
typedef struct attn_context {
  void *executor;
  /* Calls body(argument, begin, end) for disjoint ranges that cover [0, count), from any threads, and returns when all
     are done. The result does not depend on how the ranges are cut. */
  void (*parallel_for)(void *executor, int64_t count, void (*body)(void *argument, int64_t begin, int64_t end),
                       void *argument);
  void *allocator;
  /* Returns memory aligned to `alignment` (a power of two), or null. Called from any thread. Beside it a null `release`
     means that the allocator frees its memory by itself, as an arena does. */
  void *(*allocate)(void *allocator, size_t bytes, size_t alignment);
  void (*release)(void *allocator, void *memory, size_t bytes);
} attn_context;

#ifdef __cplusplus
}
#endif

#endif
