#include "compiler/lower/math/ExpandMath.h"

#include "compiler/lower/math/Functions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Pass/Pass.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace attn::lower {

using math::Element;
using math::Emitter;
using math::Lanes;

namespace {

/// Where the reduction of an angle may be used again: by the functions of the same value in the same block, since the
/// operations of a block are visited in order.
using AngleKey = std::pair<Value, Block *>;

class Expansion {
public:
  Expansion(const MathTarget &target, Block *constants) : target(target) { pool.block = constants; }

  /// Replaces `op` if it is a function that the target has no instruction for; an error if there is no expansion.
  LogicalResult visit(Operation *op);

private:
  using Unary = Lanes (*)(Lanes);

  Lanes expandAngleFunction(Operation *op, Value operand, Lanes x);
  std::optional<Lanes> expand(Operation *op, ArrayRef<Lanes> operands);

  MathTarget target;
  math::ConstantPool pool;
  llvm::DenseMap<AngleKey, std::optional<math::ReducedAngle>> angles;
};

bool isRealFunction(Operation *op) {
  if (!isa_and_present<::mlir::math::MathDialect>(op->getDialect()) || op->getNumResults() == 0)
    return isa<vector::FMAOp>(op);
  return isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType()));
}

bool isInstruction(Operation *op, const MathTarget &target) {
  if (isa<::mlir::math::SqrtOp, ::mlir::math::AbsFOp, ::mlir::math::CopySignOp>(op))
    return true;
  if (isa<::mlir::math::FmaOp, vector::FMAOp>(op))
    return target.fma;
  if (isa<::mlir::math::FloorOp, ::mlir::math::CeilOp, ::mlir::math::TruncOp, ::mlir::math::RoundEvenOp>(op))
    return target.hasRound;
  return false;
}

} // namespace

Lanes Expansion::expandAngleFunction(Operation *op, Value operand, Lanes x) {
  std::optional<math::ReducedAngle> &known = angles[AngleKey(operand, op->getBlock())];
  if (!known)
    known = math::reduceAngle(x);
  math::ReducedAngle angle = *known;
  angle.high.emitter = angle.quadrant.emitter = x.emitter;
  if (angle.low)
    angle.low->emitter = x.emitter;
  if (isa<::mlir::math::SinOp>(op))
    return math::expandSin(x, angle);
  if (isa<::mlir::math::CosOp>(op))
    return math::expandCos(x, angle);
  return math::expandTan(x, angle);
}

std::optional<Lanes> Expansion::expand(Operation *op, ArrayRef<Lanes> operands) {
  namespace m = ::mlir::math;
  Lanes x = operands.front();
  Unary unary = llvm::TypeSwitch<Operation *, Unary>(op)
                    .Case<m::ExpOp>([](auto) { return math::expandExp; })
                    .Case<m::Exp2Op>([](auto) { return math::expandExp2; })
                    .Case<m::ExpM1Op>([](auto) { return math::expandExpm1; })
                    .Case<m::LogOp>([](auto) { return math::expandLog; })
                    .Case<m::Log2Op>([](auto) { return math::expandLog2; })
                    .Case<m::Log1pOp>([](auto) { return math::expandLog1p; })
                    .Case<m::TanhOp>([](auto) { return math::expandTanh; })
                    .Case<m::AtanOp>([](auto) { return math::expandAtan; })
                    .Case<m::ErfOp>([](auto) { return math::expandErf; })
                    .Case<m::FloorOp>([](auto) { return math::expandFloor; })
                    .Case<m::CeilOp>([](auto) { return math::expandCeil; })
                    .Case<m::TruncOp>([](auto) { return math::expandTrunc; })
                    .Case<m::RoundEvenOp>([](auto) { return math::expandRoundEven; })
                    .Case<m::RoundOp>([](auto) { return math::expandRound; })
                    .Default([](auto) { return Unary(nullptr); });
  if (unary)
    return unary(x);
  return llvm::TypeSwitch<Operation *, std::optional<Lanes>>(op)
      .Case<m::SinOp, m::CosOp, m::TanOp>([&](auto) { return expandAngleFunction(op, op->getOperand(0), x); })
      .Case<m::RsqrtOp>([&](auto) { return 1.0 / math::sqrt(x); })
      .Case<m::PowFOp>([&](auto) { return math::expandPow(x, operands[1]); })
      .Case<m::FPowIOp>([&](auto) { return math::expandPowInteger(x, operands[1]); })
      .Case<m::FmaOp, vector::FMAOp>([&](auto) {
        if (!x.isDouble())
          return x * operands[1] + operands[2];
        math::Pair product = math::exactProduct(x, operands[1]);
        return (operands[2] + product.high) + product.low;
      })
      .Default([](auto) { return std::nullopt; });
}

/// x ** n for a constant n of few multiplications that is as precise so; absent for any other.
static std::optional<Lanes> expandSmallPower(Lanes x, Value exponent) {
  Attribute attribute;
  if (!matchPattern(exponent, m_Constant(&attribute)))
    return std::nullopt;
  if (auto elements = dyn_cast<SplatElementsAttr>(attribute))
    attribute = elements.getSplatValue<Attribute>();
  double n = 0;
  if (auto real = dyn_cast<FloatAttr>(attribute))
    n = real.getValueAsDouble();
  else if (auto integer = dyn_cast<IntegerAttr>(attribute))
    n = double(integer.getInt());
  if (n == -1)
    return 1.0 / x;
  if (n == 1)
    return x;
  if (n == 2)
    return x * x;
  if (n == 3)
    return (x * x) * x;
  return std::nullopt;
}

