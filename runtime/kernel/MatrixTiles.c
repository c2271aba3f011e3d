/* Tiles of the CPU's matrix unit (Intel AMX), which multiplies bf16 and sums floats.

   A float is the sum of three bf16, exactly: its first 8 significant bits, the next 8, and the last; a number of f16 is
   the sum of two. (Henry, Tang and Heinecke, "Leveraging the bfloat16 artificial intelligence datatype for
   higher-precision computations", 2019.) Of a product of two such sums the products of parts that matter are summed,
   the largest last.

   The unit's registers are tiles of 16 rows of 64 bytes. A left operand's tile has 16 of its rows and 32 columns; of a
   right operand's, each word holds two numbers of one column. Operands of more than one part have these side by side.
 */
enum { ATTN_SIDE = 16, ATTN_DEPTH = 32, ATTN_TILE = ATTN_SIDE * ATTN_DEPTH, ATTN_FLOAT_PARTS = 3 };

#define ATTN_INLINE static inline __attribute__((always_inline))

ATTN_INLINE int64_t attn_round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

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

static const uint32_t attn_infinity = 0x7F800000u;

/* A float's bits that are its first 8 significant ones, a bf16. */
ATTN_INLINE __m512i attn_head(void) { return _mm512_set1_epi32((int32_t)0xFFFF0000u); }

/* The part of a float that a bf16 holds, rounded to nearest: what is left has either sign, and products of two such
 * remainders, which are dropped, don't add up. */
ATTN_INLINE __m512i attn_rounded(__m512 number) {
  return _mm512_add_epi32(_mm512_castps_si512(number), _mm512_set1_epi32(0x8000));
}

/* One row of a tile for each of `parts` parts, `ATTN_TILE` numbers apart: those of `first` and of `second` become
 * neighbours. Returns the first row, the parts that decide how large a number is. */
ATTN_INLINE __m512i attn_split_pair(__m512 first, __m512 second, int64_t parts, uint16_t *target) {
  const __m512i head = attn_head();
  __m512i largest = head;
  for (int64_t part = 0; part < parts; ++part) {
    __m512i low = part == 0 ? attn_rounded(first) : _mm512_castps_si512(first),
            high = part == 0 ? attn_rounded(second) : _mm512_castps_si512(second),
            both = _mm512_ternarylogic_epi32(high, head, _mm512_srli_epi32(low, 16), 0xEA);
    _mm512_store_si512(target + part * ATTN_TILE, both);
    if (part == 0)
      largest = both;
    if (part + 1 == parts)
      break;
    first = _mm512_sub_ps(first, _mm512_castsi512_ps(_mm512_and_si512(low, head)));
    second = _mm512_sub_ps(second, _mm512_castsi512_ps(_mm512_and_si512(high, head)));
  }
  return largest;
}

ATTN_INLINE void attn_round_pair(__m512 first, __m512 second, uint16_t *target) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21,
                                         5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  _mm512_store_si512(target, _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(second, first)));
}

/* Which two of 32 numbers along a sum are neighbours in a tile's row n: 2n and 2n + 1, as they are in memory, or, where
 * they have to be brought together anyway, n and n + 16. Both operands of a product agree in it. */
typedef enum attn_pairing { ATTN_ADJACENT, ATTN_HALVES } attn_pairing;

/* 32 columns of a right operand, from rows of `width` floats; what is past the last row is 0. Tiles follow each other
 * by depth, half of the columns, part; those of depths without a bit in `used` stay as they are. */
ATTN_INLINE void attn_split_columns(const float *source, int64_t width, int64_t rows, int64_t parts,
                                    attn_pairing pairing, int64_t used, uint16_t *target) {
  const __m512 zero = _mm512_setzero_ps();
  for (int64_t depth = 0; depth < rows; depth += ATTN_DEPTH, used >>= 1) {
    if (!(used & 1)) {
      target += 2 * parts * ATTN_TILE;
      continue;
    }
    for (int64_t column = 0; column < 2 * ATTN_SIDE; column += ATTN_SIDE, target += parts * ATTN_TILE)
      for (int64_t n = 0; n < ATTN_SIDE; ++n) {
        int64_t row = depth + (pairing == ATTN_ADJACENT ? 2 * n : n),
                other = row + (pairing == ATTN_ADJACENT ? 1 : ATTN_SIDE);
        __m512 low = row < rows ? _mm512_load_ps(source + row * width + column) : zero,
               high = other < rows ? _mm512_load_ps(source + other * width + column) : zero;
        if (parts == 1)
          attn_round_pair(low, high, target + n * ATTN_DEPTH);
        else
          attn_split_pair(low, high, parts, target + n * ATTN_DEPTH);
      }
  }
}

