#include "runtime/kernel/Support.h"

/* Minima and maxima are taken over integer keys in the elements' order, so that one comparison serves every type:
   integers are their own keys; the bits of a float, with all but the sign inverted where negative, order as the float
   does, and a NaN lies beyond the infinities at either end. */
typedef struct attn_bounds {
  int64_t low, high;
} attn_bounds;

/* A tensor as matrices of its last two dimensions (`rows` x `columns`), each cut into blocks. For every row of blocks,
   `bounds` holds the blocks' bounds, then those of pairs of blocks, pairs of pairs, and so on. */
typedef struct attn_summary {
  int32_t tensor, element, last_dimension;
  int64_t rows, columns, matrices;
  int32_t row_shift, column_shift; /* a block has 2^row_shift rows and 2^column_shift columns */
  int64_t rows_of_blocks, columns_of_blocks, bounds_per_row;
  attn_bounds *bounds;
} attn_summary;

static const int64_t attn_summary_budget = 256 * 1024; /* bytes, of all summaries together */
static const int64_t attn_largest_table = 64 << 20;    /* elements; larger tables get no summary */
static const int64_t attn_position_like = 256; /* a second-last dimension longer than this is cut into blocks too */

static int64_t attn_least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t attn_greatest(int64_t a, int64_t b) { return a > b ? a : b; }
/* How many blocks of 2^shift hold `count` elements. */
static int64_t attn_blocks(int64_t count, int32_t shift) { return (count + ((int64_t)1 << shift) - 1) >> shift; }

static const attn_bounds attn_no_bounds = {INT64_MAX, INT64_MIN};

static void attn_join(attn_bounds *target, attn_bounds more) {
  target->low = attn_least(target->low, more.low);
  target->high = attn_greatest(target->high, more.high);
}

#if defined(__clang__)
#define ATTN_PLAIN_LOOP _Pragma("clang loop vectorize(disable) unroll(disable)")
#define ATTN_VECTOR_LOOP _Pragma("clang loop interleave_count(2)")
#else
#define ATTN_PLAIN_LOOP
#define ATTN_VECTOR_LOOP
#endif

/* attn_scan_X: joins the keys of `count` elements, `stride` elements apart. The loop over adjacent ones vectorises. */
#define ATTN_SCAN(name, storage, keyed, key)                                                                           \
  static void attn_scan_##name(const storage *from, int64_t stride, int64_t count, attn_bounds *bounds) {              \
    keyed bits = (keyed)from[0], low = (keyed)(key), high = low;                                                       \
    if (stride == 1) {                                                                                                 \
      ATTN_VECTOR_LOOP for (int64_t n = 0; n < count; ++n) {                                                           \
        bits = (keyed)from[n];                                                                                         \
        low = (keyed)(key) < low ? (keyed)(key) : low;                                                                 \
        high = (keyed)(key) > high ? (keyed)(key) : high;                                                              \
      }                                                                                                                \
    } else {                                                                                                           \
      ATTN_PLAIN_LOOP for (int64_t n = 0; n < count; ++n) {                                                            \
        bits = (keyed)from[n * stride];                                                                                \
        low = (keyed)(key) < low ? (keyed)(key) : low;                                                                 \
        high = (keyed)(key) > high ? (keyed)(key) : high;                                                              \
      }                                                                                                                \
    }                                                                                                                  \
    attn_join(bounds, (attn_bounds){low, high});                                                                       \
  }

typedef int16_t __attribute__((may_alias)) attn_bits16;
typedef int32_t __attribute__((may_alias)) attn_bits32;

ATTN_SCAN(i8, int8_t, int8_t, bits)
ATTN_SCAN(u8, uint8_t, uint8_t, bits)
ATTN_SCAN(f16, attn_bits16, int16_t, bits ^ ((bits >> 15) & 0x7FFF))
ATTN_SCAN(i32, int32_t, int32_t, bits)
ATTN_SCAN(f32, attn_bits32, int32_t, bits ^ ((bits >> 31) & 0x7FFFFFFF))
ATTN_SCAN(i64, int64_t, int64_t, bits)

/* A tensor's matrix at the start of a query: its first element and strides. */
typedef struct attn_table {
  const char *data;
  int64_t row_stride, column_stride;
  int32_t element;
} attn_table;

