#include "compiler/lower/math/Scaling.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

namespace attn::lower::math {

bool hasScale(Lanes x) {
  const Emitter &emitter = *x.emitter;
  return emitter.target.avx512 && emitter.shape && emitter.shape->size() == 1 &&
         emitter.count() == (x.isDouble() ? 8 : 16);
}

Lanes scale(Lanes x, Lanes n) {
  Emitter &emitter = *x.emitter;
  OpBuilder &builder = emitter.builder;
  bool isDouble = x.isDouble();
  constexpr int64_t currentRounding = 4;
  Value mask = emitter.scalarInteger(isDouble ? 8 : 16, -1);
  Value rounding = emitter.scalarInteger(32, currentRounding);
  Value zero = emitter.constant(x.element, 0.0).value;
  StringRef name = isDouble ? "llvm.x86.avx512.mask.scalef.pd.512" : "llvm.x86.avx512.mask.scalef.ps.512";
  auto call = LLVM::CallIntrinsicOp::create(builder, emitter.location, x.value.getType(), builder.getStringAttr(name),
                                            ValueRange{x.value, n.value, zero, mask, rounding});
  return {&emitter, call.getResult(0), x.element};
}

Lanes scaleByShifted(Lanes x, Lanes shifted) {
  // n is split into two halves, made positive so that a logical shift halves it (AVX2 has no other on 64 bits).
  FloatFormat format = formatOf(x);
  uint64_t offset = x.isDouble() ? 4096 : 512;
  uint64_t rebias = uint64_t(format.bias) - offset / 2;
  Lanes n = addInteger(bits(shifted), offset - format.bitsOf(format.roundingShift()));
  Lanes half = shiftRight(n, 1);
  Lanes first = asFloat(shiftLeft(addInteger(half, rebias), format.mantissaBits));
  Lanes second = asFloat(shiftLeft(addInteger(n - half, rebias), format.mantissaBits));
  return (x * first) * second;
}

} // namespace attn::lower::math
