#include "test/unit/Catch.h"
#include "test/unit/runtime/FakeKernel.h"

#include <bit>
#include <string>

using namespace attn;
using namespace attn::test;

namespace {

/// A table of a kernel that isn't launched: its argument struct is null, which the launcher says under the table's name.
attn_kernel_info named(const char *name) {
  attn_kernel_info info{};
  info.name = name;
  return info;
}

std::string launched(const std::vector<attn_kernel_version> &versions, int32_t expected) {
  attn_error error{};
  CHECK(attn_launch_version(versions.data(), int32_t(versions.size()), nullptr, nullptr, &error) == expected);
  CHECK(error.status == expected);
  return error.message;
}

} // namespace

TEST_CASE("the first version that the CPU can run is launched") {
  uint64_t have = attn_cpu_features(), lack = uint64_t(1) << 62;
  attn_kernel_info first = named("first"), second = named("second");
  CHECK(launched({{have, "a", &first}, {0, "b", &second}}, ATTN_INVALID_ARGUMENT).starts_with("first: "));
  CHECK(launched({{have | lack, "a", &first}, {0, "b", &second}}, ATTN_INVALID_ARGUMENT).starts_with("second: "));
  CHECK(launched({{lack, "a", &first}, {have, "b", &second}}, ATTN_INVALID_ARGUMENT).starts_with("second: "));
}

TEST_CASE("where no version runs, the message says what the least demanding lacks") {
  // A feature that no CPU has together with all others: four-operand multiply-adds are of AMD's past.
  uint64_t missing = ~attn_cpu_features() & ((uint64_t(1) << 44) - 1);
  if (missing == 0)
    return;
  uint64_t one = std::bit_floor(missing);
  attn_kernel_info info = named("scaled");
  std::string text = launched({{missing, "new", &info}, {one, "old", &info}}, ATTN_UNSUPPORTED_CPU);
  CHECK(text.starts_with("scaled: compiled for new and old; this CPU lacks "));
  CHECK(text.ends_with(", which the least demanding of them needs"));
  text = launched({{one, "old", &info}}, ATTN_UNSUPPORTED_CPU);
  CHECK(text.starts_with("scaled: compiled for old; this CPU lacks "));
  CHECK(text.find(',') == text.rfind(','));
  CHECK(text.ends_with(", which it needs"));
}

TEST_CASE("a caller need not want the message") {
  attn_kernel_info info = named("scaled");
  attn_kernel_version version{uint64_t(1) << 62, "future", &info};
  CHECK(attn_launch_version(&version, 1, nullptr, nullptr, nullptr) == ATTN_UNSUPPORTED_CPU);
}
