#include "compiler/codegen/CpuFeatures.h"
#include "compiler/codegen/Target.h"
#include "runtime/kernel/CpuFeatures.h"
#include "runtime/kernel/Kernel.h"

#include "test/unit/Catch.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

#include <algorithm>
#include <cstring>
#include <sstream>

using namespace attn;
using namespace attn::codegen;

namespace {

uint64_t featuresOf(const char *cpu) {
  llvm::Expected<Target> target = createTarget({cpu, "x86_64-linux-gnu"}, Optimisation::Quick);
  if (!target)
    FAIL(llvm::toString(target.takeError()));
  return target->features;
}

std::vector<std::string> namesOf(uint64_t features) {
  std::vector<std::string> names;
  std::istringstream text(featureNames(features));
  for (std::string name; text >> name;)
    names.push_back(name.substr(0, name.find(',')));
  return names;
}

} // namespace

TEST_CASE("the levels of x86-64 need what their definition says") {
  CHECK(featuresOf("x86-64") == 0);
  CHECK(featureNames(featuresOf("x86-64-v2")) == "sse3, ssse3, sse4.1, sse4.2, cx16, popcnt, sahf");
  CHECK(featureNames(featuresOf("x86-64-v3") & ~featuresOf("x86-64-v2")) ==
        "movbe, fma, avx, f16c, lzcnt, bmi, avx2, bmi2");
  CHECK(featureNames(featuresOf("x86-64-v4") & ~featuresOf("x86-64-v3")) ==
        "avx512f, avx512dq, avx512cd, avx512bw, avx512vl");
}

TEST_CASE("a later CPU needs what an earlier one of its family does") {
  for (auto [earlier, later] : {std::pair("nehalem", "sandybridge"), std::pair("haswell", "skylake-avx512"),
                                std::pair("skylake-avx512", "sapphirerapids"), std::pair("znver3", "znver4"), std::pair("znver4", "znver5")})
    CHECK((featuresOf(earlier) & ~featuresOf(later)) == 0);
  CHECK((featuresOf("diamondrapids") & ~featuresOf("graniterapids")) != 0);
}

TEST_CASE("Arm objects are not chosen from") {
  llvm::Expected<Target> target = createTarget({"neoverse-v2", "aarch64-linux-gnu"}, Optimisation::Quick);
  REQUIRE(bool(target));
  CHECK(target->features == 0);
}

#if defined(__x86_64__)
TEST_CASE("what the launcher detects is what LLVM detects") {
  llvm::StringMap<bool> known = llvm::sys::getHostCPUFeatures();
  std::vector<std::string> detected = namesOf(attn_cpu_features());
  for (const std::string &name : namesOf(~uint64_t(0))) {
    // LLVM's host detection has no answer for a version of AVX10 it can't use.
    auto expected = known.find(name);
    if (expected == known.end())
      continue;
    INFO(name);
    CHECK((std::find(detected.begin(), detected.end(), name) != detected.end()) == expected->second);
  }
  CHECK(attn_cpu_features() == attn_cpu_features());
}

TEST_CASE("a machine is told why code can't run on it") {
  llvm::Expected<Target> arm = createTarget({"", "aarch64-linux-gnu"}, Optimisation::Quick);
  REQUIRE(bool(arm));
  CHECK(whyNotHere(*arm) == "this machine is no `aarch64`");
  llvm::Expected<Target> later = createTarget({"", ""}, Optimisation::Quick);
  REQUIRE(bool(later));
  CHECK(whyNotHere(*later).empty());
  later->features |= ~attn_cpu_features() & featuresOf("diamondrapids");
  CHECK(whyNotHere(*later).starts_with("this CPU lacks "));
}
#endif
