#pragma once

#include "compiler/reference/Array.h"
#include "compiler/reference/Binding.h"

#include <string>

namespace attn::reference {

/// `gemma.attn:3:24`; empty for a range that points nowhere.
std::string placeOf(SourceRange range);

/// What went wrong in the data, in one line: tensor, dimension, index, value and source.
std::string describe(const sema::Attention &attention, const Binding &binding, const Fault &fault);

/// `f32[1, 8, 1024, 64]`
std::string describeShape(sema::ElementType element, const std::vector<int64_t> &shape);

} // namespace attn::reference
