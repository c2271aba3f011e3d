#include "compiler/lower/Pipeline.h"

#include "compiler/lower/coordinate/Passes.h"
#include "compiler/lower/math/ExpandMath.h"
#include "compiler/lower/vector/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace attn::lower {

MathTarget mathTarget(const TargetInfo &target) { return {target.avx512, target.fma, target.hasRound}; }

ScheduleOptions scheduleOptions(const LoweringOptions &options) {
  ScheduleOptions schedule;
  schedule.lanes = options.target.lanes();
  schedule.registers = options.target.vectorRegisters;
  schedule.matrixUnit = options.target.matrixUnit;
  schedule.queries = options.queries == QueryCount::Few ? "few" : options.queries == QueryCount::Many ? "many" : "any";
  schedule.few = options.few, schedule.groupHeads = options.groupHeads;
  schedule.parts = options.inParts;
  return schedule;
}

ArrayRef<Stage> loweringStages() {
  static constexpr Stage stages[] = {
      {"specialized", "Extents that are known for this compilation are constants; what they decide is folded, and short sums of products are written out.",
       [](OpPassManager &passes, const LoweringOptions &options) {
         SpecializePassOptions specialize;
         for (const auto &[name, value] : options.extents)
           specialize.extents.push_back(name + "=" + std::to_string(value));
         passes.nest<ir::KernelOp>().addPass(createSpecializePass(specialize));
         passes.nest<ir::KernelOp>().addPass(createSimplifyPass());
         passes.nest<ir::KernelOp>().addPass(createUnrollSumsPass());
       }},
      {"resolved", "No function is read at other coordinates any more: every rebase is what it stands for.",
       [](OpPassManager &passes, const LoweringOptions &) {
         passes.nest<ir::KernelOp>().addPass(createResolveRebasePass());
         passes.nest<ir::KernelOp>().addPass(createSimplifyPass());
       }},
      {"similarity", "Sums over features are products of queries and keys where they can be; factors around a product have become its scale.",
       [](OpPassManager &passes, const LoweringOptions &) {
         passes.nest<ir::KernelOp>().addPass(createFormProductsPass());
         passes.nest<ir::KernelOp>().addPass(createFoldScalePass());
         passes.nest<ir::KernelOp>().addPass(createSimplifyPass());
       }},
      {"guarded", "Reads and divisions that can't go wrong are unchecked; the others carry the condition under which they count.",
       [](OpPassManager &passes, const LoweringOptions &) {
         passes.nest<ir::KernelOp>().addPass(createInferRangesPass());
         GuardReadsPassOptions guard;
         guard.split = true;
         passes.nest<ir::KernelOp>().addPass(createGuardReadsPass(guard));
         passes.nest<ir::BinderOp>().addPass(createGuardBinderPass());
       }},
      {"online", "Softmax, its weighted sum and its logarithm are one pass over the keys with a mergeable state.",
       [](OpPassManager &passes, const LoweringOptions &) {
         passes.nest<ir::KernelOp>().addPass(createFormOnlinePass());
         passes.nest<ir::KernelOp>().addPass(createCSEPass());
       }},
      {"classified", "The mask has code that tells whether a tile of queries and keys is empty, full or mixed.",
       [](OpPassManager &passes, const LoweringOptions &) { passes.nest<ir::KernelOp>().addPass(createClassifyMaskPass()); }},
      {"tiles", "The schedule is chosen; what happens to a row block of queries and a block of keys is spelled out.",
       [](OpPassManager &passes, const LoweringOptions &options) {
         passes.addPass(createSchedule(scheduleOptions(options)));
         FormTilesOptions tiles;
         tiles.mayBeEmpty = options.mayBeEmpty;
         passes.addPass(createFormTiles(tiles));
       }},
      {"vectors", "Loops, vectors and pointers of upstream dialects only; functions of real numbers are arithmetic.",
       [](OpPassManager &passes, const LoweringOptions &options) {
         MathTarget math = mathTarget(options.target);
         LowerTilesOptions lower;
         lower.avx512 = math.avx512, lower.fma = math.fma, lower.hasRound = math.hasRound;
         lower.onlyVisits = options.onlyVisits;
         passes.addPass(createLowerTiles(lower));
         passes.addPass(createCSEPass());
         passes.addPass(createExpandMathPass(math));
       }},
  };
  return stages;
}

void registerLoweringDialects(DialectRegistry &registry) {
  registry.insert<ir::AttnDialect, arith::ArithDialect, func::FuncDialect, LLVM::LLVMDialect, math::MathDialect, scf::SCFDialect,
                  vector::VectorDialect>();
}

LogicalResult lowerToVectors(ModuleOp module, const LoweringOptions &options, StringRef until) {
  PassManager passes(module.getContext());
  passes.enableVerifier(options.verify);
  for (const Stage &stage : loweringStages()) {
    stage.addPasses(passes, options);
    if (stage.name == until)
      break;
  }
  return passes.run(module);
}

} // namespace attn::lower
