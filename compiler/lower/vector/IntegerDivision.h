#pragma once

#include "compiler/lower/vector/Code.h"

namespace attn::lower {

/// floor(x / y) of integers, scalars or vectors of i32 or i64; y isn't 0. In 64 bits it wraps where it overflows;
/// `narrow` says that x, y and the quotient fit in 32 bits, whatever they are held in. Vectors of 64 bits are divided
/// by a function of its own that the module gets once.
mlir::Value floorDivide(Code &code, mlir::Value x, mlir::Value y, bool narrow);

/// x - y floor(x / y).
mlir::Value floorModulo(Code &code, mlir::Value x, mlir::Value y, bool narrow);

} // namespace attn::lower
