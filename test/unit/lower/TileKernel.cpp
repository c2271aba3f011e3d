#include "test/unit/lower/TileKernel.h"

#include "compiler/codegen/Jit.h"
#include "compiler/codegen/LowerToLLVM.h"
#include "compiler/codegen/Native.h"
#include "compiler/irgen/IrGen.h"
#include "compiler/lower/Pipeline.h"
#include "test/unit/Catch.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"

#include <cstring>

using namespace attn;

namespace {

template <typename T> T taken(llvm::Expected<T> expected) {
  if (!expected)
    FAIL(llvm::toString(expected.takeError()));
  return std::move(*expected);
}

void lowerLastStage(mlir::ModuleOp module, const lower::LoweringOptions &options) {
  mlir::PassManager passes(module.getContext());
  lower::loweringStages().back().addPasses(passes, options);
  REQUIRE(mlir::succeeded(passes.run(module)));
}

test::Outputs run(codegen::KernelEntry entry, const sema::Attention &attention, library::RunData &data) {
  std::vector<DLTensor> views = data.views();
  std::vector<const DLTensor *> arguments;
  for (const DLTensor &view : views)
    arguments.push_back(&view);
  attn_error error;
  int32_t status = entry(arguments.data(), nullptr, &error);
  INFO((status == ATTN_OK ? "" : error.message));
  REQUIRE(status == ATTN_OK);

  test::Outputs outputs;
  for (size_t n = attention.tensors.size(); n < data.tensors.size(); ++n) {
    const Tensor &tensor = data.tensors[n];
    size_t count = 1;
    for (int64_t size : tensor.shape())
      count *= size_t(size);
    outputs.emplace_back(count);
    std::memcpy(outputs.back().data(), tensor.data(), count * sizeof(float));
  }
  return outputs;
}

} // namespace

test::Outputs test::runEdited(const library::Spec &spec, library::RunData &data,
                              llvm::function_ref<void(ir::TileKernelOp)> edit, lower::QueryCount queries) {
  const sema::Attention &attention = spec.program().attentions.front();
  REQUIRE(attention.scalars.empty());
  mlir::DialectRegistry registry;
  lower::registerLoweringDialects(registry);
  codegen::registerLLVMDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  Diagnostics diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module = irgen::generate(context, attention, diagnostics);
  INFO(render(diagnostics));
  REQUIRE(module);

  auto target = taken(codegen::createTarget({}, codegen::Optimisation::Quick));
  lower::LoweringOptions options;
  options.target = target.info;
  options.verify = true;
  options.queries = queries;
  REQUIRE(mlir::succeeded(lower::lowerToVectors(*module, options, "tiles")));
  edit(*module->getOps<ir::TileKernelOp>().begin());
  REQUIRE(mlir::succeeded(mlir::verify(*module)));
  lowerLastStage(*module, options);

  codegen::KernelSource source = taken(codegen::takeKernelSource(*module, attention));
  REQUIRE(mlir::succeeded(codegen::lowerToLLVM(*module)));
  codegen::NativeModule native;
  if (llvm::Error error = codegen::translate(*module, source, target, native))
    FAIL(llvm::toString(std::move(error)));
  if (llvm::Error error = codegen::addEntries(native, codegen::Entry::Direct))
    FAIL(llvm::toString(std::move(error)));
  codegen::optimise(*native.module, target, codegen::Optimisation::Quick);
  std::string object = taken(codegen::emit(*native.module, target, codegen::NativeForm::Object));
  std::unique_ptr<codegen::LoadedCode> code = taken(codegen::LoadedCode::load(std::move(object)));
  return run(taken(code->find(source.symbol)), attention, data);
}
