#include "runtime/file/RegularFile.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace attn {

Result<RegularFile> RegularFile::open(const std::string &path, std::string_view what) {
  // A pipe without a writer would not even open.
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return Failure{std::strerror(errno)};
  struct stat status {};
  std::string problem;
  if (fstat(descriptor, &status) != 0)
    problem = std::strerror(errno);
  else if (S_ISDIR(status.st_mode))
    problem = fmt::format("is a directory, not a {} file", what);
  else if (!S_ISREG(status.st_mode))
    problem = "is not a regular file";
  std::FILE *file = problem.empty() ? fdopen(descriptor, "rb") : nullptr;
  if (file)
    return RegularFile(file, int64_t(status.st_size));
  if (problem.empty())
    problem = std::strerror(errno);
  close(descriptor);
  return Failure{problem};
}

} // namespace attn
