/* Queries and results change rows and columns beside the matrix unit as in Pack.c, 16 by 16. Those that follow are
   expected to be next. */

/* 16 rows; past the last that is repeated. */
ATTN_INLINE void attn_load_side(const float *first, int64_t stride, int64_t rows, __mmask16 there, __m512i *m) {
  if (rows >= ATTN_SIDE) {
#pragma GCC unroll 16
    for (int n = 0; n < ATTN_SIDE; ++n)
      m[n] = _mm512_maskz_loadu_epi32(there, first + n * stride);
    return;
  }
#pragma GCC unroll 16
  for (int n = 0; n < ATTN_SIDE; ++n)
    m[n] = _mm512_maskz_loadu_epi32(there, first + (n < rows ? n : rows - 1) * stride);
}

ATTN_SUPPORT_API void attn_matrix_pack_rows(const float *source, int64_t row_stride, int64_t column_stride,
                                            int64_t rows, int64_t columns, float *target, int64_t width, float scale,
                                            void *ahead, int64_t following) {
  if (column_stride == 1)
    attn_expect(ahead, ATTN_AHEAD_QUERIES, source + rows * row_stride, row_stride, columns, following);
  for (int64_t row = 0; row < width; row += ATTN_SIDE)
    for (int64_t column = 0; column < columns; column += ATTN_SIDE) {
      if (column_stride != 1) {
        for (int64_t n = column; n < columns && n < column + ATTN_SIDE; ++n)
          for (int64_t lane = row; lane < row + ATTN_SIDE; ++lane)
            target[n * width + lane] = scale * source[(lane < rows ? lane : rows - 1) * row_stride + n * column_stride];
        continue;
      }
      __mmask16 there = (__mmask16)attn_first_lanes(columns - column);
      __m512i m[ATTN_SIDE];
      attn_load_side(source + row * row_stride + column, row_stride, rows - row, there, m);
      attn_transpose(m);
#pragma GCC unroll 16
      for (int n = 0; n < ATTN_SIDE; ++n)
        if (column + n < columns)
          _mm512_store_ps(target + (column + n) * width + row,
                          _mm512_mul_ps(_mm512_castsi512_ps(m[n]), _mm512_set1_ps(scale)));
    }
}

ATTN_SUPPORT_API void attn_matrix_unpack_rows(const float *source, int64_t width, int64_t rows, int64_t columns,
                                              float *target, int64_t row_stride, int64_t column_stride, void *ahead,
                                              int64_t following) {
  if (column_stride == 1 && columns >= ATTN_SIDE)
    attn_expect(ahead, ATTN_AHEAD_RESULTS, target + rows * row_stride, row_stride, columns, following);
  for (int64_t row = 0; row < rows; row += ATTN_SIDE)
    for (int64_t column = 0; column < columns; column += ATTN_SIDE) {
      int64_t height = rows - row < ATTN_SIDE ? rows - row : ATTN_SIDE,
              breadth = columns - column < ATTN_SIDE ? columns - column : ATTN_SIDE;
      const float *from = source + column * width + row;
      float *to = target + row * row_stride + column * column_stride;
      if (column_stride != 1) {
        for (int64_t n = 0; n < breadth; ++n)
          for (int64_t lane = 0; lane < height; ++lane)
            to[lane * row_stride + n * column_stride] = from[n * width + lane];
        continue;
      }
      __m512i m[ATTN_SIDE];
#pragma GCC unroll 16
      for (int n = 0; n < ATTN_SIDE; ++n)
        m[n] = n < breadth ? _mm512_maskz_loadu_epi32((__mmask16)attn_first_lanes(height), from + n * width)
                           : _mm512_setzero_si512();
      attn_transpose(m);
      __mmask16 there = (__mmask16)attn_first_lanes(breadth);
#pragma GCC unroll 16
      for (int lane = 0; lane < ATTN_SIDE; ++lane)
        if (lane < height)
          _mm512_mask_storeu_epi32(to + lane * row_stride, there, m[lane]);
    }
}