static void attn_scan_row(const attn_table *table, int64_t row, int64_t column, int64_t count, attn_bounds *bounds) {
  int64_t offset = row * table->row_stride + column * table->column_stride, stride = table->column_stride;
  switch (table->element) {
  case ATTN_F16:
  case ATTN_BF16:
    attn_scan_f16((const attn_bits16 *)table->data + offset, stride, count, bounds);
    break;
  case ATTN_F32:
    attn_scan_f32((const attn_bits32 *)table->data + offset, stride, count, bounds);
    break;
  case ATTN_I8:
    attn_scan_i8((const int8_t *)table->data + offset, stride, count, bounds);
    break;
  case ATTN_I32:
    attn_scan_i32((const int32_t *)table->data + offset, stride, count, bounds);
    break;
  case ATTN_I64:
    attn_scan_i64((const int64_t *)table->data + offset, stride, count, bounds);
    break;
  default:
    attn_scan_u8((const uint8_t *)table->data + offset, stride, count, bounds);
    break;
  }
}

static int64_t attn_key_at(const attn_table *table, int64_t column) {
  int64_t offset = column * table->column_stride;
  switch (table->element) {
  case ATTN_F16:
  case ATTN_BF16: {
    int16_t bits = ((const attn_bits16 *)table->data)[offset];
    return bits ^ ((bits >> 15) & 0x7FFF);
  }
  case ATTN_F32: {
    int32_t bits = ((const attn_bits32 *)table->data)[offset];
    return bits ^ ((bits >> 31) & 0x7FFFFFFF);
  }
  case ATTN_I8:
    return ((const int8_t *)table->data)[offset];
  case ATTN_I32:
    return ((const int32_t *)table->data)[offset];
  case ATTN_I64:
    return ((const int64_t *)table->data)[offset];
  default:
    return ((const uint8_t *)table->data)[offset];
  }
}

static void attn_scan_box(const attn_table *table, int64_t row, int64_t rows, int64_t column, int64_t columns,
                          attn_bounds *bounds) {
  if (columns > 0)
    for (int64_t r = row; r < row + rows; ++r)
      attn_scan_row(table, r, column, columns, bounds);
}

/* The last two dimensions; a tensor of lower rank has one row, and one column if it is a single number. */
static attn_table attn_matrix(const attn_run *run, int32_t tensor) {
  const attn_tensor_info *about = &run->info->tensors[tensor];
  const int64_t *strides = run->strides + ATTN_MAX_RANK * tensor;
  attn_table table = {run->data[tensor], 0, 0, about->element};
  if (about->rank > 0)
    table.column_stride = strides[about->rank - 1];
  if (about->rank > 1)
    table.row_stride = strides[about->rank - 2];
  return table;
}

static void attn_move(attn_table *table, int64_t elements) {
  table->data += elements * attn_element_size(table->element);
}

static int64_t attn_bounds_per_row(int64_t blocks) {
  int64_t total = 0;
  for (; blocks > 0; blocks >>= 1)
    total += blocks;
  return total;
}

/* Decides a summary's blocks: as small as the budget allows, at least 32 columns. 0 if the tensor gets none. */
static int32_t attn_plan_summary(const attn_run *run, int32_t tensor, attn_summary *plan) {
  const attn_tensor_info *about = &run->info->tensors[tensor];
  const int64_t *shape = run->shape + ATTN_MAX_RANK * tensor;
  int64_t most = attn_summary_budget / run->info->summary_count / (int64_t)sizeof(attn_bounds), elements = 1;
  memset(plan, 0, sizeof(*plan));
  for (int32_t n = 0; n < about->rank; ++n)
    if (shape[n] == 0 || __builtin_mul_overflow(elements, shape[n], &elements))
      return 0;
  if (elements > attn_largest_table)
    return 0;
  plan->tensor = tensor;
  plan->element = about->element;
  plan->last_dimension = about->rank - 1;
  plan->columns = about->rank > 0 ? shape[about->rank - 1] : 1;
  plan->rows = about->rank > 1 ? shape[about->rank - 2] : 1;
  plan->matrices = elements / (plan->columns * plan->rows);
  plan->row_shift = 0;
  plan->column_shift = 5;
  for (;;) {
    plan->rows_of_blocks = attn_blocks(plan->rows, plan->row_shift);
    plan->columns_of_blocks = attn_blocks(plan->columns, plan->column_shift);
    plan->bounds_per_row = attn_bounds_per_row(plan->columns_of_blocks);
    if (plan->matrices * plan->rows_of_blocks * plan->bounds_per_row <= most)
      return 1;
    int32_t wider = plan->columns_of_blocks > 1, taller = plan->rows > attn_position_like && plan->rows_of_blocks > 1;
    if (!wider && !taller)
      return 0;
    if (wider && (!taller || plan->column_shift < 6 || plan->column_shift <= plan->row_shift + 1))
      ++plan->column_shift;
    else
      ++plan->row_shift;
  }
}

