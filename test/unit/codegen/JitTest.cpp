#include "compiler/codegen/Jit.h"

#include "attn/dlpack.h"
#include "runtime/kernel/Kernel.h"
#include "test/unit/Catch.h"
#include "test/unit/codegen/Fixture.h"

#include <thread>
#include <vector>

using namespace attn;
using namespace attn::codegen;

namespace {

struct Arguments {
  const DLTensor *q, *o;
  double scale;
};

struct Vector {
  std::vector<float> data;
  int64_t shape[1];
  DLTensor tensor{};
  explicit Vector(std::vector<float> values) : data(std::move(values)), shape{int64_t(data.size())} {
    tensor.data = data.data();
    tensor.device = {kDLCPU, 0};
    tensor.ndim = 1;
    tensor.dtype = {kDLFloat, 32, 1};
    tensor.shape = shape;
  }
};

KernelEntry load(std::unique_ptr<LoadedCode> &code, Optimisation level) {
  auto loaded = LoadedCode::load(test::compileScale("scaled", level, false));
  if (!loaded)
    FAIL(llvm::toString(loaded.takeError()));
  code = std::move(*loaded);
  llvm::Expected<KernelEntry> entry = code->find("scaled");
  if (!entry)
    FAIL(llvm::toString(entry.takeError()));
  return *entry;
}

} // namespace

TEST_CASE("a kernel at the vector level runs through the JIT") {
  for (Optimisation level : {Optimisation::Quick, Optimisation::Full}) {
    std::unique_ptr<LoadedCode> code;
    KernelEntry entry = load(code, level);
    Vector q({1, 2, 3, 4, 5, 6, 7}), o({0, 0, 0, 0, 0, 0, 0});
    Arguments arguments{&q.tensor, &o.tensor, 3};
    attn_error error;
    REQUIRE(entry(&arguments, nullptr, &error) == ATTN_OK);
    CHECK(o.data == std::vector<float>{3, 6, 9, 12, 15, 18, 21});
  }
}

TEST_CASE("bind computes a scalar left unset") {
  std::unique_ptr<LoadedCode> code;
  KernelEntry entry = load(code, Optimisation::Quick);
  Vector q({8, 16, 24, 32}), o({0, 0, 0, 0});
  Arguments arguments{&q.tensor, &o.tensor, ATTN_UNSET_FLOAT};
  REQUIRE(entry(&arguments, nullptr, nullptr) == ATTN_OK);
  CHECK(o.data == std::vector<float>{2, 4, 6, 8});
}

TEST_CASE("the launcher checks arguments against the generated tables") {
  std::unique_ptr<LoadedCode> code;
  KernelEntry entry = load(code, Optimisation::Quick);
  Vector q({1, 2, 3, 4}), o({0, 0, 0});
  Arguments arguments{&q.tensor, &o.tensor, 1};
  attn_error error;
  REQUIRE(entry(&arguments, nullptr, &error) == ATTN_INVALID_ARGUMENT);
  std::string message = error.message;
  INFO(message);
  CHECK(message == "o: expected f32[D=4], got f32[3]: extent D is 4 by q");
  CHECK(o.data == std::vector<float>{0, 0, 0});
  arguments.o = nullptr;
  CHECK(entry(&arguments, nullptr, &error) == ATTN_INVALID_ARGUMENT);
}

TEST_CASE("a site that fails is reported with its source") {
  std::unique_ptr<LoadedCode> code;
  KernelEntry entry = load(code, Optimisation::Quick);
  Vector q({1, 2, 3, 4, 5, 2000}), o({0, 0, 0, 0, 0, 0});
  Arguments arguments{&q.tensor, &o.tensor, 1};
  attn_error error;
  REQUIRE(entry(&arguments, nullptr, &error) == ATTN_INVALID_DATA);
  std::string message = error.message;
  INFO(message);
  CHECK(message.find("scale.attn:1:2") != std::string::npos);
  CHECK(message.find("q[d]") != std::string::npos);
}

TEST_CASE("an unknown entry is an error, not a crash") {
  std::unique_ptr<LoadedCode> code;
  load(code, Optimisation::Quick);
  llvm::Expected<KernelEntry> entry = code->find("other");
  REQUIRE(!entry);
  CHECK(llvm::toString(entry.takeError()).find("other") != std::string::npos);
}

TEST_CASE("loaded code is called from several threads at once") {
  std::unique_ptr<LoadedCode> code;
  KernelEntry entry = load(code, Optimisation::Quick);
  std::vector<std::thread> threads;
  std::vector<int> good(4);
  for (int n = 0; n < 4; ++n)
    threads.emplace_back([&, n] {
      for (int round = 0; round < 100; ++round) {
        Vector q(std::vector<float>(33, float(n + 1))), o(std::vector<float>(33));
        Arguments arguments{&q.tensor, &o.tensor, 2};
        good[n] += entry(&arguments, nullptr, nullptr) == ATTN_OK && o.data == std::vector<float>(33, 2.0f * (n + 1));
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  CHECK(good == std::vector<int>(4, 100));
}
