#pragma once

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

#include <string>
#include <string_view>

namespace attn::codegen {

/// Puts text into a section of the object, `.attn.kernels`, that is not loaded into a process and names no symbol. A
/// linker that joins objects joins their texts.
void addDescription(llvm::Module &module, std::string_view text);

/// What kind of file holds kernels.
enum class ObjectForm : uint8_t { Relocatable, Shared };
struct Description {
  ObjectForm form;
  std::string text;
};

/// The text of an object's or a shared library's bytes. Fails where they are neither, are for another kind of machine,
/// or have no such section. The message goes on from the file's name: `is no object`.
llvm::Expected<Description> readDescription(llvm::StringRef bytes);

} // namespace attn::codegen
