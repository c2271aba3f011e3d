#include "compiler/source/Utf8.h"

namespace attn {

CodePoint decodeUtf8(std::string_view text, uint32_t offset) {
  auto byte = [&](uint32_t at) { return static_cast<uint8_t>(text[at]); };
  uint8_t first = byte(offset);
  if (first < 0x80)
    return {first, 1, true};
  uint32_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || offset + size > text.size())
    return {};
  char32_t value = first & (0xFF >> (size + 1));
  for (uint32_t n = 1; n < size; ++n) {
    if ((byte(offset + n) & 0xC0) != 0x80)
      return {};
    value = value << 6 | (byte(offset + n) & 0x3F);
  }
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < smallest[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
    return {};
  return {value, size, true};
}

} // namespace attn
