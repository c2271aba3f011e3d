#include "compiler/codegen/Native.h"

#include "compiler/codegen/CpuFeatures.h"

#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/CGSCCPassManager.h"
#include "llvm/Analysis/LoopAnalysisManager.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Transforms/IPO/GlobalDCE.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/LICM.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/LoopRotation.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include "llvm/Transforms/Utils/LoopSimplify.h"

#include <map>

using namespace attn;
using namespace attn::codegen;

namespace {

/// Marks a function for the target. Kernels want the whole register although some CPUs' tuning prefers half of it.
void describeFunction(llvm::Function &function, const Target &target) {
  function.addFnAttr(llvm::Attribute::NoUnwind);
  function.addFnAttr("target-cpu", target.info.cpu);
  if (!target.info.features.empty())
    function.addFnAttr("target-features", target.info.features);
  if (target.info.x86) {
    std::string bits = std::to_string(target.info.vectorBits);
    function.addFnAttr("prefer-vector-width", bits);
    function.addFnAttr("min-legal-vector-width", bits);
  }
}

/// What kernels need: they arrive with vectors, unrolled loops and values in registers already, so this only removes what the
/// lowering repeats, moves what does not change out of loops, and simplifies address arithmetic.
llvm::FunctionPassManager quickPasses() {
  llvm::FunctionPassManager passes;
  passes.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/false));
  passes.addPass(llvm::SimplifyCFGPass());
  passes.addPass(llvm::InstCombinePass());
  llvm::LoopPassManager loops;
  loops.addPass(llvm::LoopRotatePass());
  loops.addPass(llvm::LICMPass(llvm::LICMOptions()));
  passes.addPass(llvm::createFunctionToLoopPassAdaptor(std::move(loops), /*UseMemorySSA=*/true));
  passes.addPass(llvm::EarlyCSEPass(/*UseMemorySSA=*/true));
  passes.addPass(llvm::SimplifyCFGPass());
  return passes;
}

} // namespace

/// In the context of `native`. Null where that is impossible.
static std::unique_ptr<llvm::Module> translated(mlir::ModuleOp module, const Target &target, NativeModule &native,
                                                llvm::GlobalValue::LinkageTypes linkage) {
  if (!native.context)
    native.context = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> result =
      mlir::translateModuleToLLVMIR(module, *native.context, "attn", /*disableVerification=*/true);
  if (!result)
    return nullptr;
  result->setTargetTriple(target.machine->getTargetTriple());
  result->setDataLayout(target.machine->createDataLayout());
  for (llvm::Function &function : *result) {
    if (function.isDeclaration())
      continue;
    function.setLinkage(linkage);
    describeFunction(function, target);
  }
  return result;
}

static llvm::Error untranslatable() { return llvm::createStringError("the module cannot be translated to LLVM IR"); }

llvm::Error codegen::translate(mlir::ModuleOp module, const Target &target, NativeModule &native) {
  native.module = ::translated(module, target, native, llvm::GlobalValue::ExternalLinkage);
  return native.module ? llvm::Error::success() : untranslatable();
}

llvm::Error codegen::translate(mlir::ModuleOp module, const KernelSource &kernel, const Target &target,
                               NativeModule &native) {
  std::unique_ptr<llvm::Module> translated = ::translated(module, target, native, llvm::GlobalValue::InternalLinkage);
  if (!translated)
    return untranslatable();
  std::string suffix = "." + target.info.cpu;
  llvm::Expected<std::string> tables = addTables(*translated, kernel, suffix);
  if (!tables)
    return tables.takeError();
  std::string reason;
  llvm::raw_string_ostream stream(reason);
  if (llvm::verifyModule(*translated, &stream))
    return llvm::createStringError(llvm::Twine("the LLVM module is not well formed: ") + reason);
  uint64_t features = usesMatrixUnit(*translated) ? target.features : target.features & ~matrixFeatures();
  if (!native.module) {
    native.module = std::move(translated);
  } else {
    if (native.module->getNamedGlobal(*tables))
      return llvm::createStringError(llvm::Twine("two kernels export `") + kernel.symbol + "`");
    if (llvm::Linker::linkModules(*native.module, std::move(translated)))
      return llvm::createStringError("the kernels cannot be linked into one module");
  }
  native.kernels.push_back({kernel.symbol, *tables, target.info.cpu, features});
  return llvm::Error::success();
}

bool codegen::usesMatrixUnit(const llvm::Module &module) { return module.getFunction("attn_matrix_begin") != nullptr; }

llvm::Error codegen::addEntries(NativeModule &native, Entry entry) {
  std::map<std::string, std::vector<KernelVersion>> bySymbol;
  for (const KernelVersion &version : native.kernels)
    bySymbol[version.symbol].push_back(version);
  for (const auto &[symbol, versions] : bySymbol)
    if (llvm::Error error = addEntry(*native.module, versions, entry))
      return error;
  return llvm::Error::success();
}

void codegen::optimise(llvm::Module &module, const Target &target, Optimisation level) {
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  llvm::PassBuilder builder(target.machine.get(), tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager passes;
  if (level == Optimisation::Full)
    passes = builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2);
  else
    passes.addPass(llvm::createModuleToFunctionPassAdaptor(quickPasses()));
  passes.addPass(llvm::GlobalDCEPass());
  passes.run(module, modules);
}

llvm::Expected<std::string> codegen::emit(llvm::Module &module, const Target &target, NativeForm form) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  auto type = form == NativeForm::Object ? llvm::CodeGenFileType::ObjectFile : llvm::CodeGenFileType::AssemblyFile;
  if (target.machine->addPassesToEmitFile(passes, stream, nullptr, type, /*DisableVerify=*/true))
    return llvm::createStringError(llvm::Twine("this target has no code emitter"));
  passes.run(module);
  return std::string(bytes.begin(), bytes.end());
}
