#pragma once

#include "runtime/tensor/Result.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace attn {

/// A file open for reading whose size is known: no device, pipe or folder, which would give bytes without an end or none at all.
class RegularFile {
public:
  /// `what` is the kind of file wanted, for the failure: `is a directory, not a .npy file`.
  static Result<RegularFile> open(const std::string &path, std::string_view what);

  std::FILE *get() const { return file.get(); }
  int64_t size() const { return bytes; }

private:
  RegularFile(std::FILE *file, int64_t bytes) : file(file, &std::fclose), bytes(bytes) {}

  std::unique_ptr<std::FILE, int (*)(std::FILE *)> file;
  int64_t bytes;
};

} // namespace attn
