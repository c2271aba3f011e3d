#pragma once

#include "mlir/Pass/Pass.h"

namespace mlir {
class ModuleOp;
}

namespace attn::lower {

/// Name of the attribute by which `attn-schedule` tells `attn-form-tiles` its choice.
inline constexpr llvm::StringLiteral scheduleAttributeName = "attn.schedule";
/// The same for runs of up to `mostFewQueries` queries, where both are compiled.
inline constexpr llvm::StringLiteral fewScheduleAttributeName = "attn.few_schedule", mostFewQueriesAttributeName = "attn.most_few_queries";

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/lower/tile/Passes.h.inc"

} // namespace attn::lower
