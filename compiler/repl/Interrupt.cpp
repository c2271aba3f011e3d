#include "compiler/repl/Interrupt.h"

#include <atomic>
#include <csignal>

using namespace attn;
using namespace attn::repl;

namespace {

// A signal handler has no argument to find them by.
std::atomic<bool> isInterrupted = false;
std::atomic<library::Runner *> watched = nullptr;
struct sigaction previous;

void onInterrupt(int) {
  isInterrupted = true;
  if (library::Runner *runner = watched)
    runner->stop();
}

} // namespace

InterruptHandler::InterruptHandler() {
  isInterrupted = false;
  struct sigaction action {};
  action.sa_handler = onInterrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &previous);
}

InterruptHandler::~InterruptHandler() {
  sigaction(SIGINT, &previous, nullptr);
  watched = nullptr;
}

bool InterruptHandler::take() { return isInterrupted.exchange(false); }
void InterruptHandler::watch(library::Runner *runner) { watched = runner; }
