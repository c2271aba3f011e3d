#pragma once

#include "dialect/AttnDialect.h"

#include "mlir/Pass/Pass.h"

#include <memory>
#include <string>
#include <vector>

/// The passes of the coordinate level, all on `attn.kernel`. In this order they bring what irgen makes to the form that the tile level
/// starts from; compiler/lower/coordinate/README.md describes it.
namespace attn::lower {

#define GEN_PASS_DECL
#include "compiler/lower/coordinate/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/lower/coordinate/Passes.h.inc"

} // namespace attn::lower
