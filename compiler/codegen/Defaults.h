#pragma once

#include "compiler/sema/Program.h"

#include <optional>

namespace attn::codegen {

/// The value of an expression of fixed extents and constants: what a scalar's default is, where the caller's tensors cannot change
/// it. Int and Bool in `integer`, floats in `real`.
struct ConstantValue {
  int64_t integer = 0;
  double real = 0;
};

/// Nothing where the expression reads an extent that is not fixed, a scalar, or anything else of the run.
std::optional<ConstantValue> constantValue(const sema::Attention &attention, sema::NodeId node);

} // namespace attn::codegen
