#include "compiler/lower/vector/Support.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace attn::lower {

ValueRange callSupport(Code &code, StringRef name, ValueRange arguments, TypeRange results) {
  auto module = code.builder.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  if (!module.lookupSymbol(name)) {
    OpBuilder top = OpBuilder::atBlockBegin(module.getBody());
    auto type = FunctionType::get(module.getContext(), arguments.getTypes(), results);
    func::FuncOp::create(top, code.location, name, type).setPrivate();
  }
  return func::CallOp::create(code.builder, code.location, name, results, arguments).getResults();
}

} // namespace attn::lower
