/* Products of keys and values of 32 bits: of the nine products of two numbers' three parts the six largest, which is
   what a product of floats is worth. All numbers are brought into parts, a block of keys or values at a time, whose
   rows may lie anywhere. */
enum { ATTN_SPLIT_TILE = ATTN_FLOAT_PARTS * ATTN_TILE };

/* Rows whose columns lie side by side, a multiple of 32 of them. */
typedef struct attn_rows {
  const float *first;
  const float *const *addresses; /* null where rows lie `stride` apart */
  int64_t stride, rows, columns;
} attn_rows;

/* The last row is repeated. */
ATTN_INLINE const float *attn_row(const attn_rows *rows, int64_t row) {
  row = row < rows->rows ? row : rows->rows - 1;
  return rows->addresses ? rows->addresses[row] : rows->first + row * rows->stride;
}

/* Rows of another kind are copied. */
static attn_rows attn_whole_rows(const float *first, const float *const *addresses, int64_t row_stride,
                                 int64_t column_stride, int64_t rows, int64_t columns, float *copy) {
  attn_rows source = {first, addresses, row_stride, rows, columns};
  if (column_stride == 1 && columns % ATTN_DEPTH == 0)
    return source;
  attn_rows result = {copy, 0, attn_round_up(columns, ATTN_DEPTH), rows, attn_round_up(columns, ATTN_DEPTH)};
  for (int64_t row = 0; row < rows; ++row) {
    const float *from = attn_row(&source, row);
    float *to = copy + row * result.stride;
    for (int64_t column = 0; column < result.columns; column += ATTN_SIDE) {
      __mmask16 there = (__mmask16)attn_first_lanes(columns - column);
      _mm512_store_ps(to + column, _mm512_maskz_loadu_ps(column_stride == 1 ? there : 0, from + column));
    }
    if (column_stride != 1)
      for (int64_t column = 0; column < columns; ++column)
        to[column] = from[column * column_stride];
  }
  return result;
}

/* Whether a number isn't 0 and so small that parts of it are lost. */
ATTN_INLINE int32_t attn_loses_parts(attn_magnitudes seen) {
  return _mm512_cmplt_epu16_mask(seen.least, _mm512_set1_epi16((int16_t)((attn_least_whole >> 16) - 1))) != 0;
}

/* Whether a number is infinite, or becomes so where it is rounded. */
ATTN_INLINE int32_t attn_is_infinite(attn_magnitudes seen) {
  return _mm512_cmpge_epu16_mask(seen.most, _mm512_set1_epi16((int16_t)(attn_infinity >> 16))) != 0;
}

/* A left operand with these rows. Tiles follow each other by 16 rows, depth, part. Returns 1 if parts of a number are
 * lost, or a number is infinite. */
static int32_t attn_split_rows(const attn_rows *rows, uint16_t *target) {
  attn_magnitudes seen = attn_no_magnitudes();
  for (int64_t row = 0; row < rows->rows; row += ATTN_SIDE)
    for (int64_t column = 0; column < rows->columns; column += ATTN_DEPTH, target += ATTN_SPLIT_TILE)
#pragma GCC unroll 4
      for (int64_t n = 0; n < ATTN_SIDE; ++n) {
        const float *from = attn_row(rows, row + n) + column;
        attn_note(&seen, attn_split_pair(_mm512_loadu_ps(from), _mm512_loadu_ps(from + ATTN_SIDE), ATTN_FLOAT_PARTS,
                                         target + n * ATTN_DEPTH));
      }
  return attn_loses_parts(seen) || attn_is_infinite(seen);
}

ATTN_INLINE void attn_load_turned(const attn_rows *rows, int64_t row, int64_t column, __m512i *m) {
#pragma GCC unroll 16
  for (int n = 0; n < ATTN_SIDE; ++n)
    m[n] = _mm512_loadu_si512(attn_row(rows, row + n) + column);
  attn_transpose(m);
}

/* A left operand with a row for each column. Tiles follow each other by 16 columns, depth, part. Returns 1 if parts of
 * a number are lost. */
static int32_t attn_split_turned(const attn_rows *rows, uint16_t *target) {
  attn_magnitudes seen = attn_no_magnitudes();
  for (int64_t column = 0; column < rows->columns; column += ATTN_SIDE)
    for (int64_t row = 0; row < rows->rows; row += ATTN_DEPTH, target += ATTN_SPLIT_TILE) {
      __m512i first[ATTN_SIDE], second[ATTN_SIDE];
      attn_load_turned(rows, row, column, first);
      attn_load_turned(rows, row + ATTN_SIDE, column, second);
#pragma GCC unroll 16
      for (int n = 0; n < ATTN_SIDE; ++n)
        attn_note(&seen, attn_split_pair(_mm512_castsi512_ps(first[n]), _mm512_castsi512_ps(second[n]),
                                         ATTN_FLOAT_PARTS, target + n * ATTN_DEPTH));
    }
  return attn_loses_parts(seen);
}

