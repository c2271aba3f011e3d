#pragma once

#include <optional>
#include <string>

namespace attn::repl {

struct ReplOptions {
  std::string file; ///< loaded first; empty: none
  unsigned threads = 1;
};

/// The session at a terminal, or a script on standard input. Returns the exit status: 0, or for a script 1 where a line
/// failed and 3 where only a comparison with the oracle did.
int runRepl(const ReplOptions &options);

} // namespace attn::repl
