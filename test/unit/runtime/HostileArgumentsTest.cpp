#include "test/unit/Catch.h"
#include "test/unit/runtime/FakeKernel.h"

#include "runtime/tensor/Random.h"

using namespace attn;
using namespace attn::test;

TEST_CASE("no descriptor, however wrong, is more than refused") {
  const int64_t sizes[] = {0, 1, 1, 2, 3, 8, 64, -1, INT32_MAX, int64_t(INT32_MAX) + 1, INT64_MAX, INT64_MIN};
  const int64_t strides[] = {0, 1, 1, 2, 8, 64, 512, -1, int64_t(1) << 40, INT64_MAX / 4, INT64_MAX, INT64_MIN};
  const uint64_t offsets[] = {0, 0, 0, 0, 4, 3, uint64_t(1) << 63, UINT64_MAX};
  Random random(7);
  auto pick = [&](auto &from) { return from[random.integer(0, int64_t(std::size(from)))]; };
  Result<Tensor> room = Tensor::create(ElementType::F32, {1 << 16});
  int accepted = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    FakeAttention kernel;
    kernel.giveAll(1, 2, 1, 3, 3, 8);
    int64_t shapeStorage[4][4], strideStorage[4][4];
    // Mostly one thing is wrong, or it would nearly always be the first tensor's shape.
    for (int changes = int(random.integer(1, 4)); changes-- > 0;) {
      size_t t = size_t(random.integer(0, 4));
      DLTensor &view = kernel.views[t];
      switch (random.integer(0, 8)) {
      case 0:
        std::copy_n(view.shape, 4, shapeStorage[t]);
        shapeStorage[t][random.integer(0, 4)] = pick(sizes);
        view.shape = shapeStorage[t];
        break;
      case 1:
      case 2:
        for (int64_t &stride : strideStorage[t])
          stride = pick(strides);
        view.strides = strideStorage[t];
        break;
      case 3:
        view.byte_offset = pick(offsets);
        break;
      case 4:
        view.data = random.integer(0, 3) ? room->data() : nullptr;
        break;
      case 5:
        view.ndim = int32_t(random.integer(-2, 12));
        view.ndim = view.ndim > 4 ? 4 : view.ndim;
        break;
      case 6:
        view.dtype = {uint8_t(random.integer(0, 20)), uint8_t(random.integer(0, 130)), uint16_t(random.integer(0, 3))};
        break;
      default:
        view.strides = nullptr;
      }
    }
    attn_status status = kernel.launch();
    accepted += status == ATTN_OK;
    CHECK((status == ATTN_OK || status == ATTN_INVALID_ARGUMENT));
    CHECK(kernel.bodyCalls == (status == ATTN_OK));
    CHECK((status == ATTN_OK) == (kernel.error.message[0] == 0));
  }
  CHECK(accepted > 500);
  CHECK(accepted < 15000);
}

TEST_CASE("accepted outputs never share a byte with anything") {
  Random random(8);
  constexpr int64_t room = 4096;
  Result<Tensor> memory = Tensor::create(ElementType::U8, {room});
  int accepted = 0, apartInOneBuffer = 0;
  for (int trial = 0; trial < 20000; ++trial) {
    FakeKernel kernel;
    int m = kernel.extent("M"), n = kernel.extent("N");
    kernel.input("a", ElementType::F32, {{"M", m}, {"N", n}});
    kernel.output("o", ElementType::F32, {{"M", m}, {"N", n}});
    int64_t shape[] = {random.integer(1, 5), random.integer(1, 5)}, strides[2][2];
    for (int t = 0; t < 2; ++t) {
      kernel.give(t, {shape[0], shape[1]});
      DLTensor &view = kernel.views[size_t(t)];
      view.data = memory->data();
      view.byte_offset = uint64_t(4 * random.integer(0, 40));
      strides[t][0] = random.integer(0, 13);
      strides[t][1] = random.integer(0, 13);
      view.strides = strides[t];
    }
    if (kernel.launch() != ATTN_OK)
      continue;
    ++accepted;
    std::vector<int> owner(room);
    int64_t lowest[2] = {room, room}, highest[2] = {0, 0};
    for (int t = 1; t >= 0; --t)
      for (int64_t r = 0; r < shape[0]; ++r)
        for (int64_t c = 0; c < shape[1]; ++c) {
          int64_t at = int64_t(kernel.views[size_t(t)].byte_offset) / 4 + r * strides[t][0] + c * strides[t][1];
          lowest[t] = std::min(lowest[t], at);
          highest[t] = std::max(highest[t], at);
          REQUIRE(owner[size_t(at)] != 2);
          if (t == 1)
            owner[size_t(at)] = 2;
        }
    apartInOneBuffer += lowest[0] <= highest[1] && lowest[1] <= highest[0];
  }
  CHECK(accepted > 1000);
  CHECK(apartInOneBuffer > 100);
}
