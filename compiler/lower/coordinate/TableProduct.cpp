#include "compiler/lower/coordinate/TableProduct.h"

#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/coordinate/LinearForm.h"

using namespace mlir;

namespace attn::lower {

std::optional<TableProduct> tableProduct(ir::DotOp dot) {
  auto row = dot.getRhs().getDefiningOp<ir::ReadOp>();
  Value query = dot.getLhs();
  if (!row || dot.getOver().size() != 1 || variesWith(query, "i") == variesWith(query, "j") || !variesWith(row, "i") || !variesWith(row, "j") ||
      !functionType(dot).getElementType().isF32() || row.getWhere() ||
      !isa<FloatType>(cast<ir::TensorHandleType>(row.getTensor().getType()).getElementType()))
    return std::nullopt;
  auto feature = cast<StringAttr>(dot.getOver()[0]);
  for (Value operand : {query, Value(row)})
    if (featuresOf(operand) != ArrayRef<StringAttr>(feature))
      return std::nullopt;
  std::optional<unsigned> dimension;
  for (auto [number, index] : llvm::enumerate(row.getIndices())) {
    if (isUniform(index))
      continue;
    if (auto coordinate = index.getDefiningOp<ir::CoordinateOp>(); coordinate && coordinate.getNameAttr() == feature)
      continue;
    if (dimension || !featuresOf(index).empty())
      return std::nullopt;
    dimension = number;
  }
  // Rows that lie in lanes are packed first, which takes floats.
  bool ofKey = variesWith(query, "j");
  if (!dimension || (ofKey && !cast<ir::TensorHandleType>(row.getTensor().getType()).getElementType().isF32()))
    return std::nullopt;
  return TableProduct{ofKey, row, *dimension};
}

bool isRowOfTable(ir::ReadOp read) {
  return llvm::any_of(read->getUsers(), [&](Operation *user) {
    auto dot = dyn_cast<ir::DotOp>(user);
    return dot && dot.getRhs() == read.getResult() && tableProduct(dot);
  });
}

namespace {

/// By how much an integer may change where the query, or the key, is the next one.
struct Steps {
  std::array<int64_t, 2> low{}, high{};

  bool isMonotone() const {
    return llvm::all_of(llvm::zip(low, high), [](auto step) {
      auto [least, most] = step;
      return least >= -1 && most <= 1 && (least >= 0 || most <= 0);
    });
  }
};

constexpr int64_t largestStep = 1 << 20;

std::optional<Steps> stepsOf(Value value, const IntegerBounds &bounds, unsigned depth = 0) {
  Steps steps;
  if (!variesWith(value, "i") && !variesWith(value, "j"))
    return steps;
  constexpr unsigned deepest = 16;
  // Where it may wrap it doesn't follow anything.
  if (const Bounds &own = bounds.of(value); depth == deepest || own.low == INT64_MIN || own.high == INT64_MAX)
    return std::nullopt;
  if (auto coordinate = value.getDefiningOp<ir::CoordinateOp>()) {
    int axis = coordinate.getName() == "i" ? 0 : 1;
    steps.low[axis] = steps.high[axis] = 1;
    return steps;
  }
  if (auto negation = value.getDefiningOp<ir::UnaryOp>(); negation && negation.getKind() == ir::UnaryKind::Negate) {
    auto operand = stepsOf(negation.getOperand(), bounds, depth + 1);
    if (operand)
      for (int axis : {0, 1})
        steps.low[axis] = -operand->high[axis], steps.high[axis] = -operand->low[axis];
    return operand ? std::optional(steps) : std::nullopt;
  }
  auto op = value.getDefiningOp<ir::BinaryOp>();
  auto left = op ? stepsOf(op.getLhs(), bounds, depth + 1) : std::nullopt, right = left ? stepsOf(op.getRhs(), bounds, depth + 1) : std::nullopt;
  if (!right)
    return std::nullopt;
  for (int axis : {0, 1}) {
    int64_t leftLow = left->low[axis], leftHigh = left->high[axis], rightLow = right->low[axis], rightHigh = right->high[axis];
    switch (op.getKind()) {
    case ir::BinaryKind::Add:
      steps.low[axis] = leftLow + rightLow, steps.high[axis] = leftHigh + rightHigh;
      break;
    case ir::BinaryKind::Subtract:
      steps.low[axis] = leftLow - rightHigh, steps.high[axis] = leftHigh - rightLow;
      break;
    case ir::BinaryKind::Minimum:
    case ir::BinaryKind::Maximum:
      steps.low[axis] = std::min(leftLow, rightLow), steps.high[axis] = std::max(leftHigh, rightHigh);
      break;
    default:
      return std::nullopt;
    }
    if (steps.low[axis] < -largestStep || steps.high[axis] > largestStep)
      return std::nullopt;
  }
  return steps;
}

} // namespace

std::optional<TableRows> rowsOfTable(const TableProduct &product, ir::KernelOp kernel, const IntegerBounds &bounds) {
  // All rows are read, whether or not a pair asks for them: where they begin must be right.
  ir::ReadOp row = product.row;
  for (unsigned number = 0; number < row.getIndices().size(); ++number)
    if (number != product.dimension && !bounds.isInside(row, number))
      return std::nullopt;
  // What varies with the head has no one value at a corner of a block that holds several.
  if (auto steps = stepsOf(product.index(), bounds); steps && steps->isMonotone() && !variesWith(product.index(), "h"))
    return TableRows::Window;
  auto tensor = row.getTensor().getDefiningOp<ir::TensorOp>();
  auto size = tensor ? bounds.sizeOf(tensor, product.dimension) : std::nullopt;
  if (!size)
    return std::nullopt;
  if (!size->terms.empty())
    return TableRows::AllIfFew;
  if (size->constant > mostTableRows)
    return std::nullopt;
  auto keys = kernel.extentOf("j") < 0 ? std::nullopt : kernel.fixedExtent(kernel.extentOf("j"));
  if (keys && size->constant > 8 * *keys)
    return std::nullopt;
  return TableRows::All;
}

} // namespace attn::lower
