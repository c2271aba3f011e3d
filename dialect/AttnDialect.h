#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/AttnDialect.h.inc"
#include "dialect/AttnEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialect/AttnAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialect/AttnTypes.h.inc"
#define GET_OP_CLASSES
#include "dialect/AttnOps.h.inc"

namespace attn::ir {

/// Whether one coordinate comes before another in a type: b, h, g, i, j, d, e, then the others by name.
bool coordinateBefore(llvm::StringRef left, llvm::StringRef right);

/// The coordinates of all the functions together, in order. `g` is left out where `h` is in: it follows from it.
/// `more` are added.
llvm::SmallVector<mlir::StringAttr> unionOfCoordinates(llvm::ArrayRef<mlir::Value> functions,
                                                       llvm::ArrayRef<mlir::StringAttr> more = {});

/// The type of a pointwise result: this element, the coordinates of the operands together.
FnType pointwiseType(mlir::Type element, llvm::ArrayRef<mlir::Value> operands);

/// The type a coordinate-level operation's result must have: its present element type over the coordinates that follow from the
/// operands. The result's own type where operands don't decide it (a constant, a coordinate, an extent, a scalar). `op` has one
/// result.
FnType inferredType(mlir::Operation *op);

/// Whether evaluating `op` can end the run: a read or an integer division that isn't known to be right.
bool canFail(mlir::Operation *op);

/// What `op` is known to be: a constant, or another value, which may vary with less than the result. Folders give the same, but only
/// where the type stays as it is; replacing a result by a value that varies with less changes the types of its users.
mlir::OpFoldResult foldAcrossTypes(mlir::Operation *op);

} // namespace attn::ir
