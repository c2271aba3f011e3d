#include "compiler/codegen/CpuFeatures.h"

#include "runtime/kernel/CpuFeatures.h"

#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/TargetParser/Triple.h"

#include <array>

using namespace attn;

namespace {

#define ATTN_FEATURE(name, leaf, subleaf, index, bit, state) std::string_view(name),
constexpr std::array names = std::to_array<std::string_view>({ATTN_CPU_FEATURES(ATTN_FEATURE)});
#undef ATTN_FEATURE
static_assert(names.size() < 64, "the highest bit says that the CPU was looked at");

} // namespace

uint64_t codegen::requiredFeatures(const llvm::MCSubtargetInfo &subtarget) {
  if (!subtarget.getTargetTriple().isX86())
    return 0;
  uint64_t features = 0;
  for (const llvm::SubtargetFeatureKV &feature : subtarget.getAllProcessorFeatures())
    for (size_t n = 0; n < names.size(); ++n)
      if (names[n] == feature.Key && subtarget.hasFeature(feature.Value))
        features |= uint64_t(1) << n;
  return features;
}

uint64_t codegen::matrixFeatures() {
  uint64_t features = 0;
  for (size_t n = 0; n < names.size(); ++n)
    if (names[n].starts_with("amx-"))
      features |= uint64_t(1) << n;
  return features;
}

std::string codegen::featureNames(uint64_t features) {
  std::string text;
  for (size_t n = 0; n < names.size(); ++n)
    if (features >> n & 1)
      text.append(text.empty() ? "" : ", ").append(names[n]);
  return text;
}
