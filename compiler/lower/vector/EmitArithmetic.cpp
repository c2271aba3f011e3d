#include "compiler/lower/vector/Arithmetic.h"
#include "compiler/lower/vector/FunctionEmitter.h"
#include "compiler/lower/vector/IntegerDivision.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>
#include <numbers>

using namespace mlir;

namespace attn::lower {

namespace {

/// Arithmetic on values of one shape, scalar or vector.
struct Arithmetic {
  Code &code;
  OpBuilder &builder = code.builder;
  Location location = code.location;

  template <typename Op, typename... Operands> Value make(Operands... operands) {
    return Op::create(builder, location, operands...);
  }
  Value real(double value, Value like) { return code.real(value, like.getType()); }
  Value integer(int64_t value, Value like) { return code.integer(value, like.getType()); }
  Value compare(arith::CmpFPredicate predicate, Value left, Value right) {
    return arith::CmpFOp::create(builder, location, predicate, left, right);
  }
  Type withElement(Value like, Type element) {
    auto vector = dyn_cast<VectorType>(like.getType());
    return vector ? Type(vector.clone(element)) : element;
  }

  /// 1 / (1 + e^-x): 0 where e^-x overflows.
  Value sigmoid(Value x) {
    Value one = real(1, x);
    return make<arith::DivFOp>(one, make<arith::AddFOp>(one, make<math::ExpOp>(make<arith::NegFOp>(x))));
  }

  /// log(1 + e^x) = max(x, 0) + log1p(e^-|x|).
  Value softplus(Value x) {
    Value tail = make<math::Log1pOp>(make<math::ExpOp>(make<arith::NegFOp>(make<math::AbsFOp>(x))));
    return make<arith::AddFOp>(make<arith::MaximumFOp>(x, real(0, x)), tail);
  }

  Value sign(Value x) {
    Value positive = code.select(compare(arith::CmpFPredicate::OGT, x, real(0, x)), real(1, x), x);
    return code.select(compare(arith::CmpFPredicate::OLT, x, real(0, x)), real(-1, x), positive);
  }

  Value unaryFloat(ir::UnaryKind kind, Value x) {
    using Kind = ir::UnaryKind;
    switch (kind) {
    case Kind::Negate:
      return make<arith::NegFOp>(x);
    case Kind::Exp:
      return make<math::ExpOp>(x);
    case Kind::Exp2:
      return make<math::Exp2Op>(x);
    case Kind::Expm1:
      return make<math::ExpM1Op>(x);
    case Kind::Log:
      return make<math::LogOp>(x);
    case Kind::Log2:
      return make<math::Log2Op>(x);
    case Kind::Log1p:
      return make<math::Log1pOp>(x);
    case Kind::Sqrt:
      return make<math::SqrtOp>(x);
    case Kind::Rsqrt:
      return make<math::RsqrtOp>(x);
    case Kind::Sin:
      return make<math::SinOp>(x);
    case Kind::Cos:
      return make<math::CosOp>(x);
    case Kind::Tan:
      return make<math::TanOp>(x);
    case Kind::Tanh:
      return make<math::TanhOp>(x);
    case Kind::Atan:
      return make<math::AtanOp>(x);
    case Kind::Erf:
      return make<math::ErfOp>(x);
    case Kind::Sigmoid:
      return sigmoid(x);
    case Kind::LogSigmoid:
      return make<arith::NegFOp>(softplus(make<arith::NegFOp>(x)));
    case Kind::Softplus:
      return softplus(x);
    case Kind::Relu:
      return make<arith::MaximumFOp>(x, real(0, x));
    case Kind::Elu:
      return code.select(compare(arith::CmpFPredicate::OGT, x, real(0, x)), x, make<math::ExpM1Op>(x));
    case Kind::Silu:
      return make<arith::MulFOp>(x, sigmoid(x));
    case Kind::Gelu: {
      Value error = make<math::ErfOp>(make<arith::MulFOp>(x, real(1 / std::numbers::sqrt2, x)));
      return make<arith::MulFOp>(make<arith::MulFOp>(x, real(0.5, x)), make<arith::AddFOp>(error, real(1, x)));
    }
    case Kind::Abs:
      return make<math::AbsFOp>(x);
    case Kind::Sign:
      return sign(x);
    case Kind::Floor:
      return make<math::FloorOp>(x);
    case Kind::Ceil:
      return make<math::CeilOp>(x);
    case Kind::Round:
      return make<math::RoundEvenOp>(x);
    case Kind::BitNot:
      break;
    }
    llvm_unreachable("not a function of a float");
  }

