#include "test/unit/Catch.h"
#include "test/unit/runtime/FakeKernel.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

using namespace attn;
using namespace attn::test;

namespace {

/// An allocator that counts, and refuses after `limit` allocations.
struct Counting {
  std::mutex mutex;
  std::map<void *, size_t> live;
  size_t most = 0, total = 0;
  int limit = 1 << 30, made = 0;
  size_t skew = 0;

  attn_context context() {
    attn_context context{};
    context.allocator = this;
    context.allocate = [](void *self, size_t bytes, size_t alignment) {
      auto *counting = static_cast<Counting *>(self);
      std::lock_guard lock(counting->mutex);
      if (counting->made++ >= counting->limit)
        return static_cast<void *>(nullptr);
      char *memory = static_cast<char *>(std::aligned_alloc(alignment, bytes + alignment)) + counting->skew;
      counting->live[memory] = bytes;
      counting->total += bytes;
      counting->most = std::max(counting->most, counting->total);
      return static_cast<void *>(memory);
    };
    context.release = [](void *self, void *memory, size_t bytes) {
      auto *counting = static_cast<Counting *>(self);
      std::lock_guard lock(counting->mutex);
      CHECK(counting->live.at(memory) == bytes);
      counting->live.erase(memory);
      counting->total -= bytes;
      std::free(static_cast<char *>(memory) - counting->skew);
    };
    return context;
  }
};

/// Two threads, task by task.
void inTwoThreads(void *, int64_t count, void (*body)(void *, int64_t, int64_t), void *argument) {
  std::atomic<int64_t> next = 0;
  auto work = [&] {
    for (int64_t task; (task = next++) < count;)
      body(argument, task, task + 1);
  };
  std::thread other(work);
  work();
  other.join();
}

} // namespace

TEST_CASE("without a context the tasks run in one call") {
  FakeKernel kernel;
  kernel.bind = [](attn_run &run) {
    run.tasks = 5;
    run.workspace_bytes = 1000;
  };
  kernel.body = [](attn_run &, int64_t begin, int64_t end, void *workspace) {
    CHECK(begin == 0);
    CHECK(end == 5);
    CHECK(reinterpret_cast<uintptr_t>(workspace) % 64 == 0);
    std::memset(workspace, 1, 1000);
  };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 1);
}

TEST_CASE("no task, no body; no workspace, a null one") {
  FakeKernel kernel;
  kernel.bind = [](attn_run &run) { run.tasks = 0; };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 0);
  kernel.bind = [](attn_run &run) { run.tasks = 1; };
  kernel.body = [](attn_run &, int64_t, int64_t, void *workspace) { CHECK(workspace == nullptr); };
  CHECK(kernel.launch() == ATTN_OK);
  kernel.bind = [](attn_run &run) { run.tasks = -1; };
  CHECK(kernel.refusal() == "fake: the extents are too large: the number of tasks overflows 64 bits");
}

TEST_CASE("a parallel run does each task once and reuses workspaces") {
  Counting counting;
  attn_context context = counting.context();
  context.parallel_for = inTwoThreads;
  FakeKernel kernel;
  std::vector<std::atomic<int>> seen(300);
  kernel.bind = [](attn_run &run) {
    run.tasks = 300;
    run.workspace_bytes = 4096;
  };
  kernel.body = [&](attn_run &, int64_t begin, int64_t end, void *workspace) {
    std::memset(workspace, int(begin), 4096);
    for (int64_t task = begin; task < end; ++task)
      ++seen[size_t(task)];
  };
  CHECK(kernel.launch(&context) == ATTN_OK);
  for (std::atomic<int> &count : seen)
    CHECK(count == 1);
  CHECK(counting.live.empty());
  CHECK(counting.made <= 3);
  CHECK(counting.most <= 2 * 4096 + 1024);
}

