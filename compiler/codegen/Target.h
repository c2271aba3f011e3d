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
  std::string cpu;    ///< `--cpu`: LLVM's name, `native` or empty for the host's
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

  /// Whether code for it runs in this process.
  bool isHost = false;
};

/// Finds the machine. The error's text says what is wrong with the name and what names there are (the closest ones).
llvm::Expected<Target> createTarget(const TargetRequest &request, Optimisation optimisation);

/// The CPU names `--cpu` takes for a triple (empty: the host's), in LLVM's order.
std::vector<std::string> cpuNames(const std::string &triple);

} // namespace attn::codegen
