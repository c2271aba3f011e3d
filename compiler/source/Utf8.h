#pragma once

#include <cstdint>
#include <string_view>

namespace attn {

/// One decoded character. Bytes that are not UTF-8 (overlong, surrogate, cut short, past U+10FFFF) decode one byte at a
/// time as U+FFFD with `valid` false.
struct CodePoint {
  char32_t value = 0xFFFD;
  uint32_t size = 1; ///< in bytes, at least 1
  bool valid = false;
};

/// Decodes the character at `offset`, which must lie inside `text`.
CodePoint decodeUtf8(std::string_view text, uint32_t offset);

} // namespace attn
