#pragma once

#include "compiler/codegen/Native.h"

#include <string>

namespace attn::codegen {

/// Links the support code (launcher, packing, table ranges) a module uses into it, as private copies: the object then needs only
/// libc and exports nothing but its kernels.
llvm::Error linkSupport(llvm::Module &module, const std::vector<KernelSource> &kernels);

/// The bytes of a shared library made from an object's bytes by the system's C compiler.
llvm::Expected<std::string> linkSharedLibrary(std::string_view object);

} // namespace attn::codegen
