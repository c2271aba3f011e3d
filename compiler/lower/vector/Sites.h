#pragma once

#include "compiler/lower/vector/Code.h"
#include "runtime/kernel/Kernel.h"

#include "llvm/ADT/DenseMap.h"

namespace attn::lower {

/// The numbered places of a kernel where data can be wrong; becomes the `attn.sites` attribute that the launcher's messages are made
/// from.
class Sites {
public:
  /// `tensor` is -1 where there is none. The same operation and dimension always get the same number.
  int32_t number(mlir::Operation *op, attn_site_kind kind, int32_t tensor, int32_t dimension, mlir::StringAttr text);
  /// Emits a call of `attn_fail` where any lane of `wrong` is set, with the largest such lane's value.
  void reportIfAny(Code &code, mlir::Value run, int32_t site, mlir::Value wrong, mlir::Value value, mlir::Value limit);
  mlir::ArrayAttr attribute(mlir::MLIRContext *context) const { return mlir::ArrayAttr::get(context, sites); }

private:
  llvm::DenseMap<std::pair<mlir::Operation *, int32_t>, int32_t> numbers;
  llvm::SmallVector<mlir::Attribute> sites;
};

} // namespace attn::lower
