#include "test/unit/Catch.h"
#include "test/unit/runtime/FakeKernel.h"

#include <cstring>

using namespace attn;
using namespace attn::test;

TEST_CASE("fitting tensors bind their extents and run") {
  FakeAttention kernel(64);
  kernel.giveAll(2, 8, 4, 5, 7, 64);
  kernel.body = [&](attn_run &run, int64_t begin, int64_t end, void *) {
    CHECK(begin == 0);
    CHECK(end == 1);
    CHECK(std::vector<int64_t>(run.extents, run.extents + 6) == std::vector<int64_t>{2, 8, 4, 5, 7, 64});
    CHECK(std::vector<int64_t>(run.strides, run.strides + 4) == std::vector<int64_t>{8 * 5 * 64, 5 * 64, 64, 1});
    CHECK(std::vector<int64_t>(run.shape, run.shape + 4) == std::vector<int64_t>{2, 8, 5, 64});
    CHECK(run.data[kernel.o] == kernel.views[size_t(kernel.o)].data);
  };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 1);
}

TEST_CASE("an extent fixed by the spec is named with its place") {
  FakeAttention kernel(128);
  kernel.giveAll(1, 8, 8, 1024, 1024, 128);
  kernel.give(kernel.q, {1, 8, 1024, 64});
  CHECK(kernel.refusal() ==
        "q: expected f32[B, H, I, D=128], got f32[1, 8, 1024, 64]: extent D is fixed to 128 at spec.attn:3:24");
}

TEST_CASE("two tensors that disagree are both named") {
  FakeAttention kernel;
  kernel.giveAll(2, 8, 8, 16, 16, 64);
  kernel.give(kernel.k, {2, 8, 16, 32});
  CHECK(kernel.refusal() == "k: expected f32[B, G, J, D=64], got f32[2, 8, 16, 32]: extent D is 64 by q");

  kernel.giveAll(2, 8, 8, 16, 16, 64);
  kernel.give(kernel.v, {2, 8, 17, 64});
  CHECK(kernel.refusal() == "v: expected f32[B, G, J=16, D], got f32[2, 8, 17, 64]: extent J is 16 by k");

  kernel.giveAll(2, 8, 8, 16, 16, 64);
  kernel.give(kernel.o, {2, 8, 15, 64});
  CHECK(kernel.refusal() == "o: expected f32[B, H, I=16, D], got f32[2, 8, 15, 64]: extent I is 16 by q");
}

TEST_CASE("a tensor can disagree with itself") {
  FakeKernel kernel;
  int n = kernel.extent("N");
  int a = kernel.input("a", ElementType::F32, {{"N", n}, {"N", n}});
  kernel.give(a, {3, 4});
  CHECK(kernel.refusal() == "a: expected f32[N, N=3], got f32[3, 4]: extent N is 3 by dimension 0");
}

TEST_CASE("B, H and G of inputs broadcast with stride 0, of outputs not") {
  FakeAttention kernel;
  kernel.giveAll(3, 4, 2, 5, 5, 8);
  kernel.give(kernel.q, {1, 1, 5, 8});
  kernel.give(kernel.k, {3, 1, 5, 8});
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) {
    CHECK(run.extents[kernel.B] == 3);
    CHECK(run.extents[kernel.H] == 4);
    CHECK(run.extents[kernel.G] == 2);
    CHECK(run.strides[0] == 0);
    CHECK(run.strides[1] == 0);
    CHECK(run.strides[ATTN_MAX_RANK * kernel.k + 1] == 0);
    CHECK(run.strides[ATTN_MAX_RANK * kernel.k] == 40);
  };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 1);

  kernel.body = [](attn_run &, int64_t, int64_t, void *) {};
  kernel.giveAll(1, 4, 2, 5, 5, 8);
  CHECK(kernel.launch() == ATTN_OK);

  kernel.giveAll(3, 4, 2, 5, 5, 8);
  kernel.give(kernel.o, {1, 4, 5, 8});
  CHECK(kernel.refusal() == "o: expected f32[B=3, H, I, D], got f32[1, 4, 5, 8]: extent B is 3 by q");
}

