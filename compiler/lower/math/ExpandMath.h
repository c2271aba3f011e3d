#pragma once

#include "compiler/lower/math/MathTarget.h"

#include "mlir/IR/Value.h"

#include <memory>

namespace mlir {
class OpBuilder;
class Pass;
} // namespace mlir

namespace attn::lower {

/// `attn-expand-math`: replaces the functions of the `math` dialect, on scalars and vectors (of any rank, not scalable)
/// of f16, bf16, f32 and f64, by arithmetic, so that no call of the C library is left: exp, exp2, expm1, log, log2,
/// log1p, rsqrt, sin, cos, tan, tanh, atan, erf, powf and fpowi always, floor, ceil, trunc, round, roundeven and fma
/// where the target has no instruction for them. docs/math.md states the error of each. `math.sqrt`, absf and copysign
/// stay: they are instructions everywhere. Any other function of real numbers is reported as an error. 16-bit floats
/// are computed in f32.
///
/// Runs on any operation. Emits `arith`, `math`, `vector`, and, for the rare large angle, `scf`; `llvm.call_intrinsic`
/// with MathTarget::avx512. Constants are put at the start of the enclosing function's body.
std::unique_ptr<mlir::Pass> createExpandMathPass(const MathTarget &target = {});

/// Makes the pass known by its name, with the options `avx512`, `fma` and `round`.
void registerExpandMathPass();

/// 2^t for t <= 0, of f32, the way a softmax wants it: relative error 1.8e-7; exactly 1 for t = 0, exactly 0 for t =
/// -inf, NaN for NaN; results below 2^-126 may be 0. Positive t up to 127 are fine too. `t` is a scalar or a vector of
/// f32; a vector of 16 uses `vscalefps` where the target has it. Adds 8 operations then, 11 otherwise, and constants,
/// at the builder's insertion point.
mlir::Value buildSoftmaxExp2(mlir::OpBuilder &builder, mlir::Location location, mlir::Value t,
                             const MathTarget &target);

} // namespace attn::lower
