#include "runtime/kernel/Support.h"

typedef float attn_float4 __attribute__((vector_size(16)));
typedef float attn_loose_float4 __attribute__((vector_size(16), aligned(4), may_alias));

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define ATTN_SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#endif
#endif
#ifndef ATTN_SHUFFLE
typedef int32_t attn_int4 __attribute__((vector_size(16)));
#define ATTN_SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, (attn_int4){i, j, k, l})
#endif

static attn_float4 attn_load4(const float *from) { return *(const attn_loose_float4 *)from; }
static void attn_store4(float *to, attn_float4 value) { *(attn_loose_float4 *)to = value; }

static void attn_transpose4(attn_float4 *m) {
  attn_float4 low01 = ATTN_SHUFFLE(m[0], m[1], 0, 4, 1, 5), high01 = ATTN_SHUFFLE(m[0], m[1], 2, 6, 3, 7);
  attn_float4 low23 = ATTN_SHUFFLE(m[2], m[3], 0, 4, 1, 5), high23 = ATTN_SHUFFLE(m[2], m[3], 2, 6, 3, 7);
  m[0] = ATTN_SHUFFLE(low01, low23, 0, 1, 4, 5);
  m[1] = ATTN_SHUFFLE(low01, low23, 2, 3, 6, 7);
  m[2] = ATTN_SHUFFLE(high01, high23, 0, 1, 4, 5);
  m[3] = ATTN_SHUFFLE(high01, high23, 2, 3, 6, 7);
}

/* Four lanes of every column. Lanes past the last row repeat it. */
static void attn_pack4(const float *const *lanes, int64_t column_stride, int64_t columns, float *target, int64_t width,
                       float scale) {
  attn_float4 factor = {scale, scale, scale, scale};
  int64_t d = 0;
  if (column_stride == 1)
    for (; d + 4 <= columns; d += 4) {
      attn_float4 m[4];
      for (int n = 0; n < 4; ++n)
        m[n] = attn_load4(lanes[n] + d);
      attn_transpose4(m);
      for (int n = 0; n < 4; ++n)
        attn_store4(target + (d + n) * width, m[n] * factor);
    }
  for (; d < columns; ++d) {
    int64_t at = d * column_stride;
    attn_float4 values = {lanes[0][at], lanes[1][at], lanes[2][at], lanes[3][at]};
    attn_store4(target + d * width, values * factor);
  }
}

ATTN_SUPPORT_API void attn_pack_rows_f32(const float *source, int64_t row_stride, int64_t column_stride, int64_t rows,
                                         int64_t columns, float *target, int64_t width, float scale) {
  if (columns <= 0)
    return;
  for (int64_t r = 0; r < width; r += 4) {
    const float *lanes[4];
    for (int n = 0; n < 4; ++n)
      lanes[n] = source + (r + n < rows ? r + n : rows - 1) * row_stride;
    attn_pack4(lanes, column_stride, columns, target + r, width, scale);
  }
}

ATTN_SUPPORT_API void attn_pack_rows_16(const uint16_t *source, int64_t row_stride, int64_t column_stride, int64_t rows,
                                        int64_t columns, uint16_t *target, int64_t width) {
  for (int64_t d = 0; d < columns; ++d)
    for (int64_t r = 0; r < width; ++r)
      target[d * width + r] = source[(r < rows ? r : rows - 1) * row_stride + d * column_stride];
}

static void attn_unpack4(const float *source, int64_t width, int64_t columns, float *target, int64_t row_stride,
                         int64_t column_stride) {
  int64_t d = 0;
  if (column_stride == 1)
    for (; d + 4 <= columns; d += 4) {
      attn_float4 m[4];
      for (int n = 0; n < 4; ++n)
        m[n] = attn_load4(source + (d + n) * width);
      attn_transpose4(m);
      for (int n = 0; n < 4; ++n)
        attn_store4(target + n * row_stride + d, m[n]);
    }
  for (; d < columns; ++d)
    for (int n = 0; n < 4; ++n)
      target[n * row_stride + d * column_stride] = source[d * width + n];
}

ATTN_SUPPORT_API void attn_unpack_rows_f32(const float *source, int64_t width, int64_t rows, int64_t columns,
                                           float *target, int64_t row_stride, int64_t column_stride) {
  int64_t r = 0;
  if (columns <= 0)
    return;
  for (; r + 4 <= rows; r += 4)
    attn_unpack4(source + r, width, columns, target + r * row_stride, row_stride, column_stride);
  for (; r < rows; ++r)
    for (int64_t d = 0; d < columns; ++d)
      target[r * row_stride + d * column_stride] = source[d * width + r];
}

/* To nearest, ties to even; a NaN stays one. */
static uint16_t attn_round_to_bf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u)
    return (uint16_t)((bits >> 16) | 0x40u);
  return (uint16_t)((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

static uint16_t attn_round_to_f16(float value) {
  uint32_t bits, sign, magnitude;
  memcpy(&bits, &value, 4);
  sign = (bits >> 16) & 0x8000u;
  magnitude = bits & 0x7FFFFFFFu;
  if (magnitude > 0x7F800000u)
    return (uint16_t)(sign | 0x7E00u);
  if (magnitude >= 0x477FF000u)
    return (uint16_t)(sign | 0x7C00u);
  if (magnitude < 0x38800000u) {
    /* Below the normal numbers: the last place of 0.5 + |value| is theirs. */
    float shifted;
    memcpy(&shifted, &magnitude, 4);
    shifted += 0.5f;
    memcpy(&magnitude, &shifted, 4);
    return (uint16_t)(sign | (magnitude - 0x3F000000u));
  }
  return (uint16_t)(sign | ((magnitude - (112u << 23) + 0xFFFu + ((magnitude >> 13) & 1u)) >> 13));
}

#define ATTN_UNPACK_16(name, round)                                                                                    \
  ATTN_SUPPORT_API void name(const float *source, int64_t width, int64_t rows, int64_t columns, uint16_t *target,      \
                             int64_t row_stride, int64_t column_stride) {                                              \
    for (int64_t r = 0; r < rows; ++r)                                                                                 \
      for (int64_t d = 0; d < columns; ++d)                                                                            \
        target[r * row_stride + d * column_stride] = round(source[d * width + r]);                                     \
  }

ATTN_UNPACK_16(attn_unpack_rows_bf16, attn_round_to_bf16)
ATTN_UNPACK_16(attn_unpack_rows_f16, attn_round_to_f16)
