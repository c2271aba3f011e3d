#pragma once

#include "compiler/lower/vector/Code.h"

#include "dialect/AttnDialect.h"
#include "llvm/ADT/FunctionExtras.h"
#include "llvm/ADT/StringMap.h"

namespace attn::lower {

/// Reads of the `attn_run` (runtime/kernel/Kernel.h) a generated function was called with. What doesn't change during a run is loaded once, at
/// `prologue`, however deep in loops it is asked for.
class RunState {
public:
  using FixedExtent = llvm::unique_function<std::optional<int64_t>(int64_t)>;

  /// `prologue`: an operation of the function's entry block before which loads are placed. `fixedExtent` gives the value of an extent that is
  /// known to the compiler, by its number.
  RunState(mlir::Value run, mlir::Operation *prologue, FixedExtent fixedExtent)
      : run(run), prologue(prologue), fixedExtent(std::move(fixedExtent)) {}

  mlir::Value pointer() const { return run; }
  /// Of an extent that varies with b: that of the batch at hand if there is one, else the largest.
  mlir::Value extent(int64_t index);
  /// Says what an extent is from here on.
  void setExtent(int64_t index, mlir::Value value) { current[index] = value; }
  /// The value for each b of the `slot`th extent that varies with b.
  mlir::Value batchExtents(int64_t slot, int64_t batches);
  /// The raw 8 bytes of a scalar argument, as `type`.
  mlir::Value scalar(int64_t index, mlir::Type type);
  mlir::Value data(int64_t tensor);
  /// A number, or address, at an offset in the run.
  mlir::Value field(size_t offset, mlir::Type type);
  /// In elements.
  mlir::Value stride(int64_t tensor, int64_t dimension);
  /// The size a dimension must have; equal to the tensor's own except where that is 1 and broadcast.
  mlir::Value size(int64_t tensor, int64_t dimension, mlir::AffineMap sizes);
  /// The size that the caller's tensor has.
  mlir::Value shape(int64_t tensor, int64_t dimension);

  /// Sizes haven't been compared yet: a dimension's is the tensor's own, except where that is 1.
  bool trustsShapes = true;

private:
  template <typename Emit> mlir::Value cached(llvm::StringRef what, int64_t index, Emit emit);

  mlir::Value run;
  mlir::Operation *prologue;
  FixedExtent fixedExtent;
  llvm::StringMap<mlir::Value> loaded;
  llvm::DenseMap<int64_t, mlir::Value> current;
};

/// Stores and loads of `attn_run` fields without caching, for the function that fills them.
mlir::Value runArray(Code &code, mlir::Value run, size_t fieldOffset);

} // namespace attn::lower
