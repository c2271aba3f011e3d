#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace attn::picture {

/// Round coordinates along an axis of `extent` positions, from 0, at most so many: multiples of a power of two where the extent is one of a
/// large power of two, else of 1, 2 or 5 times a power of ten.
std::vector<int64_t> ticks(int64_t extent, int64_t most);

/// `250k` for 250000, `3M`; other coordinates in full.
std::string tickLabel(int64_t coordinate);

/// `1,000,000`
std::string countText(double count);

} // namespace attn::picture
