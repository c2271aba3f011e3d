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

/// A kernel's body, or a binder's, in which no extent is known to the compiler nor varies with b.
class FunctionGraph {
public:
  FunctionGraph(ir::KernelOp kernel) : op(kernel) {}
  FunctionGraph(ir::BinderOp binder) : op(binder) {}

  mlir::Block &block() const { return op->getRegion(0).front(); }
  mlir::Location location() const { return op->getLoc(); }
  /// Number of the extent a coordinate runs over; -1 if it has none.
  int64_t extentOf(llvm::StringRef coordinate) const;
  std::optional<int64_t> fixedExtent(int64_t number) const;
  bool variesWithBatch(int64_t number) const;

private:
  mlir::Operation *op;
};

/// The extent of a coordinate that has one.
mlir::Value extent(mlir::OpBuilder &builder, mlir::Location location, FunctionGraph graph, llvm::StringRef coordinate);

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

/// Erases the operations whose results nobody uses.
void eraseUnused(FunctionGraph graph);

} // namespace attn::lower
