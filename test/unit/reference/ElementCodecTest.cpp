#include "compiler/reference/ElementCodec.h"
#include "test/unit/Catch.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace attn;
using namespace attn::reference;

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
}

TEST_CASE("every float16 survives decoding and encoding") {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const double value = decodeFloat16(static_cast<uint16_t>(bits));
    if (std::isnan(value))
      CHECK(std::isnan(decodeFloat16(encodeFloat16(value))));
    else if (encodeFloat16(value) != bits)
      FAIL("float16 " << bits << " came back as " << encodeFloat16(value));
  }
}

TEST_CASE("every bfloat16 survives decoding and encoding") {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const double value = decodeBFloat16(static_cast<uint16_t>(bits));
    if (std::isnan(value))
      CHECK(std::isnan(decodeBFloat16(encodeBFloat16(value))));
    else if (encodeBFloat16(value) != bits)
      FAIL("bfloat16 " << bits << " came back as " << encodeBFloat16(value));
  }
}

TEST_CASE("known float16 values decode") {
  CHECK(decodeFloat16(0x3C00) == 1);
  CHECK(decodeFloat16(0xC000) == -2);
  CHECK(decodeFloat16(0x7BFF) == 65504);
  CHECK(decodeFloat16(0x0001) == 0x1p-24);
  CHECK(decodeFloat16(0x7C00) == infinity);
}

TEST_CASE("16-bit floats round to nearest, ties to even, once") {
  CHECK(encodeFloat16(1 + 0x1p-11) == 0x3C00);
  CHECK(encodeFloat16(1 + 3 * 0x1p-11) == 0x3C02);
  CHECK(encodeFloat16(1 + 0x1p-11 + 0x1p-40) == 0x3C01); // by way of float32 this would be a tie
  CHECK(encodeBFloat16(1 + 0x1p-8) == 0x3F80);
  CHECK(encodeBFloat16(1 + 3 * 0x1p-8) == 0x3F82);
  CHECK(encodeBFloat16(1 + 0x1p-8 + 0x1p-40) == 0x3F81);
}

TEST_CASE("16-bit floats overflow to infinity and underflow through subnormals") {
  CHECK(encodeFloat16(65519.99) == 0x7BFF);
  CHECK(encodeFloat16(65520) == 0x7C00);
  CHECK(encodeFloat16(-1e300) == 0xFC00);
  CHECK(encodeFloat16(0x1p-25) == 0x0000);
  CHECK(encodeFloat16(0x1.8p-25) == 0x0001);
  CHECK(encodeFloat16(-0.0) == 0x8000);
  CHECK(encodeBFloat16(std::numeric_limits<float>::max()) == 0x7F80);
}

TEST_CASE("integer elements keep the low bits, and floats go through int()") {
  int8_t byte[1];
  storeInteger(sema::ElementType::I8, byte, 0, 0x1FF);
  CHECK(byte[0] == -1);
  storeReal(sema::ElementType::I8, byte, 0, -3.9);
  CHECK(byte[0] == -3);
  uint8_t unsignedByte[1];
  storeInteger(sema::ElementType::U8, unsignedByte, 0, -1);
  CHECK(unsignedByte[0] == 255);
  int32_t word[1];
  storeReal(sema::ElementType::I32, word, 0, std::nan(""));
  CHECK(word[0] == 0);
}

TEST_CASE("float to int truncates, saturates, and NaN is 0") {
  CHECK(truncate(-2.7) == -2);
  CHECK(truncate(0x1p63) == std::numeric_limits<int64_t>::max());
  CHECK(truncate(-0x1p63) == std::numeric_limits<int64_t>::min());
  CHECK(truncate(-infinity) == std::numeric_limits<int64_t>::min());
  CHECK(truncate(std::nan("")) == 0);
}

TEST_CASE("ints reach float elements by one rounding") {
  float value[1];
  storeInteger(sema::ElementType::F32, value, 0, 16777217);
  CHECK(value[0] == 16777216.0f);
}
