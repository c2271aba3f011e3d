#pragma once

#include "compiler/repl/LineReader.h"
#include "compiler/session/Session.h"

namespace attn::repl {

/// The ways to finish the word at the end of what was typed so far.
Completions complete(const session::Session &session, std::string_view before);

} // namespace attn::repl
