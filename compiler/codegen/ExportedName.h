#pragma once

#include "compiler/sema/Program.h"

#include <string>
#include <string_view>
#include <vector>

namespace attn::codegen {

/// The name under which C and C++ see an attention: its own, or with a trailing `_` where that is a keyword of either, `main`,
/// a function of libc that the object calls, a type of <stdint.h> or <stddef.h>, or begins with `attn_`.
std::string exportedName(std::string_view name);

/// The names of the argument struct's members: inputs, outputs, then scalars. Keywords get a trailing `_`, and another where
/// the spec has that name too.
std::vector<std::string> memberNames(const sema::Attention &attention);

/// A dimension as the spec writes it: `D`, `B + 1`.
std::string dimensionText(const sema::Attention &attention, const sema::Dimension &dimension);

/// A signature line: `f32[B, H, I, D]`.
std::string tensorType(const sema::Attention &attention, sema::ElementType element,
                       const std::vector<sema::Dimension> &dimensions);

} // namespace attn::codegen
