#include "compiler/lower/math/Lanes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/bit.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace attn::lower::math {

Emitter::Emitter(OpBuilder &builder, Location location, const MathTarget &target,
                 std::optional<llvm::ArrayRef<int64_t>> shape, ConstantPool *pool)
    : builder(builder), location(location), target(target), pool(pool) {
  if (shape)
    this->shape.emplace(shape->begin(), shape->end());
}

int64_t Emitter::count() const {
  int64_t lanes = 1;
  if (shape)
    for (int64_t extent : *shape)
      lanes *= extent;
  return lanes;
}

static Type scalarType(OpBuilder &builder, Element element) {
  switch (element) {
  case Element::I1:
    return builder.getI1Type();
  case Element::I32:
    return builder.getI32Type();
  case Element::I64:
    return builder.getI64Type();
  case Element::F32:
    return builder.getF32Type();
  case Element::F64:
    return builder.getF64Type();
  }
  llvm_unreachable("an element of the enumeration");
}

Type Emitter::typeOf(Element element) const {
  Type scalar = scalarType(builder, element);
  return shape ? Type(VectorType::get(*shape, scalar)) : scalar;
}

Lanes Emitter::wrap(Value value) {
  Type type = getElementTypeOrSelf(value.getType());
  Element element = type.isF64()         ? Element::F64
                    : type.isF32()       ? Element::F32
                    : type.isInteger(64) ? Element::I64
                    : type.isInteger(32) ? Element::I32
                                         : Element::I1;
  return {this, value, element};
}

Value Emitter::materialize(TypedAttr attribute) {
  if (!pool || !pool->block)
    return arith::ConstantOp::create(builder, location, attribute);
  Value &made = pool->made[attribute];
  if (!made) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(pool->block);
    made = arith::ConstantOp::create(builder, builder.getUnknownLoc(), attribute);
  }
  return made;
}

Lanes Emitter::splat(Element element, TypedAttr scalar) {
  if (!shape)
    return {this, materialize(scalar), element};
  auto type = cast<ShapedType>(typeOf(element));
  return {this, materialize(DenseElementsAttr::get(type, Attribute(scalar))), element};
}

Lanes Emitter::constant(Element element, double number) {
  return splat(element, builder.getFloatAttr(scalarType(builder, element), number));
}

Lanes Emitter::integer(Element element, uint64_t bits) {
  unsigned width = element == Element::I64 ? 64 : element == Element::I32 ? 32 : 1;
  llvm::APInt value(64, bits);
  return splat(element, builder.getIntegerAttr(scalarType(builder, element), value.trunc(width)));
}

Value Emitter::scalarInteger(unsigned width, int64_t value) {
  return materialize(builder.getIntegerAttr(builder.getIntegerType(width), value));
}

static Lanes with(Lanes like, Value value) { return {like.emitter, value, like.element}; }
static Lanes with(Lanes like, Value value, Element element) { return {like.emitter, value, element}; }
static Lanes number(Lanes like, double value) { return like.emitter->constant(like.element, value); }

template <typename FloatOp, typename IntegerOp> static Lanes binary(Lanes a, Lanes b) {
  Emitter &emitter = *a.emitter;
  if (a.isFloat())
    return with(a, FloatOp::create(emitter.builder, emitter.location, a.value, b.value));
  return with(a, IntegerOp::create(emitter.builder, emitter.location, a.value, b.value));
}

template <typename Op> static Lanes binary(Lanes a, Lanes b) {
  return with(a, Op::create(a.emitter->builder, a.emitter->location, a.value, b.value));
}

Lanes operator+(Lanes a, Lanes b) { return binary<arith::AddFOp, arith::AddIOp>(a, b); }
Lanes operator-(Lanes a, Lanes b) { return binary<arith::SubFOp, arith::SubIOp>(a, b); }
Lanes operator*(Lanes a, Lanes b) { return binary<arith::MulFOp, arith::MulIOp>(a, b); }
Lanes operator/(Lanes a, Lanes b) { return binary<arith::DivFOp>(a, b); }
Lanes operator-(Lanes a) { return with(a, arith::NegFOp::create(a.emitter->builder, a.emitter->location, a.value)); }
Lanes operator&(Lanes a, Lanes b) { return binary<arith::AndIOp>(a, b); }
Lanes operator|(Lanes a, Lanes b) { return binary<arith::OrIOp>(a, b); }
Lanes operator^(Lanes a, Lanes b) { return binary<arith::XOrIOp>(a, b); }

