#include "compiler/driver/Commands.h"

#include "compiler/repl/Repl.h"

#include <algorithm>
#include <thread>

using namespace attn::driver;

int attn::driver::replMain(const Arguments &arguments) {
  int status = exitSuccess;
  auto threads = parseNumber(arguments, OptionId::Threads, "--threads", 0, 4096, 0, status);
  if (!threads)
    return status;
  repl::ReplOptions options;
  options.file = arguments.files.empty() ? "" : arguments.files.front();
  options.threads = *threads ? unsigned(*threads) : std::max(1u, std::thread::hardware_concurrency());
  return repl::runRepl(options);
}
