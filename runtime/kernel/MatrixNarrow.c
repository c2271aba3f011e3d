/* Products of keys and values of 16 bits. Queries, which carry the scale of scores, are taken whole. Of weights the
   caller says how many parts count: where results are rounded to 16 bits anyway fewer do. */
static int64_t attn_parts(int32_t element) { return element == ATTN_BF16 ? 1 : 2; }

/* Numbers of 16 bits with their parts one after the other, each `size` numbers long. */
typedef struct attn_narrow {
  const uint16_t *numbers;
  int64_t row_stride, size;
} attn_narrow;

/* 32 numbers of a row, from a column on; 0 past the last. */
ATTN_INLINE __m512i attn_load_narrow(const uint16_t *row, int64_t column_stride, int64_t column, int64_t columns) {
  if (column_stride == 1)
    return _mm512_maskz_loadu_epi16(attn_first_lanes(columns - column), row + column);
  uint16_t gathered[ATTN_DEPTH] __attribute__((aligned(64))) = {0};
  for (int64_t n = 0; n < ATTN_DEPTH && column + n < columns; ++n)
    gathered[n] = row[(column + n) * column_stride];
  return _mm512_load_si512(gathered);
}

/* The two parts of 32 numbers of f16; the second is exact. */
ATTN_INLINE void attn_split_f16(__m512i numbers, __m512i *parts) {
  const __m512i head = _mm512_set1_epi32((int32_t)0xFFFF0000u);
  __m512 low = _mm512_cvtph_ps(_mm512_castsi512_si256(numbers)),
         high = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(numbers, 1));
  __m512 low_head = _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(low), head));
  __m512 high_head = _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(high), head));
  parts[0] = (__m512i)_mm512_cvtne2ps_pbh(high_head, low_head);
  parts[1] = (__m512i)_mm512_cvtne2ps_pbh(_mm512_sub_ps(high, high_head), _mm512_sub_ps(low, low_head));
}

/* Whether numbers of 16 bits are all finite, and no part of one of them is too small for a bf16 as the unit takes it,
 * normal or 0. */
static int32_t attn_is_regular(attn_magnitudes seen, int32_t element) {
  const uint16_t most = element == ATTN_F16 ? 0x7BFF : 0x7F7F, least = element == ATTN_F16 ? 0 : 0x007F;
  return !_mm512_cmpgt_epu16_mask(seen.most, _mm512_set1_epi16((int16_t)most)) &&
         !_mm512_cmplt_epu16_mask(seen.least, _mm512_set1_epi16((int16_t)least));
}

/* Rows padded to whole tiles: rows past the last repeat it, columns past the last are 0. Bf16 whose columns need no
   padding stay where they are, but for the last rows that fill no `side`, which is what `padded` is then. */
typedef struct attn_left {
  attn_narrow body, padded;
  int64_t padded_from; /* row */
} attn_left;

ATTN_INLINE attn_left attn_pad(const uint16_t *source, int32_t element, int64_t row_stride, int64_t column_stride,
                               int64_t rows, int64_t columns, int64_t side, uint16_t *scratch, attn_magnitudes *seen) {
  int64_t width = attn_round_up(columns, ATTN_DEPTH), whole = attn_round_up(rows, ATTN_DEPTH);
  attn_left left = {{source, row_stride, 0}, {scratch, width, whole * width}, 0};
  if (element == ATTN_BF16 && column_stride == 1 && width == columns) {
    left.padded_from = rows - rows % side;
    for (int64_t row = 0; row < left.padded_from; ++row)
      for (int64_t column = 0; column < columns; column += ATTN_DEPTH)
        attn_note(seen, _mm512_loadu_si512(source + row * row_stride + column));
  }
  for (int64_t row = left.padded_from; row < whole; ++row) {
    const uint16_t *from = source + (row < rows ? row : rows - 1) * row_stride;
    for (int64_t column = 0; column < columns; column += ATTN_DEPTH) {
      __m512i numbers = attn_load_narrow(from, column_stride, column, columns), parts[2] = {numbers, numbers};
      attn_note(seen, numbers);
      uint16_t *to = scratch + (row - left.padded_from) * width + column;
      if (element == ATTN_F16)
        attn_split_f16(numbers, parts);
      _mm512_store_si512(to, parts[0]);
      if (element == ATTN_F16)
        _mm512_store_si512(to + left.padded.size, parts[1]);
    }
  }
  return left;
}

ATTN_INLINE attn_narrow attn_rows_at(const attn_left *left, int64_t row) {
  attn_narrow rows = row < left->padded_from ? left->body : left->padded;
  rows.numbers += (row < left->padded_from ? row : row - left->padded_from) * rows.row_stride;
  return rows;
}