TEST_CASE("memory that cannot be had") {
  Counting counting;
  attn_context context = counting.context();
  FakeKernel kernel;
  kernel.bind = [](attn_run &run) {
    run.tasks = 4;
    run.workspace_bytes = 100;
  };
  counting.limit = 0;
  CHECK_THAT(kernel.refusal(ATTN_OUT_OF_MEMORY, &context),
             Catch::Matchers::StartsWith("out of memory: the allocator gave no "));
  CHECK(kernel.bodyCalls == 0);
  counting.limit = 2;
  CHECK(kernel.refusal(ATTN_OUT_OF_MEMORY, &context) == "out of memory: the allocator gave no 100 bytes of workspace");
  CHECK(kernel.bodyCalls == 0);
  CHECK(counting.live.empty());

  SECTION("on a worker, while the only workspace is in use") {
    std::function<void()> second;
    context.executor = &second;
    context.parallel_for = [](void *executor, int64_t count, void (*body)(void *, int64_t, int64_t), void *argument) {
      *static_cast<std::function<void()> *>(executor) = [=] { body(argument, 1, count); };
      body(argument, 0, 1);
    };
    kernel.body = [&](attn_run &, int64_t begin, int64_t, void *) {
      if (begin == 0)
        second();
    };
    counting.made = 0;
    CHECK(kernel.refusal(ATTN_OUT_OF_MEMORY, &context) ==
          "out of memory: the allocator gave no 100 bytes of workspace on a worker; outputs are incomplete");
    CHECK(kernel.bodyCalls == 1);
    CHECK(counting.live.empty());
  }
}

TEST_CASE("an allocator that ignores the alignment is caught") {
  Counting counting;
  attn_context context = counting.context();
  FakeKernel kernel;
  kernel.bind = [](attn_run &run) {
    run.tasks = 1;
    run.workspace_bytes = 100;
  };
  counting.skew = 8;
  CHECK(kernel.refusal(ATTN_INVALID_ARGUMENT, &context) ==
        "context: the allocator returned memory that is not aligned to 64 bytes as asked");
  CHECK(counting.live.empty());
}

TEST_CASE("parts of row blocks share memory, which is there before the first task") {
  Counting counting;
  attn_context context = counting.context();
  context.parallel_for = inTwoThreads;
  FakeKernel kernel;
  std::atomic<int> last = 0;
  kernel.bind = [](attn_run &run) {
    run.tasks = 300;
    run.parts = 3;
    run.part_bytes = 128;
    run.workspace_bytes = 64;
  };
  kernel.body = [&](attn_run &run, int64_t begin, int64_t end, void *) {
    CHECK(reinterpret_cast<uintptr_t>(run.part_states) % 64 == 0);
    for (int64_t task = begin; task < end; ++task) {
      std::memset(static_cast<char *>(run.part_states) + 128 * task, int(task % 100), 128);
      last += __atomic_fetch_add(&run.parts_done[task / 3], 1, __ATOMIC_ACQ_REL) == 2;
    }
  };
  CHECK(kernel.launch(&context) == ATTN_OK);
  CHECK(last == 100);
  CHECK(counting.live.empty());

  SECTION("one part needs none") {
    kernel.bind = [](attn_run &run) { run.tasks = 3, run.parts = 1, run.part_bytes = 128; };
    kernel.body = [&](attn_run &run, int64_t, int64_t, void *) { CHECK(run.part_states == nullptr); };
    CHECK(kernel.launch() == ATTN_OK);
  }
  SECTION("it can't be had") {
    kernel.bodyCalls = 0;
    counting.made = 0, counting.limit = 1;
    CHECK(kernel.refusal(ATTN_OUT_OF_MEMORY, &context) == "out of memory: the allocator gave no 39232 bytes for parts of the keys");
    CHECK(kernel.bodyCalls == 0);
    CHECK(counting.live.empty());
  }
  SECTION("it isn't aligned") {
    kernel.bind = [](attn_run &run) { run.tasks = 4, run.parts = 2, run.part_bytes = 64; };
    kernel.bodyCalls = 0;
    counting.skew = 8;
    CHECK(kernel.refusal(ATTN_INVALID_ARGUMENT, &context) == "context: the allocator returned memory that is not aligned to 64 bytes as asked");
    CHECK(kernel.bodyCalls == 0);
    CHECK(counting.live.empty());
  }
  SECTION("it is more than there can be") {
    kernel.bind = [](attn_run &run) { run.tasks = int64_t(1) << 50, run.parts = 2, run.part_bytes = 64; };
    CHECK_THAT(kernel.refusal(ATTN_OUT_OF_MEMORY, &context), Catch::Matchers::EndsWith("for each part of the keys"));
  }
}

