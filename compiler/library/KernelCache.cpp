#include "compiler/library/KernelCache.h"

#include "runtime/file/WholeFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/xxhash.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

using namespace attn;
using namespace attn::library;

namespace {

/// A file: the magic words, the digest of its key, size and checksum of the code, the code. Numbers are little-endian.
constexpr std::string_view magic = "attn kernel 1\n";
constexpr size_t digestSize = 32, headerSize = magic.size() + digestSize + 16;

/// pruneCache removes files whose names begin so, and no others; the temporary files of a process that died do too.
constexpr const char *filePrefix = "llvmcache-";

std::string digestOf(std::string_view key) {
  auto bytes = llvm::SHA256::hash(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(key.data()), key.size()));
  return std::string(bytes.begin(), bytes.end());
}

uint64_t checksum(std::string_view code) { return llvm::xxh3_64bits(llvm::StringRef(code.data(), code.size())); }

std::string headerOf(std::string_view digest, std::string_view code) {
  char numbers[16];
  llvm::support::endian::write64le(numbers, code.size());
  llvm::support::endian::write64le(numbers + 8, checksum(code));
  return std::string(magic).append(digest).append(numbers, sizeof(numbers));
}

std::optional<std::string> variable(const char *name) {
  const char *value = std::getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

} // namespace

std::optional<KernelCache> KernelCache::ofThisPerson() {
  if (auto named = variable("ATTN_CACHE_DIR"))
    return named->empty() ? std::nullopt : std::optional(KernelCache(*named));
  // The standard says that a path which isn't absolute is to be ignored.
  if (auto caches = variable("XDG_CACHE_HOME"); caches && caches->starts_with("/"))
    return KernelCache(*caches + "/attn");
  if (auto home = variable("HOME"); home && home->starts_with("/"))
    return KernelCache(*home + "/.cache/attn");
  return std::nullopt;
}

std::string KernelCache::pathOf(std::string_view digest) const {
  return fmt::format("{}/{}{}", folder, filePrefix, llvm::toHex(llvm::StringRef(digest.data(), digest.size()), /*LowerCase=*/true));
}

Status KernelCache::trusted() const {
  struct stat status {};
  if (stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    return Failure{fmt::format("{} is not a folder that can be read", folder)};
  if (status.st_uid != geteuid())
    return Failure{fmt::format("{} belongs to someone else", folder)};
  if (status.st_mode & (S_IWGRP | S_IWOTH))
    return Failure{fmt::format("others may write to {}; `chmod go-w` it", folder)};
  return std::monostate();
}

KernelCache::Lookup KernelCache::find(std::string_view key) const {
  if (!llvm::sys::fs::exists(folder))
    return {};
  if (Status folderStatus = trusted(); !folderStatus)
    return {Outcome::Unusable, "", folderStatus.message()};
  std::string digest = digestOf(key);
  // Read, not mapped: someone may cut the file short while it is used.
  auto file = llvm::MemoryBuffer::getFile(pathOf(digest), /*IsText=*/false, /*RequiresNullTerminator=*/false, /*IsVolatile=*/true);
  if (!file)
    return {};
  std::string_view bytes((*file)->getBufferStart(), (*file)->getBufferSize());
  if (bytes.size() < headerSize)
    return {Outcome::Damaged, "", ""};
  std::string_view code = bytes.substr(headerSize);
  if (bytes.substr(0, headerSize) != headerOf(digest, code))
    return {Outcome::Damaged, "", ""};
  return {Outcome::Hit, std::string(code), ""};
}

Result<bool> KernelCache::remove(std::string_view key) const {
  if (!llvm::sys::fs::exists(folder))
    return false;
  if (Status folderStatus = trusted(); !folderStatus)
    return folderStatus.failure();
  std::string path = pathOf(digestOf(key));
  if (::unlink(path.c_str()) == 0)
    return true;
  if (errno == ENOENT)
    return false;
  return Failure{fmt::format("cannot remove {}: {}", path, std::strerror(errno))};
}

Status KernelCache::store(std::string_view key, std::string_view code) const {
  if (std::error_code error = llvm::sys::fs::create_directories(folder, /*IgnoreExisting=*/true, llvm::sys::fs::owner_all))
    return Failure{fmt::format("cannot make {}: {}", folder, error.message())};
  if (Status folderStatus = trusted(); !folderStatus)
    return folderStatus;
  std::string digest = digestOf(key), header = headerOf(digest, code);
  Result<WholeFile> file = WholeFile::create(pathOf(digest));
  if (!file)
    return file.failure();
  for (std::string_view part : {std::string_view(header), code})
    if (Status written = file->write(part); !written)
      return written;
  if (Status done = file->commit(); !done)
    return done;
  llvm::CachePruningPolicy policy;
  policy.Interval = std::chrono::seconds(0);
  policy.Expiration = std::chrono::hours(24 * 31);
  policy.MaxSizeBytes = mostBytes;
  policy.MaxSizeFiles = 10000;
  llvm::pruneCache(folder, policy);
  return std::monostate();
}
