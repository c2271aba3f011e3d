#include "compiler/diagnostics/DisplayText.h"

#include "compiler/source/Utf8.h"

#include <algorithm>
#include <iterator>

namespace attn {

namespace {

struct CodePointRange {
  char32_t first, last;
};

constexpr CodePointRange wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2E80, 0x303E},   {0x3041, 0x4DBF},
    {0x4E00, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
    {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};

constexpr CodePointRange zeroWidth[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F}, {0x0E34, 0x0E3A},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
};

/// Controls, and marks that change the direction of what follows.
constexpr CodePointRange disturbing[] = {
    {0x00, 0x1F},     {0x7F, 0x9F},     {0x061C, 0x061C}, {0x200E, 0x200F},
    {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF},
};

template <size_t N> bool isIn(const CodePointRange (&ranges)[N], char32_t value) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [&](CodePointRange range) { return value >= range.first && value <= range.last; });
}

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view ellipsis = "\xE2\x80\xA6";
constexpr uint32_t tabWidth = 4;
constexpr uint32_t longestLine = 110;
constexpr uint32_t lead = 40;

struct Cell {
  std::string text;
  uint32_t width;
};

Cell displayCharacter(std::string_view text, uint32_t at, CodePoint character) {
  if (!character.valid || isIn(disturbing, character.value))
    return {std::string(replacement), 1};
  uint32_t width = isIn(wide, character.value) ? 2 : isIn(zeroWidth, character.value) ? 0 : 1;
  return {std::string(text.substr(at, character.size)), width};
}

/// The start of the character `count` before `at`.
uint32_t stepBack(std::string_view text, uint32_t at, uint32_t count) {
  while (count-- > 0 && at > 0) {
    uint32_t start = at - 1;
    while (start > 0 && at - start < 4 && (static_cast<uint8_t>(text[start]) & 0xC0) == 0x80)
      --start;
    at = decodeUtf8(text, start).size == at - start ? start : at - 1;
  }
  return at;
}

/// Displays from byte `start`. `complete` tells whether the end of the line was reached.
DisplayLine displayFrom(std::string_view line, uint32_t start, uint32_t begin, uint32_t end, bool &complete) {
  DisplayLine result;
  uint32_t column = 0;
  if (start != 0) {
    result.text = ellipsis;
    column = 1;
  }
  uint32_t rangeBegin = ~0u, rangeEnd = ~0u;
  uint32_t at = start;
  uint32_t limit = start + 8 * longestLine;
  while (at < line.size() && at < limit && column < longestLine) {
    if (at >= begin && rangeBegin == ~0u)
      rangeBegin = column;
    if (at >= end && rangeEnd == ~0u)
      rangeEnd = column;
    CodePoint character = decodeUtf8(line, at);
    if (character.value == '\t') {
      uint32_t width = tabWidth - column % tabWidth;
      result.text.append(width, ' ');
      column += width;
    } else {
      Cell cell = displayCharacter(line, at, character);
      result.text += cell.text;
      column += cell.width;
    }
    at += character.size;
  }
  complete = at >= line.size();
  result.column = rangeBegin == ~0u ? column : rangeBegin;
  result.width =
      std::max<uint32_t>(1, std::min(rangeEnd, column) - std::min(result.column, std::min(rangeEnd, column)));
  if (!complete)
    result.text += ellipsis;
  return result;
}

} // namespace

DisplayLine displayLine(std::string_view line, uint32_t begin, uint32_t end) {
  begin = std::min<uint32_t>(begin, static_cast<uint32_t>(line.size()));
  end = std::clamp<uint32_t>(end, begin, static_cast<uint32_t>(line.size()));
  bool complete = false;
  DisplayLine whole = displayFrom(line, 0, begin, end, complete);
  if (complete || whole.column + whole.width + lead / 2 < longestLine)
    return whole;
  return displayFrom(line, stepBack(line, begin, lead), begin, end, complete);
}

std::string displayText(std::string_view text) {
  std::string result;
  for (uint32_t at = 0; at < text.size();) {
    CodePoint character = decodeUtf8(text, at);
    result += character.value == '\n' ? "\n" : displayCharacter(text, at, character).text;
    at += character.size;
  }
  return result;
}

} // namespace attn
