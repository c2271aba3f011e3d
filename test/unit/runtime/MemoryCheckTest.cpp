#include "test/unit/Catch.h"
#include "test/unit/runtime/FakeKernel.h"

using namespace attn;
using namespace attn::test;

namespace {

/// a[M, N] -> o[M, N], both f32, whose strides, offsets and addresses a test chooses.
struct Pair : FakeKernel {
  Pair() {
    int m = extent("M"), n = extent("N");
    a = input("a", ElementType::F32, {{"M", m}, {"N", n}});
    o = output("o", ElementType::F32, {{"M", m}, {"N", n}});
    give(a, {4, 8});
    give(o, {4, 8});
  }
  DLTensor &view(int tensor) { return views[size_t(tensor)]; }
  int a, o;
};

} // namespace

TEST_CASE("null strides are compact, strides of size 1 mean nothing") {
  Pair kernel;
  kernel.view(kernel.a).strides = nullptr;
  kernel.body = [](attn_run &run, int64_t, int64_t, void *) {
    CHECK(run.strides[0] == 8);
    CHECK(run.strides[1] == 1);
  };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 1);

  kernel.give(kernel.a, {1, 8});
  kernel.give(kernel.o, {1, 8});
  int64_t odd[] = {-77, 1};
  kernel.view(kernel.a).strides = odd;
  kernel.view(kernel.o).strides = odd;
  kernel.body = [](attn_run &run, int64_t, int64_t, void *) { CHECK(run.strides[0] == 0); };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 1);

  kernel.give(kernel.a, {4, 1});
  kernel.give(kernel.o, {4, 1});
  int64_t last[] = {3, 99};
  kernel.view(kernel.a).strides = last;
  kernel.body = [](attn_run &run, int64_t, int64_t, void *) {
    CHECK(run.strides[0] == 3);
    CHECK(run.strides[1] == 1);
  };
  CHECK(kernel.launch() == ATTN_OK);
}

TEST_CASE("negative strides are refused") {
  Pair kernel;
  int64_t strides[] = {8, -1};
  kernel.view(kernel.a).strides = strides;
  CHECK(kernel.refusal() == "a: stride -1 of dimension 1 is negative; copy the tensor into its own order first");
}

TEST_CASE("null data only without elements") {
  Pair kernel;
  kernel.view(kernel.a).data = nullptr;
  CHECK(kernel.refusal() == "a: its data pointer is null; only a tensor without elements may have none");
  kernel.give(kernel.a, {0, 8});
  kernel.give(kernel.o, {0, 8});
  kernel.view(kernel.a).data = nullptr;
  CHECK(kernel.launch() == ATTN_OK);
}

TEST_CASE("addresses are multiples of the element size") {
  Pair kernel;
  kernel.view(kernel.a).data = static_cast<char *>(kernel.view(kernel.a).data) + 2;
  CHECK(kernel.refusal() == "a: its address is not a multiple of 4, the size of an element");
  kernel.view(kernel.a).byte_offset = 2;
  kernel.view(kernel.a).data = static_cast<char *>(kernel.view(kernel.a).data) - 4;
  CHECK(kernel.launch() == ATTN_OK);
}

TEST_CASE("byte_offset is applied") {
  Pair kernel;
  kernel.give(kernel.a, {5, 8});
  int64_t shape[] = {4, 8};
  kernel.view(kernel.a).shape = shape;
  kernel.view(kernel.a).byte_offset = 32;
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) { CHECK(run.data[0] == kernel.given[0].data() + 32); };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 1);
}

TEST_CASE("sizes and strides that overflow") {
  Pair kernel;
  int64_t large[] = {int64_t(1) << 31, 8}, huge[] = {INT64_MAX, INT64_MAX}, wide[] = {INT64_MAX / 2, 1};
  kernel.view(kernel.a).shape = large;
  CHECK(kernel.refusal() == "M: extent M is 2147483648 by a; the largest supported is 2147483647");
  kernel.view(kernel.a).shape = huge;
  CHECK(kernel.refusal() == "M: extent M is 9223372036854775807 by a; the largest supported is 2147483647");

  kernel.give(kernel.a, {4, 8});
  kernel.view(kernel.a).strides = wide;
  CHECK(kernel.refusal() == "a: its shape and strides reach past 64 bits");
  int64_t far[] = {INT64_MAX / 8, 1};
  kernel.view(kernel.a).strides = far;
  CHECK(kernel.refusal() == "a: its shape, strides and byte offset reach past the end of memory");
  kernel.give(kernel.a, {4, 8});
  kernel.view(kernel.a).byte_offset = UINT64_MAX - 8;
  CHECK(kernel.refusal() == "a: its shape, strides and byte offset reach past the end of memory");
}

