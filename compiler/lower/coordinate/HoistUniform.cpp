#include "compiler/lower/coordinate/HoistUniform.h"

#include "compiler/lower/coordinate/Coordinates.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace attn::lower {

using ir::BinaryKind;
using ir::CompareKind;

namespace {

std::optional<CompareKind> compareKind(arith::CmpIPredicate predicate) {
  switch (predicate) {
  case arith::CmpIPredicate::slt:
    return CompareKind::Less;
  case arith::CmpIPredicate::sle:
    return CompareKind::LessEqual;
  case arith::CmpIPredicate::sgt:
    return CompareKind::Greater;
  case arith::CmpIPredicate::sge:
    return CompareKind::GreaterEqual;
  case arith::CmpIPredicate::eq:
    return CompareKind::Equal;
  case arith::CmpIPredicate::ne:
    return CompareKind::NotEqual;
  default:
    return std::nullopt;
  }
}

class Hoister {
public:
  Hoister(ir::ClassifyOp classifier, OpBuilder &outside) : classifier(classifier), outside(outside) {}

  void run() {
    Block &block = classifier.getBody().front();
    for (Operation &op : block)
      if (op.getNumResults() == 1 && isUniform(&op))
        uniform.insert(op.getResult(0));
    for (Operation &op : llvm::make_early_inc_range(block)) {
      if (op.getNumResults() == 1 && uniform.contains(op.getResult(0)))
        continue;
      for (OpOperand &operand : op.getOpOperands())
        if (uniform.contains(operand.get()) && !matchPattern(operand.get(), m_Constant()))
          operand.set(hoisted(operand.get()));
    }
  }

private:
  /// Whether the coordinate level has the operation, and all it is computed from is uniform.
  bool isUniform(Operation *op) const {
    if (isa<ir::UniformOp, arith::ConstantOp>(op))
      return true;
    if (!llvm::all_of(op->getOperands(), [&](Value operand) { return uniform.contains(operand); }))
      return false;
    if (auto compare = dyn_cast<arith::CmpIOp>(op))
      return compareKind(compare.getPredicate()) && compare.getLhs().getType().isInteger(64);
    return isa<arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::MinSIOp, arith::MaxSIOp, arith::AndIOp, arith::OrIOp, arith::XOrIOp,
               arith::SelectOp>(op);
  }

  /// The value as a function of coordinates.
  Value outer(Value value) {
    Value &known = outers[value];
    if (known)
      return known;
    Operation *op = value.getDefiningOp();
    if (auto plain = dyn_cast<ir::UniformOp>(op))
      return known = plain.getOperand();
    SmallVector<Value> x;
    for (Value operand : op->getOperands())
      x.push_back(outer(operand));
    return outers[value] = create(op, x);
  }

  Value create(Operation *op, ArrayRef<Value> x) {
    Location location = op->getLoc();
    Type element = op->getResult(0).getType();
    if (auto constant = dyn_cast<arith::ConstantOp>(op))
      return ir::ConstantOp::create(outside, location, ir::FnType::get(element, {}), cast<TypedAttr>(constant.getValue()));
    auto arithmetic = [&](BinaryKind kind) { return binary(outside, location, kind, x[0], x[1]); };
    bool isBoolean = element.isInteger(1);
    return llvm::TypeSwitch<Operation *, Value>(op)
        .Case([&](arith::AddIOp) { return arithmetic(BinaryKind::Add); })
        .Case([&](arith::SubIOp) { return arithmetic(BinaryKind::Subtract); })
        .Case([&](arith::MulIOp) { return arithmetic(BinaryKind::Multiply); })
        .Case([&](arith::MinSIOp) { return arithmetic(BinaryKind::Minimum); })
        .Case([&](arith::MaxSIOp) { return arithmetic(BinaryKind::Maximum); })
        .Case([&](arith::AndIOp) {
          return isBoolean ? logicalAnd(outside, location, x[0], x[1]) : arithmetic(BinaryKind::BitAnd);
        })
        .Case([&](arith::OrIOp) { return isBoolean ? logicalOr(outside, location, x[0], x[1]) : arithmetic(BinaryKind::BitOr); })
        .Case([&](arith::XOrIOp) -> Value {
          if (!isBoolean)
            return arithmetic(BinaryKind::BitXor);
          if (matchPattern(op->getOperand(1), m_One()))
            return logicalNot(outside, location, x[0]);
          return ir::CompareOp::create(outside, location, ir::pointwiseType(element, x), CompareKind::NotEqual, x[0], x[1]);
        })
        .Case([&](arith::SelectOp) -> Value {
          return ir::SelectOp::create(outside, location, ir::pointwiseType(element, x), x[0], x[1], x[2]);
        })
        .Case([&](arith::CmpIOp compare) -> Value {
          return ir::CompareOp::create(outside, location, ir::pointwiseType(element, x), *compareKind(compare.getPredicate()), x[0],
                                       x[1]);
        })
        .Default([](Operation *) -> Value { llvm_unreachable("not a uniform operation"); });
  }

  Value hoisted(Value value) {
    if (value.getDefiningOp<ir::UniformOp>())
      return value;
    Value &known = replacements[value];
    if (!known) {
      OpBuilder inside = OpBuilder::atBlockBegin(&classifier.getBody().front());
      known = ir::UniformOp::create(inside, value.getLoc(), value.getType(), outer(value));
    }
    return known;
  }

  ir::ClassifyOp classifier;
  OpBuilder &outside;
  llvm::DenseSet<Value> uniform;
  llvm::DenseMap<Value, Value> outers, replacements;
};

} // namespace

void hoistUniform(ir::ClassifyOp classifier, OpBuilder &outside) { Hoister(classifier, outside).run(); }

} // namespace attn::lower