Lanes operator+(Lanes a, double b) { return a + number(a, b); }
Lanes operator-(Lanes a, double b) { return a - number(a, b); }
Lanes operator*(Lanes a, double b) { return a * number(a, b); }
Lanes operator+(double a, Lanes b) { return number(b, a) + b; }
Lanes operator-(double a, Lanes b) { return number(b, a) - b; }
Lanes operator*(double a, Lanes b) { return number(b, a) * b; }
Lanes operator/(double a, Lanes b) { return number(b, a) / b; }

static Lanes compare(arith::CmpFPredicate predicate, Lanes a, Lanes b) {
  return with(a, arith::CmpFOp::create(a.emitter->builder, a.emitter->location, predicate, a.value, b.value),
              Element::I1);
}

Lanes operator<(Lanes a, Lanes b) { return compare(arith::CmpFPredicate::OLT, a, b); }
Lanes operator<(Lanes a, double b) { return compare(arith::CmpFPredicate::OLT, a, number(a, b)); }
Lanes operator>(Lanes a, double b) { return compare(arith::CmpFPredicate::OGT, a, number(a, b)); }
Lanes operator<=(Lanes a, double b) { return compare(arith::CmpFPredicate::OLE, a, number(a, b)); }
Lanes operator>=(Lanes a, double b) { return compare(arith::CmpFPredicate::OGE, a, number(a, b)); }
Lanes operator==(Lanes a, Lanes b) { return compare(arith::CmpFPredicate::OEQ, a, b); }
Lanes operator==(Lanes a, double b) { return compare(arith::CmpFPredicate::OEQ, a, number(a, b)); }
Lanes operator!=(Lanes a, Lanes b) { return compare(arith::CmpFPredicate::UNE, a, b); }

Lanes addInteger(Lanes a, uint64_t b) { return a + a.emitter->integer(a.element, b); }
Lanes andInteger(Lanes a, uint64_t b) { return a & a.emitter->integer(a.element, b); }
Lanes orInteger(Lanes a, uint64_t b) { return a | a.emitter->integer(a.element, b); }
Lanes shiftLeft(Lanes a, unsigned count) { return binary<arith::ShLIOp>(a, a.emitter->integer(a.element, count)); }
Lanes shiftRight(Lanes a, unsigned count) { return binary<arith::ShRUIOp>(a, a.emitter->integer(a.element, count)); }

Lanes integerNotZero(Lanes a) {
  Emitter &emitter = *a.emitter;
  return with(a,
              arith::CmpIOp::create(emitter.builder, emitter.location, arith::CmpIPredicate::ne, a.value,
                                    emitter.integer(a.element, 0).value),
              Element::I1);
}

Lanes fma(Lanes a, Lanes b, Lanes c) {
  if (!a.emitter->target.fma)
    return a * b + c;
  return with(a, ::mlir::math::FmaOp::create(a.emitter->builder, a.emitter->location, a.value, b.value, c.value));
}
Lanes fma(Lanes a, double b, Lanes c) { return fma(a, number(a, b), c); }
Lanes fma(Lanes a, Lanes b, double c) { return fma(a, b, number(a, c)); }

Lanes select(Lanes condition, Lanes then, Lanes otherwise) {
  Emitter &emitter = *then.emitter;
  return with(then,
              arith::SelectOp::create(emitter.builder, emitter.location, condition.value, then.value, otherwise.value));
}
Lanes select(Lanes condition, Lanes then, double otherwise) { return select(condition, then, number(then, otherwise)); }
Lanes select(Lanes condition, double then, Lanes otherwise) {
  return select(condition, number(otherwise, then), otherwise);
}

