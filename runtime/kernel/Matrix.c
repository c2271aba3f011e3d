/* Products of keys and values of 16 bits on the CPU's matrix unit (Intel AMX), which multiplies bf16 and sums floats.

   A float is the sum of three bf16, exactly: its first 8 significant bits, the next 8, and the last; a number of f16 is
   the sum of two. Queries, which carry the scale of scores, are taken whole, and the products of parts that matter are
   summed, the small ones first. Of weights the caller says how many parts count: where results are rounded to 16 bits
   anyway fewer do.

   The unit's registers are tiles of 16 rows of 64 bytes. A left operand's tile has 16 of its rows and 32 columns; of a
   right operand's, each word holds two numbers of one column, of rows 2n and 2n + 1. Operands of more than one part
   have these side by side. */
#include "runtime/kernel/Kernel.h"

#if defined(__AMX_BF16__) || defined(__AMXBF16__)
#include <immintrin.h>

enum { ATTN_SIDE = 16, ATTN_DEPTH = 32, ATTN_TILE = ATTN_SIDE * ATTN_DEPTH, ATTN_QUERY_PARTS = 3 };

#define ATTN_INLINE static inline __attribute__((always_inline))

ATTN_INLINE int64_t attn_round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

static int64_t attn_parts(int32_t element) { return element == ATTN_BF16 ? 1 : 2; }

ATTN_SUPPORT_API void attn_matrix_begin(void) {
  struct {
    uint8_t palette, start, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
  } shape = {1, 0, {0}, {0}, {0}};
  for (int n = 0; n < 8; ++n) {
    shape.row_bytes[n] = 2 * ATTN_DEPTH;
    shape.rows[n] = ATTN_SIDE;
  }
  _tile_loadconfig(&shape);
}

ATTN_SUPPORT_API void attn_matrix_end(void) { _tile_release(); }

/* One row of a right operand's tiles: the parts of two rows of floats, whose numbers become neighbours. */
ATTN_INLINE void attn_split_pair(__m512 first, __m512 second, int64_t parts, uint16_t *target) {
  const __m512i head = _mm512_set1_epi32((int32_t)0xFFFF0000u);
  for (int64_t part = 0; part < parts; ++part) {
    __m512i low = _mm512_castps_si512(first), high = _mm512_castps_si512(second);
    _mm512_store_si512(target + part * ATTN_TILE,
                       _mm512_ternarylogic_epi32(high, head, _mm512_srli_epi32(low, 16), 0xEA));
    first = _mm512_sub_ps(first, _mm512_castsi512_ps(_mm512_and_si512(low, head)));
    second = _mm512_sub_ps(second, _mm512_castsi512_ps(_mm512_and_si512(high, head)));
  }
}

ATTN_INLINE void attn_round_pair(__m512 first, __m512 second, uint16_t *target) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  _mm512_store_si512(target, _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(second, first)));
}

/* A right operand from rows of `width` floats; what is past the last row is 0. Tiles follow each other by depth,
 * column, part. */
ATTN_INLINE void attn_split_right(const float *source, int64_t width, int64_t rows, int64_t parts, uint16_t *target) {
  const __m512 zero = _mm512_setzero_ps();
  for (int64_t depth = 0; depth < rows; depth += ATTN_DEPTH)
    for (int64_t column = 0; column < width; column += ATTN_SIDE, target += parts * ATTN_TILE)
      for (int64_t n = 0; n < ATTN_SIDE; ++n) {
        int64_t row = depth + 2 * n;
        const float *from = source + row * width + column;
        __m512 first = row < rows ? _mm512_load_ps(from) : zero,
               second = row + 1 < rows ? _mm512_load_ps(from + width) : zero;
        if (parts == 1)
          attn_round_pair(first, second, target + n * ATTN_DEPTH);
        else
          attn_split_pair(first, second, parts, target + n * ATTN_DEPTH);
      }
}

/* Numbers whose parts are all normal, or 0. */
static const uint32_t attn_least_whole = (uint32_t)(127 - 100) << 23, attn_infinity = 0x7F800000u;

ATTN_SUPPORT_API int32_t attn_matrix_split_queries(const float *source, int64_t width, int64_t features,
                                                   uint16_t *target) {
  const __m512i one = _mm512_set1_epi32(1);
  __mmask16 wrong = 0;
  for (int64_t n = 0; n < features * width; n += ATTN_SIDE) {
    __m512i magnitude = _mm512_and_si512(_mm512_load_si512(source + n), _mm512_set1_epi32(0x7FFFFFFF));
    wrong |=
        _mm512_cmpge_epu32_mask(magnitude, _mm512_set1_epi32((int32_t)attn_infinity)) |
        _mm512_cmplt_epu32_mask(_mm512_sub_epi32(magnitude, one), _mm512_set1_epi32((int32_t)(attn_least_whole - 1)));
  }
  attn_split_right(source, width, features, ATTN_QUERY_PARTS, target);
  return wrong != 0;
}

