#include "compiler/driver/CrashHandler.h"

#include "compiler/console/Console.h"

#include <csignal>
#include <cstdlib>
#include <unistd.h>

namespace {

void crashed(int) {
  constexpr char text[] = "internal compiler error: attnc crashed; please report the spec and the command that did it\n";
  [[maybe_unused]] ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);
  _exit(attn::console::exitInternal);
}

} // namespace

void attn::driver::installCrashHandler() {
  // A stack that ran out cannot run the handler: it gets one of its own.
  stack_t stack{};
  stack.ss_size = 64 * 1024;
  stack.ss_sp = std::malloc(stack.ss_size);
  if (stack.ss_sp)
    sigaltstack(&stack, nullptr);
  struct sigaction action{};
  action.sa_handler = crashed;
  action.sa_flags = SA_ONSTACK;
  for (int signal : {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE})
    sigaction(signal, &action, nullptr);
  // A reader that goes away and a file past the limit are failed writes, not the end of the program without a word.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}
