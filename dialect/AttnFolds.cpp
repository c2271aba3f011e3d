#include "dialect/AttnDialect.h"

using namespace mlir;

namespace attn::ir {

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

OpFoldResult ExtentOp::fold(FoldAdaptor) {
  if (!getFixed())
    return {};
  return IntegerAttr::get(IntegerType::get(getContext(), 64), *getFixed());
}

static std::optional<bool> constantBool(Attribute attribute) {
  auto value = dyn_cast_or_null<IntegerAttr>(attribute);
  return value && value.getType().isInteger(1) ? std::optional(value.getValue().getBoolValue()) : std::nullopt;
}

static std::optional<int64_t> constantInt(Attribute attribute) {
  auto value = dyn_cast_or_null<IntegerAttr>(attribute);
  return value && value.getType().isInteger(64) ? std::optional(value.getInt()) : std::nullopt;
}

static std::optional<APFloat> constantFloat(Attribute attribute) {
  auto value = dyn_cast_or_null<FloatAttr>(attribute);
  return value ? std::optional(value.getValue()) : std::nullopt;
}

static Attribute intAttr(MLIRContext *context, int64_t value) {
  return IntegerAttr::get(IntegerType::get(context, 64), value);
}

static Attribute boolAttr(MLIRContext *context, bool value) { return BoolAttr::get(context, value); }

OpFoldResult UnaryOp::fold(FoldAdaptor adaptor) {
  if (auto value = constantInt(adaptor.getOperand())) {
    switch (getKind()) {
    case UnaryKind::Negate:
      return intAttr(getContext(), int64_t(0 - uint64_t(*value)));
    case UnaryKind::BitNot:
      return intAttr(getContext(), ~*value);
    case UnaryKind::Abs:
      return intAttr(getContext(), *value < 0 ? int64_t(0 - uint64_t(*value)) : *value);
    default:
      return {};
    }
  }
  if (auto value = constantFloat(adaptor.getOperand())) {
    Type element = cast<FnType>(getType()).getElementType();
    if (getKind() == UnaryKind::Negate) {
      value->changeSign();
      return FloatAttr::get(element, *value);
    }
    if (getKind() == UnaryKind::Sqrt && element.isF64() && !value->isNegative())
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
  default:
    return std::nullopt;
  }
}

OpFoldResult BinaryOp::fold(FoldAdaptor adaptor) {
  auto leftInt = constantInt(adaptor.getLhs()), rightInt = constantInt(adaptor.getRhs());
  if (leftInt && rightInt && cast<FnType>(getType()).getElementType().isInteger(64))
    if (auto value = foldInts(getKind(), *leftInt, *rightInt))
      return intAttr(getContext(), *value);
  auto leftFloat = constantFloat(adaptor.getLhs()), rightFloat = constantFloat(adaptor.getRhs());
  if (leftFloat && rightFloat)
    if (auto value = foldFloats(getKind(), *leftFloat, *rightFloat))
      return FloatAttr::get(cast<FnType>(getType()).getElementType(), *value);

  // x + 0, x - 0, x * 1, x // 1 of ints, x / 1 of floats: the value itself where the type says it varies with nothing more.
  bool sameType = getLhs().getType() == getType();
  if (sameType && rightInt == 0 && (getKind() == BinaryKind::Add || getKind() == BinaryKind::Subtract))
    return getLhs();
  if (getRhs().getType() == getType() && leftInt == 0 && getKind() == BinaryKind::Add)
    return getRhs();
  if (sameType && rightInt == 1 && (getKind() == BinaryKind::Multiply || getKind() == BinaryKind::FloorDivide))
    return getLhs();
  if (sameType && rightFloat && rightFloat->isExactlyValue(1.0) &&
      (getKind() == BinaryKind::Multiply || getKind() == BinaryKind::Divide))
    return getLhs();
  return {};
}

static bool compareInts(CompareKind kind, int64_t left, int64_t right) {
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

OpFoldResult CompareOp::fold(FoldAdaptor adaptor) {
  auto left = constantInt(adaptor.getLhs()), right = constantInt(adaptor.getRhs());
  if (left && right)
    return boolAttr(getContext(), compareInts(getKind(), *left, *right));
  return {};
}

OpFoldResult AndOp::fold(FoldAdaptor adaptor) {
  auto left = constantBool(adaptor.getLhs()), right = constantBool(adaptor.getRhs());
  if (left && right)
    return boolAttr(getContext(), *left && *right);
  if (left == true && getRhs().getType() == getType())
    return getRhs();
  if (right == true && getLhs().getType() == getType())
    return getLhs();
  return {};
}

OpFoldResult OrOp::fold(FoldAdaptor adaptor) {
  auto left = constantBool(adaptor.getLhs()), right = constantBool(adaptor.getRhs());
  if (left && right)
    return boolAttr(getContext(), *left || *right);
  if (left == false && getRhs().getType() == getType())
    return getRhs();
  if (right == false && getLhs().getType() == getType())
    return getLhs();
  return {};
}

OpFoldResult NotOp::fold(FoldAdaptor adaptor) {
  if (auto value = constantBool(adaptor.getOperand()))
    return boolAttr(getContext(), !*value);
  return {};
}

OpFoldResult SelectOp::fold(FoldAdaptor adaptor) {
  auto condition = constantBool(adaptor.getCondition());
  if (condition == true && getIfTrue().getType() == getType())
    return getIfTrue();
  if (condition == false && getIfFalse().getType() == getType())
    return getIfFalse();
  return {};
}

OpFoldResult ConvertOp::fold(FoldAdaptor adaptor) {
  if (getOperand().getType() == getType())
    return getOperand();
  Type element = cast<FnType>(getType()).getElementType();
  if (auto value = constantInt(adaptor.getOperand()); value && isa<FloatType>(element)) {
    APFloat real(cast<FloatType>(element).getFloatSemantics());
    real.convertFromAPInt(APInt(64, *value, true), true, APFloat::rmNearestTiesToEven);
    return FloatAttr::get(element, real);
  }
  if (auto value = constantFloat(adaptor.getOperand()); value && isa<FloatType>(element)) {
    bool inexact = false;
    value->convert(cast<FloatType>(element).getFloatSemantics(), APFloat::rmNearestTiesToEven, &inexact);
    return FloatAttr::get(element, *value);
  }
  return {};
}

} // namespace attn::ir