TEST_CASE("a parallel_for that drops, repeats or invents tasks is caught") {
  FakeKernel kernel;
  kernel.bind = [](attn_run &run) { run.tasks = 4; };
  attn_context context{};
  const char *message = "context: parallel_for did not cover each of the 4 tasks once; outputs are incomplete";
  auto launch = [&] {
    CHECK(kernel.launch(&context) == ATTN_INVALID_ARGUMENT);
    return std::string(kernel.error.message);
  };
  context.parallel_for = [](void *, int64_t, void (*)(void *, int64_t, int64_t), void *) {};
  CHECK(launch() == message);
  context.parallel_for = [](void *, int64_t, void (*body)(void *, int64_t, int64_t), void *argument) {
    body(argument, 0, 3);
    body(argument, 2, 4);
  };
  CHECK(launch() == message);
  context.parallel_for = [](void *, int64_t, void (*body)(void *, int64_t, int64_t), void *argument) {
    body(argument, 0, 5);
  };
  CHECK(launch() == message);
  context.parallel_for = [](void *, int64_t, void (*body)(void *, int64_t, int64_t), void *argument) {
    body(argument, 4, 4);
    body(argument, 2, 4);
    body(argument, 0, 2);
  };
  CHECK(kernel.launch(&context) == ATTN_OK);
}

TEST_CASE("wrong data ends the run with tensor, index, size, place and text") {
  FakeKernel kernel;
  int n = kernel.extent("N");
  int bias = kernel.input("bias", ElementType::F32, {{"N", n}});
  kernel.give(bias, {256});
  int load = kernel.site(bias, 1, "bias[h, i - j]"), division = kernel.site(-1, 0, "i // n");
  kernel.bind = [](attn_run &run) { run.tasks = 10; };
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) {
    attn_fail(&run, load, 300, 256);
    attn_fail(&run, division, 0, 0);
  };
  CHECK(kernel.refusal(ATTN_INVALID_DATA) ==
        "bias: index 300 is outside [0, 256) in dimension 1 at spec.attn:5:20: `bias[h, i - j]`");
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) { attn_fail(&run, load, -1, 256); };
  CHECK(kernel.refusal(ATTN_INVALID_DATA) ==
        "bias: index -1 is outside [0, 256) in dimension 1 at spec.attn:5:20: `bias[h, i - j]`");
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) { attn_fail(&run, division, 0, 0); };
  CHECK(kernel.refusal(ATTN_INVALID_DATA) == "integer division by zero at spec.attn:5:20: `i // n`");

  SECTION("and later ranges are not started") {
    attn_context context{};
    context.parallel_for = [](void *, int64_t count, void (*body)(void *, int64_t, int64_t), void *argument) {
      for (int64_t task = 0; task < count; ++task)
        body(argument, task, task + 1);
    };
    CHECK(kernel.launch(&context) == ATTN_INVALID_DATA);
    CHECK(kernel.bodyCalls == 1);
  }
  SECTION("also when an extent's own expression fails") {
    kernel.bind = [&](attn_run &run) { attn_fail(&run, division, 0, 0); };
    CHECK(kernel.refusal(ATTN_INVALID_DATA) == "integer division by zero at spec.attn:5:20: `i // n`");
    CHECK(kernel.bodyCalls == 0);
  }
}

TEST_CASE("extents of each b are filled once there is room for them") {
  FakeKernel kernel;
  kernel.batch = kernel.extent("B");
  kernel.batchExtents = 2;
  kernel.give(kernel.input("len", ElementType::I32, {{"B", kernel.batch}}), {3});
  int calls = 0;
  std::vector<int64_t> seen;
  kernel.bind = [&](attn_run &run) {
    run.tasks = 1;
    CHECK((run.batch_extents != nullptr) == (calls++ == 1));
    for (int64_t n = 0; run.batch_extents && n < 6; ++n)
      run.batch_extents[n] = n * n;
  };
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) { seen.assign(run.batch_extents, run.batch_extents + 6); };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(calls == 2);
  CHECK(seen == std::vector<int64_t>{0, 1, 4, 9, 16, 25});

  SECTION("and not if there is no task") {
    kernel.bind = [&](attn_run &run) { run.tasks = 0, ++calls; };
    CHECK(kernel.launch() == ATTN_OK);
    CHECK(calls == 3);
  }
  SECTION("each is checked") {
    int length = kernel.site(ATTN_SITE_EXTENT, -1, 0, "J");
    kernel.bind = [&](attn_run &run) { attn_fail(&run, length, -4, 2); };
    CHECK(kernel.refusal() == "J: extent J is -4 for b = 2, computed at spec.attn:5:20; it may not be negative");
    kernel.bind = [&](attn_run &run) { attn_fail(&run, length, int64_t(1) << 40, 0); };
    CHECK(kernel.refusal() == "J: extent J is 1099511627776 for b = 0, computed at spec.attn:5:20; the largest supported is 2147483647");
  }
}

