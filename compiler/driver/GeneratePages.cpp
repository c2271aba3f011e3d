#include "compiler/driver/Pages.h"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

/// Prints one page of an installation: `attn-pages man|bash|zsh|fish`. A program of the build.
int main(int count, char **words) {
  using namespace attn::driver;
  std::string_view kind = count == 2 ? words[1] : "";
  std::string text = kind == "man"    ? manualPage(ATTN_VERSION)
                     : kind == "bash" ? bashCompletion()
                     : kind == "zsh"  ? zshCompletion()
                     : kind == "fish" ? fishCompletion()
                                      : "";
  if (text.empty()) {
    fmt::print(stderr, "usage: attn-pages man|bash|zsh|fish\n");
    return 2;
  }
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0 ? 0 : 1;
}