static attn_rows attn_take_rows(attn_ahead_of which, const float *first, const float *const *addresses,
                                int64_t row_stride, int64_t column_stride, int64_t rows, int64_t columns, float *copy,
                                void *ahead) {
  if (!addresses && column_stride == 1)
    attn_expect(ahead, which, first + rows * row_stride, row_stride, columns, rows);
  return attn_whole_rows(first, addresses, row_stride, column_stride, rows, columns, copy);
}

ATTN_SUPPORT_API int32_t attn_matrix_split_keys(const float *keys, const float *const *addresses, int64_t row_stride,
                                                int64_t column_stride, int64_t rows, int64_t features, uint16_t *parts,
                                                float *scratch, void *ahead) {
  attn_rows source =
      attn_take_rows(ATTN_AHEAD_KEYS, keys, addresses, row_stride, column_stride, rows, features, scratch, ahead);
  return attn_split_rows(&source, parts);
}

ATTN_SUPPORT_API int32_t attn_matrix_split_values(const float *values, const float *const *addresses,
                                                  int64_t row_stride, int64_t column_stride, int64_t rows,
                                                  int64_t features, uint16_t *parts, float *scratch, void *ahead) {
  attn_rows source =
      attn_take_rows(ATTN_AHEAD_VALUES, values, addresses, row_stride, column_stride, rows, features, scratch, ahead);
  return attn_split_turned(&source, parts);
}

/* Tiles 4 and 5 from rows of the left operand, 6 and 7 from columns of the right one. */
#define ATTN_LOAD_LEFT(part)                                                                                           \
  _tile_loadd(4, left + (part)*ATTN_TILE, 2 * ATTN_DEPTH);                                                             \
  if (!is_half)                                                                                                        \
  _tile_loadd(5, left + below + (part)*ATTN_TILE, 2 * ATTN_DEPTH)
#define ATTN_LOAD_RIGHT(part)                                                                                          \
  _tile_loadd(6, right + (part)*ATTN_TILE, 2 * ATTN_DEPTH);                                                            \
  _tile_loadd(7, right + ATTN_SPLIT_TILE + (part)*ATTN_TILE, 2 * ATTN_DEPTH)
#define ATTN_MULTIPLY()                                                                                                \
  _tile_dpbf16ps(0, 4, 6);                                                                                             \
  _tile_dpbf16ps(1, 4, 7);                                                                                             \
  if (!is_half) {                                                                                                      \
    _tile_dpbf16ps(2, 5, 6);                                                                                           \
    _tile_dpbf16ps(3, 5, 7);                                                                                           \
  }

/* Products of 32 rows of the left operand, or of 16, and 32 columns of the right one along `depth` tiles, those that
 * have a bit in `used`, in registers 0 to 3. The second 16 rows lie `below` the first. */
ATTN_INLINE void attn_multiply_floats(const uint16_t *left, int64_t below, const uint16_t *right, int64_t depth,
                                      uint32_t used, int32_t is_half, void *ahead) {
  attn_zero_quarters();
  for (int64_t n = 0; n < depth; ++n, left += ATTN_SPLIT_TILE, right += 2 * ATTN_SPLIT_TILE) {
    if (!(used >> n & 1))
      continue;
    ATTN_LOAD_RIGHT(0);
    ATTN_LOAD_LEFT(2);
    ATTN_MULTIPLY();
    ATTN_LOAD_LEFT(1);
    ATTN_MULTIPLY();
    ATTN_LOAD_RIGHT(1);
    ATTN_MULTIPLY();
    ATTN_LOAD_LEFT(0);
    ATTN_MULTIPLY();
    ATTN_LOAD_RIGHT(2);
    ATTN_MULTIPLY();
    ATTN_LOAD_RIGHT(0);
    ATTN_MULTIPLY();
    attn_fetch_some(ahead);
  }
}

/* The result of that. */
ATTN_INLINE void attn_store_products(float *target, int64_t width, int32_t is_half) {
  if (!is_half) {
    ATTN_FOR_QUARTERS(_tile_stored, target, width);
    return;
  }
  _tile_stored(0, target, (size_t)width * 4);
  _tile_stored(1, target + ATTN_SIDE, (size_t)width * 4);
}

/* The largest of each of 32 columns; what isn't a number is passed over. */
ATTN_INLINE void attn_largest(const float *source, int64_t width, int64_t rows, float *target) {
  __m512 left[2], right[2];
  for (int n = 0; n < 2; ++n)
    left[n] = right[n] = _mm512_set1_ps(-__builtin_inff());
#pragma GCC unroll 4
  for (int64_t row = 0; row < rows; ++row) {
    /* Of two operands of which one is NaN the second is taken. */
    left[row & 1] = _mm512_max_ps(_mm512_load_ps(source + row * width), left[row & 1]);
    right[row & 1] = _mm512_max_ps(_mm512_load_ps(source + row * width + ATTN_SIDE), right[row & 1]);
  }
  _mm512_store_ps(target, _mm512_max_ps(left[0], left[1]));
  _mm512_store_ps(target + ATTN_SIDE, _mm512_max_ps(right[0], right[1]));
}

