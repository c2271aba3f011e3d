#pragma once

#include "compiler/library/KernelSignature.h"

#include "attn/kernel.h"

#include <memory>
#include <string>
#include <vector>

namespace attn::library {

/// Kernels of an object or a shared library that attnc wrote, in this process. Immutable; may be shared between
/// threads.
class LoadedObject {
public:
  using Entry = int32_t (*)(const void *arguments, const attn_context *context, attn_error *error);

  static Result<std::shared_ptr<const LoadedObject>> open(const std::string &path);
  ~LoadedObject();

  const std::vector<KernelSignature> &kernels() const { return signatures; }
  /// Of the kernel at an index; valid as long as this lives.
  Entry entry(size_t index) const { return entries[index]; }

private:
  struct Code;
  LoadedObject();

  std::vector<KernelSignature> signatures;
  std::vector<Entry> entries;
  std::unique_ptr<Code> code;
};

} // namespace attn::library
