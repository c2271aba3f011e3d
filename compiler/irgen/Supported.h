#pragma once

#include "compiler/diagnostics/Diagnostics.h"
#include "compiler/sema/Program.h"

namespace attn::irgen {

/// Reports everything in the attention that the compiler can't lower yet, each with what exactly is missing. True if there
/// is nothing. This is the one place that knows the compiled subset: a feature that lands takes its report away here.
bool checkSupported(const sema::Attention &attention, Diagnostics &diagnostics);

/// Whether a dimension's size is made of what a tensor's sizes may be made of: integers, extents, + - * // %.
bool isSizeExpression(const sema::Attention &attention, sema::NodeId value);

/// The input's dimension that the run computes an extent from (`H * D` gives D once H is known): tensor and number. Nothing for an
/// extent that is bound in another way.
std::optional<std::pair<sema::TensorId, size_t>> solvedDimension(const sema::Attention &attention, sema::ExtentId id);

/// How a store is made once everywhere by a run's check: in one dimension it is at `table`, which varies with b only, plus a coordinate.
struct CheckedStore {
  size_t dimension;
  sema::NodeId table;
  sema::CoordinateId coordinate;
};
/// Nothing for a store of another form.
std::optional<CheckedStore> checkedStore(const sema::Attention &attention, const sema::Output &output);

/// The extent that another one is by definition (`J = I`), or itself. What is compared by number is known to be equal.
sema::ExtentId definingExtent(const sema::Attention &attention, sema::ExtentId id);

} // namespace attn::irgen
