#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace llvm {
class MCSubtargetInfo;
} // namespace llvm

namespace attn::codegen {

/// The instruction sets that code for a CPU may use, as bits of runtime/kernel/CpuFeatures.h. 0 on architectures whose objects are not
/// chosen from.
uint64_t requiredFeatures(const llvm::MCSubtargetInfo &subtarget);

/// Those that only a kernel with products on the matrix unit needs.
uint64_t matrixFeatures();

/// LLVM's names of the features in a set: `avx512f, avx512vl`.
std::string featureNames(uint64_t features);

} // namespace attn::codegen
