#pragma once

#include "dialect/AttnDialect.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SetVector.h"

/// Questions about the graph of functions of coordinates. Hoisting needs no analysis: what a value varies with is in
/// its type.
namespace attn::lower {

inline ir::FnType functionType(mlir::Value value) { return mlir::cast<ir::FnType>(value.getType()); }
/// False for what is no function: a tensor's handle.
inline bool variesWith(mlir::Value value, llvm::StringRef coordinate) {
  auto type = mlir::dyn_cast<ir::FnType>(value.getType());
  return type && type.variesWith(coordinate);
}

/// The features a function varies with: what is neither batch, head, query nor key.
llvm::SmallVector<mlir::StringAttr> featuresOf(mlir::Value value);

/// Constants; they vary with nothing.
mlir::Value constantInt(mlir::OpBuilder &builder, mlir::Location location, int64_t value);
mlir::Value constantBool(mlir::OpBuilder &builder, mlir::Location location, bool value);
mlir::Value constantFloat(mlir::OpBuilder &builder, mlir::Location location, mlir::Type element, double value);

/// The extent of a coordinate that has one.
mlir::Value extent(mlir::OpBuilder &builder, mlir::Location location, ir::KernelOp kernel, llvm::StringRef coordinate);

/// Pointwise operations whose type follows from their operands.
mlir::Value unary(mlir::OpBuilder &builder, mlir::Location location, ir::UnaryKind kind, mlir::Value operand);
mlir::Value binary(mlir::OpBuilder &builder, mlir::Location location, ir::BinaryKind kind, mlir::Value left, mlir::Value right);
mlir::Value convert(mlir::OpBuilder &builder, mlir::Location location, mlir::Type element, mlir::Value operand);
mlir::Value logicalAnd(mlir::OpBuilder &builder, mlir::Location location, mlir::Value left, mlir::Value right);
mlir::Value logicalOr(mlir::OpBuilder &builder, mlir::Location location, mlir::Value left, mlir::Value right);
mlir::Value logicalNot(mlir::OpBuilder &builder, mlir::Location location, mlir::Value operand);

/// A copy of `op` on other operands, its result type derived from them.
mlir::Operation *cloneWithOperands(mlir::OpBuilder &builder, mlir::Operation *op, mlir::ValueRange operands);

/// Gives `op` the result type that follows from its operands. False if it had it.
bool refineType(mlir::Operation *op);

/// The operations `roots` are computed from, theirs included, in block order.
llvm::SmallVector<mlir::Operation *> computedFrom(llvm::ArrayRef<mlir::Value> roots);

/// Whether a reduction runs over the keys of a row; any other is arithmetic at one place.
bool isOverKeys(ir::ReduceOp reduce);

/// The mask of a row function: which keys of a row it looks at. Null for any other operation.
mlir::Value maskOfRow(mlir::Operation *op);

/// Erases the operations of the kernel whose results nobody uses.
void eraseUnused(ir::KernelOp kernel);

} // namespace attn::lower
