#include "test/unit/Catch.h"

#include "runtime/tensor/Convert.h"

#include <bit>
#include <cmath>
#include <limits>

using namespace attn;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor of(ElementType element, std::vector<double> values) {
  Result<Tensor> tensor = Tensor::create(element, {int64_t(values.size())});
  for (size_t n = 0; n < values.size(); ++n)
    tensor->setReal(int64_t(n), values[n]);
  return std::move(*tensor);
}

} // namespace

TEST_CASE("every 16-bit float comes back from its value") {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    float half = fromHalf(uint16_t(bits)), brain = fromBfloat(uint16_t(bits));
    if (std::isnan(half))
      CHECK(std::isnan(fromHalf(toHalf(half))));
    else
      REQUIRE(toHalf(half) == bits);
    if (std::isnan(brain))
      CHECK(std::isnan(fromBfloat(toBfloat(brain))));
    else
      REQUIRE(toBfloat(brain) == bits);
  }
}

TEST_CASE("16-bit floats agree with the compiler's") {
  for (uint32_t n = 0; n < 200000; ++n) {
    uint32_t bits = n * 21477u;
    float value = std::bit_cast<float>(bits);
    if (std::isnan(value))
      continue;
    REQUIRE(toHalf(value) == std::bit_cast<uint16_t>(_Float16(value)));
    // Nearest with ties to even, on the bits: the upper half plus what rounds up.
    uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    REQUIRE(toBfloat(value) == rounded);
  }
}

TEST_CASE("known roundings") {
  CHECK(toHalf(65504) == 0x7BFF);
  CHECK(toHalf(65519.99) == 0x7BFF);
  CHECK(toHalf(65520) == 0x7C00);
  CHECK(toHalf(-infinity) == 0xFC00);
  CHECK(toHalf(0x1p-24) == 1);
  CHECK(toHalf(0x1p-25) == 0);
  CHECK(toHalf(0x1.8p-25) == 1);
  CHECK(toHalf(-0.0) == 0x8000);
  CHECK(toHalf(1 + 0x1p-11) == 0x3C00);
  CHECK(toHalf(1 + 3 * 0x1p-11) == 0x3C02);
  // From double in one rounding: 1 + 2^-8 + 2^-30 is above the tie that a detour through float would land on.
  CHECK(toBfloat(1 + 0x1p-8 + 0x1p-30) == 0x3F81);
  CHECK(toBfloat(1 + 0x1p-8) == 0x3F80);
}

TEST_CASE("float tensors round with a note") {
  Result<Converted> brain = convert(of(ElementType::F32, {1, 0.1, -infinity}), ElementType::BF16);
  REQUIRE(brain);
  CHECK(brain->note == "rounded from f32 to bf16");
  CHECK(brain->tensor.real(1) == 0.10009765625);
  Result<Converted> exact = convert(of(ElementType::F32, {1, 0.5, std::nan("")}), ElementType::BF16);
  CHECK(exact->note.empty());
  Result<Converted> wider = convert(of(ElementType::F16, {0.1}), ElementType::F32);
  CHECK(wider->note.empty());
}

TEST_CASE("integers convert where every value fits") {
  CHECK(convert(of(ElementType::I64, {-128, 127}), ElementType::I8));
  CHECK(convert(of(ElementType::I64, {-128, 128}), ElementType::I8).message() == "value 128 does not fit in i8");
  CHECK(convert(of(ElementType::I64, {-1}), ElementType::U8).message() == "value -1 does not fit in u8");
  CHECK(convert(of(ElementType::I64, {0, 1}), ElementType::Bool));
  CHECK(convert(of(ElementType::I64, {2}), ElementType::Bool).message() == "value 2 does not fit in bool");
  CHECK(convert(of(ElementType::I64, {0x1p31}), ElementType::I32).message() == "value 2147483648 does not fit in i32");
  CHECK(convert(of(ElementType::I64, {16777216}), ElementType::F32));
  CHECK(convert(of(ElementType::I32, {16777217}), ElementType::F32).message() == "value 16777217 does not fit in f32");
  Tensor largest = of(ElementType::I64, {0});
  largest.setInteger(0, INT64_MAX);
  CHECK(convert(largest, ElementType::F32).message() == "value 9223372036854775807 does not fit in f32");
  CHECK(convert(of(ElementType::I32, {257}), ElementType::BF16).message() == "value 257 does not fit in bf16");
  CHECK(convert(of(ElementType::Bool, {1}), ElementType::I64)->tensor.integer(0) == 1);
}

TEST_CASE("floats do not become integers") {
  CHECK(convert(of(ElementType::F32, {1}), ElementType::I32).message() ==
        "f32[1] cannot become i32: round it to integers first");
}

TEST_CASE("the order of elements is kept from any memory order") {
  Result<Tensor> tensor = Tensor::createOrdered(ElementType::F32, {2, 2}, {1, 0});
  for (int64_t n = 0; n < 4; ++n)
    tensor->setReal(n, double(n));
  Result<Converted> half = convert(*tensor, ElementType::F16);
  CHECK(half->tensor.real(1) == 2);
  CHECK(half->tensor.real(2) == 1);
}
