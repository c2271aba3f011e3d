#pragma once

#include <cstdint>

namespace attn::lower {

/// A sum of so many products of queries and keys at most is written out, a matrix product for each term, where its extent is known. Each has code of its own.
inline constexpr int64_t mostShortSumTerms = 16;

} // namespace attn::lower