/* Adds the products of two tiles of 16 rows each and two of 16 columns to registers 0 to 3. */
ATTN_INLINE void attn_multiply_add(const uint16_t *above, int64_t above_stride, const uint16_t *below,
                                   int64_t below_stride, const uint16_t *right, int64_t right_apart) {
  _tile_loadd(4, above, (size_t)(2 * above_stride));
  _tile_loadd(6, right, 2 * ATTN_DEPTH);
  _tile_loadd(7, right + right_apart, 2 * ATTN_DEPTH);
  _tile_loadd(5, below, (size_t)(2 * below_stride));
  _tile_dpbf16ps(0, 4, 6);
  _tile_dpbf16ps(1, 4, 7);
  _tile_dpbf16ps(2, 5, 6);
  _tile_dpbf16ps(3, 5, 7);
}

ATTN_SUPPORT_API int32_t attn_matrix_contract(const uint16_t *keys, int32_t element, int64_t row_stride,
                                              int64_t column_stride, int64_t rows, int64_t columns,
                                              const uint16_t *queries, int64_t width, int64_t count, float *target,
                                              uint16_t *scratch) {
  attn_magnitudes seen = attn_no_magnitudes();
  attn_left left = element == ATTN_BF16
                       ? attn_pad(keys, ATTN_BF16, row_stride, column_stride, rows, columns, ATTN_SIDE, scratch, &seen)
                       : attn_pad(keys, ATTN_F16, row_stride, column_stride, rows, columns, ATTN_SIDE, scratch, &seen);
  const int64_t parts = attn_parts(element), used = attn_round_up(count, 2 * ATTN_SIDE);
  const int64_t apart = attn_round_up(columns, ATTN_DEPTH) * ATTN_FLOAT_PARTS;
  for (int64_t row = 0; row < rows; row += 2 * ATTN_SIDE) {
    attn_narrow above = attn_rows_at(&left, row), below = attn_rows_at(&left, row + ATTN_SIDE);
    attn_zero_columns(target + row * width + used, width, 2 * ATTN_SIDE, width - used);
    for (int64_t query = 0; query < used; query += 2 * ATTN_SIDE) {
      float *to = target + row * width + query;
      attn_zero_quarters();
      for (int64_t column = 0; column < columns; column += ATTN_DEPTH) {
        const uint16_t *right = queries + query * apart + column * 2 * ATTN_SIDE * ATTN_FLOAT_PARTS;
        for (int64_t part = parts - 1; part >= 0; --part)
          for (int64_t other = ATTN_FLOAT_PARTS - 1 - part; other >= 0; --other)
            attn_multiply_add(above.numbers + part * above.size + column, above.row_stride,
                              below.numbers + part * below.size + column, below.row_stride, right + other * ATTN_TILE,
                              ATTN_FLOAT_PARTS * ATTN_TILE);
      }
      ATTN_FOR_QUARTERS(_tile_stored, to, width);
    }
  }
  return !attn_is_regular(seen, element);
}

/* 32 rows of 32 columns become the two tiles of a left operand with a row for each column. */
ATTN_INLINE void attn_turn(const uint16_t *rows, int64_t row_stride, uint16_t *first, uint16_t *second) {
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    __m512i m[16];
#pragma GCC unroll 16
    for (int n = 0; n < 16; ++n) {
      __m512i even = _mm512_loadu_si512(rows + 2 * n * row_stride),
              odd = _mm512_loadu_si512(rows + (2 * n + 1) * row_stride);
      m[n] = half ? _mm512_unpackhi_epi16(even, odd) : _mm512_unpacklo_epi16(even, odd);
    }
    attn_transpose(m);
    /* A vector's lane of 128 bits holds four of eight columns. */
#pragma GCC unroll 16
    for (int n = 0; n < 16; ++n) {
      int column = n / 4 * 8 + half * 4 + n % 4;
      _mm512_store_si512((column < 16 ? first : second) + column % 16 * ATTN_DEPTH, m[n]);
    }
  }
}

static void attn_rescale(const float *factors, int64_t width, int64_t columns, int64_t rows, float *target) {
  __mmask16 differs = 0;
  for (int64_t column = 0; column < columns; column += ATTN_SIDE)
    differs |= _mm512_cmp_ps_mask(_mm512_load_ps(factors + column), _mm512_set1_ps(1), _CMP_NEQ_UQ);
  if (!differs)
    return;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; column += ATTN_SIDE) {
      float *at = target + row * width + column;
      _mm512_store_ps(at, _mm512_mul_ps(_mm512_load_ps(at), _mm512_load_ps(factors + column)));
    }
}

