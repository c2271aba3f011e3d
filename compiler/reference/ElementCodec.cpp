#include "compiler/reference/ElementCodec.h"

#include <bit>
#include <cmath>
#include <limits>

namespace attn::reference {

using sema::ElementType;

namespace {

/// A binary format with `significandBits` stored bits and the exponent range of `exponentBits`.
struct FloatFormat {
  int exponentBits, significandBits;
};
constexpr FloatFormat float16{5, 10}, bfloat16{8, 7};

double decode(FloatFormat format, uint16_t bits) {
  const int bias = (1 << (format.exponentBits - 1)) - 1;
  const int exponent = (bits >> format.significandBits) & ((1 << format.exponentBits) - 1);
  const int significand = bits & ((1 << format.significandBits) - 1);
  double magnitude;
  if (exponent == (1 << format.exponentBits) - 1)
    magnitude = significand ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
  else if (exponent == 0)
    magnitude = std::ldexp(significand, 1 - bias - format.significandBits);
  else
    magnitude = std::ldexp(significand + (1 << format.significandBits), exponent - bias - format.significandBits);
  return bits & 0x8000 ? -magnitude : magnitude;
}

uint16_t encode(FloatFormat format, double value) {
  const int bias = (1 << (format.exponentBits - 1)) - 1;
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const uint16_t infinity = ((1 << format.exponentBits) - 1) << format.significandBits;
  if (std::isnan(value))
    return sign | infinity | (1 << (format.significandBits - 1));
  const double magnitude = std::fabs(value);
  if (std::isinf(magnitude))
    return sign | infinity;
  if (magnitude == 0)
    return sign;
  // The value in units of the last place it may keep; rounding may carry into the exponent, which is what is wanted.
  const int exponent = std::max(std::ilogb(magnitude), 1 - bias);
  const double units = std::nearbyint(std::ldexp(magnitude, format.significandBits - exponent));
  const int64_t encoded = (int64_t(exponent + bias - 1) << format.significandBits) + int64_t(units);
  return sign | static_cast<uint16_t>(std::min<int64_t>(encoded, infinity));
}

} // namespace

double decodeFloat16(uint16_t bits) { return decode(float16, bits); }
double decodeBFloat16(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }
uint16_t encodeFloat16(double value) { return encode(float16, value); }
uint16_t encodeBFloat16(double value) { return encode(bfloat16, value); }

bool isReal(ElementType element) {
  return element == ElementType::F16 || element == ElementType::BF16 || element == ElementType::F32;
}

int64_t truncate(double value) {
  if (std::isnan(value))
    return 0;
  if (value >= 0x1p63)
    return std::numeric_limits<int64_t>::max();
  if (value < -0x1p63)
    return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

void storeReal(ElementType element, void *data, int64_t offset, double value) {
  switch (element) {
  case ElementType::F16:
    static_cast<uint16_t *>(data)[offset] = encodeFloat16(value);
    return;
  case ElementType::BF16:
    static_cast<uint16_t *>(data)[offset] = encodeBFloat16(value);
    return;
  case ElementType::F32:
    static_cast<float *>(data)[offset] = static_cast<float>(value);
    return;
  case ElementType::Bool:
    static_cast<uint8_t *>(data)[offset] = value != 0;
    return;
  default:
    storeInteger(element, data, offset, truncate(value));
  }
}

void storeInteger(ElementType element, void *data, int64_t offset, int64_t value) {
  switch (element) {
  case ElementType::F16:
  case ElementType::BF16:
    storeReal(element, data, offset, static_cast<double>(value));
    return;
  case ElementType::F32:
    static_cast<float *>(data)[offset] = static_cast<float>(value);
    return;
  case ElementType::I8:
    static_cast<int8_t *>(data)[offset] = static_cast<int8_t>(value);
    return;
  case ElementType::U8:
    static_cast<uint8_t *>(data)[offset] = static_cast<uint8_t>(value);
    return;
  case ElementType::I32:
    static_cast<int32_t *>(data)[offset] = static_cast<int32_t>(value);
    return;
  case ElementType::I64:
    static_cast<int64_t *>(data)[offset] = value;
    return;
  case ElementType::Bool:
    static_cast<uint8_t *>(data)[offset] = value != 0;
    return;
  }
}

} // namespace attn::reference
