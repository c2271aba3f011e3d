#include "compiler/lower/vector/FunctionEmitter.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace attn::lower {

static bool fitsIn32(Operation &op) {
  if (auto constant = dyn_cast<ir::ConstantOp>(op))
    if (auto value = dyn_cast<IntegerAttr>(constant.getValue()))
      return value.getType().isInteger(64) && llvm::isInt<32>(value.getInt());
  return op.hasAttr("attn.range");
}

const Plain &FunctionEmitter::emit(Value value) {
  auto known = values.find(value);
  if (known != values.end())
    return known->second;
  Plain plain = emitOperation(*value.getDefiningOp());
  return values[value] = std::move(plain);
}

Value FunctionEmitter::emitScalar(Value value) {
  const Plain &plain = emit(value);
  assert(!plain.perQuery && "a scalar was asked of what varies with i");
  return plain.parts.front();
}

SmallVector<Value> FunctionEmitter::emitVectors(Value value) {
  Plain plain = emit(value);
  if (plain.perQuery)
    return SmallVector<Value>(plain.parts);
  Value all = code.broadcast(plain.parts.front(), vectorType(plain.parts.front().getType()));
  return SmallVector<Value>(vectors, all);
}

Value FunctionEmitter::resize(Value integer, unsigned width) {
  Type element = getElementTypeOrSelf(integer.getType());
  unsigned current = element.getIntOrFloatBitWidth();
  if (!element.isInteger() || current == 1 || current == width)
    return integer;
  Type target = code.builder.getIntegerType(width);
  if (auto vector = dyn_cast<VectorType>(integer.getType()))
    target = vector.clone(target);
  return current < width ? arith::ExtSIOp::create(code.builder, code.location, target, integer).getResult()
                         : arith::TruncIOp::create(code.builder, code.location, target, integer).getResult();
}

unsigned FunctionEmitter::integerWidth(Operation &op) {
  auto isInt = [](Value value) { return cast<ir::FnType>(value.getType()).getElementType().isInteger(64); };
  if (!isInLanes(op.getResult(0)))
    return 64;
  if (isInt(op.getResult(0)) && !fitsIn32(op))
    return 64;
  return llvm::all_of(op.getOperands(), [&](Value operand) { return !isInt(operand) || emit(operand).narrow; }) ? 32 : 64;
}

Plain FunctionEmitter::pointwise(Operation &op, unsigned width, EmitPart emitPart) {
  auto type = cast<ir::FnType>(op.getResult(0).getType());
  Plain result;
  result.perQuery = isInLanes(op.getResult(0));
  result.narrow = type.getElementType().isInteger(64) && fitsIn32(op);
  SmallVector<Plain> operands;
  for (Value operand : op.getOperands())
    operands.push_back(emit(operand));
  for (int64_t part = 0; part < (result.perQuery ? vectors : 1); ++part) {
    SmallVector<Value> parts;
    for (const Plain &operand : operands) {
      Value value = resize(operand.parts[operand.perQuery ? part : 0], width);
      parts.push_back(result.perQuery ? code.broadcast(value, vectorType(getElementTypeOrSelf(value.getType()))) : value);
    }
    Value value = emitPart(parts);
    if (getElementTypeOrSelf(value.getType()).isInteger() && type.getElementType().isInteger(64))
      value = resize(value, result.perQuery && result.narrow ? 32 : 64);
    result.parts.push_back(value);
  }
  return result;
}

Value FunctionEmitter::laneNumbers(int64_t part) {
  auto numbers = llvm::to_vector(llvm::seq<int32_t>(part * lanes, (part + 1) * lanes));
  return arith::ConstantOp::create(code.builder, code.location, DenseElementsAttr::get(vectorType(code.i32()), ArrayRef(numbers)));
}

Plain FunctionEmitter::emitCoordinate(ir::CoordinateOp op) {
  Plain result;
  result.narrow = true;
  if (headsInLanes && (op.getName() == "h" || op.getName() == "i")) {
    result.perQuery = true;
    result.parts = op.getName() == "h" ? place.heads : place.queries;
    return result;
  }
  if (op.getName() != lane) {
    result.parts = {scalarCoordinate(op.getName())};
    return result;
  }
  result.perQuery = true;
  VectorType type = vectorType(code.i32());
  Value first = code.broadcast(resize(place.firstQuery, 32), type), last = code.broadcast(resize(place.lastQuery, 32), type);
  for (int64_t part = 0; part < vectors; ++part) {
    result.parts.push_back(code.minimum(code.add(first, laneNumbers(part)), last));
  }
  return result;
}

Value FunctionEmitter::scalarCoordinate(StringRef name) const {
  Value value = name == "b"   ? place.batch
                : name == "h" ? place.head
                : name == "g" ? place.group
                : name == "j" ? place.key
                              : place.others.lookup(name);
  assert(value && "a coordinate without a value here");
  return value;
}

FunctionEmitter FunctionEmitter::withLanes(StringRef coordinate) const {
  FunctionEmitter other(*this);
  other.values.clear();
  other.lane = coordinate.str();
  other.headsInLanes = false;
  other.vectors = 1;
  return other;
}

Plain FunctionEmitter::emitConstant(ir::ConstantOp op) {
  Plain result;
  result.parts = {arith::ConstantOp::create(code.builder, code.location, cast<TypedAttr>(op.getValue()))};
  result.narrow = fitsIn32(*op);
  return result;
}

