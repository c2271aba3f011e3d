#include "compiler/library/MemoryUse.h"

#include "test/unit/library/Specs.h"

#include <cstring>

using namespace attn;
using namespace attn::library;

namespace {

constexpr const char *window = "attention a { layout mha; w: int = 16; mask = window(w); out lse }";

/// A kernel and tensors for it.
struct Ready {
  explicit Ready(int64_t length, bool onlyVisits = false)
      : spec(test::specOf(window)),
        data(test::dataOf(*spec, {{"B", 1}, {"H", 2}, {"I", length}, {"J", length}, {"D", 64}})), views(data.views()) {
    CompileRequest request;
    request.extents = {{"D", 64}};
    request.onlyVisits = onlyVisits;
    CompileReport report;
    kernel = compiler.load(spec, "a", request, report);
    INFO(report.failure);
    REQUIRE(kernel);
    for (const DLTensor &view : views)
      pointers.push_back(&view);
  }

  std::shared_ptr<const Spec> spec;
  RunData data;
  std::vector<DLTensor> views;
  std::vector<const DLTensor *> pointers;
  Compiler compiler;
  std::shared_ptr<const Kernel> kernel;
};

MemoryUse memoryOf(Ready &ready) {
  Result<MemoryUse> use = measureMemory(*ready.kernel, ready.pointers, ready.data.scalars);
  REQUIRE(use);
  return *use;
}

} // namespace

TEST_CASE("a thread's memory is small and doesn't grow with the number of queries and keys") {
  Ready few(64), many(700);
  MemoryUse least = memoryOf(few), most = memoryOf(many);
  CHECK(least.allocated > 0);
  CHECK(least.allocated == most.allocated);
  CHECK(most.allocated + most.stack <= size_t(1) << 20);
  CHECK(most.stack > 0);
  CHECK(most.stack < least.stack + 4096);
}

TEST_CASE("what fails while its memory is watched says why") {
  Ready ready(32);
  std::vector<const DLTensor *> none;
  CHECK_FALSE(measureMemory(*ready.kernel, none, ready.data.scalars));
}

TEST_CASE("a kernel of visits alone writes no output") {
  Ready ready(200, true);
  DLTensor &output = ready.views[ready.kernel->attention().tensors.size()];
  size_t bytes = 4 * size_t(2 * 200 * 64);
  std::memset(output.data, 0x5A, bytes);
  REQUIRE(ready.kernel->run(ready.pointers, ready.data.scalars, nullptr));
  std::string expected(bytes, char(0x5A));
  CHECK(std::memcmp(output.data, expected.data(), bytes) == 0);
}
