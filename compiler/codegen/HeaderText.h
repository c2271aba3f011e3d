#pragma once

#include <string_view>

namespace attn::codegen {

/// The texts every generated header carries, word for word and under their own guards: runtime/include/attn/dlpack.h, which
/// declares DLPack's types unless DLPack's own header came first, and runtime/include/attn/kernel.h.
std::string_view headerTensorText();
std::string_view headerSharedText();

} // namespace attn::codegen