Lanes abs(Lanes a) { return with(a, ::mlir::math::AbsFOp::create(a.emitter->builder, a.emitter->location, a.value)); }
Lanes copySign(Lanes a, Lanes sign) { return binary<::mlir::math::CopySignOp>(a, sign); }
Lanes sqrt(Lanes a) { return with(a, ::mlir::math::SqrtOp::create(a.emitter->builder, a.emitter->location, a.value)); }
Lanes roundEven(Lanes a) {
  if (!a.emitter->target.hasRound)
    return roundByShift(a).value;
  return with(a, ::mlir::math::RoundEvenOp::create(a.emitter->builder, a.emitter->location, a.value));
}
Lanes clampAbove(Lanes a, double bound) { return select(a > bound, bound, a); }
Lanes clampBelow(Lanes a, double bound) { return select(a < bound, bound, a); }

template <typename Op> static Lanes convert(Lanes a, Element element) {
  Emitter &emitter = *a.emitter;
  return with(a, Op::create(emitter.builder, emitter.location, emitter.typeOf(element), a.value), element);
}

Lanes bits(Lanes a) { return convert<arith::BitcastOp>(a, a.isDouble() ? Element::I64 : Element::I32); }
Lanes asFloat(Lanes a) { return convert<arith::BitcastOp>(a, a.element == Element::I64 ? Element::F64 : Element::F32); }
Lanes toF64(Lanes a) { return convert<arith::ExtFOp>(a, Element::F64); }
Lanes toF32(Lanes a) { return convert<arith::TruncFOp>(a, Element::F32); }
Lanes resizeInteger(Lanes a, Element element) {
  if (a.element == element)
    return a;
  return element == Element::I64 ? convert<arith::ExtUIOp>(a, element) : convert<arith::TruncIOp>(a, element);
}
Lanes signedToFloat(Lanes a, Element element) { return convert<arith::SIToFPOp>(a, element); }

Lanes polynomial(Lanes x, llvm::ArrayRef<double> coefficients) {
  Lanes sum = number(x, coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    sum = fma(sum, x, coefficient);
  return sum;
}

Pair fastExactSum(Lanes a, Lanes b) {
  Lanes sum = a + b;
  return {sum, b - (sum - a)};
}

Pair exactSum(Lanes a, Lanes b) {
  Lanes sum = a + b;
  Lanes part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}

/// Veltkamp's splitting: both halves fit in half of the mantissa, so that their products are exact.
static Pair halves(Lanes a) {
  double factor = a.isDouble() ? 134217729.0 : 4097.0;
  Lanes scaled = a * factor;
  Lanes high = scaled - (scaled - a);
  return {high, a - high};
}

Pair exactProduct(Lanes a, Lanes b) {
  Lanes product = a * b;
  if (a.emitter->target.fma)
    return {product, fma(a, b, -product)};
  Pair x = halves(a), y = halves(b);
  Lanes low = ((x.high * y.high - product) + x.high * y.low + x.low * y.high) + x.low * y.low;
  return {product, low};
}

double FloatFormat::roundingShift() const { return 1.5 * std::ldexp(1.0, int(mantissaBits)); }

uint64_t FloatFormat::bitsOf(double value) const {
  return width == 64 ? llvm::bit_cast<uint64_t>(value) : llvm::bit_cast<uint32_t>(float(value));
}

FloatFormat formatOf(Lanes a) {
  if (a.isDouble())
    return {52, 64, 1023, std::numeric_limits<double>::min(), Element::I64};
  return {23, 32, 127, std::numeric_limits<float>::min(), Element::I32};
}

Lanes infinityLike(Lanes a) { return number(a, std::numeric_limits<double>::infinity()); }
Lanes notANumberLike(Lanes a) { return number(a, std::numeric_limits<double>::quiet_NaN()); }

Rounded roundByShift(Lanes a, double offset) {
  double shift = formatOf(a).roundingShift() + offset;
  Lanes shifted = a + shift;
  return {shifted - shift, shifted};
}

Value anyLane(Lanes condition) {
  Emitter &emitter = *condition.emitter;
  if (emitter.isScalar())
    return condition.value;
  return vector::ReductionOp::create(emitter.builder, emitter.location, vector::CombiningKind::OR, condition.value);
}

} // namespace attn::lower::math