/* Numbers of 16 bits with their parts one after the other, each `size` numbers long. */
typedef struct attn_narrow {
  const uint16_t *numbers;
  int64_t row_stride, size;
} attn_narrow;

ATTN_INLINE __mmask32 attn_first_lanes(int64_t count) {
  return count >= ATTN_DEPTH ? 0xFFFFFFFFu : count <= 0 ? 0 : ((uint32_t)1 << count) - 1;
}

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

/* The largest magnitude of numbers of 16 bits, and the smallest but 0, less 1. */
typedef struct attn_magnitudes {
  __m512i most, least;
} attn_magnitudes;

ATTN_INLINE attn_magnitudes attn_no_magnitudes(void) {
  attn_magnitudes none = {_mm512_setzero_si512(), _mm512_set1_epi16(-1)};
  return none;
}

ATTN_INLINE void attn_note(attn_magnitudes *seen, __m512i numbers) {
  __m512i magnitudes = _mm512_and_si512(numbers, _mm512_set1_epi16(0x7FFF));
  seen->most = _mm512_max_epu16(seen->most, magnitudes);
  seen->least = _mm512_min_epu16(seen->least, _mm512_sub_epi16(magnitudes, _mm512_set1_epi16(1)));
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

#define ATTN_FOR_QUARTERS(what, to, width)                                                                             \
  do {                                                                                                                 \
    what(0, to, (size_t)(width)*4);                                                                                    \
    what(1, (to) + ATTN_SIDE, (size_t)(width)*4);                                                                      \
    what(2, (to) + ATTN_SIDE * (width), (size_t)(width)*4);                                                            \
    what(3, (to) + ATTN_SIDE * (width) + ATTN_SIDE, (size_t)(width)*4);                                                \
  } while (0)

ATTN_INLINE void attn_zero_quarters(void) {
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
}

ATTN_SUPPORT_API int32_t attn_matrix_contract(const uint16_t *keys, int32_t element, int64_t row_stride,
                                              int64_t column_stride, int64_t rows, int64_t columns,
                                              const uint16_t *queries, int64_t width, float *target,
                                              uint16_t *scratch) {
  attn_magnitudes seen = attn_no_magnitudes();
  attn_left left = element == ATTN_BF16
                       ? attn_pad(keys, ATTN_BF16, row_stride, column_stride, rows, columns, ATTN_SIDE, scratch, &seen)
                       : attn_pad(keys, ATTN_F16, row_stride, column_stride, rows, columns, ATTN_SIDE, scratch, &seen);
  int64_t groups = width / ATTN_SIDE, parts = attn_parts(element);
  for (int64_t row = 0; row < rows; row += 2 * ATTN_SIDE) {
    attn_narrow above = attn_rows_at(&left, row), below = attn_rows_at(&left, row + ATTN_SIDE);
    for (int64_t group = 0; group < groups; group += 2) {
      float *to = target + row * width + group * ATTN_SIDE;
      attn_zero_quarters();
      for (int64_t column = 0; column < columns; column += ATTN_DEPTH) {
        const uint16_t *right = queries + (column / ATTN_DEPTH * groups + group) * ATTN_QUERY_PARTS * ATTN_TILE;
        for (int64_t part = parts - 1; part >= 0; --part)
          for (int64_t other = ATTN_QUERY_PARTS - 1 - part; other >= 0; --other)
            attn_multiply_add(above.numbers + part * above.size + column, above.row_stride,
                              below.numbers + part * below.size + column, below.row_stride, right + other * ATTN_TILE,
                              ATTN_QUERY_PARTS * ATTN_TILE);
      }
      ATTN_FOR_QUARTERS(_tile_stored, to, width);
    }
  }
  return !attn_is_regular(seen, element);
}

ATTN_INLINE void attn_transpose(__m512i *m) {
  __m512i t[16];
#pragma GCC unroll 8
  for (int n = 0; n < 16; n += 2) {
    t[n] = _mm512_unpacklo_epi32(m[n], m[n + 1]);
    t[n + 1] = _mm512_unpackhi_epi32(m[n], m[n + 1]);
  }
#pragma GCC unroll 4
  for (int n = 0; n < 16; n += 4) {
    m[n] = _mm512_unpacklo_epi64(t[n], t[n + 2]);
    m[n + 1] = _mm512_unpackhi_epi64(t[n], t[n + 2]);
    m[n + 2] = _mm512_unpacklo_epi64(t[n + 1], t[n + 3]);
    m[n + 3] = _mm512_unpackhi_epi64(t[n + 1], t[n + 3]);
  }
#pragma GCC unroll 4
  for (int n = 0; n < 4; ++n) {
    t[n] = _mm512_shuffle_i32x4(m[n], m[n + 4], 0x88);
    t[n + 4] = _mm512_shuffle_i32x4(m[n], m[n + 4], 0xDD);
    t[n + 8] = _mm512_shuffle_i32x4(m[n + 8], m[n + 12], 0x88);
    t[n + 12] = _mm512_shuffle_i32x4(m[n + 8], m[n + 12], 0xDD);
  }
#pragma GCC unroll 4
  for (int n = 0; n < 4; ++n) {
    m[n] = _mm512_shuffle_i32x4(t[n], t[n + 8], 0x88);
    m[n + 8] = _mm512_shuffle_i32x4(t[n], t[n + 8], 0xDD);
    m[n + 4] = _mm512_shuffle_i32x4(t[n + 4], t[n + 12], 0x88);
    m[n + 12] = _mm512_shuffle_i32x4(t[n + 4], t[n + 12], 0xDD);
  }
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

static void attn_rescale(const float *factors, int64_t width, int64_t rows, float *target) {
  __mmask16 differs = 0;
  for (int64_t column = 0; column < width; column += ATTN_SIDE)
    differs |= _mm512_cmp_ps_mask(_mm512_load_ps(factors + column), _mm512_set1_ps(1), _CMP_NEQ_UQ);
  if (!differs)
    return;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < width; column += ATTN_SIDE) {
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
                                    int64_t width, float *target, uint16_t *scratch) {
  const int64_t parts = attn_parts(element), groups = width / ATTN_SIDE;
  int64_t depths = attn_round_up(rows, ATTN_DEPTH) / ATTN_DEPTH;
  /* The tiles of 32 columns of values, by half, depth, part. */
  int64_t apart = depths * parts * ATTN_TILE;
  /* A block's sum is formed apart where every bit counts: what is lost by adding small numbers to a large one then
   * grows with the number of blocks. */
  const int32_t is_exact = weight_parts == 3;
  float sum[4 * ATTN_SIDE * ATTN_SIDE] __attribute__((aligned(64)));
  uint16_t *right = scratch, *tiles = right + depths * groups * weight_parts * ATTN_TILE, *padding = tiles + 2 * apart;
  attn_magnitudes seen = attn_no_magnitudes();
  attn_left source = attn_pad(values, element, row_stride, column_stride, rows, columns, 2 * ATTN_SIDE, padding, &seen);
  attn_split_right(weights, width, rows, weight_parts, right);
  for (int64_t column = 0; column < columns; column += 2 * ATTN_SIDE) {
    for (int64_t depth = 0; depth < depths; ++depth) {
      attn_narrow from = attn_rows_at(&source, depth * ATTN_DEPTH);
      for (int64_t part = 0; part < parts; ++part) {
        uint16_t *to = tiles + (depth * parts + part) * ATTN_TILE;
        attn_turn(from.numbers + part * from.size + column, from.row_stride, to, to + apart);
      }
    }
    for (int64_t group = 0; group < groups; group += 2) {
      float *to = target + column * width + group * ATTN_SIDE;
      if (is_exact)
        attn_zero_quarters();
      else
        ATTN_FOR_QUARTERS(_tile_loadd, to, width);
      for (int64_t depth = 0; depth < depths; ++depth)
        for (int64_t part = parts - 1; part >= 0; --part)
          for (int64_t other = weight_parts - 1 - part; other >= 0; --other) {
            const uint16_t *above = tiles + (depth * parts + part) * ATTN_TILE;
            attn_multiply_add(above, ATTN_DEPTH, above + apart, ATTN_DEPTH,
                              right + ((depth * groups + group) * weight_parts + other) * ATTN_TILE,
                              weight_parts * ATTN_TILE);
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
                                                int64_t width, float *sums, uint16_t *scratch) {
  attn_rescale(rescale, width, features, sums);
  if (element == ATTN_F16)
    return attn_accumulate(values, ATTN_F16, row_stride, column_stride, rows, features, weights, weight_parts, width,
                           sums, scratch);
  if (weight_parts == 1)
    return attn_accumulate(values, ATTN_BF16, row_stride, column_stride, rows, features, weights, 1, width, sums,
                           scratch);
  return attn_accumulate(values, ATTN_BF16, row_stride, column_stride, rows, features, weights, weight_parts, width,
                         sums, scratch);
}
#endif
