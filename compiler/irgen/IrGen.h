#pragma once

#include "compiler/diagnostics/Diagnostics.h"
#include "compiler/sema/Program.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace attn::irgen {

/// The attention as a module at the coordinate level: `attn.kernel @NAME`, the graph of the checked program node by node, and
/// `attn.binder @NAME_binder`, the computed extents, scalar defaults and dimension sizes, ordered by what they use. Locations are those
/// of the source, so that a place where data can be wrong can be named; reads and divisions carry their source as `text`.
///
/// `context` must have the attn dialect loaded. What the compiler can't lower yet is reported, all of it at once, as
/// `not-compiled-yet`, and the result is null.
mlir::OwningOpRef<mlir::ModuleOp> generate(mlir::MLIRContext &context, const sema::Attention &attention,
                                           Diagnostics &diagnostics);

} // namespace attn::irgen
