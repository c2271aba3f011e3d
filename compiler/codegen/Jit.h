#pragma once

#include "attn/kernel.h"

#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <string_view>

namespace attn::codegen {

/// A kernel's entry, as the generated header declares it: `arguments` is its argument struct.
using KernelEntry = int32_t (*)(const void *arguments, const attn_context *context, attn_error *error);

/// Machine code loaded into this process. The support functions of runtime/kernel/Kernel.h are the process's own. Entries stay
/// valid as long as this lives; calling them is thread-safe.
class LoadedCode {
public:
  /// Loads the bytes of an object as `emit` returns them for this machine.
  static llvm::Expected<std::unique_ptr<LoadedCode>> load(std::string object);
  ~LoadedCode();

  /// The entry under its exported name.
  llvm::Expected<KernelEntry> find(std::string_view symbol) const;

private:
  struct Session;
  explicit LoadedCode(std::unique_ptr<Session> session);
  std::unique_ptr<Session> session;
};

} // namespace attn::codegen
