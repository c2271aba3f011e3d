#include "runtime/kernel/Support.h"

static const int64_t attn_most_elements_read = 8192; /* by one query */
static const int64_t attn_most_elements_held = 512;  /* looked at one by one */
static const int64_t attn_most_rows_of_blocks = 512; /* visited by one query */

static const attn_summary *attn_find_summary(const attn_run *run, int32_t tensor) {
  const attn_summary *summaries = run->summaries;
  if (summaries)
    for (int32_t n = 0; n < run->info->summary_count; ++n)
      if (summaries[n].tensor == tensor)
        return &summaries[n];
  return NULL;
}

/* Joins blocks [begin, end) of one row of blocks: at each level the two at the ends, whether or not they have a partner
   inside, since that is hard to predict; then the pairs between them. */
static void attn_join_blocks(const attn_bounds *level, int64_t blocks, int64_t begin, int64_t end,
                             attn_bounds *bounds) {
  while (begin < end) {
    attn_join(bounds, level[begin]);
    attn_join(bounds, level[end - 1]);
    level += blocks;
    blocks >>= 1;
    begin = (begin + 1) >> 1;
    end >>= 1;
  }
}

/* The part of a query inside one matrix: rows [row, row_end), columns [column, column_end), and the blocks that lie
   fully inside (or, if the rim is too much to read, that touch it). */
typedef struct attn_window {
  int64_t row, row_end, column, column_end;
  int64_t first_row_block, row_block_end, first_block, block_end;
  int32_t whole_blocks; /* the blocks cover the window: nothing else is read */
} attn_window;

static int64_t attn_inside(int64_t end, int64_t limit, int32_t shift) {
  return end == limit ? attn_blocks(end, shift) : end >> shift;
}

static int64_t attn_plan_window(const attn_summary *summary, attn_window *window) {
  int64_t rows = window->row_end - window->row, columns = window->column_end - window->column, inner_rows,
          inner_columns;
  window->whole_blocks = 0;
  window->first_row_block = attn_blocks(window->row, summary->row_shift);
  window->row_block_end = attn_inside(window->row_end, summary->rows, summary->row_shift);
  window->first_block = attn_blocks(window->column, summary->column_shift);
  window->block_end = attn_inside(window->column_end, summary->columns, summary->column_shift);
  if (window->first_row_block >= window->row_block_end || window->first_block >= window->block_end) {
    window->row_block_end = window->first_row_block;
    return rows * columns;
  }
  inner_rows = attn_least(window->row_block_end << summary->row_shift, summary->rows) -
               (window->first_row_block << summary->row_shift);
  inner_columns = attn_least(window->block_end << summary->column_shift, summary->columns) -
                  (window->first_block << summary->column_shift);
  return rows * columns - inner_rows * inner_columns;
}

static void attn_cover_window(const attn_summary *summary, attn_window *window) {
  window->whole_blocks = 1;
  window->first_row_block = window->row >> summary->row_shift;
  window->row_block_end = attn_blocks(window->row_end, summary->row_shift);
  window->first_block = window->column >> summary->column_shift;
  window->block_end = attn_blocks(window->column_end, summary->column_shift);
}

static void attn_query_window(const attn_summary *summary, const attn_table *table, int64_t matrix,
                              const attn_window *window, attn_bounds *bounds) {
  const attn_bounds *first = summary->bounds + (matrix * summary->rows_of_blocks) * summary->bounds_per_row;
  for (int64_t block = window->first_row_block; block < window->row_block_end; ++block)
    attn_join_blocks(first + block * summary->bounds_per_row, summary->columns_of_blocks, window->first_block,
                     window->block_end, bounds);
  if (window->whole_blocks)
    return;
  if (window->first_row_block >= window->row_block_end) {
    attn_scan_box(table, window->row, window->row_end - window->row, window->column,
                  window->column_end - window->column, bounds);
    return;
  }
  int64_t top = window->first_row_block << summary->row_shift;
  int64_t bottom = attn_least(window->row_block_end << summary->row_shift, summary->rows);
  int64_t left = window->first_block << summary->column_shift;
  int64_t right = attn_least(window->block_end << summary->column_shift, summary->columns);
  int64_t width = window->column_end - window->column;
  attn_scan_box(table, window->row, top - window->row, window->column, width, bounds);
  attn_scan_box(table, bottom, window->row_end - bottom, window->column, width, bounds);
  attn_scan_box(table, top, bottom - top, window->column, left - window->column, bounds);
  attn_scan_box(table, top, bottom - top, right, window->column_end - right, bounds);
}

