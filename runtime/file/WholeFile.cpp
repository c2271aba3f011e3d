#include "runtime/file/WholeFile.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace attn {

Failure WholeFile::failed(int error) const {
  return Failure{fmt::format("cannot write {}: {}", shownPath, std::strerror(error))};
}

static std::string directoryOf(const std::string &path) {
  size_t slash = path.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

static std::string resolved(const std::string &path) {
  std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr), &std::free);
  return real ? std::string(real.get()) : path;
}

static int openTemporary(const std::string &target, mode_t mode, std::string &temporary) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    temporary = fmt::format("{}.{}-{}.part", target, getpid(), attempt);
    int descriptor = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (descriptor >= 0 || errno != EEXIST)
      return descriptor;
  }
  return -1;
}

Result<WholeFile> WholeFile::create(const std::string &path) {
  WholeFile file;
  file.shownPath = path;
  file.target = path;
  if (path.empty())
    return Failure{"cannot write a file without a name"};
  struct stat status {};
  bool exists = stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode))
    return Failure{fmt::format("cannot write {}: it is a directory", path)};
  if (exists && access(path.c_str(), W_OK) != 0)
    return file.failed(errno);
  if (exists && !S_ISREG(status.st_mode)) {
    file.descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file.descriptor < 0)
      return file.failed(errno);
    return file;
  }
  if (exists)
    file.target = resolved(path);
  file.descriptor = openTemporary(file.target, exists ? status.st_mode & 0777 : 0666, file.temporary);
  if (file.descriptor >= 0)
    return file;
  int error = errno;
  file.temporary.clear();
  std::string directory = directoryOf(path);
  struct stat parent {};
  if (error == ENOENT && stat(directory.c_str(), &parent) != 0)
    return Failure{fmt::format("cannot write {}: there is no directory {}", path, directory)};
  if (error == EACCES || error == EROFS)
    return Failure{
        fmt::format("cannot write {}: the directory {} is not writable ({})", path, directory, std::strerror(error))};
  return file.failed(error);
}

WholeFile::WholeFile(WholeFile &&other) noexcept
    : shownPath(std::move(other.shownPath)), target(std::move(other.target)), temporary(std::move(other.temporary)),
      descriptor(std::exchange(other.descriptor, -1)) {
  other.temporary.clear();
}

WholeFile::~WholeFile() {
  if (descriptor >= 0)
    close(descriptor);
  if (!temporary.empty())
    unlink(temporary.c_str());
}

Status WholeFile::write(const void *bytes, size_t count) {
  const char *cursor = static_cast<const char *>(bytes);
  while (count > 0) {
    ssize_t written = ::write(descriptor, cursor, count);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return failed(errno);
    cursor += written;
    count -= size_t(written);
  }
  return std::monostate{};
}

Status WholeFile::commit() {
  if (close(std::exchange(descriptor, -1)) != 0)
    return failed(errno);
  if (!temporary.empty() && rename(temporary.c_str(), target.c_str()) != 0)
    return failed(errno);
  temporary.clear();
  return std::monostate{};
}

Status writeWhole(const std::string &path, std::string_view content) {
  Result<WholeFile> file = WholeFile::create(path);
  if (!file)
    return file.failure();
  Status status = file->write(content);
  return status ? file->commit() : status;
}

} // namespace attn
