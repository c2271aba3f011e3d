#pragma once

#include "compiler/library/Runner.h"

namespace attn::repl {

/// Ctrl-C while it lives: it is remembered, and stops what runs in a runner, instead of ending the process. One at a
/// time.
class InterruptHandler {
public:
  InterruptHandler();
  ~InterruptHandler();
  InterruptHandler(const InterruptHandler &) = delete;
  InterruptHandler &operator=(const InterruptHandler &) = delete;

  /// Whether Ctrl-C was typed since the last time this was asked.
  static bool take();
  /// What Ctrl-C stops from now on; null: nothing.
  static void watch(library::Runner *runner);
};

} // namespace attn::repl