TEST_CASE("bind reads inputs as they are, before their sizes are compared") {
  FakeKernel kernel;
  int B = kernel.extent("B");
  kernel.give(kernel.input("q", ElementType::F32, {{"B", B}}), {4});
  int offsets = kernel.input("cu", ElementType::I32, {{"B + 1"}});
  Tensor &given = kernel.give(offsets, {3});
  for (int n = 0; n < 3; ++n)
    reinterpret_cast<int32_t *>(given.data())[n] = 10 * n;
  int load = kernel.site(offsets, 0, "cu[b + 1]");
  kernel.bind = [&](attn_run &run) {
    run.tasks = 1;
    run.sizes[1] = 5;
    int64_t size = run.shape[ATTN_MAX_RANK * offsets];
    for (int64_t n = 0; n < size; ++n)
      CHECK(static_cast<int32_t *>(run.data[offsets])[n * run.strides[ATTN_MAX_RANK * offsets]] == 10 * n);
    if (size <= 4)
      attn_fail(&run, load, size, size);
  };
  CHECK(kernel.refusal() == "cu: expected i32[B + 1 = 5], got i32[3]: dimension 0 must be 5");

  SECTION("one that can't be read has nothing in it") {
    kernel.give(offsets, {5});
    kernel.views[size_t(offsets)].data = nullptr;
    CHECK(kernel.refusal() == "cu: its data pointer is null; only a tensor without elements may have none");
  }
  SECTION("an index that leaves a tensor of the right size is the index's fault") {
    kernel.give(offsets, {5});
    kernel.bind = [&](attn_run &run) {
      run.sizes[1] = 5;
      attn_fail(&run, load, 7, 5);
    };
    CHECK(kernel.refusal(ATTN_INVALID_DATA) == "cu: index 7 is outside [0, 5) in dimension 0 at spec.attn:5:20: `cu[b + 1]`");
  }
}

TEST_CASE("what else data can be wrong in") {
  FakeKernel kernel;
  kernel.give(kernel.input("q3", ElementType::F32, {{"H * D"}}), {7});
  int solved = kernel.site(ATTN_SITE_DIMENSION, 0, 0, "D"), stored = kernel.site(ATTN_SITE_COLLISION, 0, 0, "at[b] + i");
  kernel.bind = [&](attn_run &run) { attn_fail(&run, solved, 7, 0); };
  CHECK(kernel.refusal() == "q3: dimension 0 is 7, which is not `H * D` for any D >= 0");
  kernel.bind = [&](attn_run &run) { attn_fail(&run, stored, 1, 3); };
  CHECK(kernel.refusal(ATTN_INVALID_DATA) ==
        "q3: b = 1 and b = 3 would be stored at the same elements of dimension 0 at spec.attn:5:20: `at[b] + i`");
}

TEST_CASE("scalars arrive as 64 bits, bools as 0 or 1") {
  FakeKernel kernel;
  double scale = 0.125;
  int64_t bits;
  std::memcpy(&bits, &scale, 8);
  kernel.scalar("w", ATTN_SCALAR_INT, -5);
  kernel.scalar("scale", ATTN_SCALAR_FLOAT, bits);
  kernel.scalar("flag", ATTN_SCALAR_BOOL, 7);
  kernel.body = [&](attn_run &run, int64_t, int64_t, void *) {
    CHECK(run.scalars[0] == -5);
    CHECK(run.scalars[1] == bits);
    CHECK(run.scalars[2] == 1);
  };
  CHECK(kernel.launch() == ATTN_OK);
  CHECK(kernel.bodyCalls == 1);
}
