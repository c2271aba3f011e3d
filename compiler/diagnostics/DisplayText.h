#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace attn {

/// What a terminal can be given of one source line, and where in it a range lies.
struct DisplayLine {
  std::string text;    ///< tabs expanded, characters that would disturb a terminal replaced, cut with `…` if long
  uint32_t column = 0; ///< terminal columns before the range
  uint32_t width = 1;  ///< terminal columns of the range, at least 1
};

/// Prepares `line` (no line end in it) for display with the bytes [begin, end) marked. Of a long line only the
/// surroundings of `begin` are shown, and only they are looked at.
DisplayLine displayLine(std::string_view line, uint32_t begin, uint32_t end);

/// `text` with every character replaced that would disturb a terminal; line ends stay.
std::string displayText(std::string_view text);

} // namespace attn
