#pragma once

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

#include <map>
#include <tuple>

namespace attn::lower {

/// Straight-line code on i64, i1 and floats at the end of a block. Constants are folded and equal operations are made once, so that
/// equal handles mean equal values. Operations nobody uses may be left behind.
class ScalarCode {
public:
  ScalarCode(mlir::OpBuilder builder, mlir::Location location) : builder(builder), location(location) {}

  mlir::Value integer(int64_t value);
  mlir::Value boolean(bool value);
  mlir::Value real(double value, mlir::Type type);

  mlir::Value add(mlir::Value left, mlir::Value right) { return make<mlir::arith::AddIOp>({left, right}); }
  mlir::Value subtract(mlir::Value left, mlir::Value right) { return make<mlir::arith::SubIOp>({left, right}); }
  mlir::Value multiply(mlir::Value left, mlir::Value right) { return make<mlir::arith::MulIOp>({left, right}); }
  mlir::Value minimum(mlir::Value left, mlir::Value right) { return make<mlir::arith::MinSIOp>({left, right}); }
  mlir::Value maximum(mlir::Value left, mlir::Value right) { return make<mlir::arith::MaxSIOp>({left, right}); }
  mlir::Value bitAnd(mlir::Value left, mlir::Value right) { return make<mlir::arith::AndIOp>({left, right}); }
  mlir::Value bitOr(mlir::Value left, mlir::Value right) { return make<mlir::arith::OrIOp>({left, right}); }
  mlir::Value bitXor(mlir::Value left, mlir::Value right) { return make<mlir::arith::XOrIOp>({left, right}); }
  mlir::Value both(mlir::Value left, mlir::Value right) { return bitAnd(left, right); }
  mlir::Value either(mlir::Value left, mlir::Value right) { return bitOr(left, right); }
  mlir::Value negate(mlir::Value condition) { return bitXor(condition, boolean(true)); }
  mlir::Value select(mlir::Value condition, mlir::Value ifTrue, mlir::Value ifFalse) {
    return make<mlir::arith::SelectOp>({condition, ifTrue, ifFalse});
  }
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value left, mlir::Value right);
  mlir::Value compare(mlir::arith::CmpFPredicate predicate, mlir::Value left, mlir::Value right);
  mlir::Value atMost(mlir::Value left, mlir::Value right) { return compare(mlir::arith::CmpIPredicate::sle, left, right); }
  mlir::Value equal(mlir::Value left, mlir::Value right) { return compare(mlir::arith::CmpIPredicate::eq, left, right); }

  /// floor(dividend / divisor) for a divisor that is at least 1 when the code runs. `isNonNegative`: so is the dividend.
  mlir::Value floorDivide(mlir::Value dividend, mlir::Value divisor, bool isNonNegative);

  /// Another operation of these operands whose result type follows from them, or of the given type.
  template <typename Op> mlir::Value make(llvm::ArrayRef<mlir::Value> operands) {
    return remember(key(Op::getOperationName(), {}, 0, operands), [&] {
      if constexpr (Op::template hasTrait<mlir::OpTrait::OneOperand>())
        return builder.createOrFold<Op>(location, operands[0]);
      else if constexpr (Op::template hasTrait<mlir::OpTrait::NOperands<3>::Impl>())
        return builder.createOrFold<Op>(location, operands[0], operands[1], operands[2]);
      else
        return builder.createOrFold<Op>(location, operands[0], operands[1]);
    });
  }
  template <typename Op> mlir::Value convert(mlir::Type type, mlir::Value operand) {
    if (operand.getType() == type)
      return operand;
    return remember(key(Op::getOperationName(), type, 0, {operand}),
                    [&] { return builder.createOrFold<Op>(location, type, operand); });
  }

  mlir::OpBuilder builder;
  const mlir::Location location;

private:
  using Key = std::tuple<const void *, const void *, int64_t, const void *, const void *, const void *>;

  static Key key(llvm::StringRef operation, mlir::Type type, int64_t detail, llvm::ArrayRef<mlir::Value> operands);
  mlir::Value remember(const Key &key, llvm::function_ref<mlir::Value()> create);
  mlir::Value constant(mlir::TypedAttr value);

  std::map<Key, mlir::Value> made;
  llvm::DenseMap<mlir::Attribute, mlir::Value> constants;
};

} // namespace attn::lower
