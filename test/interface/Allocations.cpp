/// Counts every allocation of the process while kernels run with a caller's executor and allocator: nothing leaks,
/// nothing else allocates. usage: allocations SPEC.attn OBJECT LIBRARY
#include "attn/attn.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

extern "C" {
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
}

static std::atomic<bool> counting;
static std::atomic<long> allocations;
static void count() {
  if (counting.load(std::memory_order_relaxed))
    ++allocations;
}

// What libc's allocator is asked for goes through these, from whichever library.
extern "C" {
void *malloc(size_t bytes) { return count(), __libc_malloc(bytes); }
void *calloc(size_t number, size_t bytes) { return count(), __libc_calloc(number, bytes); }
void *realloc(void *memory, size_t bytes) { return count(), __libc_realloc(memory, bytes); }
void *memalign(size_t alignment, size_t bytes) { return count(), __libc_memalign(alignment, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { return count(), __libc_memalign(alignment, bytes); }
int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  count();
  *memory = __libc_memalign(alignment, bytes);
  return *memory ? 0 : 12;
}
}

namespace {

/// Hands out pieces of one block and counts what is out.
struct Arena {
  alignas(64) char memory[1 << 20];
  std::atomic<size_t> used{0};
  std::atomic<long> out{0}, asked{0};
  std::atomic<long> failAt{-1}; ///< the request that gets nothing

  static void *allocate(void *self, size_t bytes, size_t alignment) {
    auto *arena = static_cast<Arena *>(self);
    if (arena->asked++ == arena->failAt)
      return nullptr;
    size_t size = (bytes + 63) / 64 * 64, begin = arena->used.fetch_add(size);
    if (begin + size > sizeof arena->memory || alignment > 64)
      return nullptr;
    ++arena->out;
    return arena->memory + begin;
  }
  static void release(void *self, void *memory, size_t) {
    if (memory)
      --static_cast<Arena *>(self)->out;
  }
};

/// Two threads that were there before, which take turns: none is made, and nothing allocated, while a kernel runs.
struct Pair {
  std::atomic<int> turn{0};
  void (*body)(void *, int64_t, int64_t) = nullptr;
  void *argument = nullptr;
  int64_t begin = 0, end = 0;
  std::thread helper{[this] {
    for (;;) {
      while (turn.load() == 0)
        std::this_thread::yield();
      if (turn.load() == 2)
        return;
      body(argument, begin, end);
      turn = 0;
    }
  }};
  ~Pair() {
    turn = 2;
    helper.join();
  }
  static void parallelFor(void *self, int64_t count, void (*body)(void *, int64_t, int64_t), void *argument) {
    auto *pair = static_cast<Pair *>(self);
    pair->body = body;
    pair->argument = argument;
    pair->begin = count / 2;
    pair->end = count;
    pair->turn = 1;
    body(argument, 0, count / 2);
    while (pair->turn.load() != 0)
      std::this_thread::yield();
  }
};

int failures = 0;
void check(bool good, const char *what) {
  if (!good) {
    std::printf("%s\n", what);
    ++failures;
  }
}

Arena arena;

void exercise(const attn::Kernel &kernel, Pair &pair) {
  constexpr int64_t heads = 3, length = 200, width = 32, elements = heads * length * width;
  static float q[elements], k[elements], v[elements], o[elements], serial[elements];
  for (int64_t n = 0; n < elements; ++n) {
    q[n] = float(n % 17) / 17;
    k[n] = float(n % 13) / 13;
    v[n] = float(n % 7);
  }
  auto tensor = [](float *values) { return attn::Tensor::of(std::span(values, elements), {1, heads, length, width}).value(); };
  attn::Tensor qt = tensor(q), kt = tensor(k), vt = tensor(v), ot = tensor(o), st = tensor(serial);
  attn::Arguments arguments(kernel), alone(kernel);
  arguments.set("q", qt).set("k", kt).set("v", vt).set("o", ot).set("w", 50);
  alone.set("q", qt).set("k", kt).set("v", vt).set("o", st).set("w", 50);
  check(bool(kernel.run(alone)), "runs with malloc");

  attn_context context{};
  context.executor = &pair;
  context.parallel_for = Pair::parallelFor;
  context.allocator = &arena;
  context.allocate = Arena::allocate;
  context.release = Arena::release;
  auto run = [&] {
    arena.used = 0;
    arena.asked = 0;
    counting = true;
    attn::Status done = kernel.run(arguments, &context);
    counting = false;
    check(arena.out == 0, "what the caller's allocator gave comes back");
    return done ? ATTN_OK : done.error().status;
  };
  allocations = 0;
  check(run() == ATTN_OK, "runs with the caller's allocator and executor");
  check(allocations == 0, "nothing else allocates in a run");

  static float lse[heads * length];
  attn::Tensor sums = attn::Tensor::of(std::span<float>(lse), {1, heads, length}).value();
  arena.used = 0;
  arena.asked = 0;
  counting = true;
  int32_t merged = attn_merge(&qt.dl(), &sums.dl(), &kt.dl(), &sums.dl(), &vt.dl(), nullptr, &context, nullptr);
  counting = false;
  check(merged == ATTN_OK, "merges with the caller's allocator and executor");
  check(arena.asked > 0 && arena.out == 0, "what a merge took comes back");
  check(allocations == 0, "nothing else allocates in a merge");
  for (int64_t n = 0; n < elements; ++n)
    v[n] = float(n % 7);
  check(std::equal(o, o + elements, serial), "the threads don't change the result");
  long requests = arena.asked;
  check(requests > 0, "the caller's allocator is asked");
  for (long n = 0; n < requests; ++n) {
    arena.failAt = n;
    int32_t status = run();
    // How many workspaces are asked for depends on how the threads meet.
    check(status == ATTN_OUT_OF_MEMORY || arena.asked <= n, "a request that gets nothing ends the run");
  }
  arena.failAt = -1;
  context.release = nullptr;
  arena.used = 0;
  allocations = 0;
  counting = true;
  bool good = bool(kernel.run(arguments, &context));
  counting = false;
  check(good && allocations == 0, "an allocator that never frees is no reason to allocate");
  arena.out = 0;

  // An error's text is written where the caller says; only the C++ layer makes a string of it.
  const DLTensor *lacking[] = {&qt.dl(), &kt.dl(), nullptr, &ot.dl()};
  attn_error error;
  allocations = 0;
  counting = true;
  int32_t status = attn_kernel_run(kernel.get(), lacking, 4, nullptr, 0, nullptr, &error);
  counting = false;
  check(status == ATTN_INVALID_ARGUMENT, "a null tensor is refused");
  check(allocations <= 1, "a refusal allocates its state and nothing else");
}

} // namespace

int main(int number, char **words) {
  if (number != 4)
    return 2;
  Pair pair;
  allocations = 0;
  counting = true;
  std::free(std::malloc(1));
  counting = false;
  check(allocations == 1, "the count counts");

  attn::Compiler compiler;
  attn::Result<attn::Spec> spec = attn::Spec::open(words[1]);
  attn::Result<attn::Kernel> kernel = compiler.compile(*spec, {.kernel = "windowed"});
  check(bool(kernel), "the spec compiles");
  if (kernel)
    exercise(*kernel, pair);
  for (const char *path : {words[2], words[3]}) {
    attn::Result<attn::Object> object = attn::Object::open(path);
    check(bool(object), path);
    if (object)
      exercise(object->kernel("windowed").value(), pair);
  }
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
