#pragma once

#include "compiler/sema/Program.h"

#include <cstdint>

/// How elements of every stored type are read and written. Reading is exact. Writing rounds once, to nearest with ties
/// to even; integers keep their low bits; a float stored as an integer goes through int().
namespace attn::reference {

double decodeFloat16(uint16_t bits);
double decodeBFloat16(uint16_t bits);
uint16_t encodeFloat16(double value);
uint16_t encodeBFloat16(double value);

bool isReal(sema::ElementType element);

/// Calls `visit` with a pointer to `data` as an array of a type that reads as its value: `visit(const T *)`, where T
/// converts to double or int64_t.
template <typename Visit> void visitElements(sema::ElementType element, const void *data, Visit visit);

void storeReal(sema::ElementType element, void *data, int64_t offset, double value);
void storeInteger(sema::ElementType element, void *data, int64_t offset, int64_t value);

/// Truncates toward zero, saturates at the limits of int64_t; NaN is 0.
int64_t truncate(double value);

struct Float16 {
  uint16_t bits;
  operator double() const { return decodeFloat16(bits); }
};
struct BFloat16 {
  uint16_t bits;
  operator double() const { return decodeBFloat16(bits); }
};

template <typename Visit> void visitElements(sema::ElementType element, const void *data, Visit visit) {
  switch (element) {
  case sema::ElementType::F16:
    return visit(static_cast<const Float16 *>(data));
  case sema::ElementType::BF16:
    return visit(static_cast<const BFloat16 *>(data));
  case sema::ElementType::F32:
    return visit(static_cast<const float *>(data));
  case sema::ElementType::I8:
    return visit(static_cast<const int8_t *>(data));
  case sema::ElementType::U8:
  case sema::ElementType::Bool:
    return visit(static_cast<const uint8_t *>(data));
  case sema::ElementType::I32:
    return visit(static_cast<const int32_t *>(data));
  case sema::ElementType::I64:
    return visit(static_cast<const int64_t *>(data));
  }
}

} // namespace attn::reference
