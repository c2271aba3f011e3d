#pragma once

namespace attn::driver {

/// From here on a crash of the compiler ends in a message and exit status 4, not in a signal.
void installCrashHandler();

} // namespace attn::driver
