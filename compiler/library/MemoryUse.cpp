#include "compiler/library/MemoryUse.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <pthread.h>

using namespace attn;
using namespace attn::library;

namespace {

struct Allocations {
  size_t live = 0, most = 0;
};

void *allocate(void *allocator, size_t bytes, size_t alignment) {
  auto *allocations = static_cast<Allocations *>(allocator);
  allocations->live += bytes;
  allocations->most = std::max(allocations->most, allocations->live);
  return std::aligned_alloc(alignment, bytes);
}

void release(void *allocator, void *memory, size_t bytes) {
  static_cast<Allocations *>(allocator)->live -= bytes;
  std::free(memory);
}

struct WatchedRun {
  const Kernel &kernel;
  std::span<const DLTensor *const> tensors;
  std::span<const ScalarArgument> scalars;
  attn_executor *executor;
  Allocations allocations{};
  Status status = std::monostate();
};

void *run(void *argument) {
  auto *watched = static_cast<WatchedRun *>(argument);
  attn_context context = attn_executor_context(watched->executor);
  context.allocator = &watched->allocations;
  context.allocate = allocate;
  context.release = release;
  watched->status = watched->kernel.run(watched->tensors, watched->scalars, &context);
  return nullptr;
}

constexpr size_t stackBytes = 16 << 20, pageBytes = 4096;
constexpr unsigned char untouched = 0xA5;

/// Runs on a stack of our own, which grows downwards through bytes of one value; false where no such thread can be had.
bool runOnStack(WatchedRun &watched, unsigned char *stack) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0)
    return false;
  pthread_t thread;
  bool started = pthread_attr_setstack(&attributes, stack, stackBytes) == 0 &&
                 pthread_create(&thread, &attributes, run, &watched) == 0;
  pthread_attr_destroy(&attributes);
  return started && pthread_join(thread, nullptr) == 0;
}

} // namespace

Result<MemoryUse> library::measureMemory(const Kernel &kernel, std::span<const DLTensor *const> tensors,
                                         std::span<const ScalarArgument> scalars, attn_executor *executor) {
  WatchedRun watched{kernel, tensors, scalars, attn_executor_threads(executor) == 1 ? executor : nullptr};
  std::unique_ptr<unsigned char, void (*)(void *)> stack(
      static_cast<unsigned char *>(std::aligned_alloc(pageBytes, stackBytes)), std::free);
  MemoryUse use;
  if (stack)
    std::memset(stack.get(), untouched, stackBytes);
  if (stack && runOnStack(watched, stack.get())) {
    const unsigned char *end = stack.get() + stackBytes;
    use.stack = size_t(end - std::find_if(stack.get(), stack.get() + stackBytes,
                                          [](unsigned char byte) { return byte != untouched; }));
  } else {
    run(&watched);
  }
  if (!watched.status)
    return watched.status.failure();
  use.allocated = watched.allocations.most;
  return use;
}
