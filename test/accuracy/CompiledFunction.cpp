#include "test/accuracy/CompiledFunction.h"

#include "compiler/lower/math/ExpandMath.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

#include <fmt/format.h>

namespace attn::test {

CompiledFunction::CompiledFunction() = default;
CompiledFunction::CompiledFunction(CompiledFunction &&) = default;
CompiledFunction::~CompiledFunction() = default;

static llvm::Error failure(const std::string &what) { return llvm::createStringError(what.c_str()); }

static std::string replaceAll(std::string text, const std::string &from, const std::string &to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

static std::string moduleText(const FunctionSource &source) {
  std::string element = source.isDouble ? "f64" : "f32";
  std::string second = source.integerWidth ? fmt::format("i{}", source.integerWidth) : element;
  auto shaped = [&](const std::string &of) {
    return source.shape.empty() ? of : fmt::format("vector<{}{}>", source.shape, of);
  };
  auto flat = [&](const std::string &of) {
    return source.shape.empty() ? of : fmt::format("vector<{}x{}>", source.lanes, of);
  };
  bool isFlat = shaped(element) == flat(element);
  std::string operation = replaceAll(replaceAll(source.operation, "ITYPE", shaped(second)), "TYPE", shaped(element));
  auto cast = [&](const char *to, const char *from, const std::string &type, bool up) {
    if (isFlat)
      return std::string();
    return fmt::format("      {} = vector.shape_cast {} : {} to {}\n", to, from, up ? flat(type) : shaped(type),
                       up ? shaped(type) : flat(type));
  };
  return fmt::format(R"(
  func.func @f(%xs: !llvm.ptr, %ys: !llvm.ptr, %outs: !llvm.ptr, %n: i64) {{
    %c0 = arith.constant 0 : i64
    %lanes = arith.constant {lanes} : i64
    scf.for %i = %c0 to %n step %lanes : i64 {{
      %px = llvm.getelementptr %xs[%i] : (!llvm.ptr, i64) -> !llvm.ptr, {element}
      %py = llvm.getelementptr %ys[%i] : (!llvm.ptr, i64) -> !llvm.ptr, {second}
      %po = llvm.getelementptr %outs[%i] : (!llvm.ptr, i64) -> !llvm.ptr, {element}
      {x} = llvm.load %px : !llvm.ptr -> {flat}
      {y} = llvm.load %py : !llvm.ptr -> {flatSecond}
{castX}{castY}      %r = {operation}
{castR}      llvm.store {r}, %po : {flat}, !llvm.ptr
    }}
    return
  }})",
                     fmt::arg("lanes", source.lanes), fmt::arg("element", element), fmt::arg("second", second),
                     fmt::arg("flat", flat(element)), fmt::arg("flatSecond", flat(second)),
                     fmt::arg("x", isFlat ? "%x" : "%fx"), fmt::arg("y", isFlat ? "%y" : "%fy"),
                     fmt::arg("r", isFlat ? "%r" : "%fr"), fmt::arg("castX", cast("%x", "%fx", element, true)),
                     fmt::arg("castY", cast("%y", "%fy", second, true)),
                     fmt::arg("castR", cast("%fr", "%r", element, false)), fmt::arg("operation", operation));
}

static void useSoftmaxExp2(mlir::ModuleOp module, const lower::MathTarget &target) {
  module.walk([&](mlir::math::Exp2Op op) {
    mlir::OpBuilder builder(op);
    op.replaceAllUsesWith(lower::buildSoftmaxExp2(builder, op.getLoc(), op.getOperand(), target));
    op.erase();
  });
}

static llvm::Expected<std::unique_ptr<llvm::TargetMachine>> targetMachine(const Machine &machine) {
  std::string error;
  llvm::Triple triple(llvm::sys::getProcessTriple());
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return failure(error);
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, machine.cpu, "", llvm::TargetOptions(), llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Default));
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O1).run(module, modules);
}

static llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> objectCode(mlir::ModuleOp module, const Machine &machine) {
  auto target = targetMachine(machine);
  if (!target)
    return target.takeError();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated = mlir::translateModuleToLLVMIR(module, context);
  if (!translated)
    return failure("translation to LLVM IR failed");
  translated->setDataLayout((*target)->createDataLayout());
  translated->setTargetTriple((*target)->getTargetTriple());
  optimize(*translated, **target);
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if ((*target)->addPassesToEmitFile(passes, stream, nullptr, llvm::CodeGenFileType::ObjectFile))
    return failure("no object code for this target");
  passes.run(*translated);
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(bytes), "function.o", false);
}

llvm::Expected<CompiledFunction> CompiledFunction::compile(const FunctionSource &source, const Machine &machine) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  mlir::DialectRegistry registry;
  registry.insert<mlir::arith::ArithDialect, mlir::func::FuncDialect, mlir::LLVM::LLVMDialect, mlir::math::MathDialect,
                  mlir::scf::SCFDialect, mlir::vector::VectorDialect>();
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  auto module = mlir::parseSourceString<mlir::ModuleOp>(moduleText(source), &context);
  if (!module)
    return failure("does not parse:" + moduleText(source));

  CompiledFunction compiled;
  if (source.softmax)
    useSoftmaxExp2(*module, machine.target);
  mlir::PassManager expansion(&context);
  expansion.addPass(lower::createExpandMathPass(machine.target));
  expansion.addPass(mlir::createCSEPass());
  if (failed(expansion.run(*module)))
    return failure("the expansion failed");
  module->walk([&](mlir::Operation *op) {
    bool isArithmetic =
        mlir::isa<mlir::arith::ArithDialect, mlir::math::MathDialect, mlir::vector::VectorDialect>(op->getDialect());
    if (!op->hasTrait<mlir::OpTrait::ConstantLike>() && (isArithmetic || mlir::isa<mlir::LLVM::CallIntrinsicOp>(op)))
      ++compiled.operationCount;
  });
  mlir::PassManager lowering(&context);
  lowering.addPass(mlir::createSCFToControlFlowPass());
  lowering.addPass(mlir::createConvertVectorToLLVMPass());
  lowering.addPass(mlir::createConvertMathToLLVMPass());
  lowering.addPass(mlir::createArithToLLVMConversionPass());
  lowering.addPass(mlir::createConvertIndexToLLVMPass());
  lowering.addPass(mlir::createConvertControlFlowToLLVMPass());
  lowering.addPass(mlir::createConvertFuncToLLVMPass());
  lowering.addPass(mlir::createUBToLLVMConversionPass());
  lowering.addPass(mlir::createReconcileUnrealizedCastsPass());
  if (failed(lowering.run(*module)))
    return failure("lowering to LLVM failed");

  auto object = objectCode(*module, machine);
  if (!object)
    return object.takeError();
  auto file = llvm::object::ObjectFile::createObjectFile(**object);
  if (!file)
    return file.takeError();
  for (const llvm::object::SymbolRef &symbol : (*file)->symbols()) {
    auto flags = symbol.getFlags();
    auto name = symbol.getName();
    if (flags && name && (*flags & llvm::object::SymbolRef::SF_Undefined) && !name->empty())
      compiled.undefinedSymbols.push_back(name->str());
    llvm::consumeError(flags.takeError());
    llvm::consumeError(name.takeError());
  }

  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return jit.takeError();
  compiled.jit = std::move(*jit);
  if (auto error = compiled.jit->addObjectFile(std::move(*object)))
    return error;
  auto address = compiled.jit->lookup("f");
  if (!address)
    return address.takeError();
  compiled.code = address->toPtr<Code>();
  return compiled;
}

} // namespace attn::test
