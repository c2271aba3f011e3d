#include "attn/attn.hpp"

#include "uses.h"

#include <cstdint>

inline attn::Result<attn::Kernel> compile(attn::Compiler &compiler) {
  return attn::Spec::parse("attention a { layout mha }").and_then([&](attn::Spec &&spec) {
    return compiler.compile(spec, {.extents = {{"D", 64}}});
  });
}