TEST_CASE("an extent that only broadcast dimensions of size 1 name is 1") {
  FakeKernel kernel;
  int b = kernel.extent("B");
  int a = kernel.input("a", ElementType::F32, {{"B", b, 1, 0, true}});
  kernel.give(a, {1});
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) { CHECK(run.extents[0] == 1); };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 1);
}

TEST_CASE("scaled dimensions bind what nothing else binds") {
  FakeKernel kernel;
  int p = kernel.extent("P"), b = kernel.extent("B");
  int a = kernel.input("a", ElementType::I32, {{"2 * P + 1", p, 2, 1}, {"B + 1", b, 1, 1}});
  kernel.give(a, {7, 5});
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) {
    CHECK(run.extents[0] == 3);
    CHECK(run.extents[1] == 4);
  };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 1);

  kernel.give(a, {6, 5});
  CHECK(kernel.refusal() ==
        "a: expected i32[2 * P + 1, B + 1], got i32[6, 5]: dimension 0 is not `2 * P + 1` for any P >= 0");
  kernel.give(a, {7, 0});
  CHECK(kernel.refusal() ==
        "a: expected i32[2 * P + 1, B + 1], got i32[7, 0]: dimension 1 is not `B + 1` for any B >= 0");

  SECTION("and agree with a plain dimension, whichever comes first") {
    int c = kernel.input("c", ElementType::F32, {{"B", b}});
    kernel.give(a, {7, 5});
    kernel.give(c, {6});
    CHECK(kernel.refusal() == "a: expected i32[2 * P + 1, B + 1 = 7], got i32[7, 5]: extent B is 6 by c");
  }
  SECTION("and a broadcast dimension of size 1 gives way to them") {
    int c = kernel.input("c", ElementType::F32, {{"B", b, 1, 0, true}});
    kernel.give(a, {7, 5});
    kernel.give(c, {1});
    CHECK(kernel.launch() == ATTN_OK);
  }
}

TEST_CASE("dimensions that bind nothing are compared with what bind computes") {
  FakeKernel kernel;
  int h = kernel.extent("H"), d = kernel.extent("D");
  int a = kernel.input("a", ElementType::F32, {{"H", h}, {"D", d}});
  int c = kernel.input("c", ElementType::F32, {{"H * D"}, {"16"}});
  kernel.bind = [](attn_run &run) {
    run.sizes[2] = run.extents[0] * run.extents[1];
    run.sizes[3] = 16;
    run.tasks = 1;
  };
  kernel.give(a, {4, 8});
  kernel.give(c, {32, 16});
  CHECK(kernel.launch() == ATTN_OK);
  kernel.give(c, {31, 16});
  CHECK(kernel.refusal() == "c: expected f32[H * D = 32, 16], got f32[31, 16]: dimension 0 must be 32");
  kernel.give(c, {32, 17});
  CHECK(kernel.refusal() == "c: expected f32[H * D, 16], got f32[32, 17]: dimension 1 must be 16");
}

TEST_CASE("computed extents") {
  FakeKernel kernel;
  int p = kernel.extent("P"), j = kernel.extent("J", ATTN_EXTENT_COMPUTED);
  int a = kernel.input("a", ElementType::F32, {{"P", p}});
  int c = kernel.input("c", ElementType::F32, {{"J", j}});
  kernel.bind = [](attn_run &run) {
    run.extents[1] = run.extents[0] - 3;
    run.sizes[1] = run.extents[1];
    run.tasks = 1;
  };
  kernel.give(a, {5});
  kernel.give(c, {2});
  CHECK(kernel.launch() == ATTN_OK);
  kernel.give(c, {4});
  CHECK(kernel.refusal() == "c: expected f32[J=2], got f32[4]: extent J is 2, computed at spec.attn:3:24");
  kernel.give(a, {1});
  CHECK(kernel.refusal() == "J: extent J is -2, computed at spec.attn:3:24; it may not be negative");
}

