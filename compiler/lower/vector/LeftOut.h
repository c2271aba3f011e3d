#pragma once

#include "compiler/lower/vector/Code.h"

#include "dialect/AttnDialect.h"

namespace attn::lower {

/// What stands for the weight of an invisible pair where values of such pairs are left out of sums: a NaN that no arithmetic makes. A visible
/// pair's weight may be 0, too, and its value counts: 0 times NaN is NaN.
inline mlir::Value invisibleWeight(Code &code, mlir::VectorType type) {
  return mlir::arith::BitcastOp::create(code.builder, code.location, type,
                                        code.integer(0x7FC5A17E, type.clone(code.i32())));
}

/// Whether weights are those of a map, in which that is how invisible pairs are told; a softmax's are 0 there, and nowhere else.
inline bool tellsInvisible(mlir::Value weights) { return weights.getDefiningOp<ir::TileMapOp>() != nullptr; }

/// i1, in lanes: which weights are of pairs to leave out.
inline mlir::Value isLeftOut(Code &code, ir::TileAccumulateOp op, mlir::Value weight) {
  auto type = mlir::cast<mlir::VectorType>(weight.getType());
  if (!tellsInvisible(op.getWeights()))
    return mlir::arith::CmpFOp::create(code.builder, code.location, mlir::arith::CmpFPredicate::OEQ, weight, code.real(0, type));
  mlir::Type bits = type.clone(code.i32());
  mlir::Value own = mlir::arith::BitcastOp::create(code.builder, code.location, bits, weight);
  return code.compare(mlir::arith::CmpIPredicate::eq, own, code.integer(0x7FC5A17E, bits));
}

} // namespace attn::lower