  Value unaryInt(ir::UnaryKind kind, Value x) {
    Value zero = integer(0, x);
    switch (kind) {
    case ir::UnaryKind::Negate:
      return make<arith::SubIOp>(zero, x);
    case ir::UnaryKind::BitNot:
      return make<arith::XOrIOp>(x, integer(-1, x));
    case ir::UnaryKind::Relu:
      return make<arith::MaxSIOp>(x, zero);
    case ir::UnaryKind::Abs:
      return make<arith::MaxSIOp>(x, make<arith::SubIOp>(zero, x));
    case ir::UnaryKind::Sign:
      return make<arith::MaxSIOp>(make<arith::MinSIOp>(x, integer(1, x)), integer(-1, x));
    default:
      // floor, ceil and round of an integer are the integer.
      return x;
    }
  }

  Value binaryInt(ir::BinaryKind kind, Value x, Value y, bool narrow) {
    using Kind = ir::BinaryKind;
    switch (kind) {
    case Kind::Add:
      return make<arith::AddIOp>(x, y);
    case Kind::Subtract:
      return make<arith::SubIOp>(x, y);
    case Kind::Multiply:
      return make<arith::MulIOp>(x, y);
    case Kind::FloorDivide:
      return floorDivide(code, x, y, narrow);
    case Kind::Modulo:
      return floorModulo(code, x, y, narrow);
    case Kind::Minimum:
      return make<arith::MinSIOp>(x, y);
    case Kind::Maximum:
      return make<arith::MaxSIOp>(x, y);
    case Kind::BitAnd:
      return make<arith::AndIOp>(x, y);
    case Kind::BitOr:
      return make<arith::OrIOp>(x, y);
    case Kind::BitXor:
      return make<arith::XOrIOp>(x, y);
    case Kind::ShiftLeft: {
      Value shifted = make<arith::ShLIOp>(x, make<arith::AndIOp>(y, integer(63, y)));
      return code.select(code.compare(arith::CmpIPredicate::ult, y, integer(64, y)), shifted, integer(0, x));
    }
    case Kind::ShiftRight:
      return make<arith::ShRSIOp>(x, make<arith::MinUIOp>(y, integer(63, y)));
    case Kind::Divide:
    case Kind::Power:
      break;
    }
    llvm_unreachable("not a function of two integers");
  }

  /// A function of doubles, of floats: their quotients then have the right floor, as where 32-bit integers are divided.
  Value inDoubles(Value x, Value y, function_ref<Value(Value, Value)> function) {
    Type type = x.getType();
    if (getElementTypeOrSelf(type).isF64())
      return function(x, y);
    Type wide = withElement(x, builder.getF64Type());
    return make<arith::TruncFOp>(type, function(make<arith::ExtFOp>(wide, x), make<arith::ExtFOp>(wide, y)));
  }

  /// The floor of the exact quotient: where x / y was rounded up to an integer, the remainder has the wrong sign.
  Value floorDivideFloat(Value x, Value y) {
    Value quotient = make<math::FloorOp>(make<arith::DivFOp>(x, y));
    Value remainder = make<math::FmaOp>(make<arith::NegFOp>(quotient), y, x), zero = real(0, x);
    Value towardsDivisor = code.select(compare(arith::CmpFPredicate::OGT, y, zero), remainder, make<arith::NegFOp>(remainder));
    return code.select(compare(arith::CmpFPredicate::OLT, towardsDivisor, zero), make<arith::SubFOp>(quotient, real(1, x)), quotient);
  }

