#pragma once

#include "compiler/picture/Svg.h"

namespace attn::picture {

/// A part of a source that has a colour.
struct Highlight {
  size_t begin = 0, end = 0;
  std::string kind; ///< `keyword`, `comment`, `number`, `string`, `name`
};

/// What a page says of one attention.
struct PageSection {
  std::string name;
  std::vector<std::string> signature;
  std::vector<std::string> formulas; ///< MathML
  Figure figure;
  std::string explanation; ///< plain text
};

struct Page {
  std::string title;  ///< the file's name
  std::string source;
  std::vector<Highlight> highlights; ///< in order, apart
  std::vector<PageSection> sections;
};

/// One HTML file that refers to nothing outside itself.
std::string pageText(const Page &page, Appearance appearance);

} // namespace attn::picture