TEST_CASE("extents given by scalars") {
  FakeKernel kernel;
  int scalar = kernel.scalar("H", ATTN_SCALAR_INT, 8);
  int h = kernel.extent("H", ATTN_EXTENT_SCALAR, -1, scalar);
  int a = kernel.input("a", ElementType::F32, {{"H", h}});
  kernel.give(a, {8});
  CHECK(kernel.launch() == ATTN_OK);
  kernel.give(a, {9});
  CHECK(kernel.refusal() == "a: expected f32[H=8], got f32[9]: extent H is 8 by the scalar H");
  kernel.scalarValues[0] = -3;
  CHECK(kernel.refusal() == "H: extent H is -3 by the scalar H; it may not be negative");
  kernel.scalarValues[0] = int64_t(1) << 40;
  CHECK(kernel.refusal() == "H: extent H is 1099511627776 by the scalar H; the largest supported is 2147483647");
}

TEST_CASE("a scalar must equal the extent it was compiled for") {
  FakeKernel kernel;
  int scalar = kernel.scalar("H", ATTN_SCALAR_INT, 16);
  kernel.extent("H", ATTN_EXTENT_SCALAR, 32, scalar);
  CHECK(kernel.refusal() == "H: expected 32, got 16: extent H is fixed to 32 at spec.attn:3:24");
}

TEST_CASE("scalars that were not set") {
  const double unsetFloat = ATTN_UNSET_FLOAT;
  int64_t unsetBits;
  std::memcpy(&unsetBits, &unsetFloat, 8);
  for (auto [kind, marker] : {std::pair(ATTN_SCALAR_INT, ATTN_UNSET_INT), std::pair(ATTN_SCALAR_BOOL, ATTN_UNSET_INT),
                              std::pair(ATTN_SCALAR_FLOAT, unsetBits)}) {
    FakeKernel needs;
    needs.scalar("w", kind, marker, false);
    CHECK(needs.refusal() == "w: this scalar has no default and was not set");
    needs.scalarValues[0] = 0;
    CHECK(needs.launch() == ATTN_OK);
    FakeKernel has;
    has.scalar("w", kind, marker, true);
    has.bind = [marker = marker](attn_run &run) {
      CHECK(run.scalars[0] == marker);
      run.scalars[0] = 1;
      run.tasks = 1;
    };
    CHECK(has.launch() == ATTN_OK);
  }
}

TEST_CASE("an extent whose scalar was not set is computed by bind") {
  FakeKernel kernel;
  int scalar = kernel.scalar("N", ATTN_SCALAR_INT, ATTN_UNSET_INT);
  int n = kernel.extent("N", ATTN_EXTENT_SCALAR, -1, scalar);
  int a = kernel.input("a", ElementType::F32, {{"N", n}});
  kernel.bind = [](attn_run &run) {
    run.scalars[0] = run.extents[0] = run.sizes[0] = 6;
    run.tasks = 1;
  };
  kernel.give(a, {6});
  CHECK(kernel.launch() == ATTN_OK);
  kernel.give(a, {5});
  CHECK(kernel.refusal() == "a: expected f32[N=6], got f32[5]: extent N is 6 by the scalar N");
}

TEST_CASE("H must be a multiple of G") {
  FakeAttention kernel;
  kernel.giveAll(1, 8, 3, 4, 4, 8);
  CHECK(kernel.refusal() == "H must be a multiple of G: extent H is 8 by q, extent G is 3 by k");
  kernel.giveAll(1, 8, 0, 4, 4, 8);
  CHECK(kernel.refusal() == "H must be a multiple of G: extent H is 8 by q, extent G is 0 by k");
  kernel.giveAll(1, 0, 0, 4, 4, 8);
  CHECK(kernel.launch() == ATTN_OK);
}

