#pragma once

#include "dialect/AttnDialect.h"

#include <optional>

namespace attn::lower {

/// Whether a function of keys and one feature is rows that tensors hold: a read of floats with the feature as an index
/// by itself, whose dimension has the feature's extent, or a choice of such reads by key.
bool readsRows(mlir::Value value, llvm::StringRef feature, int64_t extent, std::optional<int64_t> fixedExtent);

} // namespace attn::lower