LogicalResult Expansion::visit(Operation *op) {
  if (!isRealFunction(op) || isInstruction(op, target))
    return success();
  Type type = op->getResult(0).getType();
  auto vectorType = dyn_cast<VectorType>(type);
  if (vectorType && vectorType.isScalable())
    return op->emitOpError("on a scalable vector cannot be expanded");
  if (!vectorType && isa<ShapedType>(type))
    return op->emitOpError("can be expanded on scalars and vectors only");

  OpBuilder builder(op);
  Location location = op->getLoc();
  // Vectors of another rank than 1 are worked on as one row of lanes.
  std::optional<SmallVector<int64_t, 1>> shape;
  if (vectorType)
    shape = SmallVector<int64_t, 1>{vectorType.getNumElements()};
  Emitter emitter(builder, location, target, shape ? std::optional<ArrayRef<int64_t>>(*shape) : std::nullopt, &pool);
  bool reshape = vectorType && vectorType.getRank() != 1;
  Type element = getElementTypeOrSelf(type);
  bool narrow = element.isF16() || element.isBF16();
  if (!narrow && !element.isF32() && !element.isF64())
    return op->emitOpError("has no expansion for elements of type ") << element;

  SmallVector<Lanes, 3> operands;
  for (Value operand : op->getOperands()) {
    Type operandElement = getElementTypeOrSelf(operand.getType());
    if (operandElement.isInteger() && !operandElement.isInteger(32) && !operandElement.isInteger(64))
      return op->emitOpError("has no expansion for an exponent of type ") << operandElement;
    if (reshape)
      operand = vector::ShapeCastOp::create(builder, location, VectorType::get(*shape, operandElement), operand);
    if (narrow && isa<FloatType>(operandElement))
      operand = arith::ExtFOp::create(builder, location, emitter.typeOf(Element::F32), operand);
    operands.push_back(emitter.wrap(operand));
  }
  std::optional<Lanes> result;
  if (isa<::mlir::math::PowFOp, ::mlir::math::FPowIOp>(op))
    result = expandSmallPower(operands[0], op->getOperand(1));
  if (!result)
    result = expand(op, operands);
  if (!result)
    return op->emitOpError("has no expansion: it would become a call of the C library");
  Value value = result->value;
  if (narrow) {
    Type wanted = vectorType ? Type(VectorType::get(*shape, element)) : element;
    value = arith::TruncFOp::create(builder, location, wanted, value);
  }
  if (reshape)
    value = vector::ShapeCastOp::create(builder, location, vectorType, value);
  op->getResult(0).replaceAllUsesWith(value);
  op->erase();
  return success();
}

namespace {

class ExpandMathPass : public PassWrapper<ExpandMathPass, OperationPass<>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandMathPass)

  ExpandMathPass() = default;
  ExpandMathPass(const ExpandMathPass &other) : PassWrapper(other) {}
  explicit ExpandMathPass(const MathTarget &target) {
    avx512 = target.avx512;
    fma = target.fma;
    hasRound = target.hasRound;
  }

  StringRef getArgument() const final { return "attn-expand-math"; }
  StringRef getDescription() const final { return "Expand functions of real numbers into vector arithmetic"; }

  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<arith::ArithDialect, LLVM::LLVMDialect, ::mlir::math::MathDialect, scf::SCFDialect,
                    vector::VectorDialect>();
  }

  void runOnOperation() final {
    MathTarget target{avx512, fma, hasRound};
    if (failed(expandIn(getOperation(), target)))
      signalPassFailure();
  }

private:
  /// The functions in `root`, those nested in isolated operations with constants of their own.
  static LogicalResult expandIn(Operation *root, const MathTarget &target) {
    for (Region &region : root->getRegions()) {
      if (region.empty())
        continue;
      SmallVector<Operation *> functions, isolated;
      region.walk<WalkOrder::PreOrder>([&](Operation *op) {
        if (op->hasTrait<OpTrait::IsIsolatedFromAbove>()) {
          isolated.push_back(op);
          return WalkResult::skip();
        }
        if (isRealFunction(op))
          functions.push_back(op);
        return WalkResult::advance();
      });
      Expansion expansion(target, &region.front());
      for (Operation *op : functions)
        if (failed(expansion.visit(op)))
          return failure();
      for (Operation *op : isolated)
        if (failed(expandIn(op, target)))
          return failure();
    }
    return success();
  }

  Option<bool> avx512{*this, "avx512", llvm::cl::desc("Scale by powers of two with AVX-512"), llvm::cl::init(false)};
  Option<bool> fma{*this, "fma", llvm::cl::desc("The target has a fused multiply-add"), llvm::cl::init(false)};
  Option<bool> hasRound{*this, "round", llvm::cl::desc("The target has a rounding instruction"), llvm::cl::init(false)};
};

} // namespace

std::unique_ptr<Pass> createExpandMathPass(const MathTarget &target) {
  return std::make_unique<ExpandMathPass>(target);
}

void registerExpandMathPass() { PassRegistration<ExpandMathPass>(); }

Value buildSoftmaxExp2(OpBuilder &builder, Location location, Value t, const MathTarget &target) {
  std::optional<ArrayRef<int64_t>> shape;
  if (auto vectorType = dyn_cast<VectorType>(t.getType()))
    shape = vectorType.getShape();
  Emitter emitter(builder, location, target, shape);
  return math::expandSoftmaxExp2(emitter.wrap(t)).value;
}

} // namespace attn::lower
