#pragma once

#include "compiler/sema/Program.h"
#include "dialect/AttnDialect.h"

#include "mlir/IR/Builders.h"

namespace attn::irgen {

/// Translates nodes of one attention into operations of one block. A node is translated once, where it is first asked for, so
/// that what is shared stays shared.
class GraphGenerator {
public:
  GraphGenerator(mlir::OpBuilder &builder, const sema::Attention &attention);

  /// The value of a node. The graph has no row functions but those irgen::checkSupported lets through.
  mlir::Value generate(sema::NodeId node);

  /// Input tensor or output, counted together, inputs first.
  mlir::Value tensor(size_t number);

  mlir::Location location(SourceRange range) const;
  mlir::ArrayAttr names(const std::vector<sema::CoordinateId> &coordinates) const;

  /// What an output stores: a score is -inf and a weight 0 where a key is invisible.
  mlir::Value generateOutput(const sema::Output &output);

private:
  mlir::Value create(const sema::Node &node);
  mlir::Value createBinary(const sema::Node &node);
  mlir::Value createLoad(const sema::Node &node);
  mlir::Value createReduction(const sema::Node &node);
  mlir::Value sparseWeight(mlir::Location place, ir::ThresholdKind kind, mlir::Value operand, mlir::Value mask);
  mlir::Value largestOnly(mlir::Location place, mlir::Value operand, mlir::Value mask, mlir::Value count);
  mlir::Value unary(mlir::Location place, ir::UnaryKind kind, mlir::Value operand);
  mlir::Value binary(mlir::Location place, ir::BinaryKind kind, mlir::Value left, mlir::Value right);
  mlir::Value select(mlir::Location place, mlir::Value condition, mlir::Value ifTrue, mlir::Value ifFalse);
  mlir::Value real(mlir::Location place, mlir::Type element, double value);
  mlir::Value equals(mlir::Location place, mlir::Value value, double number);
  mlir::Value logSumExp(mlir::Location place, mlir::Value score, mlir::Value mask);
  mlir::Value logAddExp(mlir::Location place, mlir::Value left, mlir::Value right);
  mlir::Type elementType(sema::ScalarType type) const;
  mlir::Type storageType(sema::ElementType type) const;
  mlir::AffineExpr size(sema::NodeId value) const;
  mlir::StringAttr text(sema::NodeId node) const;
  ir::FnType varying(sema::ScalarType type, llvm::ArrayRef<mlir::Value> operands, llvm::ArrayRef<sema::CoordinateId> without = {});
  mlir::Value of(const sema::Node &node, size_t operand) { return values[node.operands[operand]]; }

  mlir::OpBuilder &builder;
  const sema::Attention &attention;
  std::vector<mlir::Value> values;
  std::vector<mlir::Value> tensors;
};

} // namespace attn::irgen
