#pragma once

#include "compiler/sema/Program.h"

#include <cstdint>
#include <vector>

namespace attn::library {

/// How an output's error is measured.
enum class ErrorKind : uint8_t {
  Values,    ///< relative to the largest |v| of the row
  LogSumExp, ///< absolute
  Other,     ///< relative to the largest of the row, or of what its values are sums of
};

/// An attention with more outputs, from which the bounds follow: for output n of the original, `scoreMagnitude[n]` is the output
/// that holds M of each of its rows and `valueMagnitude[n]` the one with the largest |v|, or, of other outputs, how large the terms
/// are that they are sums of; sema::none where there is none.
struct BoundedAttention {
  sema::Attention attention;
  std::vector<ErrorKind> kinds;
  std::vector<uint32_t> scoreMagnitude, valueMagnitude;
};

BoundedAttention withBounds(const sema::Attention &attention);

} // namespace attn::library
