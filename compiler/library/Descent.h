#pragma once

#include "compiler/codegen/KernelInfo.h"
#include "compiler/codegen/Target.h"
#include "compiler/library/Compiler.h"
#include "compiler/lower/Pipeline.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>
#include <string_view>

namespace attn::library {

/// The stages before and after those of the lowering, as `--emit` names them.
inline constexpr std::string_view coordinateStage = "coordinates", dialectStage = "llvm-dialect";

/// One attention's module on its way down, with the context it lives in. What goes wrong is put into the report: what isn't compiled
/// yet as diagnostics, everything else as an internal error.
class Descent {
public:
  /// All must outlive it.
  Descent(const sema::Attention &attention, const codegen::Target &target, CompileReport &report);

  /// As far as a stage, or to the LLVM dialect where it is empty. Called once. False on failure.
  bool go(std::string_view stage);

  /// What is read of it: `queries`, `few`, `groupHeads`, `inParts`, `onlyVisits` and `schedule`.
  CompileRequest request;

  /// What the lowering is told.
  lower::LoweringOptions options() const;
  mlir::ModuleOp module() { return *held; }
  std::string text();
  /// The kernel's tables. After `go` reached the LLVM dialect.
  codegen::KernelSource &source() { return tables; }

private:
  bool fail(std::string_view stage);
  /// Gives the kernel the request's schedule.
  bool giveSchedule();

  const sema::Attention &attention;
  const codegen::Target &target;
  CompileReport &report;
  std::string complaints; ///< MLIR's errors
  mlir::MLIRContext context;
  mlir::ScopedDiagnosticHandler handler;
  mlir::OwningOpRef<mlir::ModuleOp> held;
  codegen::KernelSource tables;
};

} // namespace attn::library