static size_t attn_bytes_of_summary(const attn_summary *plan) {
  return (size_t)(plan->matrices * plan->rows_of_blocks * plan->bounds_per_row) * sizeof(attn_bounds);
}

static size_t attn_summary_bytes(const attn_run *run) {
  size_t bytes = 0;
  attn_summary plan;
  for (int32_t n = 0; n < run->info->summary_count; ++n)
    if (attn_plan_summary(run, run->info->summaries[n], &plan))
      bytes += attn_bytes_of_summary(&plan);
  return bytes == 0 ? 0 : bytes + (size_t)run->info->summary_count * sizeof(attn_summary);
}

/* Moves `index` of the dimensions before the last two to the next one inside [low, high] and `table` with it; 0 after
 * the last. */
static int32_t attn_next_matrix(const attn_run *run, int32_t tensor, const int64_t *low, const int64_t *high,
                                int64_t *index, attn_table *table) {
  const int64_t *strides = run->strides + ATTN_MAX_RANK * tensor;
  for (int32_t n = run->info->tensors[tensor].rank - 3; n >= 0; --n) {
    if (index[n] < high[n]) {
      ++index[n];
      attn_move(table, strides[n]);
      return 1;
    }
    attn_move(table, -(index[n] - low[n]) * strides[n]);
    index[n] = low[n];
  }
  return 0;
}

static void attn_summarise_row(const attn_summary *summary, const attn_table *table, int64_t row, attn_bounds *bounds) {
  int64_t rows = attn_least((int64_t)1 << summary->row_shift, summary->rows - row);
  int64_t blocks = summary->columns_of_blocks;
  for (int64_t block = 0; block < blocks; ++block) {
    int64_t column = block << summary->column_shift;
    attn_bounds joined = attn_no_bounds;
    attn_scan_box(table, row, rows, column, attn_least((int64_t)1 << summary->column_shift, summary->columns - column),
                  &joined);
    bounds[block] = joined;
  }
  for (; blocks > 1; blocks >>= 1) {
    attn_bounds *pairs = bounds + blocks;
    for (int64_t pair = 0; pair < blocks >> 1; ++pair) {
      pairs[pair] = bounds[2 * pair];
      attn_join(&pairs[pair], bounds[2 * pair + 1]);
    }
    bounds = pairs;
  }
}

static void attn_build_summaries(attn_run *run, void *memory) {
  attn_summary *summaries = memory;
  attn_bounds *bounds = (attn_bounds *)(summaries + run->info->summary_count);
  for (int32_t n = 0; n < run->info->summary_count; ++n) {
    attn_summary *summary = &summaries[n];
    int32_t tensor = run->info->summaries[n];
    int64_t low[ATTN_MAX_RANK] = {0}, high[ATTN_MAX_RANK], index[ATTN_MAX_RANK] = {0};
    attn_table table = attn_matrix(run, tensor);
    if (!attn_plan_summary(run, tensor, summary)) {
      summary->tensor = -1;
      continue;
    }
    for (int32_t d = 0; d < run->info->tensors[tensor].rank; ++d)
      high[d] = run->shape[ATTN_MAX_RANK * tensor + d] - 1;
    summary->bounds = bounds;
    do
      for (int64_t row = 0; row < summary->rows;
           row += (int64_t)1 << summary->row_shift, bounds += summary->bounds_per_row)
        attn_summarise_row(summary, &table, row, bounds);
    while (attn_next_matrix(run, tensor, low, high, index, &table));
  }
  run->summaries = summaries;
}
