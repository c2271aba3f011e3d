#include "compiler/lower/tile/LinearRead.h"

using namespace mlir;

namespace attn::lower {

static bool isUniform(Value value) {
  return llvm::all_of(cast<ir::FnType>(value.getType()).getCoordinates(), [](StringAttr name) {
    return llvm::is_contained({"b", "h", "g"}, name.getValue());
  });
}

/// The coordinate an index counts along, and where from; an empty name where it stays.
static std::optional<std::pair<StringAttr, Value>> countedFrom(Value index) {
  if (auto coordinate = index.getDefiningOp<ir::CoordinateOp>())
    return std::pair(coordinate.getNameAttr(), Value());
  if (isUniform(index))
    return std::pair(StringAttr::get(index.getContext(), ""), index);
  auto sum = index.getDefiningOp<ir::BinaryOp>();
  if (!sum || sum.getKind() != ir::BinaryKind::Add)
    return std::nullopt;
  for (auto [left, right] : {std::pair(sum.getLhs(), sum.getRhs()), std::pair(sum.getRhs(), sum.getLhs())})
    if (auto coordinate = left.getDefiningOp<ir::CoordinateOp>(); coordinate && isUniform(right))
      return std::pair(coordinate.getNameAttr(), right);
  return std::nullopt;
}

bool LinearRead::isF32() const { return cast<ir::TensorHandleType>(tensor.getType()).getElementType().isF32(); }

std::optional<LinearRead> linearRead(Value value) {
  auto read = value.getDefiningOp<ir::ReadOp>();
  if (!read || !read.getUnchecked() || !isa<FloatType>(cast<ir::TensorHandleType>(read.getTensor().getType()).getElementType()))
    return std::nullopt;
  LinearRead result;
  result.tensor = read.getTensor();
  SmallVector<Attribute> axes;
  for (auto [dimension, index] : llvm::enumerate(read.getIndices())) {
    auto counted = countedFrom(index);
    if (!counted || (!counted->first.empty() && llvm::is_contained(axes, counted->first)))
      return std::nullopt;
    axes.push_back(counted->first);
    if (counted->second)
      result.offsets.push_back({int64_t(dimension), counted->second});
  }
  result.axes = ArrayAttr::get(value.getContext(), axes);
  return result;
}

LinearRead tableOf(ir::ReadOp row, unsigned dimension) {
  LinearRead result;
  result.tensor = row.getTensor();
  SmallVector<Attribute> axes;
  for (auto [number, index] : llvm::enumerate(row.getIndices())) {
    auto counted = number == dimension ? std::pair(StringAttr::get(row.getContext(), "row"), Value()) : *countedFrom(index);
    axes.push_back(counted.first);
    if (counted.second)
      result.offsets.push_back({int64_t(number), counted.second});
  }
  result.axes = ArrayAttr::get(row.getContext(), axes);
  return result;
}

} // namespace attn::lower