/* Adds 32 rows of 32 floats. */
static void attn_add(const float *sum, float *target, int64_t width) {
  for (int64_t row = 0; row < 2 * ATTN_SIDE; ++row)
    for (int64_t column = 0; column < 2 * ATTN_SIDE; column += ATTN_SIDE) {
      float *at = target + row * width + column;
      _mm512_store_ps(at, _mm512_add_ps(_mm512_load_ps(at), _mm512_load_ps(sum + row * 2 * ATTN_SIDE + column)));
    }
}

ATTN_INLINE int32_t attn_accumulate(const uint16_t *values, int32_t element, int64_t row_stride, int64_t column_stride,
                                    int64_t rows, int64_t columns, const float *weights, int64_t weight_parts,
                                    int64_t width, int64_t used, float *target, uint16_t *scratch) {
  const int64_t parts = attn_parts(element);
  int64_t depths = attn_round_up(rows, ATTN_DEPTH) / ATTN_DEPTH;
  /* The tiles of 32 columns of values, by half, depth, part. */
  int64_t apart = depths * parts * ATTN_TILE;
  /* A block's sum is formed apart where every bit counts: what is lost by adding small numbers to a large one then
   * grows with the number of blocks. */
  const int32_t is_exact = weight_parts == 3;
  float sum[4 * ATTN_SIDE * ATTN_SIDE] __attribute__((aligned(64)));
  const int64_t right_size = depths * 2 * weight_parts * ATTN_TILE;
  uint16_t *rights = scratch, *tiles = rights + used / (2 * ATTN_SIDE) * right_size, *padding = tiles + 2 * apart;
  attn_magnitudes seen = attn_no_magnitudes();
  attn_left source = attn_pad(values, element, row_stride, column_stride, rows, columns, 2 * ATTN_SIDE, padding, &seen);
  for (int64_t query = 0; query < used; query += 2 * ATTN_SIDE)
    attn_split_columns(weights + query, width, rows, weight_parts, ATTN_ADJACENT, -1,
                       rights + query / (2 * ATTN_SIDE) * right_size);
  for (int64_t column = 0; column < columns; column += 2 * ATTN_SIDE) {
    for (int64_t depth = 0; depth < depths; ++depth) {
      attn_narrow from = attn_rows_at(&source, depth * ATTN_DEPTH);
      for (int64_t part = 0; part < parts; ++part) {
        uint16_t *to = tiles + (depth * parts + part) * ATTN_TILE;
        attn_turn(from.numbers + part * from.size + column, from.row_stride, to, to + apart);
      }
    }
    for (int64_t query = 0; query < used; query += 2 * ATTN_SIDE) {
      float *to = target + column * width + query;
      const uint16_t *right = rights + query / (2 * ATTN_SIDE) * right_size;
      if (is_exact)
        attn_zero_quarters();
      else
        ATTN_FOR_QUARTERS(_tile_loadd, to, width);
      for (int64_t depth = 0; depth < depths; ++depth)
        for (int64_t part = parts - 1; part >= 0; --part)
          for (int64_t other = weight_parts - 1 - part; other >= 0; --other) {
            const uint16_t *above = tiles + (depth * parts + part) * ATTN_TILE;
            attn_multiply_add(above, ATTN_DEPTH, above + apart, ATTN_DEPTH,
                              right + (depth * 2 * weight_parts + other) * ATTN_TILE, weight_parts * ATTN_TILE);
          }
      if (is_exact) {
        ATTN_FOR_QUARTERS(_tile_stored, sum, 2 * ATTN_SIDE);
        attn_add(sum, to, width);
      } else {
        ATTN_FOR_QUARTERS(_tile_stored, to, width);
      }
    }
  }
  return !attn_is_regular(seen, element);
}

ATTN_SUPPORT_API int32_t attn_matrix_accumulate(const uint16_t *values, int32_t element, int64_t row_stride,
                                                int64_t column_stride, int64_t rows, int64_t features,
                                                const float *weights, int64_t weight_parts, const float *rescale,
                                                int64_t width, int64_t count, float *sums, uint16_t *scratch) {
  int64_t used = attn_round_up(count, 2 * ATTN_SIDE);
  attn_rescale(rescale, width, used, features, sums);
  if (element == ATTN_F16)
    return attn_accumulate(values, ATTN_F16, row_stride, column_stride, rows, features, weights, weight_parts, width,
                           used, sums, scratch);
  if (weight_parts == 1)
    return attn_accumulate(values, ATTN_BF16, row_stride, column_stride, rows, features, weights, 1, width, used, sums,
                           scratch);
  return attn_accumulate(values, ATTN_BF16, row_stride, column_stride, rows, features, weights, weight_parts, width,
                         used, sums, scratch);
}
