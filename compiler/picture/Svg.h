#pragma once

#include "compiler/picture/Drawing.h"

namespace attn::picture {

/// Which of its two appearances a picture has: always one, or the reader's choice.
enum class Appearance : uint8_t { Auto, Light, Dark };

/// Text in XML and HTML: `&lt;` for <. Control characters, which XML has no place for, are left out.
std::string escaped(std::string_view text);

/// An SVG file.
std::string svgText(const Drawing &drawing, Appearance appearance);

/// The same as an element for a page, whose colours are the classes of `svgStyle`.
std::string svgElement(const Drawing &drawing, std::string_view attributes = "");

/// The rules for the colours that some drawings use.
std::string svgStyle(const std::vector<const Drawing *> &drawings, Appearance appearance);

} // namespace attn::picture
