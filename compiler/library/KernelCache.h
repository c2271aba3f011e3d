#pragma once

#include "runtime/tensor/Result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace attn::library {

/// Machine code of kernels in a folder, one file each, for the next process that wants the same. Any number of processes may use a
/// folder at once. A file is written beside its place and renamed; what is read is believed only if its checksum says that it is whole. Never
/// the reason why something fails: what can't be read or written is compiled.
class KernelCache {
public:
  /// In the folder that ATTN_CACHE_DIR names; else in `attn` in XDG_CACHE_HOME or in ~/.cache. Nothing where ATTN_CACHE_DIR is empty, or no
  /// home is known.
  static std::optional<KernelCache> ofThisPerson();

  /// The folder is made when something is first written to it, readable by its owner alone. Files used least recently go where all are larger
  /// than `mostBytes` or nobody asked for them for a month.
  explicit KernelCache(std::string folder, uint64_t mostBytes = uint64_t(256) << 20) : folder(std::move(folder)), mostBytes(mostBytes) {}

  /// What became of looking for a key.
  enum class Outcome : uint8_t {
    Hit,
    Miss,
    Damaged, ///< a file is there and isn't what was written: cut short, changed, of another format
    Unusable ///< the folder can't be trusted or read
  };
  struct Lookup {
    Outcome outcome = Outcome::Miss;
    std::string code; ///< on a hit
    std::string why;  ///< where the folder is unusable
  };
  /// A key is text of any length that determines the code.
  Lookup find(std::string_view key) const;

  /// Puts code into its place, and removes what is too much.
  Status store(std::string_view key, std::string_view code) const;

  /// Takes a key's file away. False where there was none.
  Result<bool> remove(std::string_view key) const;

private:
  std::string pathOf(std::string_view digest) const;
  /// Whether nobody else could have put code into the folder. Says why not.
  Status trusted() const;

  std::string folder;
  uint64_t mostBytes;
};

/// What distinguishes this build of the compiler, and of the LLVM and MLIR that it runs with, from any other: the linker's build identifiers of
/// what is loaded. Fails where one has none.
Result<std::string> compilerIdentity();

} // namespace attn::library
