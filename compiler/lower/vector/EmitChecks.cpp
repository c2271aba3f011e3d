#include "compiler/lower/vector/TileEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace attn::lower {

static bool variesWith(Value value, StringRef coordinate) {
  return cast<ir::FnType>(value.getType()).variesWith(coordinate);
}

/// Whether an integer that varies with the key, and not with the query, grows with it or falls with it.
static bool isMonotone(Value value) {
  if (auto coordinate = value.getDefiningOp<ir::CoordinateOp>())
    return coordinate.getName() == "j";
  auto op = value.getDefiningOp<ir::BinaryOp>();
  if (!op || variesWith(value, "i"))
    return false;
  bool left = variesWith(op.getLhs(), "j");
  if (left && variesWith(op.getRhs(), "j"))
    return false;
  switch (op.getKind()) {
  case ir::BinaryKind::Multiply: {
    // So small that it wraps at most once in all, which its ends then tell.
    auto factor = (left ? op.getRhs() : op.getLhs()).getDefiningOp<ir::ConstantOp>();
    if (!factor || !llvm::isInt<32>(cast<IntegerAttr>(factor.getValue()).getInt()))
      return false;
    [[fallthrough]];
  }
  case ir::BinaryKind::Add:
  case ir::BinaryKind::Subtract:
  case ir::BinaryKind::Minimum:
  case ir::BinaryKind::Maximum:
    return isMonotone(left ? op.getLhs() : op.getRhs());
  case ir::BinaryKind::FloorDivide:
    return left && isMonotone(op.getLhs());
  default:
    return false;
  }
}

/// Whether a value is computed from what a map is given: products, running sums.
static bool usesArguments(Value root, Block &body) {
  SetVector<Value> found;
  found.insert(root);
  for (size_t n = 0; n < found.size(); ++n) {
    if (auto argument = dyn_cast<BlockArgument>(found[n]); argument && argument.getOwner() == &body)
      return true;
    if (Operation *op = found[n].getDefiningOp())
      found.insert(op->operand_begin(), op->operand_end());
  }
  return false;
}

/// The parts of a condition that all must hold and that are the same for every pair of a block.
static SmallVector<Value> partsOfBlock(Value condition, FunctionEmitter &functions) {
  SmallVector<Value> parts;
  llvm::SetVector<Value> found;
  found.insert(condition);
  for (size_t n = 0; n < found.size(); ++n) {
    if (auto both = found[n].getDefiningOp<ir::AndOp>())
      found.insert(both->operand_begin(), both->operand_end());
    else if (!variesWith(found[n], "j") && !functions.isInLanes(found[n]))
      parts.push_back(found[n]);
  }
  return parts;
}

bool TileEmitter::isOfBlock(ir::CheckOp check) {
  return llvm::all_of(check.getValues(), [&](Value value) { return !variesWith(value, "j") || (isMonotone(value) && !functions.isInLanes(value)); }) &&
         !usesArguments(check.getWhere(), *check->getBlock());
}

Value TileEmitter::mayBeWrong(ir::CheckOp check, const KeyBlock &block) {
  auto tensor = check.getTensor() ? check.getTensor().getDefiningOp<ir::TensorOp>() : ir::TensorOp();
  Value any = code.boolean(false), zero = code.integer(0);
  auto either = [&](Value more) { any = arith::OrIOp::create(code.builder, code.location, any, more); };
  for (auto [dimension, value] : llvm::enumerate(check.getValues())) {
    if (isKnownInside(check, dimension))
      continue;
    Value limit = tensor ? run.size(tensor.getIndex(), dimension, tensor.getSizes()) : Value();
    if (!variesWith(value, "j")) {
      for (Value part : functions.emit(value).parts) {
        Value wide = functions.resize(part, 64), bound = code.broadcast(limit ? limit : zero, wide.getType());
        Value wrong = code.compare(limit ? arith::CmpIPredicate::uge : arith::CmpIPredicate::eq, wide, bound);
        if (isa<VectorType>(wrong.getType()))
          wrong = vector::ReductionOp::create(code.builder, code.location, vector::CombiningKind::OR, wrong);
        either(wrong);
      }
      continue;
    }
    auto at = [&](Value key) {
      FunctionEmitter::Scope scope(functions);
      functions.place.key = key;
      Value number = functions.emitScalar(value);
      functions.place.key = {};
      return number;
    };
    Value first = at(block.first), last = at(code.subtract(block.end, code.integer(1)));
    Value low = code.minimum(first, last), high = arith::MaxSIOp::create(code.builder, code.location, first, last);
    if (!limit) {
      either(code.both(code.compare(arith::CmpIPredicate::sle, low, zero),
                       code.compare(arith::CmpIPredicate::sge, high, zero)));
      continue;
    }
    either(code.compare(arith::CmpIPredicate::slt, low, zero));
    either(code.compare(arith::CmpIPredicate::sge, high, limit));
  }
  return any;
}

void TileEmitter::emitBlockChecks(ir::TileMapOp op, const KeyBlock &block) {
  SmallVector<std::pair<ir::CheckOp, Value>> suspects;
  Value any = code.boolean(false);
  for (auto check : op.getBody().front().getOps<ir::CheckOp>()) {
    if (!isOfBlock(check) || (check.getInMask() && !block.mayHide))
      continue;
    FunctionEmitter::Scope scope(functions);
    Value suspect = mayBeWrong(check, block);
    for (Value part : partsOfBlock(check.getWhere(), functions))
      suspect = code.both(suspect, functions.emitScalar(part));
    if (check.getInMask())
      suspect = code.both(suspect, block.mayHide);
    suspects.push_back({check, suspect});
    any = arith::OrIOp::create(code.builder, code.location, any, suspect);
  }
  if (suspects.empty())
    return;
  code.when(any, [&] {
    code.loop(block.first, block.end, 1, {}, [&](Value key, ValueRange) -> SmallVector<Value> {
      FunctionEmitter::Scope perKey(functions);
      functions.place.key = key;
      // Here, so that conditions share what they have in common.
      for (auto [check, suspect] : suspects)
        functions.emit(check.getWhere());
      for (auto [check, suspect] : suspects)
        code.when(suspect, [&, check = check] {
          FunctionEmitter::Scope own(functions);
          functions.emitCheck(check);
        });
      functions.place.key = {};
      return {};
    });
  });
}

} // namespace attn::lower
