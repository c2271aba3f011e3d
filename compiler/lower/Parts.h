#pragma once

#include <cstdint>

namespace attn::lower {

/// A run with fewer row blocks of queries than `mostPartTasks` cuts the keys of each into parts of at least `leastPartKeys`. Beside the products with 1024 keys,
/// what a part costs (to bring its queries into form, to store and to merge what it has come to) is a hundredth. 64 tasks keep many more threads busy, to the same
/// end, than a run with so few rows is likely to be given.
inline constexpr int64_t leastPartKeys = 1024, mostPartTasks = 64;

/// What a run keeps of all its parts, in bytes, however many heads and features there are.
inline constexpr int64_t mostPartBytes = 1 << 19;

} // namespace attn::lower