  /// x - y floor(x / y). Modulo an infinity a finite x is itself, or the infinity where the signs differ.
  Value moduloFloat(Value x, Value y) {
    Value remainder = make<math::FmaOp>(make<arith::NegFOp>(floorDivideFloat(x, y)), y, x), zero = real(0, x);
    Value infinity = real(std::numeric_limits<double>::infinity(), x);
    Value modInfinity = code.both(compare(arith::CmpFPredicate::OEQ, make<math::AbsFOp>(y), infinity),
                                  compare(arith::CmpFPredicate::OLT, make<math::AbsFOp>(x), infinity));
    Value xIsNegative = compare(arith::CmpFPredicate::OLT, x, zero), yIsNegative = compare(arith::CmpFPredicate::OLT, y, zero);
    Value signsDiffer = code.both(make<arith::XOrIOp>(xIsNegative, yIsNegative), compare(arith::CmpFPredicate::UNE, x, zero));
    return code.select(modInfinity, code.select(signsDiffer, y, x), remainder);
  }

  Value binaryFloat(ir::BinaryKind kind, Value x, Value y) {
    using Kind = ir::BinaryKind;
    switch (kind) {
    case Kind::Add:
      return make<arith::AddFOp>(x, y);
    case Kind::Subtract:
      return make<arith::SubFOp>(x, y);
    case Kind::Multiply:
      return make<arith::MulFOp>(x, y);
    case Kind::Divide:
      return make<arith::DivFOp>(x, y);
    case Kind::FloorDivide:
      return inDoubles(x, y, [&](Value a, Value b) { return floorDivideFloat(a, b); });
    case Kind::Modulo:
      return inDoubles(x, y, [&](Value a, Value b) { return moduloFloat(a, b); });
    case Kind::Power:
      return make<math::PowFOp>(x, y);
    case Kind::Minimum:
      return make<arith::MinimumFOp>(x, y);
    case Kind::Maximum:
      return make<arith::MaximumFOp>(x, y);
    default:
      break;
    }
    llvm_unreachable("not a function of two floats");
  }

