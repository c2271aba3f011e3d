#pragma once

#include <cstdint>
#include <string>

namespace attn::library {

/// Bytes that this process can take now without something being ended for it: what the system has left, or what the
/// container's limit leaves if that is less. INT64_MAX where neither is known.
int64_t availableMemory();

/// `22.1 GiB`
std::string bytesText(double bytes);

} // namespace attn::library
