#pragma once

#include "compiler/codegen/Native.h"

#include <string>

namespace attn::codegen {

/// Adds the support code (launcher, packing, table ranges) of the module's architecture, with every symbol private: the object then needs
/// only libc and exports nothing but its kernels.
void addSupport(llvm::Module &module);

/// The bytes of a shared library made from an object's bytes by the system's C compiler, or by a cross compiler where the object is for
/// another architecture.
llvm::Expected<std::string> linkSharedLibrary(std::string_view object, const Target &target);

} // namespace attn::codegen
