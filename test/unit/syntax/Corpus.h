#pragma once

#include <string>
#include <vector>

namespace attn::syntax {

struct CorpusFile {
  std::string name;
  std::string text;
};

/// Every example, every file of the library, and a file that has every form of the grammar once.
const std::vector<CorpusFile> &corpus();

} // namespace attn::syntax
