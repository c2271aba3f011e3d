#pragma once

#include "compiler/sema/Program.h"

#include <cstdint>

/// The language's operations on single values, by definition. Ints are 64-bit and wrap.
namespace attn::reference {

double unary(sema::UnaryOp op, double x);
int64_t unary(sema::UnaryOp op, int64_t x);

inline int64_t wrapAdd(int64_t a, int64_t b) { return static_cast<int64_t>(uint64_t(a) + uint64_t(b)); }
inline int64_t wrapSubtract(int64_t a, int64_t b) { return static_cast<int64_t>(uint64_t(a) - uint64_t(b)); }
inline int64_t wrapMultiply(int64_t a, int64_t b) { return static_cast<int64_t>(uint64_t(a) * uint64_t(b)); }

/// Rounds the quotient down; the remainder has the divisor's sign. The divisor is not 0.
int64_t floorDivide(int64_t a, int64_t b);
int64_t floorModulo(int64_t a, int64_t b);
double floorDivide(double a, double b);
double floorModulo(double a, double b);

/// A count below 0 or above 63 shifts everything out: 0, or -1 for a negative number shifted right.
int64_t shiftLeft(int64_t a, int64_t count);
int64_t shiftRight(int64_t a, int64_t count);

/// `exponent` >= 0.
int64_t power(int64_t base, int64_t exponent);

/// NaN if either is.
double minimum(double a, double b);
double maximum(double a, double b);

} // namespace attn::reference
