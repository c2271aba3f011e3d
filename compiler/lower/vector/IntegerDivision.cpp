#include "compiler/lower/vector/IntegerDivision.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace attn::lower {

namespace {

using Predicate = arith::CmpIPredicate;

struct Division {
  Code &code;
  Value x, y;

  template <typename Op, typename... Operands> Value make(Operands... operands) {
    return Op::create(code.builder, code.location, operands...);
  }
  Value integer(int64_t value) { return code.integer(value, x.getType()); }
  Type doubles() {
    auto vector = dyn_cast<VectorType>(x.getType());
    return vector ? Type(vector.clone(code.builder.getF64Type())) : code.builder.getF64Type();
  }

  /// Both quotient and divisor in 32 bits: |x / y| < 2^31 is further than 2^-31 from every integer it isn't, so that
  /// the rounded quotient of doubles has the right floor.
  Value narrow() {
    Value quotient = make<arith::DivFOp>(make<arith::SIToFPOp>(doubles(), x), make<arith::SIToFPOp>(doubles(), y));
    return make<arith::FPToSIOp>(x.getType(), make<math::FloorOp>(quotient));
  }

  Value wide() {
    // INT64_MIN / -1 traps: divide by 1 there and negate.
    Value minusOne = code.compare(Predicate::eq, y, integer(-1));
    Value divisor = code.select(minusOne, integer(1), y);
    Value quotient = make<arith::DivSIOp>(x, divisor), remainder = make<arith::RemSIOp>(x, divisor);
    Value signsDiffer = code.compare(Predicate::slt, make<arith::XOrIOp>(remainder, divisor), integer(0));
    Value inexact = code.compare(Predicate::ne, remainder, integer(0));
    Value floor = code.select(code.both(signsDiffer, inexact), make<arith::SubIOp>(quotient, integer(1)), quotient);
    return code.select(minusOne, make<arith::SubIOp>(integer(0), x), floor);
  }

  /// The same on machines that divide doubles in lanes, and no integers. The quotient of doubles is off by its
  /// rounding, 2^-52 of it: what is left is divided once more, and what is left then is off by one divisor at most.
  Value wideInDoubles() {
    Value divisor = make<arith::SIToFPOp>(doubles(), y);
    // The largest double that is a 64-bit integer: x itself may round up to 2^63.
    Value most = code.real(0x1.fffffffffffffp62, doubles()), quotient = integer(0), rest = x;
    for (int step = 0; step < 2; ++step) {
      Value part = make<arith::DivFOp>(make<arith::SIToFPOp>(doubles(), rest), divisor);
      Value isAbove = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::OGT, part, most);
      part = make<arith::FPToSIOp>(x.getType(), make<math::FloorOp>(code.select(isAbove, most, part)));
      quotient = make<arith::AddIOp>(quotient, part);
      rest = make<arith::SubIOp>(rest, make<arith::MulIOp>(part, y));
    }
    Value isBelow = code.both(code.compare(Predicate::slt, make<arith::XOrIOp>(rest, y), integer(0)),
                              code.compare(Predicate::ne, rest, integer(0)));
    Value down = make<arith::SubIOp>(quotient, integer(1)), up = make<arith::AddIOp>(quotient, integer(1));
    // As far as the divisor or further, on its side.
    Value isPositive = code.compare(Predicate::sgt, y, integer(0));
    Value isBeyond =
        code.select(isPositive, code.compare(Predicate::sge, rest, y), code.compare(Predicate::sle, rest, y));
    return code.select(isBelow, down, code.select(isBeyond, up, quotient));
  }

  /// Sixteen divisions are long: they stand in the module once, not wherever one is.
  Value callWide(VectorType type) {
    std::string name = "attn_floor_divide_" + std::to_string(type.getNumElements());
    auto module = code.builder.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
    if (!module.lookupSymbol(name)) {
      OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
      auto function = func::FuncOp::create(builder, code.location, name, builder.getFunctionType({type, type}, {type}));
      function.setPrivate();
      // Calls whose results nobody uses go, and what doesn't change in a loop leaves it.
      function->setAttr("llvm.readnone", builder.getUnitAttr());
      function->setAttr("passthrough", builder.getStrArrayAttr({"willreturn", "nounwind", "speculatable"}));
      Block *entry = function.addEntryBlock();
      builder.setInsertionPointToStart(entry);
      Code inner(builder, code.location);
      Division body{inner, entry->getArgument(0), entry->getArgument(1)};
      // Vectors of sixteen floats are AVX-512's, which converts 64-bit integers in lanes.
      Value quotient = type.getNumElements() >= 16 ? body.wideInDoubles() : body.wide();
      func::ReturnOp::create(builder, code.location, quotient);
    }
    return func::CallOp::create(code.builder, code.location, name, TypeRange{type}, ValueRange{x, y}).getResult(0);
  }
};

/// n where y is the constant 2^n.
std::optional<int64_t> powerOfTwo(Value y) {
  APInt power;
  if (matchPattern(y, m_ConstantInt(&power)) && power.isPowerOf2() && !power.isNegative())
    return power.exactLogBase2();
  return std::nullopt;
}

} // namespace

Value floorDivide(Code &code, Value x, Value y, bool narrow) {
  Division division{code, x, y};
  if (auto power = powerOfTwo(y))
    return division.make<arith::ShRSIOp>(x, division.integer(*power));
  if (narrow)
    return division.narrow();
  auto vector = dyn_cast<VectorType>(x.getType());
  return vector ? division.callWide(vector) : division.wide();
}

Value floorModulo(Code &code, Value x, Value y, bool narrow) {
  Division division{code, x, y};
  if (powerOfTwo(y))
    return division.make<arith::AndIOp>(x, division.make<arith::SubIOp>(y, division.integer(1)));
  return division.make<arith::SubIOp>(x, division.make<arith::MulIOp>(floorDivide(code, x, y, narrow), y));
}

} // namespace attn::lower
