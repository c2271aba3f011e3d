#include "dialect/AttnDialect.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/APSInt.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;

namespace attn::ir {

bool canFail(Operation *op) {
  if (auto read = dyn_cast<ReadOp>(op))
    return !read.getUnchecked() && !read.getSafe();
  auto binary = dyn_cast<BinaryOp>(op);
  return binary && (binary.getKind() == BinaryKind::FloorDivide || binary.getKind() == BinaryKind::Modulo) &&
         cast<FnType>(binary.getType()).getElementType().isInteger(64) && !binary.getUnchecked() && !binary.getSafe();
}

/// Whether evaluating `value` can't end the run, so that it needn't be evaluated where it doesn't decide. Gives up on large graphs.
static bool isTotal(Value value) {
  constexpr size_t most = 64;
  llvm::SetVector<Operation *> found;
  found.insert(value.getDefiningOp());
  for (size_t n = 0; n < found.size(); ++n) {
    if (!found[n] || canFail(found[n]) || n == most)
      return false;
    for (Value operand : found[n]->getOperands())
      found.insert(operand.getDefiningOp());
  }
  return true;
}

static Type elementOf(Value value) { return cast<FnType>(value.getType()).getElementType(); }

static std::optional<bool> constantBool(Value operand) {
  IntegerAttr value;
  if (!matchPattern(operand, m_Constant(&value)) || !value.getType().isInteger(1))
    return std::nullopt;
  return value.getValue().getBoolValue();
}

static std::optional<int64_t> constantInt(Value operand) {
  IntegerAttr value;
  if (!matchPattern(operand, m_Constant(&value)) || !value.getType().isInteger(64))
    return std::nullopt;
  return value.getInt();
}

static std::optional<APFloat> constantFloat(Value operand) {
  FloatAttr value;
  if (!matchPattern(operand, m_Constant(&value)))
    return std::nullopt;
  return value.getValue();
}

static Attribute intAttr(MLIRContext *context, int64_t value) { return IntegerAttr::get(IntegerType::get(context, 64), value); }
static Attribute boolAttr(MLIRContext *context, bool value) { return BoolAttr::get(context, value); }

static OpFoldResult foldUnary(UnaryOp op) {
  MLIRContext *context = op.getContext();
  if (auto inner = op.getOperand().getDefiningOp<UnaryOp>(); inner && inner.getKind() == op.getKind()) {
    if (op.getKind() == UnaryKind::Negate || op.getKind() == UnaryKind::BitNot)
      return inner.getOperand();
    if (op.getKind() == UnaryKind::Abs || op.getKind() == UnaryKind::Relu || op.getKind() == UnaryKind::Floor ||
        op.getKind() == UnaryKind::Ceil || op.getKind() == UnaryKind::Round || op.getKind() == UnaryKind::Sign)
      return inner.getResult();
  }
  if (auto value = constantInt(op.getOperand())) {
    switch (op.getKind()) {
    case UnaryKind::Negate:
      return intAttr(context, int64_t(0 - uint64_t(*value)));
    case UnaryKind::BitNot:
      return intAttr(context, ~*value);
    case UnaryKind::Abs:
      return intAttr(context, *value < 0 ? int64_t(0 - uint64_t(*value)) : *value);
    case UnaryKind::Sign:
      return intAttr(context, (*value > 0) - (*value < 0));
    case UnaryKind::Relu:
      return intAttr(context, std::max<int64_t>(*value, 0));
    default:
      return {};
    }
  }
  if (auto value = constantFloat(op.getOperand())) {
    Type element = elementOf(op);
    if (op.getKind() == UnaryKind::Negate) {
      value->changeSign();
      return FloatAttr::get(element, *value);
    }
    if (op.getKind() == UnaryKind::Sqrt && element.isF64() && !value->isNegative())
      return FloatAttr::get(element, std::sqrt(value->convertToDouble()));
  }
  return {};
}

/// Floor division and modulo as the language has them; nothing where the divisor is 0 or the quotient overflows.
static std::optional<int64_t> floorDivide(int64_t left, int64_t right) {
  if (right == 0 || (left == INT64_MIN && right == -1))
    return std::nullopt;
  return left / right - ((left % right != 0) && ((left < 0) != (right < 0)));
}

static std::optional<int64_t> foldInts(BinaryKind kind, int64_t left, int64_t right) {
  uint64_t a = left, b = right;
  switch (kind) {
  case BinaryKind::Add:
    return int64_t(a + b);
  case BinaryKind::Subtract:
    return int64_t(a - b);
  case BinaryKind::Multiply:
    return int64_t(a * b);
  case BinaryKind::FloorDivide:
    return floorDivide(left, right);
  case BinaryKind::Modulo:
    if (auto quotient = floorDivide(left, right))
      return left - *quotient * right;
    return std::nullopt;
  case BinaryKind::Minimum:
    return std::min(left, right);
  case BinaryKind::Maximum:
    return std::max(left, right);
  case BinaryKind::BitAnd:
    return left & right;
  case BinaryKind::BitOr:
    return left | right;
  case BinaryKind::BitXor:
    return left ^ right;
  case BinaryKind::ShiftLeft:
    return b < 64 ? std::optional(int64_t(a << b)) : std::nullopt;
  case BinaryKind::ShiftRight:
    return b < 64 ? std::optional(left >> b) : std::nullopt;
  default:
    return std::nullopt;
  }
}

static std::optional<APFloat> foldFloats(BinaryKind kind, APFloat left, const APFloat &right) {
  switch (kind) {
  case BinaryKind::Add:
    left.add(right, APFloat::rmNearestTiesToEven);
    return left;
  case BinaryKind::Subtract:
    left.subtract(right, APFloat::rmNearestTiesToEven);
    return left;
  case BinaryKind::Multiply:
    left.multiply(right, APFloat::rmNearestTiesToEven);
    return left;
  case BinaryKind::Divide:
    left.divide(right, APFloat::rmNearestTiesToEven);
    return left;
  case BinaryKind::Minimum:
    return minimum(left, right);
  case BinaryKind::Maximum:
    return maximum(left, right);
  default:
    return std::nullopt;
  }
}

/// One operand where the other is neutral: x + 0, x * 1, x // 1, x << 0 of ints; x * 1, x / 1, x - 0.0 of floats, which keep x's sign.
static Value neutral(BinaryOp op) {
  auto left = constantInt(op.getLhs()), right = constantInt(op.getRhs());
  switch (op.getKind()) {
  case BinaryKind::Add:
  case BinaryKind::BitOr:
  case BinaryKind::BitXor:
    return right == 0 ? op.getLhs() : left == 0 ? op.getRhs() : Value();
  case BinaryKind::Subtract:
  case BinaryKind::ShiftLeft:
  case BinaryKind::ShiftRight:
    if (right == 0)
      return op.getLhs();
    break;
  case BinaryKind::Multiply:
    if (right == 1 || left == 1)
      return right == 1 ? op.getLhs() : op.getRhs();
    break;
  case BinaryKind::BitAnd:
    return right == -1 ? op.getLhs() : left == -1 ? op.getRhs() : Value();
  case BinaryKind::FloorDivide:
  case BinaryKind::Power:
    return right == 1 ? op.getLhs() : Value();
  default:
    break;
  }
  auto leftFloat = constantFloat(op.getLhs()), rightFloat = constantFloat(op.getRhs());
  bool rightIsOne = rightFloat && rightFloat->isExactlyValue(1.0), leftIsOne = leftFloat && leftFloat->isExactlyValue(1.0);
  if (op.getKind() == BinaryKind::Multiply && (rightIsOne || leftIsOne))
    return rightIsOne ? op.getLhs() : op.getRhs();
  if (op.getKind() == BinaryKind::Divide && rightIsOne)
    return op.getLhs();
  if (op.getKind() == BinaryKind::Subtract && rightFloat && rightFloat->isPosZero())
    return op.getLhs();
  return {};
}

static OpFoldResult foldBinary(BinaryOp op) {
  Type element = elementOf(op);
  auto leftInt = constantInt(op.getLhs()), rightInt = constantInt(op.getRhs());
  if (leftInt && rightInt && element.isInteger(64))
    if (auto value = foldInts(op.getKind(), *leftInt, *rightInt))
      return intAttr(op.getContext(), *value);
  auto leftFloat = constantFloat(op.getLhs()), rightFloat = constantFloat(op.getRhs());
  if (leftFloat && rightFloat)
    if (auto value = foldFloats(op.getKind(), *leftFloat, *rightFloat))
      return FloatAttr::get(element, *value);
  if (Value same = neutral(op))
    return same;
  if (op.getLhs() == op.getRhs()) {
    if (op.getKind() == BinaryKind::Minimum || op.getKind() == BinaryKind::Maximum || op.getKind() == BinaryKind::BitAnd ||
        op.getKind() == BinaryKind::BitOr)
      return op.getLhs();
    if (element.isInteger(64) && op.getKind() == BinaryKind::Subtract && isTotal(op.getLhs()))
      return intAttr(op.getContext(), 0);
  }
  if (op.getKind() == BinaryKind::Multiply &&
      ((rightInt == 0 && isTotal(op.getLhs())) || (leftInt == 0 && isTotal(op.getRhs()))))
    return intAttr(op.getContext(), 0);
  return {};
}

template <typename T> static bool compareOrdered(CompareKind kind, T left, T right) {
  switch (kind) {
  case CompareKind::Less:
    return left < right;
  case CompareKind::LessEqual:
    return left <= right;
  case CompareKind::Greater:
    return left > right;
  case CompareKind::GreaterEqual:
    return left >= right;
  case CompareKind::Equal:
    return left == right;
  case CompareKind::NotEqual:
    return left != right;
  }
  return false;
}

static OpFoldResult foldCompare(CompareOp op) {
  auto left = constantInt(op.getLhs()), right = constantInt(op.getRhs());
  if (left && right)
    return boolAttr(op.getContext(), compareOrdered(op.getKind(), *left, *right));
  auto leftFloat = constantFloat(op.getLhs()), rightFloat = constantFloat(op.getRhs());
  if (leftFloat && rightFloat)
    return boolAttr(op.getContext(),
                    compareOrdered(op.getKind(), leftFloat->convertToDouble(), rightFloat->convertToDouble()));
  if (op.getLhs() == op.getRhs() && elementOf(op.getLhs()).isInteger() && isTotal(op.getLhs()))
    return boolAttr(op.getContext(), compareOrdered(op.getKind(), 0, 0));
  return {};
}

/// `and` if `absorbing` is false, `or` if it is true: that value on one side decides.
static OpFoldResult foldLogical(Operation *op, bool absorbing) {
  Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  auto left = constantBool(lhs), right = constantBool(rhs);
  if (left)
    return *left == absorbing ? OpFoldResult(boolAttr(op->getContext(), absorbing)) : OpFoldResult(rhs);
  if (right && *right != absorbing)
    return lhs;
  if (right && isTotal(lhs))
    return boolAttr(op->getContext(), absorbing);
  return lhs == rhs ? OpFoldResult(lhs) : OpFoldResult();
}

static OpFoldResult foldNot(NotOp op) {
  if (auto inner = op.getOperand().getDefiningOp<NotOp>())
    return inner.getOperand();
  if (auto value = constantBool(op.getOperand()))
    return boolAttr(op.getContext(), !*value);
  return {};
}

static OpFoldResult foldSelect(SelectOp op) {
  if (auto condition = constantBool(op.getCondition()))
    return *condition ? op.getIfTrue() : op.getIfFalse();
  if (op.getIfTrue() == op.getIfFalse() && isTotal(op.getCondition()))
    return op.getIfTrue();
  if (constantBool(op.getIfTrue()) == true && constantBool(op.getIfFalse()) == false)
    return op.getCondition();
  return {};
}

static OpFoldResult foldConvert(ConvertOp op) {
  Type element = elementOf(op);
  if (elementOf(op.getOperand()) == element)
    return op.getOperand();
  // Widening and back is exact.
  if (auto inner = op.getOperand().getDefiningOp<ConvertOp>())
    if (element.isF32() && elementOf(inner).isF64() && elementOf(inner.getOperand()).isF32())
      return inner.getOperand();
  auto truth = constantBool(op.getOperand());
  auto integer = truth ? std::optional<int64_t>(*truth) : constantInt(op.getOperand());
  if (integer && element.isInteger(64))
    return intAttr(op.getContext(), *integer);
  if (auto type = dyn_cast<FloatType>(element); type && integer) {
    APFloat real(type.getFloatSemantics());
    real.convertFromAPInt(APInt(64, *integer, true), true, APFloat::rmNearestTiesToEven);
    return FloatAttr::get(element, real);
  }
  auto value = constantFloat(op.getOperand());
  if (auto type = dyn_cast<FloatType>(element); type && value) {
    bool inexact = false;
    value->convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
    return FloatAttr::get(element, *value);
  }
  if (value && element.isInteger(64)) {
    // Truncates, saturates, and takes NaN to 0.
    APSInt whole(64, /*isUnsigned=*/false);
    bool exact = false;
    value->convertToInteger(whole, APFloat::rmTowardZero, &exact);
    return intAttr(op.getContext(), whole.getExtValue());
  }
  return {};
}

static OpFoldResult foldExtent(ExtentOp op) { return op.getFixed() ? OpFoldResult(intAttr(op.getContext(), *op.getFixed())) : OpFoldResult(); }

OpFoldResult foldAcrossTypes(Operation *op) {
  return llvm::TypeSwitch<Operation *, OpFoldResult>(op)
      .Case([](ExtentOp extent) { return foldExtent(extent); })
      .Case([](UnaryOp unary) { return foldUnary(unary); })
      .Case([](BinaryOp binary) { return foldBinary(binary); })
      .Case([](CompareOp compare) { return foldCompare(compare); })
      .Case([](AndOp both) { return foldLogical(both, false); })
      .Case([](OrOp either) { return foldLogical(either, true); })
      .Case([](NotOp negation) { return foldNot(negation); })
      .Case([](SelectOp choice) { return foldSelect(choice); })
      .Case([](ConvertOp conversion) { return foldConvert(conversion); })
      .Default([](Operation *) { return OpFoldResult(); });
}

/// What MLIR may do by itself: the result keeps its type.
static OpFoldResult foldKeepingType(Operation *op) {
  OpFoldResult folded = foldAcrossTypes(op);
  auto type = cast<FnType>(op->getResult(0).getType());
  if (auto value = dyn_cast_if_present<Value>(folded))
    return value.getType() == type ? folded : OpFoldResult();
  return type.getCoordinates().empty() ? folded : OpFoldResult();
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }
OpFoldResult ExtentOp::fold(FoldAdaptor) { return foldKeepingType(*this); }
OpFoldResult UnaryOp::fold(FoldAdaptor) { return foldKeepingType(*this); }
OpFoldResult BinaryOp::fold(FoldAdaptor) { return foldKeepingType(*this); }
OpFoldResult CompareOp::fold(FoldAdaptor) { return foldKeepingType(*this); }
OpFoldResult AndOp::fold(FoldAdaptor) { return foldKeepingType(*this); }
OpFoldResult OrOp::fold(FoldAdaptor) { return foldKeepingType(*this); }
OpFoldResult NotOp::fold(FoldAdaptor) { return foldKeepingType(*this); }
OpFoldResult SelectOp::fold(FoldAdaptor) { return foldKeepingType(*this); }
OpFoldResult ConvertOp::fold(FoldAdaptor) { return foldKeepingType(*this); }

} // namespace attn::ir
