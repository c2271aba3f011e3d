#pragma once

#include "compiler/library/Facts.h"

#include "dialect/AttnDialect.h"

/// The part of the facts that sees MLIR.
namespace attn::library {

/// What a schedule says, but for why keys are in one piece.
ScheduleFact factOf(ir::ScheduleAttr schedule);

} // namespace attn::library