TEST_CASE("null, rank, device and element type") {
  FakeAttention kernel(64);
  kernel.giveAll(1, 2, 2, 4, 4, 64);
  DLTensor &view = kernel.views[size_t(kernel.q)];
  const DLTensor fits = view;

  kernel.giveNull(kernel.q);
  CHECK(kernel.refusal() == "q: expected f32[B, H, I, D=64], got a null pointer");
  kernel.giveNull(kernel.q, false);
  view.ndim = 3;
  CHECK(kernel.refusal() == "q: expected f32[B, H, I, D=64], got f32[1, 2, 4]: rank 3 is not 4");
  view.ndim = -1;
  CHECK(kernel.refusal() == "q: expected f32[B, H, I, D=64], got f32 of rank -1: rank -1 is not 4");
  view = fits;
  view.shape = nullptr;
  CHECK(kernel.refusal() == "q: expected f32[B, H, I, D=64], got a null shape");
  view = fits;
  view.device.device_type = kDLCUDA;
  CHECK(kernel.refusal() ==
        "q: expected memory of the CPU, got DLPack device type 2; copy the tensor to the host first");
  view.device.device_type = kDLCUDAHost;
  CHECK(kernel.launch() == ATTN_OK);
  view = fits;
  int64_t negative[] = {1, 2, -4, 64};
  view.shape = negative;
  CHECK(kernel.refusal() == "q: expected f32[B, H, I, D=64], got f32[1, 2, -4, 64]: dimension 2 is negative");

  struct Case {
    DLDataType type;
    const char *name;
  };
  const Case cases[] = {{{kDLFloat, 64, 1}, "f64"},
                        {{kDLFloat, 16, 1}, "f16"},
                        {{kDLBfloat, 16, 1}, "bf16"},
                        {{kDLInt, 32, 1}, "i32"},
                        {{kDLUInt, 8, 1}, "u8"},
                        {{6, 8, 1}, "bool"},
                        {{kDLFloat, 32, 4}, "f32x4"},
                        {{kDLComplex, 64, 1}, "complex64"},
                        {{10, 8, 1}, "(DLPack type code 10, bits 8)"}};
  for (const Case &one : cases) {
    view = fits;
    view.dtype = one.type;
    CHECK(kernel.refusal() == std::string("q: expected f32[B, H, I, D=64], got ") + one.name +
                                  "[1, 2, 4, 64]: element type " + one.name + " is not f32");
  }
}

TEST_CASE("bool tensors are DLPack's bool or u8") {
  FakeKernel kernel;
  int n = kernel.extent("N");
  int mask = kernel.input("mask", ElementType::Bool, {{"N", n}});
  kernel.give(mask, {4});
  CHECK(kernel.launch() == ATTN_OK);
  kernel.views[0].dtype = {kDLUInt, 8, 1};
  CHECK(kernel.launch() == ATTN_OK);
  kernel.views[0].dtype = {kDLInt, 8, 1};
  CHECK(kernel.refusal() == "mask: expected bool[N], got i8[4]: element type i8 is not bool");
}

TEST_CASE("every element type is accepted as itself") {
  for (int type = 0; type <= int(ElementType::Bool); ++type) {
    FakeKernel kernel;
    int n = kernel.extent("N");
    int a = kernel.input("a", ElementType(type), {{"N", n}});
    kernel.give(a, {4});
    CHECK(kernel.launch() == ATTN_OK);
  }
}

TEST_CASE("a null argument struct, and no place for the error") {
  attn_kernel_info info{};
  info.name = "mistral";
  attn_error error{};
  CHECK(attn_launch(&info, nullptr, nullptr, &error) == ATTN_INVALID_ARGUMENT);
  CHECK(std::string(error.message) == "mistral: the argument struct is a null pointer");
  CHECK(attn_launch(&info, nullptr, nullptr, nullptr) == ATTN_INVALID_ARGUMENT);
}

TEST_CASE("long messages are cut, control characters are blanks") {
  FakeKernel kernel;
  std::string name(600, 'x');
  int n = kernel.extent("N");
  int a = kernel.input(name.c_str(), ElementType::F32, {{"N", n}});
  (void)a;
  kernel.giveNull(a);
  std::string message = kernel.refusal();
  CHECK(message.size() == 507);
  CHECK(message.substr(500) == "xxxx...");

  FakeKernel other;
  other.input("a\nb", ElementType::F32, {});
  other.giveNull(0);
  CHECK(other.refusal() == "a b: expected f32[], got a null pointer");
}
