#include "compiler/lower/math/LargeAngle.h"

#include "compiler/lower/math/Coefficients.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace attn::lower::math {

namespace c = coefficients;

namespace {

/// Integer arithmetic on 64-bit scalars.
class LargeAngleBuilder {
public:
  explicit LargeAngleBuilder(Emitter &emitter)
      : emitter(emitter), builder(emitter.builder), location(emitter.location) {}

  LargeAngle reduce(Lanes x);

private:
  Lanes wrap(Value value) { return emitter.wrap(value); }
  Lanes integer(uint64_t value) { return emitter.integer(Element::I64, value); }
  Lanes shiftLeftBy(Lanes a, Lanes count) {
    return wrap(arith::ShLIOp::create(builder, location, a.value, count.value));
  }
  Lanes shiftRightBy(Lanes a, Lanes count) {
    return wrap(arith::ShRUIOp::create(builder, location, a.value, count.value));
  }
  Lanes tableWord(Value table, Lanes index) {
    Value position = arith::IndexCastOp::create(builder, location, builder.getIndexType(), index.value);
    return wrap(vector::ExtractOp::create(builder, location, table, position));
  }
  /// 64 bits of high:low, `count` < 64 below the top.
  Lanes window(Lanes high, Lanes low, Lanes count) {
    return shiftLeftBy(high, count) | shiftRightBy(shiftRight(low, 1), integer(63) - count);
  }

  Emitter &emitter;
  OpBuilder &builder;
  Location location;
};

} // namespace

LargeAngle LargeAngleBuilder::reduce(Lanes x) {
  // |x| = m 2^e with an integer m. In x 2/pi the bits of 2/pi down to weight 2^(2 - e) only add multiples of 4; the
  // table has 64 zeros in front, so that the first bit kept stands at biased exponent - 1013.
  Lanes pattern = bits(x);
  Lanes biased = andInteger(shiftRight(pattern, 52), 0x7ff);
  Lanes mantissa = orInteger(andInteger(pattern, (uint64_t(1) << 52) - 1), uint64_t(1) << 52);
  Lanes position = addInteger(biased, uint64_t(-1013));
  Lanes word = shiftRight(position, 6);
  Lanes offset = andInteger(position, 63);

  SmallVector<int64_t> words(std::begin(c::twoOverPiBits), std::end(c::twoOverPiBits));
  auto tableType = VectorType::get({int64_t(words.size())}, builder.getI64Type());
  Value table =
      arith::ConstantOp::create(builder, location, DenseElementsAttr::get(tableType, ArrayRef<int64_t>(words)));
  Lanes first = tableWord(table, word), second = tableWord(table, addInteger(word, 1));
  Lanes third = tableWord(table, addInteger(word, 2)), fourth = tableWord(table, addInteger(word, 3));

  // high:low = the fraction of m 2^(e - 2) 2/pi, in 128 bits.
  Lanes top = mantissa * window(first, second, offset);
  auto middle = arith::MulUIExtendedOp::create(builder, location, mantissa.value, window(second, third, offset).value);
  auto bottom = arith::MulUIExtendedOp::create(builder, location, mantissa.value, window(third, fourth, offset).value);
  auto sum = arith::AddUIExtendedOp::create(builder, location, middle.getLow(), bottom.getHigh());
  Lanes low = wrap(sum.getSum());
  Lanes carry = wrap(arith::ExtUIOp::create(builder, location, builder.getI64Type(), sum.getOverflow()));
  Lanes high = top + wrap(middle.getHigh()) + carry;

  // The two top bits, rounded, are the quadrant; what is below them, signed, the angle in units of pi/2.
  Lanes quadrant = shiftRight(addInteger(high, uint64_t(1) << 61), 62);
  Lanes fractionHigh = shiftLeft(high, 2) | shiftRight(low, 62);
  Lanes rest = shiftLeft(andInteger(fractionHigh, 0x7ff), 52) | shiftRight(shiftLeft(low, 2), 12);
  Lanes leading = signedToFloat(andInteger(fractionHigh, ~uint64_t(0x7ff)), Element::F64) * 0x1p-64;
  Lanes trailing = signedToFloat(rest, Element::F64) * 0x1p-116;
  Pair turn = fastExactSum(leading, trailing);
  Pair product = exactProduct(turn.high, emitter.constant(Element::F64, c::halfPi[0]));
  Pair angle = fastExactSum(product.high, fma(turn.low, c::halfPi[0], fma(turn.high, c::halfPi[1], product.low)));

  Lanes negative = integer(0) - shiftRight(pattern, 63);
  Lanes sign = copySign(emitter.constant(Element::F64, 1.0), x);
  return {angle.high * sign, angle.low * sign, (quadrant ^ negative) - negative};
}

LargeAngle reduceLargeAngle(Lanes x) {
  Emitter &emitter = *x.emitter;
  OpBuilder &builder = emitter.builder;
  Location location = emitter.location;
  if (emitter.isScalar())
    return LargeAngleBuilder(emitter).reduce(x);

  auto index = [&](int64_t value) -> Value { return arith::ConstantIndexOp::create(builder, location, value); };
  Value zero = emitter.constant(Element::F64, 0.0).value;
  SmallVector<Value, 3> initial{zero, zero, emitter.integer(Element::I64, 0).value};
  auto loop = scf::ForOp::create(builder, location, index(0), index(emitter.count()), index(1), initial);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    Value lane = loop.getInductionVar();
    Emitter scalars(builder, location, emitter.target, std::nullopt, emitter.pool);
    LargeAngle one =
        LargeAngleBuilder(scalars).reduce(scalars.wrap(vector::ExtractOp::create(builder, location, x.value, lane)));
    SmallVector<Value, 3> next;
    for (auto [value, all] : llvm::zip_equal(SmallVector<Value, 3>{one.high.value, one.low.value, one.quadrant.value},
                                             loop.getRegionIterArgs()))
      next.push_back(vector::InsertOp::create(builder, location, value, all, lane));
    scf::YieldOp::create(builder, location, next);
  }
  return {emitter.wrap(loop.getResult(0)), emitter.wrap(loop.getResult(1)), emitter.wrap(loop.getResult(2))};
}

} // namespace attn::lower::math
