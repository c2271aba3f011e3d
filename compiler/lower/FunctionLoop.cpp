#include "compiler/lower/FunctionLoop.h"

#include "compiler/lower/Pipeline.h"
#include "compiler/lower/math/ExpandMath.h"
#include "compiler/lower/vector/Arithmetic.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"

#include <cstddef>

using namespace mlir;

namespace attn::lower {

static void emitLoop(OpBuilder &builder, func::FuncOp function, ir::UnaryKind kind, const TargetInfo &target) {
  builder.setInsertionPointToStart(function.addEntryBlock());
  Code code(builder, function.getLoc());
  int64_t lanes = target.lanes();
  auto vector = VectorType::get({lanes}, code.f32());
  auto argument = [&](size_t offset, Type type) { return code.load(type, code.at(function.getArgument(0), builder.getI8Type(), int64_t(offset)), 8); };
  Value operands = argument(offsetof(FunctionLoopArguments, operands), code.pointer());
  Value results = argument(offsetof(FunctionLoopArguments, results), code.pointer());
  Value count = argument(offsetof(FunctionLoopArguments, count), code.i64());
  code.loop(code.integer(0), count, lanes, {}, [&](Value at, ValueRange) -> SmallVector<Value> {
    Value operand = code.load(vector, code.at(operands, code.f32(), at), 4 * lanes);
    code.store(applyFunction(code, kind, operand), code.at(results, code.f32(), at), 4 * lanes);
    return {};
  });
  func::ReturnOp::create(builder, function.getLoc(), code.integer(0, code.i32()));
}

OwningOpRef<ModuleOp> buildFunctionLoop(MLIRContext &context, ir::UnaryKind kind, const TargetInfo &target) {
  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> module(ModuleOp::create(builder, builder.getUnknownLoc()));
  builder.setInsertionPointToEnd(module->getBody());
  Type pointer = LLVM::LLVMPointerType::get(&context);
  auto type = builder.getFunctionType({pointer, pointer, pointer}, {builder.getI32Type()});
  emitLoop(builder, func::FuncOp::create(builder, builder.getUnknownLoc(), functionLoopName, type), kind, target);
  PassManager passes(&context);
  passes.addPass(createExpandMathPass(mathTarget(target)));
  return succeeded(passes.run(*module)) ? std::move(module) : OwningOpRef<ModuleOp>();
}

} // namespace attn::lower
