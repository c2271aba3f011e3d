#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace attn::lower {

/// A short notation for the i64 and pointer arithmetic, loops and memory accesses around the vector code. Emits at the
/// builder's insertion point.
class Code {
public:
  /// `convertsHalf`: the target has instructions that convert f16. Every CPU with fused multiply-adds has.
  Code(mlir::OpBuilder &builder, mlir::Location location, bool convertsHalf = false)
      : builder(builder), location(location), convertsHalf(convertsHalf) {}

  mlir::Type i1() { return builder.getI1Type(); }
  mlir::Type i32() { return builder.getI32Type(); }
  mlir::Type i64() { return builder.getI64Type(); }
  mlir::Type f32() { return builder.getF32Type(); }
  mlir::Type pointer() { return mlir::LLVM::LLVMPointerType::get(builder.getContext()); }

  /// A constant of a type, splat where it is a vector.
  mlir::Value integer(int64_t value, mlir::Type type = {});
  mlir::Value real(double value, mlir::Type type = {});
  mlir::Value zero(mlir::Type type) { return mlir::isa<mlir::FloatType>(mlir::getElementTypeOrSelf(type)) ? real(0, type) : integer(0, type); }
  mlir::Value null() { return mlir::LLVM::ZeroOp::create(builder, location, pointer()); }
  mlir::Value boolean(bool value) { return integer(value, i1()); }

  mlir::Value add(mlir::Value left, mlir::Value right);
  mlir::Value subtract(mlir::Value left, mlir::Value right);
  mlir::Value multiply(mlir::Value left, mlir::Value right);
  /// Of non-negative values by positive ones.
  mlir::Value divide(mlir::Value left, mlir::Value right);
  mlir::Value remainder(mlir::Value left, mlir::Value right);
  mlir::Value minimum(mlir::Value left, mlir::Value right);
  mlir::Value roundUp(mlir::Value value, int64_t multiple);
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value left, mlir::Value right);
  mlir::Value both(mlir::Value left, mlir::Value right);
  mlir::Value negate(mlir::Value condition);
  mlir::Value select(mlir::Value condition, mlir::Value then, mlir::Value otherwise);

  /// Address of element `index` of an array.
  mlir::Value at(mlir::Value base, mlir::Type element, mlir::Value index);
  mlir::Value at(mlir::Value base, mlir::Type element, int64_t index);
  mlir::Value load(mlir::Type type, mlir::Value address, unsigned alignment = 0);
  void store(mlir::Value value, mlir::Value address, unsigned alignment = 0);
  mlir::Value broadcast(mlir::Value scalar, mlir::Type vector);

  /// What a stored float is loaded as: one of 16 bits as an integer, since LLVM calls library functions for the type where the CPU doesn't
  /// know it; and the f32 of what was loaded, a scalar or a vector.
  mlir::Type loadedAs(mlir::FloatType stored);
  mlir::Value asFloats(mlir::Value loaded, mlir::FloatType stored);
  /// The other way, of a vector of floats that were loaded so: nothing is rounded.
  mlir::Value asStored(mlir::Value floats, mlir::FloatType stored);

  using LoopBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)>;
  /// for (index = begin; index < end; index += step), carrying values.
  llvm::SmallVector<mlir::Value> loop(mlir::Value begin, mlir::Value end, int64_t step, mlir::ValueRange carried, LoopBody body);
  /// for (index = 0; index < end; ++index), `factor` steps at a time while as many are left.
  llvm::SmallVector<mlir::Value> unrolledLoop(mlir::Value end, int64_t factor, mlir::ValueRange carried, LoopBody body);
  /// while (condition(values)) values = body(values).
  llvm::SmallVector<mlir::Value> repeat(mlir::ValueRange initial, llvm::function_ref<mlir::Value(mlir::ValueRange)> condition,
                                        llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange)> body);
  using Branch = llvm::function_ref<llvm::SmallVector<mlir::Value>()>;
  llvm::SmallVector<mlir::Value> branch(mlir::Value condition, mlir::TypeRange types, Branch then, Branch otherwise);
  void when(mlir::Value condition, llvm::function_ref<void()> then);

  mlir::OpBuilder &builder;
  mlir::Location location;

private:
  bool convertsHalf;
};

} // namespace attn::lower
