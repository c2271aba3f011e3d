/* What the launcher's files share. They are one translation unit, Support.c, so that a private copy of the launcher has
   no symbol but those of Kernel.h. */
#ifndef ATTN_RUNTIME_KERNEL_SUPPORT_H
#define ATTN_RUNTIME_KERNEL_SUPPORT_H

#include "attn/dlpack.h"
#include "runtime/kernel/Kernel.h"

/* All that it takes from libc, declared here so that it compiles for machines whose headers aren't installed. */
void *aligned_alloc(size_t alignment, size_t size);
void free(void *memory);
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *memory, int value, size_t size);
char *strchr(const char *text, int character);

/* Messages are built out of line and for size: no kernel is waiting for them. */
#define ATTN_COLD __attribute__((cold, noinline))
/* Beside a short path that is usually taken, which would save registers for it. */
#define ATTN_OUT_OF_LINE __attribute__((noinline))

/* One line of text that grows inside a fixed buffer. What does not fit is cut, with `...` at the end. */
typedef struct attn_text {
  char *characters;
  size_t capacity, length;
} attn_text;

static ATTN_COLD attn_text attn_text_of(attn_error *error);
static ATTN_COLD void attn_append(attn_text *text, const char *string);
static ATTN_COLD void attn_append_integer(attn_text *text, int64_t value);
static ATTN_COLD void attn_append_element(attn_text *text, int32_t element);
static ATTN_COLD void attn_append_dtype(attn_text *text, DLDataType dtype);
static ATTN_COLD void attn_append_list(attn_text *text, const int64_t *values, int32_t count);

static int64_t attn_element_size(int32_t element);

/* What gave an extent its value, so that a disagreement can name both sides. */
typedef enum attn_source_kind {
  ATTN_SOURCE_NONE,
  ATTN_SOURCE_FIXED,
  ATTN_SOURCE_SCALAR,
  ATTN_SOURCE_TENSOR,
  ATTN_SOURCE_COMPUTED
} attn_source_kind;

typedef struct attn_source {
  int32_t kind, tensor, dimension;
} attn_source;

/* The addresses a tensor's elements occupy: [low, high). */
typedef struct attn_footprint {
  uint64_t low, high;
} attn_footprint;

/* A launch being checked. */
typedef struct attn_check {
  attn_run *run;
  const DLTensor **tensors;
  attn_source *sources;       /* per extent */
  attn_footprint *footprints; /* per tensor */
  attn_error *error;
} attn_check;

/* Binds extents, calls bind, and compares every tensor with the signature; then fills run->data, strides and shape.
   Returns a status; on failure the error is filled and no tensor element was touched. */
static int32_t attn_check_arguments(attn_check *check);
static int32_t attn_check_memory(attn_check *check);

/* Fills run->data, strides and shape of one tensor, and its footprint. Where a dimension has size 1 but run->sizes says otherwise
   its stride is 0. */
static int32_t attn_locate_tensor(attn_check *check, int32_t tensor);

/* A message about tensor `tensor`, begun: `q: `. */
static ATTN_COLD attn_text attn_about_tensor(attn_check *check, int32_t tensor);

static ATTN_COLD int32_t attn_report_failure(const attn_run *run, attn_error *error);

/* Bytes the summaries of a checked run need; 0 if none. Then fills them in `memory`, 64-aligned, and sets
 * run->summaries. */
static size_t attn_summary_bytes(const attn_run *run);
static void attn_build_summaries(attn_run *run, void *memory);

#endif
