#include "test/unit/Catch.h"

#include "runtime/tensor/Tensor.h"

using namespace attn;

TEST_CASE("a tensor is aligned, zero, and compact") {
  Result<Tensor> tensor = Tensor::create(ElementType::BF16, {2, 3, 5});
  REQUIRE(tensor);
  CHECK(reinterpret_cast<uintptr_t>(tensor->data()) % 64 == 0);
  CHECK(tensor->elementCount() == 30);
  CHECK(tensor->byteCount() == 60);
  CHECK(tensor->strides() == std::vector<int64_t>{15, 5, 1});
  CHECK(tensor->isCompact());
  for (uint16_t bits : tensor->values<uint16_t>())
    CHECK(bits == 0);
  CHECK(tensor->describe() == "bf16[2, 3, 5]");
}

TEST_CASE("a tensor in another memory order") {
  Result<Tensor> tensor = Tensor::createOrdered(ElementType::I32, {2, 3}, {1, 0});
  REQUIRE(tensor);
  CHECK(tensor->strides() == std::vector<int64_t>{1, 2});
  CHECK(!tensor->isCompact());
  for (int64_t r = 0; r < 2; ++r)
    for (int64_t c = 0; c < 3; ++c)
      tensor->setInteger(tensor->offset(std::vector<int64_t>{r, c}), 10 * r + c);
  Result<Tensor> compact = tensor->compacted();
  REQUIRE(compact);
  std::span<const int32_t> values = std::as_const(*compact).values<int32_t>();
  CHECK(std::vector<int32_t>(values.begin(), values.end()) == std::vector<int32_t>{0, 1, 2, 10, 11, 12});
}

TEST_CASE("rank 0 has one element, size 0 none") {
  Result<Tensor> number = Tensor::create(ElementType::F32, {});
  REQUIRE(number);
  CHECK(number->elementCount() == 1);
  CHECK(number->describe() == "f32[]");
  Result<Tensor> empty = Tensor::create(ElementType::F32, {4, 0, 3});
  REQUIRE(empty);
  CHECK(empty->elementCount() == 0);
  CHECK(empty->data() == nullptr);
  CHECK(empty->compacted());
}

TEST_CASE("shapes that cannot be") {
  CHECK(Tensor::create(ElementType::F32, {2, -1}).message() == "shape [2, -1] has a negative dimension");
  CHECK(Tensor::create(ElementType::F32, std::vector<int64_t>(9, 1)).message() ==
        "rank 9 is above 8, the most a tensor may have");
  CHECK(Tensor::create(ElementType::F32, {INT64_MAX, 0}).message() ==
        "the number of bytes in shape [9223372036854775807, 0] overflows 64 bits");
  CHECK(Tensor::create(ElementType::I8, {INT64_MAX}).message() ==
        "out of memory: no 9223372036854775807 bytes for i8[9223372036854775807]");
  CHECK(Tensor::create(ElementType::I8, {int64_t(1) << 50}).message() ==
        "out of memory: no 1125899906842624 bytes for i8[1125899906842624]");
}

TEST_CASE("a view survives a move") {
  Result<Tensor> tensor = Tensor::create(ElementType::Bool, {3, 4});
  DLTensor view = tensor->view();
  Tensor moved = std::move(*tensor);
  CHECK(view.data == moved.data());
  CHECK(view.shape == moved.shape().data());
  CHECK(view.strides == moved.strides().data());
  CHECK(view.ndim == 2);
  CHECK(view.dtype.code == 6);
  CHECK(view.dtype.bits == 8);
  CHECK(view.dtype.lanes == 1);
  CHECK(view.device.device_type == kDLCPU);
  CHECK(view.byte_offset == 0);
}

TEST_CASE("elements widen and narrow") {
  for (int type = 0; type <= int(ElementType::Bool); ++type) {
    Result<Tensor> tensor = Tensor::create(ElementType(type), {3});
    tensor->setInteger(0, 1);
    tensor->setReal(1, 1.0);
    CHECK(tensor->real(0) == 1);
    CHECK(tensor->integer(1) == 1);
    CHECK(tensor->real(2) == 0);
  }
  Result<Tensor> bytes = Tensor::create(ElementType::I8, {1});
  bytes->setInteger(0, 200);
  CHECK(bytes->integer(0) == -56);
  Result<Tensor> wide = Tensor::create(ElementType::I64, {1});
  wide->setInteger(0, INT64_MIN);
  CHECK(wide->integer(0) == INT64_MIN);
  Result<Tensor> flag = Tensor::create(ElementType::Bool, {1});
  flag->setInteger(0, 256);
  CHECK(flag->integer(0) == 1);
}

TEST_CASE("element types have names") {
  for (int type = 0; type <= int(ElementType::Bool); ++type)
    CHECK(parseElementType(spelling(ElementType(type))) == ElementType(type));
  CHECK(!parseElementType("f64"));
}
