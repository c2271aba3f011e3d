#include "compiler/lower/tile/StoredRows.h"

#include "compiler/lower/coordinate/Coordinates.h"

using namespace mlir;

namespace attn::lower {

bool isOfRowBlock(Value value) {
  return llvm::all_of(functionType(value).getCoordinates(), [](StringAttr name) {
    return llvm::is_contained({"b", "h", "g"}, name.getValue());
  });
}

/// Whether a function of keys can be emitted for a vector of them by itself: nothing of it is a loop or read from a
/// tile.
static bool isOfKeys(Value value) {
  Operation *op = value.getDefiningOp();
  return op && !isa<ir::ReduceOp, ir::TileFunctionOp>(op) &&
         llvm::all_of(functionType(value).getCoordinates(),
                      [](StringAttr name) {
                        return llvm::is_contained({"b", "h", "g", "j"}, name.getValue());
                      }) &&
         llvm::all_of(op->getOperands(),
                      [](Value operand) { return !isa<ir::FnType>(operand.getType()) || isOfKeys(operand); });
}

static bool isCoordinate(Value value, StringRef name) {
  auto coordinate = value.getDefiningOp<ir::CoordinateOp>();
  return coordinate && coordinate.getName() == name;
}

std::optional<FloatType> storedRows(Value value, StringRef feature, int64_t extent,
                                    std::optional<int64_t> fixedExtent) {
  if (auto choice = value.getDefiningOp<ir::SelectOp>()) {
    if (!isOfKeys(choice.getCondition()))
      return std::nullopt;
    auto then = storedRows(choice.getIfTrue(), feature, extent, fixedExtent);
    auto otherwise = storedRows(choice.getIfFalse(), feature, extent, fixedExtent);
    return then == otherwise ? then : std::nullopt;
  }
  auto read = value.getDefiningOp<ir::ReadOp>();
  if (!read || (read.getWhere() && !isOfKeys(read.getWhere())))
    return std::nullopt;
  auto element = dyn_cast<FloatType>(cast<ir::TensorHandleType>(read.getTensor().getType()).getElementType());
  auto tensor = read.getTensor().getDefiningOp<ir::TensorOp>();
  bool found = false;
  for (auto [dimension, index] : llvm::enumerate(read.getIndices())) {
    if (!isCoordinate(index, feature)) {
      if (!isOfKeys(index))
        return std::nullopt;
      continue;
    }
    // The dimension must be the feature's own for every feature to be inside.
    AffineExpr size = tensor.getSizes().getResult(dimension);
    auto symbol = dyn_cast<AffineSymbolExpr>(size);
    auto constant = dyn_cast<AffineConstantExpr>(size);
    if (found ||
        !((symbol && int64_t(symbol.getPosition()) == extent) || (constant && fixedExtent == constant.getValue())))
      return std::nullopt;
    found = true;
  }
  return element && found ? std::optional(element) : std::nullopt;
}

std::optional<FloatType> storedKeys(ir::KernelOp kernel, Value value) {
  StringRef feature = featuresOf(value)[0].getValue();
  int64_t extent = kernel.extentOf(feature);
  return storedRows(value, feature, extent, kernel.fixedExtent(extent));
}

std::optional<KeyIndex> keyIndex(Value index) {
  if (isCoordinate(index, "j"))
    return KeyIndex();
  auto op = index.getDefiningOp<ir::BinaryOp>();
  if (!op)
    return std::nullopt;
  if (op.getKind() == ir::BinaryKind::Add)
    for (auto [key, distance] : {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())})
      if (isCoordinate(key, "j") && isOfRowBlock(distance))
        return KeyIndex{distance};
  if (op.getKind() == ir::BinaryKind::Subtract && isCoordinate(op.getLhs(), "j") && isOfRowBlock(op.getRhs()))
    return KeyIndex{op.getRhs(), true};
  return std::nullopt;
}

bool lieEvenly(Value value, StringRef feature) {
  if (auto choice = value.getDefiningOp<ir::SelectOp>())
    return isOfRowBlock(choice.getCondition()) && lieEvenly(choice.getIfTrue(), feature) &&
           lieEvenly(choice.getIfFalse(), feature);
  auto read = value.getDefiningOp<ir::ReadOp>();
  return read && (!read.getWhere() || isOfRowBlock(read.getWhere())) &&
         llvm::all_of(read.getIndices(), [&](Value index) {
           return isCoordinate(index, feature) || isOfRowBlock(index) || keyIndex(index);
         });
}

} // namespace attn::lower