TEST_CASE("a shape whose bytes overflow is refused even where strides are 0 or it is empty") {
  FakeKernel kernel;
  int k = kernel.extent("K"), l = kernel.extent("L"), m = kernel.extent("M");
  int a = kernel.input("a", ElementType::F32, {{"K", k}, {"L", l}, {"M", m}});
  kernel.give(a, {1, 1, 1});
  int64_t strides[] = {0, 0, 0}, shape[] = {INT32_MAX, INT32_MAX, 4}, empty[] = {INT32_MAX, 0, INT32_MAX};
  kernel.views[0].strides = strides;
  kernel.views[0].shape = shape;
  CHECK(kernel.refusal() == "a: the number of bytes in shape [2147483647, 2147483647, 4] overflows 64 bits");
  kernel.views[0].shape = empty;
  CHECK(kernel.refusal() == "a: the number of bytes in shape [2147483647, 0, 2147483647] overflows 64 bits");
}

TEST_CASE("inputs may repeat elements, outputs not") {
  Pair kernel;
  int64_t repeated[] = {0, 1}, overlapping[] = {4, 1}, transposed[] = {1, 4}, padded[] = {16, 2}, tight[] = {1, 3};
  kernel.view(kernel.a).strides = repeated;
  CHECK(kernel.launch() == ATTN_OK);
  kernel.view(kernel.a).strides = overlapping;
  CHECK(kernel.launch() == ATTN_OK);
  kernel.view(kernel.o).strides = repeated;
  CHECK(kernel.refusal() == "o: elements of this output overlap: shape [4, 8] with strides [0, 1]");
  kernel.view(kernel.o).strides = overlapping;
  CHECK(kernel.refusal() == "o: elements of this output overlap: shape [4, 8] with strides [4, 1]");
  kernel.view(kernel.o).strides = tight;
  CHECK(kernel.refusal() == "o: elements of this output overlap: shape [4, 8] with strides [1, 3]");
  kernel.view(kernel.o).strides = transposed;
  CHECK(kernel.launch() == ATTN_OK);
  kernel.give(kernel.a, {4, 8});
  Result<Tensor> room = Tensor::create(ElementType::F32, {4, 16});
  kernel.view(kernel.o).data = room->data();
  kernel.view(kernel.o).strides = padded;
  CHECK(kernel.launch() == ATTN_OK);
}

TEST_CASE("outputs have memory of their own") {
  Pair kernel;
  kernel.view(kernel.o).data = kernel.view(kernel.a).data;
  CHECK(kernel.refusal() == "o: its memory overlaps that of a; an output needs memory of its own");

  Result<Tensor> room = Tensor::create(ElementType::F32, {8, 16});
  kernel.view(kernel.a).data = room->data();
  kernel.view(kernel.o).data = room->data();
  kernel.view(kernel.o).byte_offset = 31 * 4;
  CHECK(kernel.refusal() == "o: its memory overlaps that of a; an output needs memory of its own");
  kernel.view(kernel.o).byte_offset = 32 * 4;
  CHECK(kernel.launch() == ATTN_OK);

  SECTION("interleaved slices of one buffer are apart") {
    int64_t rows[] = {16, 1};
    kernel.view(kernel.a).strides = rows;
    kernel.view(kernel.o).strides = rows;
    kernel.view(kernel.o).byte_offset = 8 * 4;
    CHECK(kernel.launch() == ATTN_OK);
    kernel.view(kernel.o).byte_offset = 7 * 4;
    CHECK(kernel.refusal() == "o: its memory overlaps that of a; an output needs memory of its own");
    kernel.view(kernel.o).byte_offset = 9 * 4;
    CHECK(kernel.refusal() == "o: its memory overlaps that of a; an output needs memory of its own");
    std::swap(kernel.view(kernel.a).byte_offset, kernel.view(kernel.o).byte_offset);
    CHECK(kernel.refusal() == "o: its memory overlaps that of a; an output needs memory of its own");
    kernel.view(kernel.a).byte_offset = 8 * 4;
    CHECK(kernel.launch() == ATTN_OK);
  }
  SECTION("even and odd elements are apart") {
    int64_t even[] = {16, 2};
    kernel.view(kernel.a).strides = even;
    kernel.view(kernel.o).strides = even;
    kernel.view(kernel.o).byte_offset = 4;
    CHECK(kernel.launch() == ATTN_OK);
  }
}

TEST_CASE("outputs are apart from each other, once said") {
  FakeKernel kernel;
  int n = kernel.extent("N");
  int o = kernel.output("o", ElementType::F32, {{"N", n}});
  int lse = kernel.output("lse", ElementType::F32, {{"N", n}});
  kernel.give(o, {8});
  kernel.give(lse, {8});
  kernel.views[size_t(lse)].data = kernel.views[size_t(o)].data;
  CHECK(kernel.refusal() == "lse: its memory overlaps that of o; an output needs memory of its own");
}