/* The keys' bounds in a box that was found to lie inside the tensor. 0 if that would take too long. */
static int32_t attn_query_box(const attn_run *run, int32_t tensor, const int64_t *low, const int64_t *high,
                              attn_bounds *bounds) {
  const attn_summary *summary = attn_find_summary(run, tensor);
  const int64_t *shape = run->shape + ATTN_MAX_RANK * tensor, *strides = run->strides + ATTN_MAX_RANK * tensor;
  int32_t rank = run->info->tensors[tensor].rank;
  int64_t index[ATTN_MAX_RANK] = {0}, matrices = 1, read;
  attn_table table = attn_matrix(run, tensor);
  attn_window window = {0, 1, 0, 1, 0, 0, 0, 0, 0};
  if (rank > 0) {
    window.column = low[rank - 1];
    window.column_end = high[rank - 1] + 1;
  }
  if (rank > 1) {
    window.row = low[rank - 2];
    window.row_end = high[rank - 2] + 1;
  }
  for (int32_t n = 0; n < rank - 2; ++n) {
    index[n] = low[n];
    attn_move(&table, low[n] * strides[n]);
    if (__builtin_mul_overflow(matrices, high[n] - low[n] + 1, &matrices))
      return 0;
  }
  if (summary)
    read = attn_plan_window(summary, &window);
  else if (__builtin_mul_overflow(window.row_end - window.row, window.column_end - window.column, &read))
    return 0;
  if (matrices > attn_most_elements_read || read > attn_most_elements_read / matrices) {
    if (!summary)
      return 0;
    attn_cover_window(summary, &window);
  }
  if (matrices > attn_most_rows_of_blocks ||
      matrices * (window.row_block_end - window.first_row_block) > attn_most_rows_of_blocks)
    return 0;
  do {
    int64_t matrix = 0;
    for (int32_t n = 0; n < rank - 2; ++n)
      matrix = matrix * shape[n] + index[n];
    if (summary)
      attn_query_window(summary, &table, matrix, &window, bounds);
    else
      attn_scan_box(&table, window.row, window.row_end - window.row, window.column, window.column_end - window.column,
                    bounds);
  } while (attn_next_matrix(run, tensor, low, high, index, &table));
  return 1;
}

/* Brings a box into the tensor's own dimensions; 0 if it isn't inside. */
static int32_t attn_box_inside(const attn_run *run, int32_t tensor, const int64_t *low, const int64_t *high,
                               int64_t *from, int64_t *to) {
  const attn_tensor_info *about = &run->info->tensors[tensor];
  for (int32_t n = 0; n < about->rank; ++n) {
    int64_t size = run->shape[ATTN_MAX_RANK * tensor + n];
    int32_t broadcast = size == 1 && about->dimensions[n].broadcastable && !about->is_output;
    if (low[n] < 0 || low[n] > high[n] || high[n] >= (broadcast ? run->sizes[about->first_size + n] : size))
      return 0;
    from[n] = broadcast ? 0 : low[n];
    to[n] = broadcast ? 0 : high[n];
  }
  return 1;
}

/* What is hard or rare: all but attn_range_of_slice. */
static ATTN_OUT_OF_LINE int32_t attn_range_of_box(const attn_run *run, int32_t tensor, const int64_t *low,
                                                  const int64_t *high, attn_bounds *bounds) {
  int64_t from[ATTN_MAX_RANK], to[ATTN_MAX_RANK];
  if (!attn_box_inside(run, tensor, low, high, from, to))
    return 0;
  *bounds = attn_no_bounds;
  return attn_query_box(run, tensor, from, to, bounds);
}

/* Elements [begin, end) of a row, beside the blocks inside. */
static ATTN_OUT_OF_LINE void attn_scan_ends(const attn_table *table, int64_t begin, int64_t end, int64_t left,
                                            int64_t right, attn_bounds *bounds) {
  if (begin < left)
    attn_scan_row(table, 0, begin, left - begin, bounds);
  if (right < end)
    attn_scan_row(table, 0, right, end - right, bounds);
}

/* Some elements side by side in the last dimension, which is what almost every query asks for; -1 where it is another.
 */
static int32_t attn_range_of_slice(const attn_run *run, int32_t tensor, const int64_t *low, const int64_t *high,
                                   attn_bounds *bounds) {
  const attn_summary *summary = attn_find_summary(run, tensor);
  if (!summary || summary->row_shift != 0 || summary->last_dimension < 0)
    return -1;
  const int64_t *shape = run->shape + ATTN_MAX_RANK * tensor, *strides = run->strides + ATTN_MAX_RANK * tensor;
  int32_t last = summary->last_dimension, shift = summary->column_shift;
  attn_table table = {run->data[tensor], 0, strides[last], summary->element};
  int64_t row = 0, offset = 0, begin = low[last];
  if (begin < 0 || high[last] < begin || high[last] >= summary->columns)
    return -1;
  int64_t end = high[last] + 1;
  for (int32_t n = 0; n < last; ++n) {
    if (low[n] != high[n] || (uint64_t)low[n] >= (uint64_t)shape[n])
      return -1;
    row = row * shape[n] + low[n];
    offset += strides[n] * low[n];
  }
  attn_move(&table, offset);
  if (end - begin == 1) {
    bounds->low = bounds->high = attn_key_at(&table, begin);
    return 1;
  }
  const attn_bounds *level = summary->bounds + row * summary->bounds_per_row;
  int64_t first = attn_blocks(begin, shift), block_end = attn_inside(end, summary->columns, shift),
          blocks = block_end - first;
  *bounds = attn_no_bounds;
  if (blocks <= 0) {
    if (end - begin > attn_most_elements_read)
      return -1;
    attn_scan_row(&table, 0, begin, end - begin, bounds);
    return 1;
  }
  if (blocks <= 4)
    for (int64_t block = first; block < block_end; ++block)
      attn_join(bounds, level[block]);
  else
    attn_join_blocks(level, summary->columns_of_blocks, first, block_end, bounds);
  if ((begin | end) & (((int64_t)1 << shift) - 1))
    attn_scan_ends(&table, begin, end, first << shift, block_end << shift, bounds);
  return 1;
}

