#include "compiler/codegen/Target.h"

#include "compiler/codegen/CpuFeatures.h"
#include "runtime/kernel/Kernel.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

#include <algorithm>

using namespace attn;
using namespace attn::codegen;

namespace {

llvm::Error failure(const llvm::Twine &text) {
  return llvm::createStringError(text);
}

llvm::Triple hostTriple() { return llvm::Triple(llvm::sys::getProcessTriple()); }

/// LLVM's registries take one writer; a second registration does nothing.
#define ATTN_REGISTER_ONCE(name)                                                                                       \
  [] {                                                                                                                 \
    LLVMInitialize##name##TargetInfo();                                                                                \
    LLVMInitialize##name##Target();                                                                                    \
    LLVMInitialize##name##TargetMC();                                                                                  \
    LLVMInitialize##name##AsmPrinter();                                                                                \
    LLVMInitialize##name##AsmParser();                                                                                 \
    return true;                                                                                                       \
  }()

bool registerArchitecture(llvm::Triple::ArchType architecture) {
  if (architecture == llvm::Triple::x86_64) {
    static const bool done = ATTN_REGISTER_ONCE(X86);
    return done;
  }
  if (architecture == llvm::Triple::aarch64) {
    static const bool done = ATTN_REGISTER_ONCE(AArch64);
    return done;
  }
  return false;
}
#undef ATTN_REGISTER_ONCE

llvm::Expected<const llvm::Target *> findTarget(const llvm::Triple &triple) {
  if (triple.getArch() == llvm::Triple::UnknownArch)
    return failure("unknown target `" + triple.str() + "`: write a triple such as `x86_64-linux-gnu` or `aarch64-linux-gnu`");
  if (!registerArchitecture(triple.getArch()) || triple.isX32() || triple.getEnvironment() == llvm::Triple::GNUILP32)
    return failure("target `" + triple.str() + "` is not in this version: it compiles for 64-bit x86 (`x86_64-linux-gnu`) and " +
                   "64-bit Arm (`aarch64-linux-gnu`)");
  if (!triple.isOSBinFormatELF())
    return failure("target `" + triple.str() + "` is not in this version: only ELF objects are written");
  std::string reason;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, reason);
  if (!target)
    return failure("target `" + triple.str() + "`: " + reason);
  return target;
}

/// The CPU's, less those that the operating system doesn't let this process use.
std::string hostFeatures() {
  std::vector<std::string> features;
  bool hasTiles = (attn_cpu_features() & matrixFeatures()) == matrixFeatures();
  for (const auto &feature : llvm::sys::getHostCPUFeatures()) {
    bool isThere = feature.second && (hasTiles || !feature.first().starts_with("amx-"));
    features.push_back((isThere ? "+" : "-") + feature.first().str());
  }
  std::sort(features.begin(), features.end());
  std::string joined;
  for (const std::string &feature : features)
    joined += (joined.empty() ? "" : ",") + feature;
  return joined;
}

std::string similarNames(const std::string &wanted, const std::vector<std::string> &names, bool isX86) {
  std::vector<std::pair<unsigned, std::string>> ranked;
  for (const std::string &name : names)
    if (unsigned distance = llvm::StringRef(name).edit_distance(wanted); distance <= 3)
      ranked.push_back({distance, name});
  std::sort(ranked.begin(), ranked.end());
  std::string text;
  for (size_t n = 0; n < ranked.size() && n < 3; ++n)
    text += (text.empty() ? "; did you mean `" : "`, `") + ranked[n].second;
  if (!text.empty())
    return text + "`?";
  return isX86 ? "; `x86-64-v3`, `x86-64-v4` and `znver5` are among the names there are"
               : "; `generic`, `neoverse-n1` and `apple-m1` are among the names there are";
}

/// What every machine of an architecture has.
std::string baselineCpu(const llvm::Triple &triple) { return triple.isX86() ? "x86-64" : "generic"; }