Value FunctionEmitter::emitSolution(ir::SolveOp op) {
  int64_t tensor = op.getTensor().getDefiningOp<ir::TensorOp>().getIndex(), dimension = op.getDimension();
  Value size = run.shape(tensor, dimension), zero = code.integer(0), one = code.integer(1);
  Value scale = emitScalar(op.getScale()), rest = code.subtract(size, emitScalar(op.getOffset()));
  auto is = [&](int64_t number) { return code.compare(arith::CmpIPredicate::eq, scale, code.integer(number)); };
  // -1 is apart since the smallest integer divided by it has no quotient.
  Value divisor = code.select(is(0), one, code.select(is(-1), one, scale));
  Value quotient = arith::DivSIOp::create(code.builder, code.location, rest, divisor);
  Value solution = code.select(is(-1), code.subtract(zero, quotient), quotient);
  Value fits = code.both(code.compare(arith::CmpIPredicate::eq, code.multiply(solution, scale), rest),
                         code.compare(arith::CmpIPredicate::sge, solution, zero));
  Value isWrong = code.negate(code.both(fits, code.negate(is(0))));
  int32_t site = sites.number(op, ATTN_SITE_DIMENSION, tensor, dimension, op.getNameAttr());
  sites.reportIfAny(code, run.pointer(), site, isWrong, size, zero);
  return code.select(isWrong, zero, solution);
}

Plain FunctionEmitter::emitMostly(ir::SelectOp op) {
  bool inLanes = isInLanes(op.getResult());
  auto partsOf = [&](Value value) { return inLanes ? emitVectors(value) : SmallVector<Value>{emitScalar(value)}; };
  SmallVector<Value> conditions = partsOf(op.getCondition()), usual = partsOf(op.getIfTrue());
  Value everywhere = conditions[0];
  for (Value condition : llvm::drop_begin(conditions))
    everywhere = code.both(everywhere, condition);
  if (inLanes)
    everywhere = vector::ReductionOp::create(code.builder, code.location, vector::CombiningKind::AND, everywhere);
  Plain result;
  result.perQuery = inLanes;
  result.parts = code.branch(
      everywhere, ValueRange(usual).getTypes(), [&] { return usual; },
      [&] {
        Scope scope(*this);
        SmallVector<Value> chosen = partsOf(op.getIfFalse());
        for (auto [condition, then, value] : llvm::zip_equal(conditions, usual, chosen))
          value = code.select(condition, then, value);
        return chosen;
      });
  return result;
}

Plain FunctionEmitter::emitOperation(Operation &op) {
  auto scalar = [&](Value value) {
    Plain plain;
    plain.parts = {value};
    plain.narrow = fitsIn32(op);
    return plain;
  };
  return TypeSwitch<Operation &, Plain>(op)
      .Case([&](ir::ConstantOp constant) { return emitConstant(constant); })
      .Case([&](ir::CoordinateOp coordinate) { return emitCoordinate(coordinate); })
      .Case([&](ir::ExtentOp extent) {
        Plain plain = scalar(run.extent(extent.getIndex()));
        plain.narrow = true;
        return plain;
      })
      .Case([&](ir::ScalarOp argument) {
        return scalar(run.scalar(argument.getIndex(), cast<ir::FnType>(argument.getType()).getElementType()));
      })
      .Case([&](ir::ReadOp read) { return emitRead(read); })
      .Case([&](ir::SolveOp solve) { return scalar(emitSolution(solve)); })
      .Case([&](ir::UnaryOp unary) { return emitUnary(unary); })
      .Case([&](ir::BinaryOp binary) { return emitBinary(binary); })
      .Case([&](ir::CompareOp compare) { return emitCompare(compare); })
      .Case([&](ir::ConvertOp convert) { return emitConvert(convert); })
      .Case([&](ir::ReduceOp reduce) { return emitReduce(reduce); })
      .Case([&](ir::TileFunctionOp function) { return readTile(*this, function); })
      .Case([&](ir::KeysBeforeOp before) {
        return scalar(code.compare(arith::CmpIPredicate::slt, place.firstKey, emitScalar(before.getSplit())));
      })
      .Case([&](ir::TileLookupOp lookup) { return lookUp(*this, lookup); })
      .Case([&](ir::AndOp) {
        return pointwise(op, 64, [&](ArrayRef<Value> parts) { return code.both(parts[0], parts[1]); });
      })
      .Case([&](ir::OrOp) {
        return pointwise(op, 64, [&](ArrayRef<Value> parts) -> Value {
          return arith::OrIOp::create(code.builder, code.location, parts[0], parts[1]);
        });
      })
      .Case([&](ir::NotOp) { return pointwise(op, 64, [&](ArrayRef<Value> parts) { return code.negate(parts[0]); }); })
      .Case([&](ir::SelectOp choice) {
        if (choice.getMostly())
          return emitMostly(choice);
        return pointwise(op, integerWidth(op),
                         [&](ArrayRef<Value> parts) { return code.select(parts[0], parts[1], parts[2]); });
      })
      .Default([](Operation &other) -> Plain {
        llvm_unreachable("an operation that the tile level doesn't hold");
      });
}

} // namespace attn::lower
