#pragma once

#include <string>
#include <string_view>

namespace attn::driver {

/// The entry of a kind in docs/diagnostics.md, which is embedded: from its heading (`## kind` or `### kind`) to the next one. Empty if it
/// has none.
std::string diagnosticsPageEntry(std::string_view kind);

/// All of docs/diagnostics.md.
std::string_view diagnosticsPage();

} // namespace attn::driver
