#pragma once

#include "compiler/sema/Program.h"

#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace attn::codegen {

/// The C header of an object that holds `attentions`: C99 and C++, clean under -Wall -Wextra -pedantic, with nothing but <stdint.h>
/// and <stddef.h> included. It works beside DLPack's own header and other generated ones. `stem` names the spec (`mistral`
/// of `mistral.attn`) in comments and the include guard. Fails where two names of the header would be the same.
llvm::Expected<std::string> writeHeader(const std::vector<const sema::Attention *> &attentions, const std::string &stem);

} // namespace attn::codegen