  /// x to a constant power by repeated squaring; wraps for integers.
  Value integerPower(Value x, int64_t exponent) {
    bool isFloat = isa<FloatType>(getElementTypeOrSelf(x.getType()));
    auto multiply = [&](Value a, Value b) { return isFloat ? make<arith::MulFOp>(a, b) : make<arith::MulIOp>(a, b); };
    Value result, square = x;
    for (uint64_t rest = exponent; rest != 0; rest >>= 1) {
      if (rest & 1)
        result = result ? multiply(result, square) : square;
      if (rest > 1)
        square = multiply(square, square);
    }
    return result ? result : isFloat ? real(1, x) : integer(1, x);
  }
};

bool isFloatFn(Value value) { return isa<FloatType>(cast<ir::FnType>(value.getType()).getElementType()); }

} // namespace

Value applyFunction(Code &code, ir::UnaryKind kind, Value x) { return Arithmetic{code}.unaryFloat(kind, x); }

Plain FunctionEmitter::emitUnary(ir::UnaryOp op) {
  Arithmetic arithmetic{code};
  bool isFloat = isFloatFn(op.getResult());
  return pointwise(*op, integerWidth(*op), [&](ArrayRef<Value> parts) {
    return isFloat ? arithmetic.unaryFloat(op.getKind(), parts[0]) : arithmetic.unaryInt(op.getKind(), parts[0]);
  });
}

Plain FunctionEmitter::emitBinary(ir::BinaryOp op) {
  Arithmetic arithmetic{code};
  if (op.getKind() == ir::BinaryKind::Power && !isFloatFn(op.getRhs())) {
    // An integer exponent beyond this is not worth unrolling: x ** n is then powf of the widened exponent.
    constexpr int64_t longestChain = 64;
    auto exponent = op.getRhs().getDefiningOp<ir::ConstantOp>();
    int64_t constant = exponent ? cast<IntegerAttr>(exponent.getValue()).getInt() : -1;
    bool isFloat = isFloatFn(op.getLhs());
    return pointwise(*op, 64, [&](ArrayRef<Value> parts) -> Value {
      if (constant >= 0 && (constant <= longestChain || !isFloat))
        return arithmetic.integerPower(parts[0], constant);
      Value converted = arithmetic.make<arith::SIToFPOp>(parts[0].getType(), parts[1]);
      return arithmetic.make<math::PowFOp>(parts[0], converted);
    });
  }
  if (isFloatFn(op.getResult()))
    return pointwise(*op, 64, [&](ArrayRef<Value> parts) { return arithmetic.binaryFloat(op.getKind(), parts[0], parts[1]); });

  bool divides = op.getKind() == ir::BinaryKind::FloorDivide || op.getKind() == ir::BinaryKind::Modulo;
  bool shifts = op.getKind() == ir::BinaryKind::ShiftLeft || op.getKind() == ir::BinaryKind::ShiftRight;
  unsigned width = shifts ? 64 : integerWidth(*op);
  if (!divides || op.getUnchecked())
    return pointwise(*op, width, [&](ArrayRef<Value> parts) {
      return arithmetic.binaryInt(op.getKind(), parts[0], parts[1], width == 32);
    });
  int32_t site = op.getSafe() ? -1 : sites.number(op, ATTN_SITE_DIVISOR, -1, 0, op.getTextAttr());
  auto nonZero = [&](Value divisor, Value counts) {
    Value isZero = code.compare(arith::CmpIPredicate::eq, divisor, arithmetic.integer(0, divisor));
    if (!op.getSafe())
      report(site, counts ? code.both(isZero, counts) : isZero, divisor, code.integer(0));
    return code.select(isZero, arithmetic.integer(1, divisor), divisor);
  };
  // What is the same in every lane is looked at once.
  Value inAll;
  if (const Plain &divisor = emit(op.getRhs()); !divisor.perQuery && (!op.getWhere() || !emit(op.getWhere()).perQuery))
    inAll = nonZero(resize(emit(op.getRhs()).parts[0], width), op.getWhere() ? emit(op.getWhere()).parts[0] : Value());
  return pointwise(*op, width, [&](ArrayRef<Value> parts) {
    Value divisor = inAll ? code.broadcast(inAll, parts[0].getType()) : nonZero(parts[1], parts.size() > 2 ? parts[2] : Value());
    return arithmetic.binaryInt(op.getKind(), parts[0], divisor, width == 32);
  });
}

static arith::CmpIPredicate intPredicate(ir::CompareKind kind) {
  switch (kind) {
  case ir::CompareKind::Less:
    return arith::CmpIPredicate::slt;
  case ir::CompareKind::LessEqual:
    return arith::CmpIPredicate::sle;
  case ir::CompareKind::Greater:
    return arith::CmpIPredicate::sgt;
  case ir::CompareKind::GreaterEqual:
    return arith::CmpIPredicate::sge;
  case ir::CompareKind::Equal:
    return arith::CmpIPredicate::eq;
  case ir::CompareKind::NotEqual:
    return arith::CmpIPredicate::ne;
  }
  llvm_unreachable("unknown comparison");
}

static arith::CmpFPredicate floatPredicate(ir::CompareKind kind) {
  switch (kind) {
  case ir::CompareKind::Less:
    return arith::CmpFPredicate::OLT;
  case ir::CompareKind::LessEqual:
    return arith::CmpFPredicate::OLE;
  case ir::CompareKind::Greater:
    return arith::CmpFPredicate::OGT;
  case ir::CompareKind::GreaterEqual:
    return arith::CmpFPredicate::OGE;
  case ir::CompareKind::Equal:
    return arith::CmpFPredicate::OEQ;
  case ir::CompareKind::NotEqual:
    return arith::CmpFPredicate::UNE;
  }
  llvm_unreachable("unknown comparison");
}

/// Whether a vector of integers stays clear of both ends of 32 bits, so that it compares with a saturated number as with the number itself.
static bool isInsideOf32(Value value) {
  auto range = value.getDefiningOp() ? value.getDefiningOp()->getAttrOfType<DenseI64ArrayAttr>("attn.range") : DenseI64ArrayAttr();
  return range && range[0] > INT32_MIN && range[1] < INT32_MAX;
}

/// A vector of narrow integers against a scalar of 64 bits: saturating the scalar once keeps the lanes narrow.
std::optional<Plain> FunctionEmitter::compareNarrow(ir::CompareOp op) {
  Plain left = emit(op.getLhs()), right = emit(op.getRhs());
  bool scalarIsRight = left.perQuery;
  Plain &lanesSide = scalarIsRight ? left : right, &scalarSide = scalarIsRight ? right : left;
  if (!lanesSide.perQuery || scalarSide.perQuery || !lanesSide.narrow || !isInsideOf32(scalarIsRight ? op.getLhs() : op.getRhs()))
    return std::nullopt;
  Value scalar = scalarSide.parts.front();
  if (!scalarSide.narrow) {
    scalar = code.minimum(scalar, code.integer(INT32_MAX));
    scalar = arith::MaxSIOp::create(code.builder, code.location, scalar, code.integer(INT32_MIN));
  }
  Plain result;
  result.perQuery = true;
  for (Value part : lanesSide.parts) {
    Value saturated = code.broadcast(resize(scalar, 32), part.getType());
    result.parts.push_back(code.compare(intPredicate(op.getKind()), scalarIsRight ? part : saturated, scalarIsRight ? saturated : part));
  }
  return result;
}

Plain FunctionEmitter::emitCompare(ir::CompareOp op) {
  Arithmetic arithmetic{code};
  bool isFloat = isFloatFn(op.getLhs());
  if (cast<ir::FnType>(op.getLhs().getType()).getElementType().isInteger(64))
    if (auto narrow = compareNarrow(op))
      return *narrow;
  return pointwise(*op, integerWidth(*op), [&](ArrayRef<Value> parts) {
    return isFloat ? arithmetic.compare(floatPredicate(op.getKind()), parts[0], parts[1])
                   : code.compare(intPredicate(op.getKind()), parts[0], parts[1]);
  });
}

Plain FunctionEmitter::emitConvert(ir::ConvertOp op) {
  Arithmetic arithmetic{code};
  Type from = cast<ir::FnType>(op.getOperand().getType()).getElementType();
  Type to = cast<ir::FnType>(op.getType()).getElementType();
  unsigned width = from.isInteger(64) && emit(op.getOperand()).narrow && emit(op.getOperand()).perQuery ? 32 : 64;
  return pointwise(*op, width, [&](ArrayRef<Value> parts) -> Value {
    Value x = parts[0];
    Type target = arithmetic.withElement(x, to);
    if (from.isInteger(1))
      return isa<FloatType>(to) ? arithmetic.make<arith::UIToFPOp>(target, x) : arithmetic.make<arith::ExtUIOp>(target, x);
    if (to.isInteger(1))
      return isa<FloatType>(from)
                 ? arithmetic.compare(arith::CmpFPredicate::UNE, x, arithmetic.real(0, x))
                 : code.compare(arith::CmpIPredicate::ne, x, arithmetic.integer(0, x));
    if (from.isInteger(64))
      return isa<FloatType>(to) ? arithmetic.make<arith::SIToFPOp>(target, x) : x;
    if (to.isInteger(64))
      return LLVM::CallIntrinsicOp::create(code.builder, code.location, target, code.builder.getStringAttr("llvm.fptosi.sat"),
                                           ValueRange{x})
          .getResult(0);
    return from.isF32() ? arithmetic.make<arith::ExtFOp>(target, x) : arithmetic.make<arith::TruncFOp>(target, x);
  });
}

} // namespace attn::lower
