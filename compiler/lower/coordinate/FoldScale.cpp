#include "compiler/lower/coordinate/Bounds.h"
#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/coordinate/Passes.h"

namespace attn::lower {
#define GEN_PASS_DEF_FOLDSCALEPASS
#include "compiler/lower/coordinate/Passes.h.inc"

using namespace mlir;

namespace {

/// Whether nothing that the factor is computed from can end the run, so that it may be computed where nobody asked for it.
bool isTotal(Value factor, const IntegerBounds &bounds) {
  return llvm::none_of(computedFrom({factor}), [&](Operation *op) {
    if (!ir::canFail(op))
      return false;
    auto read = dyn_cast<ir::ReadOp>(op);
    return read ? !bounds.isInside(read) : !bounds.isDefined(cast<ir::BinaryOp>(op));
  });
}

bool mayScale(ir::DotOp dot, Value factor, const IntegerBounds &bounds) {
  if (variesWith(factor, "j"))
    return false;
  for (StringRef summed : dot.getOver().getAsValueRange<StringAttr>())
    if (variesWith(factor, summed))
      return false;
  return isTotal(factor, bounds);
}

/// The type factors are multiplied in: f64 where that costs nothing per query.
Type factorType(Value factor) {
  return variesWith(factor, "i") ? functionType(factor).getElementType() : Float64Type::get(factor.getContext());
}

/// The value before it was rounded, if it was.
Value beforeRounding(Value factor) {
  auto rounded = factor.getDefiningOp<ir::ConvertOp>();
  return rounded && functionType(rounded.getOperand()).getElementType().isF64() ? rounded.getOperand() : factor;
}

/// Product of two factors, each in its own type.
Value multiply(OpBuilder &builder, Location location, Value left, Value right) {
  Type element = factorType(left) == factorType(right) ? factorType(left) : Type(builder.getF32Type());
  return binary(builder, location, ir::BinaryKind::Multiply, convert(builder, location, element, left),
                convert(builder, location, element, right));
}

/// The factor that `user` applies to the dot and nothing else, as a value to multiply by; null if it isn't one.
Value takeFactor(OpBuilder &builder, ir::DotOp dot, Operation *user, const IntegerBounds &bounds) {
  Location location = user->getLoc();
  if (auto negation = dyn_cast<ir::UnaryOp>(user))
    return negation.getKind() == ir::UnaryKind::Negate ? constantFloat(builder, location, builder.getF64Type(), -1) : Value();
  auto product = dyn_cast<ir::BinaryOp>(user);
  if (!product)
    return {};
  bool dotIsLeft = product.getLhs() == dot.getResult();
  Value factor = dotIsLeft ? product.getRhs() : product.getLhs();
  if (factor == dot.getResult() || !mayScale(dot, factor, bounds))
    return {};
  if (!variesWith(factor, "i"))
    factor = convert(builder, location, builder.getF64Type(), beforeRounding(factor));
  if (product.getKind() == ir::BinaryKind::Multiply)
    return factor;
  if (product.getKind() != ir::BinaryKind::Divide || !dotIsLeft)
    return {};
  Value one = constantFloat(builder, location, functionType(factor).getElementType(), 1);
  return binary(builder, location, ir::BinaryKind::Divide, one, factor);
}

/// Moves the one operation around the dot into it, if that is possible.
bool foldOnce(ir::DotOp dot, const IntegerBounds &bounds) {
  if (!dot->hasOneUse() || !functionType(dot).getElementType().isF32())
    return false;
  Operation *user = *dot->user_begin();
  OpBuilder builder(user);
  Value factor = takeFactor(builder, dot, user, bounds);
  if (!factor)
    return false;
  if (dot.getScale())
    factor = multiply(builder, user->getLoc(), beforeRounding(dot.getScale()), factor);
  Value scale = convert(builder, user->getLoc(), builder.getF32Type(), factor);

  dot->moveBefore(user);
  dot.getScaleMutable().assign(scale);
  user->getResult(0).replaceAllUsesWith(dot);
  user->erase();
  for (Operation *op = dot; op; op = op->getNextNode())
    refineType(op);
  return true;
}

struct FoldScalePass : impl::FoldScalePassBase<FoldScalePass> {
  using FoldScalePassBase::FoldScalePassBase;

  void runOnOperation() override {
    IntegerBounds bounds(getOperation());
    SmallVector<ir::DotOp> dots(getOperation().getBody().getOps<ir::DotOp>());
    for (ir::DotOp dot : dots)
      while (foldOnce(dot, bounds)) {
      }
    eraseUnused(getOperation());
  }
};

} // namespace
} // namespace attn::lower