static int32_t attn_range_of_keys(const attn_run *run, int32_t tensor, const int64_t *low, const int64_t *high,
                                  attn_bounds *bounds) {
  int32_t known = attn_range_of_slice(run, tensor, low, high, bounds);
  return known >= 0 ? known : attn_range_of_box(run, tensor, low, high, bounds);
}

ATTN_SUPPORT_API int32_t attn_table_range_int(const attn_run *run, int32_t tensor, const int64_t *low,
                                              const int64_t *high, int64_t *range) {
  int32_t element = run->info->tensors[tensor].element;
  attn_bounds bounds;
  if (element == ATTN_F16 || element == ATTN_BF16 || element == ATTN_F32 ||
      !attn_range_of_keys(run, tensor, low, high, &bounds))
    return 0;
  range[0] = element == ATTN_BOOL ? bounds.low != 0 : bounds.low;
  range[1] = element == ATTN_BOOL ? bounds.high != 0 : bounds.high;
  return 1;
}

ATTN_SUPPORT_API int32_t attn_table_holds_int(const attn_run *run, int32_t tensor, const int64_t *low,
                                              const int64_t *high, int64_t least, int64_t most) {
  const attn_tensor_info *about = &run->info->tensors[tensor];
  const int64_t *strides = run->strides + ATTN_MAX_RANK * tensor;
  int64_t from[ATTN_MAX_RANK], to[ATTN_MAX_RANK], index[ATTN_MAX_RANK], elements = 1, range[2];
  if (!attn_box_inside(run, tensor, low, high, from, to) || !attn_table_range_int(run, tensor, low, high, range))
    return -1;
  if (range[1] < least || range[0] > most)
    return 0;
  if ((range[0] >= least && range[0] <= most) || (range[1] >= least && range[1] <= most))
    return 1;
  for (int32_t n = 0; n < about->rank; ++n) {
    index[n] = from[n];
    if (__builtin_mul_overflow(elements, to[n] - from[n] + 1, &elements) || elements > attn_most_elements_held)
      return -1;
  }
  for (int64_t left = elements; left > 0; --left) {
    attn_table table = attn_matrix(run, tensor);
    attn_bounds bounds = {INT64_MAX, INT64_MIN};
    int64_t offset = 0, value;
    for (int32_t n = 0; n < about->rank; ++n)
      offset += index[n] * strides[n];
    attn_move(&table, offset);
    attn_scan_row(&table, 0, 0, 1, &bounds);
    value = about->element == ATTN_BOOL ? bounds.low != 0 : bounds.low;
    if (value >= least && value <= most)
      return 1;
    for (int32_t n = about->rank - 1; n >= 0 && index[n]++ == to[n]; --n)
      index[n] = from[n];
  }
  return 0;
}

/* The value of 16 bits that are not a NaN: sign, `exponent` and `mantissa` bits. */
static double attn_widen16(int32_t element, uint32_t bits) {
  uint32_t wide;
  float value;
  if (element == ATTN_BF16) {
    wide = bits << 16;
    memcpy(&value, &wide, 4);
    return (double)value;
  }
  uint32_t exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  double magnitude;
  if (exponent == 0) {
    magnitude = (double)mantissa / 16777216.0;
  } else {
    wide = exponent == 31 ? 0x7F800000u : ((exponent + 112) << 23) | (mantissa << 13);
    memcpy(&value, &wide, 4);
    magnitude = (double)value;
  }
  return bits & 0x8000 ? -magnitude : magnitude;
}

static double attn_value_of_key(int32_t element, int64_t key) {
  if (element != ATTN_F32)
    return attn_widen16(element, (uint32_t)(key ^ ((key >> 63) & 0x7FFF)) & 0xFFFF);
  uint32_t bits = (uint32_t)(key ^ ((key >> 63) & 0x7FFFFFFF));
  float value;
  memcpy(&value, &bits, 4);
  return (double)value;
}

ATTN_SUPPORT_API int32_t attn_table_range_float(const attn_run *run, int32_t tensor, const int64_t *low,
                                                const int64_t *high, double *range) {
  int32_t element = run->info->tensors[tensor].element;
  int64_t infinity = element == ATTN_F16 ? 0x7C00 : element == ATTN_BF16 ? 0x7F80 : 0x7F800000;
  attn_bounds bounds;
  if ((element != ATTN_F16 && element != ATTN_BF16 && element != ATTN_F32) ||
      !attn_range_of_keys(run, tensor, low, high, &bounds) || bounds.high > infinity || bounds.low < -infinity - 1)
    return 0;
  range[0] = attn_value_of_key(element, bounds.low);
  range[1] = attn_value_of_key(element, bounds.high);
  return 1;
}
