#include "test/unit/Catch.h"
#include "test/unit/runtime/FakeKernel.h"

#include "attn/executor.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

using namespace attn;
using namespace attn::test;

namespace {

using Executor = std::unique_ptr<attn_executor, decltype(&attn_executor_destroy)>;
Executor executorOf(int32_t threads) { return {attn_executor_create(threads), &attn_executor_destroy}; }

} // namespace

TEST_CASE("every task runs once, whatever the number of threads") {
  for (int32_t threads : {1, 2, 3, 8}) {
    Executor executor = executorOf(threads);
    REQUIRE(executor);
    CHECK(attn_executor_threads(executor.get()) == threads);
    attn_context context = attn_executor_context(executor.get());
    for (int64_t tasks : {0, 1, 2, 7, 1000}) {
      FakeKernel kernel;
      kernel.bind = [&](attn_run &run) { run.tasks = tasks, run.workspace_bytes = 256; };
      std::vector<std::atomic<int>> seen(static_cast<size_t>(tasks));
      std::atomic<int> inside = 0, most = 0;
      kernel.body = [&](attn_run &, int64_t begin, int64_t end, void *) {
        int now = ++inside, before = most;
        while (before < now && !most.compare_exchange_weak(before, now)) {
        }
        for (int64_t task = begin; task < end; ++task)
          ++seen[size_t(task)];
        --inside;
      };
      CHECK(kernel.launch(&context) == ATTN_OK);
      CHECK(most <= threads);
      for (std::atomic<int> &count : seen)
        CHECK(count == 1);
    }
  }
}

TEST_CASE("the tasks really run on several threads") {
  Executor executor = executorOf(2);
  attn_context context = attn_executor_context(executor.get());
  FakeKernel kernel;
  kernel.bind = [](attn_run &run) { run.tasks = 2; };
  std::atomic<int> arrived = 0, met = 0;
  kernel.body = [&](attn_run &, int64_t begin, int64_t end, void *) {
    // Each waits for the other: one thread alone would get stuck with its first task.
    arrived += int(end - begin);
    for (int n = 0; n < 200000 && arrived < 2; ++n)
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    met += arrived == 2;
  };
  CHECK(kernel.launch(&context) == ATTN_OK);
  CHECK(kernel.bodyCalls == 2);
  CHECK(met == 2);
}

TEST_CASE("several kernels share an executor") {
  Executor executor = executorOf(3);
  attn_context context = attn_executor_context(executor.get());
  std::atomic<int64_t> sum = 0;
  auto launch = [&] {
    FakeKernel kernel;
    kernel.bind = [](attn_run &run) { run.tasks = 500; };
    kernel.body = [&](attn_run &, int64_t begin, int64_t end, void *) { sum += end - begin; };
    CHECK(kernel.launch(&context) == ATTN_OK);
  };
  std::thread one(launch), two(launch);
  one.join();
  two.join();
  CHECK(sum == 1000);
}

TEST_CASE("impossible executors") {
  CHECK(attn_executor_create(-1) == nullptr);
  CHECK(attn_executor_create(1 << 20) == nullptr);
  attn_executor_destroy(nullptr);
  CHECK(attn_executor_threads(nullptr) == 1);
  CHECK(attn_executor_context(nullptr).parallel_for == nullptr);
  Executor automatic = executorOf(0);
  REQUIRE(automatic);
  CHECK(attn_executor_threads(automatic.get()) >= 1);
}

TEST_CASE("a stopped executor starts no further task, and goes on when it is told to") {
  for (int32_t threads : {1, 3}) {
    Executor executor = executorOf(threads);
    attn_context context = attn_executor_context(executor.get());
    CHECK(!attn_executor_resume(executor.get()));
    FakeKernel kernel;
    constexpr int64_t tasks = 100000;
    kernel.bind = [](attn_run &run) { run.tasks = tasks; };
    std::atomic<int64_t> done = 0;
    kernel.body = [&](attn_run &, int64_t begin, int64_t end, void *) {
      done += end - begin;
      if (begin == 0)
        attn_executor_stop(executor.get());
      std::this_thread::sleep_for(std::chrono::milliseconds(end - begin));
    };
    CHECK(kernel.launch(&context) == ATTN_INVALID_ARGUMENT);
    // Shares of a millisecond per task stay below 20 tasks or so.
    CHECK(done < 200);
    int64_t before = done;
    CHECK(kernel.launch(&context) == ATTN_INVALID_ARGUMENT);
    CHECK(done == before);
    CHECK(attn_executor_resume(executor.get()));
    CHECK(!attn_executor_resume(executor.get()));
    kernel.body = [&](attn_run &, int64_t begin, int64_t end, void *) { done += end - begin; };
    done = 0;
    CHECK(kernel.launch(&context) == ATTN_OK);
    CHECK(done == tasks);
  }
  attn_executor_stop(nullptr);
  CHECK(!attn_executor_resume(nullptr));
}
