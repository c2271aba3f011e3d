#include "compiler/library/Inputs.h"

#include "test/unit/library/Specs.h"

#include <future>
#include <thread>
#include <unistd.h>

using namespace attn;
using namespace attn::library;

namespace {

/// What is wrong with random inputs of these sizes.
std::vector<std::string> errorsOf(const std::string &text, InputRequest request) {
  auto spec = test::specOf(text);
  request.random = true;
  std::vector<std::string> errors;
  CHECK_FALSE(gatherInputs(spec->program().attentions.front(), request, errors));
  return errors;
}

InputRequest sized(std::map<std::string, int64_t> dims) {
  InputRequest request;
  request.dims = std::move(dims);
  return request;
}

const std::string plain = "attention a { layout mha }", pairs = "attention a { layout mha; out score }";

/// A length at which one tensor of f32 with 64 features takes this share of the machine's memory.
int64_t lengthOf(double share) {
  return int64_t(double(sysconf(_SC_PHYS_PAGES)) * double(sysconf(_SC_PAGE_SIZE)) * share / 256);
}

} // namespace

TEST_CASE("a run that this machine can't hold is refused before anything is made") {
  using Catch::Matchers::Contains;
  std::vector<std::string> errors =
      errorsOf(plain, sized({{"B", 1}, {"H", 8}, {"I", 100000000000}, {"J", 100000000000}, {"D", 64}}));
  REQUIRE(errors.size() == 1);
  CHECK_THAT(errors.front(),
             Contains("the inputs take 558.8 TiB of memory (`q` 186.3 TiB, `k` 186.3 TiB, `v` 186.3 TiB)"));
  CHECK_THAT(errors.front(), Contains("are free"));
  // Each would fit, all together don't.
  errors = errorsOf(plain, sized({{"I", lengthOf(0.4)}, {"J", lengthOf(0.4)}, {"D", 64}, {"B", 1}, {"H", 1}}));
  REQUIRE(errors.size() == 1);
  CHECK_THAT(errors.front(), Contains("the inputs take"));
  // The output alone doesn't.
  errors = errorsOf(pairs, sized({{"B", 1}, {"H", 1}, {"I", 10000000}, {"J", 10000000}, {"D", 1}}));
  REQUIRE(errors.size() == 1);
  CHECK_THAT(errors.front(), Contains("the outputs take 363.8 TiB of memory (`score` 363.8 TiB)"));
  // More bytes than can be counted.
  errors = errorsOf(plain, sized({{"B", INT64_MAX}, {"H", 8}, {"I", 64}, {"J", 64}, {"D", 64}}));
  REQUIRE_FALSE(errors.empty());
  CHECK_THAT(errors.front(), Contains("overflows 64 bits"));
}

TEST_CASE("making inputs can be stopped") {
  auto spec = test::specOf(plain);
  std::atomic<bool> stop = false;
  InputRequest request = sized({{"B", 1}, {"H", 1}, {"I", lengthOf(0.1)}, {"J", lengthOf(0.1)}, {"D", 64}});
  request.random = true;
  request.stop = &stop;
  std::vector<std::string> errors;
  auto stopper = std::async(std::launch::async, [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop = true;
    return std::chrono::steady_clock::now();
  });
  bool made = bool(gatherInputs(spec->program().attentions.front(), request, errors));
  auto end = std::chrono::steady_clock::now();
  CHECK_FALSE(made);
  CHECK(end - stopper.get() < std::chrono::seconds(1));
  REQUIRE_FALSE(errors.empty());
  CHECK_THAT(errors.front(), Catch::Matchers::Contains("stopped"));
}
