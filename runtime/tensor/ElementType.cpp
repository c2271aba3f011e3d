#include "runtime/tensor/ElementType.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace attn {

std::string_view spelling(ElementType type) {
  constexpr std::string_view names[] = {"f16", "bf16", "f32", "i8", "u8", "i32", "i64", "bool"};
  return names[size_t(type)];
}

std::optional<ElementType> parseElementType(std::string_view name) {
  for (int n = 0; n <= int(ElementType::Bool); ++n)
    if (spelling(ElementType(n)) == name)
      return ElementType(n);
  return std::nullopt;
}

int64_t byteSize(ElementType type) {
  constexpr int64_t sizes[] = {2, 2, 4, 1, 1, 4, 8, 1};
  return sizes[size_t(type)];
}

bool isFloat(ElementType type) {
  return type == ElementType::F16 || type == ElementType::BF16 || type == ElementType::F32;
}

int64_t lowestInteger(ElementType type) {
  switch (type) {
  case ElementType::I8:
    return std::numeric_limits<int8_t>::min();
  case ElementType::I32:
    return std::numeric_limits<int32_t>::min();
  case ElementType::I64:
    return std::numeric_limits<int64_t>::min();
  default:
    return 0;
  }
}

int64_t highestInteger(ElementType type) {
  switch (type) {
  case ElementType::I8:
    return std::numeric_limits<int8_t>::max();
  case ElementType::U8:
    return std::numeric_limits<uint8_t>::max();
  case ElementType::I32:
    return std::numeric_limits<int32_t>::max();
  case ElementType::I64:
    return std::numeric_limits<int64_t>::max();
  default:
    return 1;
  }
}

/// Rounds to a binary format with `mantissaBits` stored mantissa bits, `exponentBits` exponent bits and a sign.
static uint16_t roundTo(double value, int mantissaBits, int exponentBits) {
  int bias = (1 << (exponentBits - 1)) - 1, lowestExponent = 1 - bias;
  uint16_t sign = std::signbit(value) ? uint16_t(1) << 15 : 0;
  uint16_t infinity = uint16_t(((1 << exponentBits) - 1) << mantissaBits);
  if (std::isnan(value))
    return sign | infinity | uint16_t(1 << (mantissaBits - 1));
  double magnitude = std::fabs(value);
  if (std::isinf(value))
    return sign | infinity;
  if (magnitude == 0)
    return sign;
  int exponent = std::max(std::ilogb(magnitude), lowestExponent);
  // In units of the last place the value is below 2^(mantissaBits + 1); the rounding to an integer ties to even.
  double units = std::nearbyint(std::ldexp(magnitude, mantissaBits - exponent));
  int64_t bits = int64_t(units) + (int64_t(exponent - lowestExponent) << mantissaBits);
  return bits >= infinity ? sign | infinity : sign | uint16_t(bits);
}

uint16_t toHalf(double value) { return roundTo(value, 10, 5); }
uint16_t toBfloat(double value) {
  float single = float(value);
  if (double(single) != value)
    return roundTo(value, 7, 8);
  // A float's upper half, plus one where the lower half is above a tie, or at it and the upper half odd.
  uint32_t bits = std::bit_cast<uint32_t>(single);
  return uint16_t((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

float fromHalf(uint16_t bits) {
  uint32_t exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  float magnitude;
  if (exponent == 0)
    magnitude = float(mantissa) * 0x1p-24f;
  else
    magnitude = std::bit_cast<float>(((exponent == 31 ? 255u : exponent + 112) << 23) | (mantissa << 13));
  return bits & 0x8000 ? -magnitude : magnitude;
}

float fromBfloat(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

} // namespace attn