void describe(const llvm::Triple &triple, const llvm::MCSubtargetInfo &subtarget, lower::TargetInfo &info) {
  if (triple.isX86()) {
    info.x86 = true;
    info.avx512 = subtarget.checkFeatures("+avx512f,+avx512vl,+avx512bw,+avx512dq");
    info.matrixUnit = info.avx512 && subtarget.checkFeatures("+amx-tile,+amx-bf16,+avx512bf16");
    bool avx2 = subtarget.checkFeatures("+avx2,+fma");
    info.fma = info.avx512 || subtarget.checkFeatures("+fma");
    info.hasRound = subtarget.checkFeatures("+sse4.1");
    info.vectorBits = info.avx512 ? 512 : avx2 ? 256 : 128;
    info.vectorRegisters = info.avx512 ? 32 : 16;
  } else {
    info.fma = info.hasRound = triple.isAArch64();
    info.vectorRegisters = triple.isAArch64() ? 32 : 16;
  }
}

} // namespace

static llvm::Triple parseTriple(const std::string &triple) {
  return triple.empty() ? hostTriple() : llvm::Triple(llvm::Triple::normalize(triple));
}

std::vector<std::string> codegen::cpuNames(const std::string &triple) {
  llvm::Triple wanted = parseTriple(triple);
  std::vector<std::string> names;
  llvm::Expected<const llvm::Target *> target = findTarget(wanted);
  if (!target) {
    llvm::consumeError(target.takeError());
    return names;
  }
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget((*target)->createMCSubtargetInfo(wanted, "", ""));
  for (const llvm::SubtargetSubTypeKV &processor : subtarget->getAllProcessorDescriptions())
    names.push_back(processor.Key);
  return names;
}

llvm::Expected<Target> codegen::createTarget(const TargetRequest &request, Optimisation optimisation) {
  llvm::Triple triple = parseTriple(request.triple);
  llvm::Expected<const llvm::Target *> found = findTarget(triple);
  if (!found)
    return found.takeError();

  Target target;
  bool isHere = triple.getArch() == hostTriple().getArch();
  if (request.cpu == "native" && !isHere)
    return failure("`--cpu=native` is this machine, which is no `" + triple.getArchName() + "`: name the CPU, or leave `--cpu` out for the baseline");
  bool native = isHere && (request.cpu.empty() || request.cpu == "native");
  target.info.triple = triple.str();
  target.info.cpu = native ? llvm::sys::getHostCPUName().str() : request.cpu.empty() ? baselineCpu(triple) : request.cpu;
  target.info.features = native ? hostFeatures() : "";

  // Asking LLVM for a machine of an unknown name prints to stderr and carries on: look the name up first.
  std::unique_ptr<llvm::MCSubtargetInfo> subtarget((*found)->createMCSubtargetInfo(triple, "", ""));
  if (!subtarget->isCPUStringValid(target.info.cpu)) {
    if (!native)
      return failure("unknown CPU `" + request.cpu + "`" + similarNames(request.cpu, cpuNames(request.triple), triple.isX86()));
    target.info.cpu.clear();
  }

  llvm::TargetOptions options;
  // `a * b + c` is fused where the lowering says so (vector.fma), and nowhere else.
  options.AllowFPOpFusion = llvm::FPOpFusion::Standard;
  target.machine.reset((*found)->createTargetMachine(
      triple, target.info.cpu, target.info.features, options, llvm::Reloc::PIC_, llvm::CodeModel::Small,
      optimisation == Optimisation::Full ? llvm::CodeGenOptLevel::Aggressive : llvm::CodeGenOptLevel::Default));
  if (!target.machine)
    return failure("target `" + triple.str() + "` cannot be compiled for");
  const llvm::MCSubtargetInfo &machine = *target.machine->getMCSubtargetInfo();
  if (triple.isX86() && !machine.checkFeatures("+64bit"))
    return failure("CPU `" + request.cpu + "` is not in this version: only 64-bit machines are");
  describe(triple, machine, target.info);
  target.features = requiredFeatures(machine);
  return target;
}

bool codegen::isHostArchitecture(const std::string &triple) { return parseTriple(triple).getArch() == hostTriple().getArch(); }

std::string codegen::whyNotHere(const Target &target) {
  if (!isHostArchitecture(target.info.triple))
    return "this machine is no `" + target.machine->getTargetTriple().getArchName().str() + "`";
  std::string missing = featureNames(target.features & ~attn_cpu_features());
  return missing.empty() ? "" : "this CPU lacks " + missing;
}
