#pragma once

#include "compiler/codegen/Native.h"

#include <string>

namespace attn::codegen {

/// Adds the support code (launcher, packing, table ranges) to a module, with every symbol private: the object then needs only
/// libc and exports nothing but its kernels.
void addSupport(llvm::Module &module);

/// The bytes of a shared library made from an object's bytes by the system's C compiler.
llvm::Expected<std::string> linkSharedLibrary(std::string_view object);

} // namespace attn::codegen
