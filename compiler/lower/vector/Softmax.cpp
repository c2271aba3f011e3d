#include "compiler/lower/vector/Normaliser.h"

#include "compiler/lower/math/ExpandMath.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>
#include <numbers>

using namespace mlir;

namespace attn::lower {

namespace {

/// Online softmax (Milakov and Gimelshein 2018) in base 2: the state is the largest score m and the sum l of 2^(s - m). m starts at the lowest
/// float, not -inf, so that s - m is -inf, and the weight 0, for an invisible key in a row that has seen nothing. Maxima take the old value where
/// the new is NaN; a NaN still reaches l through its own weight.
class Softmax final : public Normaliser {
public:
  Softmax(Code &code, VectorType type, int64_t vectors, const MathTarget &target)
      : code(code), type(type), vectors(vectors), target(target) {}

  Vectors initial() const override {
    Vectors state(vectors, code.real(std::numeric_limits<float>::lowest(), type));
    state.append(vectors, code.real(0, type));
    return state;
  }

  Absorbed absorb(ValueRange state, ValueRange maximum, ValueRange unit, Value isCareful,
                  function_ref<Vectors(Vectors, Row)> visitRows) const override {
    Absorbed result;
    Vectors origins;
    for (int64_t part = 0; part < vectors; ++part) {
      Value next = larger(maximum[part], state[part]);
      result.state.push_back(next);
      result.rescale.push_back(exp2(distance(state[part], next, unit, part)));
      origins.push_back(code.select(isCareful, code.real(0, type), next));
    }
    code.when(isCareful, [&] {
      visitRows({}, [&](ValueRange scores, Vectors &) {
        Vectors distances;
        for (int64_t part = 0; part < vectors; ++part)
          distances.push_back(distance(scores[part], result.state[part], unit, part));
        return distances;
      });
    });
    // A block's weights are summed apart, as its values are.
    Vectors sums = visitRows(Vectors(vectors, code.real(0, type)), [&](ValueRange scores, Vectors &carried) {
      Vectors weights;
      for (int64_t part = 0; part < vectors; ++part) {
        weights.push_back(exp2(subtract(scores[part], origins[part])));
        carried[part] = arith::AddFOp::create(code.builder, code.location, carried[part], weights[part]);
      }
      return weights;
    });
    for (int64_t part = 0; part < vectors; ++part)
      result.state.push_back(
          arith::AddFOp::create(code.builder, code.location, multiply(state[vectors + part], result.rescale[part]), sums[part]));
    return result;
  }

  Combined combine(ValueRange left, ValueRange right, ValueRange unit) const override {
    Combined result;
    Vectors sums;
    for (int64_t part = 0; part < vectors; ++part) {
      Value maximum = larger(right[part], left[part]);
      result.state.push_back(maximum);
      result.rescaleLeft.push_back(exp2(distance(left[part], maximum, unit, part)));
      result.rescaleRight.push_back(exp2(distance(right[part], maximum, unit, part)));
      sums.push_back(arith::AddFOp::create(code.builder, code.location, multiply(left[vectors + part], result.rescaleLeft[part]),
                                           multiply(right[vectors + part], result.rescaleRight[part])));
    }
    result.state.append(sums);
    return result;
  }

  Finished finish(ValueRange state, ValueRange unit) const override {
    constexpr double most = std::numeric_limits<float>::max();
    Finished result;
    Value zero = code.real(0, type), one = code.real(1, type);
    Value minusInfinity = code.real(-std::numeric_limits<double>::infinity(), type);
    for (int64_t part = 0; part < vectors; ++part) {
      Value maximum = state[part], sum = state[vectors + part];
      Value isEmpty = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::OEQ, sum, zero);
      Value ln2 = code.real(std::numbers::ln2, type);
      Value logarithm = math::Log2Op::create(code.builder, code.location, sum);
      Value natural = math::FmaOp::create(code.builder, code.location, maximum, multiply(unit[part], ln2),
                                          multiply(logarithm, ln2));
      // The largest float, divided by log(2) and multiplied again, may round to infinity.
      natural = clampFinite(clampFinite(natural, arith::CmpFPredicate::OGT, most), arith::CmpFPredicate::OLT, -most);
      result.isEmpty.push_back(isEmpty);
      result.factor.push_back(arith::DivFOp::create(code.builder, code.location, one, sum));
      result.logDenominator.push_back(code.select(isEmpty, minusInfinity, natural));
    }
    return result;
  }

private:
  Value larger(Value candidate, Value current) const {
    Value isLarger = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::OGT, candidate, current);
    return code.select(isLarger, candidate, current);
  }
  Value clampFinite(Value value, arith::CmpFPredicate isBeyond, double limit) const {
    Value bound = code.real(limit, type);
    return code.select(arith::CmpFOp::create(code.builder, code.location, isBeyond, value, bound), bound, value);
  }
  /// The exponent between two scores.
  Value distance(Value score, Value maximum, ValueRange unit, int64_t part) const {
    return multiply(subtract(score, maximum), unit[part]);
  }
  Value subtract(Value left, Value right) const { return arith::SubFOp::create(code.builder, code.location, left, right); }
  Value multiply(Value left, Value right) const { return arith::MulFOp::create(code.builder, code.location, left, right); }

  /// 2^exponent, or 0 where that is so small that no sum of as many weights as there can be keys would notice: products with subnormal
  /// numbers take a hundred cycles each on some machines.
  Value exp2(Value exponent) const {
    Value power = buildSoftmaxExp2(code.builder, code.location, exponent, target);
    Value isTiny = arith::CmpFOp::create(code.builder, code.location, arith::CmpFPredicate::OLT, exponent, code.real(-100, type));
    return code.select(isTiny, code.real(0, type), power);
  }

  Code &code;
  VectorType type;
  int64_t vectors;
  MathTarget target;
};

/// Weights that are summed as they are. Nothing is carried.
class PlainSum final : public Normaliser {
public:
  PlainSum(Code &code, VectorType type, int64_t vectors) : code(code), type(type), vectors(vectors) {}

  Vectors initial() const override { return {}; }

  Absorbed absorb(ValueRange, ValueRange, ValueRange, Value, function_ref<Vectors(Vectors, Row)>) const override {
    return {{}, Vectors(vectors, code.real(1, type))};
  }

  Combined combine(ValueRange, ValueRange, ValueRange) const override {
    Vectors ones(vectors, code.real(1, type));
    return {{}, ones, ones};
  }

  Finished finish(ValueRange, ValueRange) const override {
    Value never = code.integer(0, VectorType::get(type.getShape(), code.i1()));
    return {Vectors(vectors, code.real(1, type)), Vectors(vectors, never), Vectors(vectors, code.real(0, type))};
  }

private:
  Code &code;
  VectorType type;
  int64_t vectors;
};

} // namespace

std::unique_ptr<Normaliser> createNormaliser(ir::Normaliser kind, Code &code, VectorType type, int64_t vectors,
                                             const MathTarget &target) {
  switch (kind) {
  case ir::Normaliser::Softmax:
    return std::make_unique<Softmax>(code, type, vectors, target);
  case ir::Normaliser::Sum:
    return std::make_unique<PlainSum>(code, type, vectors);
  }
  llvm_unreachable("unknown normaliser");
}

} // namespace attn::lower
