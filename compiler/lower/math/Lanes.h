#pragma once

#include "compiler/lower/math/MathTarget.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"

#include <cstdint>
#include <optional>

/// A small notation for arithmetic on scalars and vectors, so that the expansion of a function reads like its formula:
/// `fma(r, q, 1.0)` adds the operation to the IR. All values of one Emitter have the same shape, and any of five
/// elements.
namespace attn::lower::math {

enum class Element : uint8_t { I1, I32, I64, F32, F64 };

class Emitter;

/// One SSA value and the emitter that made it. Operators add operations at the emitter's insertion point. Arithmetic
/// needs operands of one element; a number on either side becomes a constant of the other side's.
struct Lanes {
  Emitter *emitter = nullptr;
  mlir::Value value;
  Element element{};

  bool isDouble() const { return element == Element::F64; }
  bool isFloat() const { return element == Element::F32 || element == Element::F64; }
};

/// Where constants go. One that lives at the start of a function's body is made once for the whole function.
struct ConstantPool {
  mlir::Block *block = nullptr; ///< null: constants stand where they are used
  llvm::DenseMap<mlir::Attribute, mlir::Value> made;
};

class Emitter {
public:
  /// Emits at `builder`'s insertion point; `shape` is absent for scalars. `pool` may be null.
  Emitter(mlir::OpBuilder &builder, mlir::Location location, const MathTarget &target,
          std::optional<llvm::ArrayRef<int64_t>> shape, ConstantPool *pool = nullptr);

  /// An existing value of this emitter's shape.
  Lanes wrap(mlir::Value value);
  Lanes constant(Element element, double number);
  Lanes integer(Element element, uint64_t bits);
  /// One integer, not one per lane.
  mlir::Value scalarInteger(unsigned width, int64_t value);

  mlir::Type typeOf(Element element) const;
  bool isScalar() const { return !shape; }
  /// Number of lanes; 1 for a scalar.
  int64_t count() const;

  mlir::OpBuilder &builder;
  mlir::Location location;
  MathTarget target;
  std::optional<llvm::SmallVector<int64_t, 2>> shape;
  ConstantPool *pool;

private:
  mlir::Value materialize(mlir::TypedAttr attribute);
  Lanes splat(Element element, mlir::TypedAttr scalar);
};

Lanes operator+(Lanes a, Lanes b);
Lanes operator-(Lanes a, Lanes b);
Lanes operator*(Lanes a, Lanes b);
Lanes operator/(Lanes a, Lanes b);
Lanes operator-(Lanes a);
Lanes operator&(Lanes a, Lanes b);
Lanes operator|(Lanes a, Lanes b);
Lanes operator^(Lanes a, Lanes b);

Lanes operator+(Lanes a, double b);
Lanes operator-(Lanes a, double b);
Lanes operator*(Lanes a, double b);
Lanes operator+(double a, Lanes b);
Lanes operator-(double a, Lanes b);
Lanes operator*(double a, Lanes b);
Lanes operator/(double a, Lanes b);

/// Ordered comparisons: false where an operand is NaN.
Lanes operator<(Lanes a, Lanes b);
Lanes operator<(Lanes a, double b);
Lanes operator>(Lanes a, double b);
Lanes operator<=(Lanes a, double b);
Lanes operator>=(Lanes a, double b);
Lanes operator==(Lanes a, Lanes b);
Lanes operator==(Lanes a, double b);
/// True where they differ or an operand is NaN.
Lanes operator!=(Lanes a, Lanes b);

/// Two's complement arithmetic with a constant.
Lanes addInteger(Lanes a, uint64_t b);
Lanes andInteger(Lanes a, uint64_t b);
Lanes orInteger(Lanes a, uint64_t b);
Lanes shiftLeft(Lanes a, unsigned count);
Lanes shiftRight(Lanes a, unsigned count); ///< fills with zeros
Lanes integerNotZero(Lanes a);

/// a * b + c, rounded once where the target fuses (MathTarget::fma), twice otherwise.
Lanes fma(Lanes a, Lanes b, Lanes c);
Lanes fma(Lanes a, double b, Lanes c);
Lanes fma(Lanes a, Lanes b, double c);
Lanes select(Lanes condition, Lanes then, Lanes otherwise);
Lanes select(Lanes condition, Lanes then, double otherwise);
Lanes select(Lanes condition, double then, Lanes otherwise);
Lanes abs(Lanes a);
/// The magnitude of `a` with the sign of `sign`.
Lanes copySign(Lanes a, Lanes sign);
Lanes sqrt(Lanes a);
/// To an integral value, ties to even; one instruction where the target has it, else valid for |a| < 2^22 (2^51) only.
Lanes roundEven(Lanes a);
/// min(a, bound) and max(a, bound); NaN stays NaN.
Lanes clampAbove(Lanes a, double bound);
Lanes clampBelow(Lanes a, double bound);

/// The bits of a float as an integer of its width, and back.
Lanes bits(Lanes a);
Lanes asFloat(Lanes a);
Lanes toF64(Lanes a);
Lanes toF32(Lanes a);
/// An integer of another width: the low bits, or filled with zeros.
Lanes resizeInteger(Lanes a, Element element);
Lanes signedToFloat(Lanes a, Element element);

/// c[0] + c[1] x + c[2] x^2 + ... by Horner's rule.
Lanes polynomial(Lanes x, llvm::ArrayRef<double> coefficients);

/// value = high + low, |low| at most half a unit in the last place of high.
struct Pair {
  Lanes high, low;
};
/// a + b exactly; the fast one needs |a| >= |b| or a = 0.
Pair exactSum(Lanes a, Lanes b);
Pair fastExactSum(Lanes a, Lanes b);
/// a * b exactly (no overflow, no underflow). Without a fused multiply-add |a|, |b| < 2^(996) in f64.
Pair exactProduct(Lanes a, Lanes b);

/// What an algorithm needs to know of a float's format.
struct FloatFormat {
  unsigned mantissaBits; ///< stored ones: 23, 52
  unsigned width;
  int bias;
  double minNormal;
  Element integer;
  /// 1.5 * 2^mantissaBits: adding it to |x| < 2^(mantissaBits - 1) rounds x to an integer, held in the low bits of the
  /// sum.
  double roundingShift() const;
  uint64_t bitsOf(double value) const;
};
FloatFormat formatOf(Lanes a);
Lanes infinityLike(Lanes a);
Lanes notANumberLike(Lanes a);

/// `a` rounded to an integer n by adding the rounding shift: `value` is n, the low bits of `shifted` hold n + offset.
struct Rounded {
  Lanes value, shifted;
};
/// Needs |a| + |offset| < 2^(mantissaBits - 1).
Rounded roundByShift(Lanes a, double offset = 0);

/// True if any lane of the I1 value is.
mlir::Value anyLane(Lanes condition);

} // namespace attn::lower::math
