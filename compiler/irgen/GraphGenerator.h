#pragma once

#include "compiler/irgen/Nesting.h"
#include "compiler/sema/Program.h"
#include "dialect/AttnDialect.h"

#include "mlir/IR/Builders.h"

#include <map>

namespace attn::irgen {

/// Translates nodes of one attention into operations of one block. A node is translated once, where it is first asked for, so
/// that what is shared stays shared; once for each name its coordinates have, where reductions are nested.
class GraphGenerator {
public:
  static constexpr size_t mostOperations = 200'000;

  /// Of a kernel, whose tasks each have a batch, or of a binder, which computes what a task's extents are.
  enum class Purpose { Kernel, Binder };

  GraphGenerator(mlir::OpBuilder &builder, const sema::Attention &attention, Purpose purpose);

  /// The value of a node; null where reductions nested in many ways would make more than `mostOperations` of it. The graph has no row functions
  /// but those irgen::checkSupported lets through.
  mlir::Value generate(sema::NodeId node);

  /// Which keys are visible: the mask, and, where it matters, a score above -inf. Before any other value; null as `generate` is.
  mlir::Value generateVisible();

  /// Input tensor or output, counted together, inputs first.
  mlir::Value tensor(size_t number);

  mlir::Location location(SourceRange range) const;
  mlir::ArrayAttr names(const std::vector<sema::CoordinateId> &coordinates) const;

  /// What an output stores: a score is -inf and a weight 0 where a key is invisible.
  mlir::Value generateOutput(const sema::Output &output);

  /// What a dimension of a form such as `H * D` gives for the extent it binds; null as `generate` is.
  mlir::Value generateSolution(size_t tensor, size_t dimension);

  /// The check that an output stored at `table[b] + i` is stored once everywhere.
  void generateApart(size_t output);

  /// The number of every coordinate's extent, by the coordinate's name.
  mlir::DictionaryAttr coordinates() const;

private:
  /// Levels of the coordinates a node varies with (see Nesting), by coordinate; those of level 0 are left out.
  using Levels = std::vector<std::pair<sema::CoordinateId, uint32_t>>;
  struct Place {
    sema::NodeId node;
    Levels levels;
    bool operator<(const Place &other) const { return std::tie(node, levels) < std::tie(other.node, other.levels); }
  };
  /// An operand of what is created at `place`, at the levels it has there.
  Place operandOf(const Place &place, size_t operand) const;
  /// The node an extent is computed by where it is created: in a binder, of one that varies with b. Else none.
  sema::NodeId computedHere(const sema::Node &node) const;
  mlir::Value create(const Place &place);
  mlir::Value extentOf(sema::CoordinateId coordinate, mlir::Location place);
  mlir::Value createBinary(const Place &place);
  mlir::Value createLoad(const Place &place);
  mlir::Value createReduction(const Place &place);
  /// The names of what a reduction binds.
  mlir::ArrayAttr boundNames(sema::NodeId reduction) const;
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
  ir::FnType varying(sema::ScalarType type, llvm::ArrayRef<mlir::Value> operands, mlir::ArrayAttr without = {});
  mlir::Value of(const Place &place, size_t operand) { return values.at(operandOf(place, operand)); }

  mlir::OpBuilder &builder;
  const sema::Attention &attention;
  Purpose purpose;
  Nesting nesting;
  std::map<Place, mlir::Value> values;
  mlir::Value visible; ///< the keys that row functions run over
  std::vector<mlir::Value> tensors;
};

} // namespace attn::irgen
