#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace attn {

/// The largest file the compiler reads. A spec has some kilobytes; the bound keeps a wrong path (a tensor, a device)
/// from filling the memory, and every offset in 32 bits.
inline constexpr uint32_t maximumSourceSize = 4u << 20;

/// A line and column as people count them: both from 1; the column counts Unicode code points.
struct LineColumn {
  uint32_t line = 1;
  uint32_t column = 1;
};

/// One file's text, immutable and NUL-terminated, with the offsets of its lines. Everything that points into
/// source points here by byte offset.
class SourceFile {
public:
  SourceFile(std::string path, std::string text);
  SourceFile(const SourceFile &) = delete;
  SourceFile &operator=(const SourceFile &) = delete;

  const std::string &path() const { return filePath; }
  std::string_view text() const { return fileText; }

  LineColumn locate(uint32_t offset) const;
  /// The text of a line (from 1), without its line end.
  std::string_view line(uint32_t number) const;
  /// Byte offset at which a line (from 1) begins.
  uint32_t lineBegin(uint32_t number) const;
  uint32_t lineCount() const { return static_cast<uint32_t>(lineStarts.size()); }

private:
  std::string filePath;
  std::string fileText;
  std::vector<uint32_t> lineStarts;
};

/// A half-open range of bytes of one file. A default range points nowhere (a value the compiler supplied).
struct SourceRange {
  const SourceFile *file = nullptr;
  uint32_t begin = 0;
  uint32_t end = 0;

  explicit operator bool() const { return file != nullptr; }
  std::string_view text() const { return file ? file->text().substr(begin, end - begin) : std::string_view(); }
  /// The smallest range that covers both, which lie in the same file.
  SourceRange to(SourceRange last) const { return {file, begin, last.end}; }
};

/// Owns every file of a compilation, so that ranges stay valid as long as it lives.
class SourceManager {
public:
  /// Adds text under a name that need not exist on disk (`<input>`, a test's name).
  const SourceFile *addText(std::string path, std::string text);
  /// Reads a file. On failure returns null and puts the reason (`no such file`, `is a directory`, `larger than …`) in
  /// `reason`. A file already read (same canonical path) is returned again.
  const SourceFile *open(const std::string &path, std::string &reason);
  /// The canonical paths of all files read from disk, in the order they were first opened.
  std::vector<std::string> openedFiles() const;

private:
  std::vector<std::unique_ptr<SourceFile>> files;
  std::vector<std::pair<std::string, const SourceFile *>> opened;
};

} // namespace attn
