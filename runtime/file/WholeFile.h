#pragma once

#include "runtime/tensor/Result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace attn {

/// A file that appears whole or not at all: it is written beside its place under a temporary name and renamed by
/// `commit`. Destroyed without that, it leaves nothing behind and an existing file untouched. A place that is not a
/// regular file
/// (`/dev/stdout`, a pipe) is written directly. A symbolic link is followed.
class WholeFile {
public:
  static Result<WholeFile> create(const std::string &path);

  WholeFile(WholeFile &&other) noexcept;
  WholeFile &operator=(WholeFile &&) = delete;
  ~WholeFile();

  Status write(const void *bytes, size_t count);
  Status write(std::string_view text) { return write(text.data(), text.size()); }
  Status commit();

private:
  WholeFile() = default;
  Failure failed(int error) const;

  std::string shownPath, target, temporary; ///< temporary is empty where the place is written directly
  int descriptor = -1;
};

/// All of it at once.
Status writeWhole(const std::string &path, std::string_view content);

} // namespace attn
