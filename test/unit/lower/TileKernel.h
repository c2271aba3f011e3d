#pragma once

#include "compiler/library/Inputs.h"
#include "compiler/lower/Pipeline.h"
#include "dialect/AttnDialect.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <string>
#include <vector>

namespace attn::test {

/// The outputs of a run, in the attention's order.
using Outputs = std::vector<std::vector<float>>;

/// Compiles a spec's only attention, with MLIR's verifier after every pass, runs it on `data`, whose outputs it
/// overwrites, and returns them. `edit` changes the tile kernel before it is lowered further. Fails the test where
/// anything goes wrong.
Outputs runEdited(const library::Spec &spec, library::RunData &data, llvm::function_ref<void(ir::TileKernelOp)> edit,
                  lower::QueryCount queries = lower::QueryCount::Many);

} // namespace attn::test
