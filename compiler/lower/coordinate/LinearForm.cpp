#include "compiler/lower/coordinate/LinearForm.h"

#include "compiler/lower/coordinate/Coordinates.h"

#include <cstdlib>

using namespace mlir;

namespace attn::lower {

static constexpr size_t mostLeaves = 8;
static constexpr int64_t largestCoefficient = int64_t(1) << 16, largestConstant = int64_t(1) << 50;

bool isUniform(Value value) {
  return llvm::all_of(functionType(value).getCoordinates(),
                      [](StringAttr name) { return name == "b" || name == "h" || name == "g"; });
}

static std::optional<int64_t> constantOf(Value value) {
  auto constant = value.getDefiningOp<ir::ConstantOp>();
  auto number = constant ? dyn_cast<IntegerAttr>(constant.getValue()) : IntegerAttr();
  return number && number.getType().isInteger(64) ? std::optional(number.getInt()) : std::nullopt;
}

bool LinearForm::add(Value value, int64_t factor) {
  if (std::abs(factor) > largestCoefficient)
    return false;
  if (auto number = constantOf(value)) {
    __int128 sum = __int128(*number) * factor + constant;
    if (sum > largestConstant || sum < -largestConstant || std::abs(double(*number)) > double(largestConstant))
      return false;
    constant = int64_t(sum);
    return true;
  }
  auto addLeaf = [&] {
    for (Leaf &leaf : leaves)
      if (leaf.value == value)
        return std::abs(leaf.coefficient += factor) <= largestCoefficient;
    leaves.push_back({value, factor});
    return leaves.size() <= mostLeaves;
  };
  if (isUniform(value))
    return addLeaf();
  if (auto coordinate = value.getDefiningOp<ir::CoordinateOp>(); coordinate && (coordinate.getName() == "i" || coordinate.getName() == "j")) {
    int64_t &coefficient = coordinate.getName() == "i" ? query : key;
    return std::abs(coefficient += factor) <= largestCoefficient;
  }
  if (auto unary = value.getDefiningOp<ir::UnaryOp>(); unary && unary.getKind() == ir::UnaryKind::Negate)
    return add(unary.getOperand(), -factor);
  auto binary = value.getDefiningOp<ir::BinaryOp>();
  if (!binary)
    return addLeaf();
  if (binary.getKind() == ir::BinaryKind::Add)
    return add(binary.getLhs(), factor) && add(binary.getRhs(), factor);
  if (binary.getKind() == ir::BinaryKind::Subtract)
    return add(binary.getLhs(), factor) && add(binary.getRhs(), -factor);
  if (binary.getKind() == ir::BinaryKind::Multiply)
    for (auto [operand, other] : {std::pair(binary.getLhs(), binary.getRhs()), std::pair(binary.getRhs(), binary.getLhs())})
      if (auto number = constantOf(other); number && *number != 0 && std::abs(double(*number)) <= double(largestCoefficient))
        return add(operand, factor * *number);
  return addLeaf();
}

LinearForm LinearForm::negated() const {
  LinearForm opposite = *this;
  opposite.query = -query, opposite.key = -key, opposite.constant = -constant;
  for (Leaf &leaf : opposite.leaves)
    leaf.coefficient = -leaf.coefficient;
  return opposite;
}

LinearForm LinearForm::without(size_t leaf) const {
  LinearForm rest = *this;
  rest.leaves.erase(rest.leaves.begin() + leaf);
  return rest;
}

std::optional<LinearForm> differenceOfSides(Value left, Value right) {
  LinearForm form, side;
  if (!form.add(left, 1) || !side.add(right, -1))
    return std::nullopt;
  auto isWhole = [](const LinearForm &of, Value value) { return of.leaves.size() == 1 && of.leaves[0].value == value; };
  if (isWhole(form, left))
    form.leaves[0].isWholeSide = true;
  else if (isWhole(side, right))
    side.leaves[0].isWholeSide = true;
  form.query += side.query, form.key += side.key, form.constant += side.constant;
  for (const LinearForm::Leaf &leaf : side.leaves) {
    auto same = llvm::find_if(form.leaves, [&](const LinearForm::Leaf &own) { return own.value == leaf.value; });
    if (same == form.leaves.end()) {
      form.leaves.push_back(leaf);
      continue;
    }
    same->coefficient += leaf.coefficient;
    same->isWholeSide = false;
  }
  return form;
}

} // namespace attn::lower
