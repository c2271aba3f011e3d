#pragma once

#include "compiler/codegen/LowerToLLVM.h"
#include "compiler/codegen/Native.h"
#include "compiler/sema/Program.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <memory>
#include <string>

namespace attn::test {

/// `attention NAME { q: f32[D]; out o: f32[D]; scale: float }` as sema would return it.
sema::Attention scaleAttention(std::string name);

/// Its functions at the vector level: o = q * scale. A `scale` left unset becomes 1 / D; an element of q above `limit` is a failure of
/// site 0.
std::string scaleModule(const std::string &name);

struct ParsedModule {
  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};
/// Parses and verifies text; the module is null where that fails.
ParsedModule parse(const std::string &text);

/// Takes such a module to LLVM IR; fails the test where a step does.
codegen::NativeModule toNative(mlir::ModuleOp module, const sema::Attention &attention, const codegen::Target &target);

/// The machine code of `scaleModule(name)` for this machine.
std::string compileScale(const std::string &name, codegen::Optimisation level, bool withSupport);

} // namespace attn::test
