#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace attn {

/// What a tensor stores, numbered as `attn_element` of runtime/kernel/Kernel.h.
enum class ElementType : uint8_t { F16, BF16, F32, I8, U8, I32, I64, Bool };

/// The language's name: `bf16`.
std::string_view spelling(ElementType type);
std::optional<ElementType> parseElementType(std::string_view name);
int64_t byteSize(ElementType type);
bool isFloat(ElementType type);
/// The values an integer type holds; false and true for Bool. Not for floats.
int64_t lowestInteger(ElementType type);
int64_t highestInteger(ElementType type);

/// Nearest, ties to even; overflow is infinite; a NaN stays a (quiet) NaN. From double they round once.
uint16_t toHalf(double value);
uint16_t toBfloat(double value);
float fromHalf(uint16_t bits);
float fromBfloat(uint16_t bits);

} // namespace attn
