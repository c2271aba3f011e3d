#pragma once

#include "compiler/lower/TargetInfo.h"
#include "compiler/lower/math/MathTarget.h"
#include "compiler/lower/tile/Passes.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Support/LLVM.h"

#include <string>
#include <utility>
#include <vector>

namespace mlir {
class ModuleOp;
class OpPassManager;
} // namespace mlir

namespace attn::lower {

/// How many queries the runs will have that code is made for, where the spec doesn't say. It is right for any number.
enum class QueryCount { Any, Few, Many };

/// What a lowering is done for.
struct LoweringOptions {
  TargetInfo target;
  /// Extents that are known, by name.
  std::vector<std::pair<std::string, int64_t>> extents;
  QueryCount queries = QueryCount::Any;
  int64_t few = 0, groupHeads = 0; ///< of few queries: about how many, and how many heads share keys; 0 where that isn't known
  bool inParts = true; ///< where there are few row blocks, cut their keys into parts
  bool mayBeEmpty = true; ///< runs may have no batches or no heads, and what varies with neither is stored all the same
  /// Emit only the search for visible keys: a kernel that computes nothing, to be timed beside the whole one.
  bool onlyVisits = false;
  /// Run MLIR's verifier after every pass.
  bool verify = false;
};

/// One named step from the coordinate level towards vector code. `attnc --emit=<name>` prints the program after it.
struct Stage {
  llvm::StringRef name;
  /// What the program looks like afterwards.
  llvm::StringRef description;
  void (*addPasses)(mlir::OpPassManager &passes, const LoweringOptions &options);
};

/// All stages in order; the last leaves only upstream dialects.
llvm::ArrayRef<Stage> loweringStages();

/// What `attn-schedule` is told.
ScheduleOptions scheduleOptions(const LoweringOptions &options);

/// The dialects the stages read and make.
void registerLoweringDialects(mlir::DialectRegistry &registry);

/// Lowers a module that holds an `attn.kernel` and its `attn.binder`, up to and with the stage named `until` (all of them, if it is empty). On
/// failure the context's diagnostic handler has been told why: after semantic analysis that is an internal error.
mlir::LogicalResult lowerToVectors(mlir::ModuleOp module, const LoweringOptions &options, llvm::StringRef until = {});

/// What the arithmetic of functions follows from.
MathTarget mathTarget(const TargetInfo &target);

} // namespace attn::lower
