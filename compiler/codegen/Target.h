#pragma once

#include "compiler/lower/TargetInfo.h"

#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

#include <memory>
#include <string>
#include <vector>

namespace attn::codegen {

/// Which machine to compile for, as a person writes it. Empty means this one.
struct TargetRequest {
  std::string cpu;    ///< `--cpu`: LLVM's name, or `native`; empty: the host's, or the baseline of another architecture
  std::string triple; ///< `--target`
};

enum class Optimisation : uint8_t {
  Quick, ///< what kernels need and no more: for code that is run once it is compiled
  Full,  ///< LLVM's own O3 on top
};

/// A machine to compile for: LLVM's half, and the plain description the lowering reads.
struct Target {
  lower::TargetInfo info;
  std::unique_ptr<llvm::TargetMachine> machine;

  /// The instruction sets its code may use, as bits of runtime/kernel/CpuFeatures.h.
  uint64_t features = 0;
};

/// Why code for a target can't run in this process (`this CPU lacks avx512f`); empty if it can.
std::string whyNotHere(const Target &target);

/// Whether a triple, as a person writes it, means this machine's kind. Empty does.
bool isHostArchitecture(const std::string &triple);

/// Finds the machine. The error's text says what is wrong with the name and what names there are (the closest ones).
llvm::Expected<Target> createTarget(const TargetRequest &request, Optimisation optimisation);

/// The CPU names `--cpu` takes for a triple (empty: the host's), in LLVM's order.
std::vector<std::string> cpuNames(const std::string &triple);

} // namespace attn::codegen
