#pragma once

#include <string>

/// What an installation has beside the program, made from the same tables of options as parsing and help.
namespace attn::driver {

/// attnc(1), in the man macros.
std::string manualPage(const std::string &version);

/// Completion for a shell: commands, options, and values where they are known.
std::string bashCompletion();
std::string zshCompletion();
std::string fishCompletion();

} // namespace attn::driver
