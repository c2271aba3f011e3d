#include "compiler/source/SourceFile.h"

#include "compiler/source/Utf8.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace attn {

SourceFile::SourceFile(std::string path, std::string text) : filePath(std::move(path)), fileText(std::move(text)) {
  lineStarts.push_back(0);
  for (size_t at = 0; at < fileText.size(); ++at)
    if (fileText[at] == '\n')
      lineStarts.push_back(static_cast<uint32_t>(at + 1));
}

LineColumn SourceFile::locate(uint32_t offset) const {
  offset = std::min(offset, static_cast<uint32_t>(fileText.size()));
  auto after = std::upper_bound(lineStarts.begin(), lineStarts.end(), offset);
  uint32_t line = static_cast<uint32_t>(after - lineStarts.begin());
  uint32_t column = 1;
  for (uint32_t at = lineBegin(line); at < offset; ++column)
    at += static_cast<uint8_t>(fileText[at]) < 0x80 ? 1 : decodeUtf8(fileText, at).size;
  return {line, column};
}

std::string_view SourceFile::line(uint32_t number) const {
  number = std::max<uint32_t>(number, 1);
  uint32_t begin = lineBegin(number);
  size_t end = number < lineCount() ? lineStarts[number] - 1 : fileText.size();
  if (end > begin && fileText[end - 1] == '\r')
    --end;
  return std::string_view(fileText).substr(begin, end - begin);
}

uint32_t SourceFile::lineBegin(uint32_t number) const {
  return lineStarts[std::clamp<uint32_t>(number, 1, lineCount()) - 1];
}

const SourceFile *SourceManager::addText(std::string path, std::string text) {
  files.push_back(std::make_unique<SourceFile>(std::move(path), std::move(text)));
  return files.back().get();
}

/// Reads up to one byte more than a source may have, so that the caller sees what is too large without reading it all
/// (the path may name a device or a pipe). Returns errno's value, 0 on success.
static int readBounded(const std::string &path, std::string &text) {
  std::FILE *file = std::fopen(path.c_str(), "rb");
  if (!file)
    return errno;
  char buffer[65536];
  size_t count = 0;
  while (text.size() <= maximumSourceSize && (count = std::fread(buffer, 1, sizeof buffer, file)) > 0)
    text.append(buffer, count);
  int failure = std::ferror(file) ? (errno ? errno : EIO) : 0;
  std::fclose(file);
  return failure;
}

std::vector<std::string> SourceManager::openedFiles() const {
  std::vector<std::string> paths;
  for (const auto &[path, file] : opened)
    paths.push_back(path);
  return paths;
}

const SourceFile *SourceManager::open(const std::string &path, std::string &reason) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    reason = "not a file name";
    return nullptr;
  }
  std::error_code failure;
  std::filesystem::path canonical = std::filesystem::canonical(path, failure);
  if (failure) {
    reason = failure == std::errc::no_such_file_or_directory ? "no such file" : failure.message();
    return nullptr;
  }
  for (const auto &[name, file] : opened)
    if (name == canonical.string())
      return file;
  if (std::filesystem::is_directory(canonical, failure)) {
    reason = "is a directory";
    return nullptr;
  }
  std::string text;
  if (int code = readBounded(path, text)) {
    reason = std::generic_category().message(code);
    return nullptr;
  }
  if (text.size() > maximumSourceSize) {
    reason = "larger than " + std::to_string(maximumSourceSize >> 20) + " MiB";
    return nullptr;
  }
  const SourceFile *file = addText(path, std::move(text));
  opened.emplace_back(canonical.string(), file);
  return file;
}

} // namespace attn
