#include "attn/executor.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>

/// The arena's workers all take the next few tasks until none is left, so that tasks start in order: neighbours, which
/// read the same keys, run at the same time. The share shrinks towards the end for an even finish, and is never longer
/// than a person waits for a run that was stopped.
struct attn_executor {
  explicit attn_executor(int32_t threads)
      : threads(threads), limit(oneapi::tbb::global_control::max_allowed_parallelism,
                                std::max<size_t>(size_t(threads), size_t(oneapi::tbb::info::default_concurrency()))),
        arena(threads) {
    arena.initialize();
  }

  int32_t threads;
  std::atomic<bool> stopped = false;
  oneapi::tbb::global_control limit;
  oneapi::tbb::task_arena arena;
};

namespace {

using Body = void (*)(void *argument, int64_t begin, int64_t end);

static_assert(std::atomic<bool>::is_always_lock_free, "attn_executor_stop is called from signal handlers");

void takeTasks(const attn_executor &executor, std::atomic<int64_t> &next, int64_t count, Body body, void *argument) {
  using Clock = std::chrono::steady_clock;
  constexpr double longestShare = 0.02;
  int64_t shares = executor.threads > 1 ? int64_t(executor.threads) * 8 : 1;
  int64_t most = 1;
  int64_t begin = next.load(std::memory_order_relaxed);
  while (begin < count && !executor.stopped.load(std::memory_order_relaxed)) {
    int64_t share = std::clamp<int64_t>((count - begin) / shares, 1, most);
    if (!next.compare_exchange_weak(begin, begin + share, std::memory_order_relaxed))
      continue;
    Clock::time_point start = Clock::now();
    body(argument, begin, begin + share);
    double seconds = std::max(1e-9, std::chrono::duration<double>(Clock::now() - start).count());
    most = int64_t(std::clamp(longestShare * double(share) / seconds, 1.0, double(INT64_MAX / 2)));
    begin = next.load(std::memory_order_relaxed);
  }
}

void parallelFor(void *pointer, int64_t count, Body body, void *argument) {
  auto *executor = static_cast<attn_executor *>(pointer);
  int64_t workers = std::min<int64_t>(executor->threads, count);
  std::atomic<int64_t> next = 0;
  if (workers <= 1)
    return takeTasks(*executor, next, count, body, argument);
  oneapi::tbb::task_group_context settings(oneapi::tbb::task_group_context::isolated,
                                           oneapi::tbb::task_group_context::default_traits |
                                               oneapi::tbb::task_group_context::fp_settings);
  executor->arena.execute([&] {
    oneapi::tbb::parallel_for(
        int64_t(0), workers, [&](int64_t) { takeTasks(*executor, next, count, body, argument); },
        oneapi::tbb::simple_partitioner(), settings);
  });
}

} // namespace

attn_executor *attn_executor_create(int32_t threads) {
  if (threads < 0 || threads > 4096)
    return nullptr;
  try {
    return new attn_executor(threads == 0 ? int32_t(oneapi::tbb::info::default_concurrency()) : threads);
  } catch (...) {
    return nullptr;
  }
}

int32_t attn_executor_threads(const attn_executor *executor) { return executor ? executor->threads : 1; }

attn_context attn_executor_context(attn_executor *executor) {
  attn_context context{};
  if (executor) {
    context.executor = executor;
    context.parallel_for = parallelFor;
  }
  return context;
}

void attn_executor_stop(attn_executor *executor) {
  if (executor)
    executor->stopped.store(true, std::memory_order_relaxed);
}

int32_t attn_executor_resume(attn_executor *executor) {
  return executor && executor->stopped.exchange(false, std::memory_order_relaxed);
}

void attn_executor_destroy(attn_executor *executor) { delete executor; }
