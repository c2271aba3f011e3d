#pragma once

#include "compiler/codegen/Native.h"

#include <string>

namespace attn::codegen {

/// Links the support code (launcher, packing, table ranges) a module uses into it, as private copies: the object then needs only
/// libc and exports nothing but its kernels.
llvm::Error linkSupport(llvm::Module &module, const std::vector<KernelSource> &kernels);

/// Writes a file whole or not at all: a reader never sees half of it, and an existing file stays as it is on failure. The
/// error's text says what failed and why, with the path.
llvm::Error writeWhole(const std::string &path, std::string_view bytes);

/// Links an object's bytes into a shared library at `path` with the system's C compiler, whole or not at all.
llvm::Error linkSharedLibrary(const std::string &path, std::string_view object);

} // namespace attn::codegen
