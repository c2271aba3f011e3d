#pragma once

#include "test/unit/Catch.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace attn::test {

/// A folder of its own for one test, removed at its end.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "attn-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  TemporaryFolder(const TemporaryFolder &) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path); }

  std::string operator/(std::string_view name) const {
    return name.empty() ? path.string() : path.string() + "/" + std::string(name);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto &entry : std::filesystem::directory_iterator(path))
      all.push_back(entry.path().filename().string());
    std::sort(all.begin(), all.end());
    return all;
  }

private:
  std::filesystem::path path;
};

inline bool exists(const std::string &path) { return std::filesystem::exists(path); }

inline std::string contentOf(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

inline void putContent(const std::string &path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

} // namespace attn::test
