#pragma once

#include "compiler/sema/Program.h"

#include <string>

namespace attn::library {

/// Text that is equal for two attentions exactly if they compile to the same code and the same messages: everything sema knows of them, the
/// places of their source included.
std::string fingerprint(const sema::Attention &attention);

} // namespace attn::library