ATTN_SUPPORT_API void attn_matrix_contract_floats(const uint16_t *keys, int64_t rows, int64_t features,
                                                  const uint16_t *queries, int64_t width, int64_t count,
                                                  uint64_t visible, float *target, float *largest, void *ahead) {
  const int64_t depth = attn_round_up(features, ATTN_DEPTH) / ATTN_DEPTH, used = attn_round_up(count, 2 * ATTN_SIDE),
                below = depth * ATTN_SPLIT_TILE;
  attn_zero_columns(target + used, width, rows, width - used);
  if (largest)
    attn_zero_columns(largest + used, width, 1, width - used);
  for (int64_t query = 0; query < used; query += 2 * ATTN_SIDE) {
    const uint16_t *right = queries + query / ATTN_SIDE * below;
    for (int64_t row = 0; row < rows; row += 2 * ATTN_SIDE) {
      const uint16_t *left = keys + row / ATTN_SIDE * below;
      float *to = target + row * width + query;
      if (!(visible >> (query / ATTN_SIDE + row / (2 * ATTN_SIDE)) & 1)) {
        attn_zero_columns(to, width, rows - row < 2 * ATTN_SIDE ? rows - row : 2 * ATTN_SIDE, 2 * ATTN_SIDE);
      } else if (rows - row > ATTN_SIDE) {
        attn_multiply_floats(left, below, right, depth, ~0u, 0, ahead);
        attn_store_products(to, width, 0);
      } else {
        attn_multiply_floats(left, below, right, depth, ~0u, 1, ahead);
        attn_store_products(to, width, 1);
      }
    }
    /* While the unit is busy with the next columns. */
    if (largest && query > 0)
      attn_largest(target + query - 2 * ATTN_SIDE, width, rows, largest + query - 2 * ATTN_SIDE);
  }
  if (largest)
    attn_largest(target + used - 2 * ATTN_SIDE, width, rows, largest + used - 2 * ATTN_SIDE);
}

/* target[n][q] = factors[q] * target[n][q] + sum[n][q] of `rows` rows and 32 columns. */
ATTN_INLINE void attn_rescale_and_add(const float *sum, const float *factors, int64_t rows, float *target,
                                      int64_t width) {
  const __m512 left = _mm512_load_ps(factors), right = _mm512_load_ps(factors + ATTN_SIDE);
#pragma GCC unroll 4
  for (int64_t row = 0; row < rows; ++row) {
    float *to = target + row * width;
    const float *from = sum + row * 2 * ATTN_SIDE;
    _mm512_store_ps(to, _mm512_fmadd_ps(left, _mm512_load_ps(to), _mm512_load_ps(from)));
    _mm512_store_ps(to + ATTN_SIDE,
                    _mm512_fmadd_ps(right, _mm512_load_ps(to + ATTN_SIDE), _mm512_load_ps(from + ATTN_SIDE)));
  }
}

ATTN_SUPPORT_API void attn_matrix_accumulate_floats(const uint16_t *values, int64_t rows, int64_t features,
                                                    const float *weights, const float *rescale, int64_t width,
                                                    int64_t count, uint64_t visible, float *sums, uint16_t *scratch,
                                                    void *ahead) {
  const int64_t used = attn_round_up(count, 2 * ATTN_SIDE), depth = attn_round_up(rows, ATTN_DEPTH) / ATTN_DEPTH,
                below = depth * ATTN_SPLIT_TILE;
  float sum[4 * ATTN_SIDE * ATTN_SIDE] __attribute__((aligned(64)));
  for (int64_t query = 0; query < used; query += 2 * ATTN_SIDE) {
    const uint32_t used_depths = (uint32_t)(visible >> query / ATTN_SIDE);
    attn_split_columns(weights + query, width, rows, ATTN_FLOAT_PARTS, ATTN_HALVES, used_depths, scratch);
    for (int64_t feature = 0; feature < features; feature += 2 * ATTN_SIDE) {
      const uint16_t *left = values + feature / ATTN_SIDE * below;
      float *to = sums + feature * width + query;
      /* A block's sum is formed apart: what is lost by adding small numbers to a large one then grows with the number
       * of blocks. */
      if (features - feature > ATTN_SIDE) {
        attn_multiply_floats(left, below, scratch, depth, used_depths, 0, ahead);
        attn_store_products(sum, 2 * ATTN_SIDE, 0);
        attn_rescale_and_add(sum, rescale + query, 2 * ATTN_SIDE, to, width);
      } else {
        attn_multiply_floats(left, below, scratch, depth, used_depths, 1, ahead);
        attn_store_products(sum, 2 * ATTN_SIDE, 1);
        attn_rescale_and_add(sum, rescale + query, ATTN_SIDE, to, width);
      }
    }
  }
}
