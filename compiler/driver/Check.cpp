#include "compiler/driver/Commands.h"
#include "compiler/console/Console.h"

using namespace attn::driver;

int attn::driver::checkMain(const Arguments &arguments) {
  int status = exitSuccess;
  openSpec(arguments.files.front(), status);
  return status;
}