/* Numbers whose parts are all normal, or 0; and, beside numbers of 32 bits, of which some part may be too small for the
 * unit and be lost, so small that this isn't noticed. */
static const uint32_t attn_least_whole = (uint32_t)(127 - 100) << 23, attn_most_beside_floats = (uint32_t)(127 + 60)
                                                                                                << 23;

ATTN_SUPPORT_API int32_t attn_matrix_split_queries(const float *source, int64_t width, int64_t features,
                                                   int32_t element, uint16_t *target) {
  const __m512i one = _mm512_set1_epi32(1);
  const uint32_t beyond = element == ATTN_F32 ? attn_most_beside_floats : attn_infinity;
  __mmask16 wrong = 0;
  for (int64_t n = 0; n < features * width; n += ATTN_SIDE) {
    __m512i magnitude = _mm512_and_si512(_mm512_load_si512(source + n), _mm512_set1_epi32(0x7FFFFFFF));
    wrong |=
        _mm512_cmpge_epu32_mask(magnitude, _mm512_set1_epi32((int32_t)beyond)) |
        _mm512_cmplt_epu32_mask(_mm512_sub_epi32(magnitude, one), _mm512_set1_epi32((int32_t)(attn_least_whole - 1)));
  }
  int64_t apart = attn_round_up(features, ATTN_DEPTH) * 2 * ATTN_SIDE * ATTN_FLOAT_PARTS;
  for (int64_t column = 0; column < width; column += 2 * ATTN_SIDE, target += apart)
    if (element == ATTN_F32)
      attn_split_columns(source + column, width, features, ATTN_FLOAT_PARTS, ATTN_HALVES, -1, target);
    else
      attn_split_columns(source + column, width, features, ATTN_FLOAT_PARTS, ATTN_ADJACENT, -1, target);
  return wrong != 0;
}

ATTN_INLINE __mmask32 attn_first_lanes(int64_t count) {
  return count >= ATTN_DEPTH ? 0xFFFFFFFFu : count <= 0 ? 0 : ((uint32_t)1 << count) - 1;
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

/* Rows that will be wanted soon, which are fetched a few lines at a time while the unit is busy. */
typedef struct attn_ahead_rows {
  const char *row;
  int64_t stride, bytes, rows, at, reserved[3];
} attn_ahead_rows;

typedef enum attn_ahead_of {
  ATTN_AHEAD_KEYS,
  ATTN_AHEAD_VALUES,
  ATTN_AHEAD_QUERIES,
  ATTN_AHEAD_RESULTS,
  ATTN_AHEAD_COUNT
} attn_ahead_of;

ATTN_INLINE void attn_expect(void *ahead, attn_ahead_of which, const float *row, int64_t stride, int64_t columns,
                             int64_t rows) {
  attn_ahead_rows expected = {(const char *)row, stride * 4, columns * 4, rows, 0, {0}};
  ((attn_ahead_rows *)ahead)[which] = expected;
}

ATTN_INLINE void attn_fetch_some(void *ahead) {
  int64_t lines = 24;
  for (int n = 0; n < ATTN_AHEAD_COUNT; ++n) {
    attn_ahead_rows *wanted = (attn_ahead_rows *)ahead + n, rest = *wanted;
    if (rest.rows <= 0)
      continue;
    for (; rest.rows > 0 && lines > 0; --lines) {
      _mm_prefetch(rest.row + rest.at, _MM_HINT_T1);
      rest.at += 64;
      if (rest.at >= rest.bytes) {
        rest.at = 0;
        rest.row += rest.stride;
        --rest.rows;
      }
    }
    *wanted = rest;
  }
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

/* Columns of rows that no query uses: 0, so that what comes of them is finite. */
static void attn_zero_columns(float *target, int64_t width, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; column += ATTN_SIDE)
      _mm512_store_ps(target + row * width + column, _mm512_setzero_ps());
}
