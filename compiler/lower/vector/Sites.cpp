#include "compiler/lower/vector/Sites.h"

#include "compiler/lower/vector/Support.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Location.h"

using namespace mlir;

namespace attn::lower {

/// `spec.attn:3:5`.
static std::string placeOf(Location location) {
  if (auto place = location->findInstanceOf<FileLineColLoc>())
    return (place.getFilename().getValue() + ":" + Twine(place.getLine()) + ":" + Twine(place.getColumn())).str();
  return "";
}

int32_t Sites::number(Operation *op, attn_site_kind kind, int32_t tensor, int32_t dimension, StringAttr text) {
  auto [entry, added] = numbers.try_emplace({op, dimension}, static_cast<int32_t>(sites.size()));
  if (added) {
    Builder builder(op->getContext());
    sites.push_back(builder.getDictionaryAttr({
        builder.getNamedAttr("kind", builder.getI32IntegerAttr(kind)),
        builder.getNamedAttr("tensor", builder.getI32IntegerAttr(tensor)),
        builder.getNamedAttr("dimension", builder.getI32IntegerAttr(dimension)),
        builder.getNamedAttr("place", builder.getStringAttr(placeOf(op->getLoc()))),
        builder.getNamedAttr("text", text ? text : builder.getStringAttr("")),
    }));
  }
  return entry->second;
}

void Sites::reportIfAny(Code &code, Value run, int32_t site, Value wrong, Value value, Value limit) {
  auto vector = dyn_cast<VectorType>(wrong.getType());
  Value any = vector ? vector::ReductionOp::create(code.builder, code.location, vector::CombiningKind::OR, wrong).getResult() : wrong;
  code.when(any, [&] {
    Value seen = value;
    if (vector) {
      Value others = code.integer(getElementTypeOrSelf(value.getType()).isInteger(32) ? INT32_MIN : INT64_MIN, value.getType());
      seen = vector::ReductionOp::create(code.builder, code.location, vector::CombiningKind::MAXSI, code.select(wrong, value, others));
    }
    if (!seen.getType().isInteger(64))
      seen = arith::ExtSIOp::create(code.builder, code.location, code.i64(), seen);
    callSupport(code, "attn_fail", {run, code.integer(site, code.i32()), seen, limit}, {});
  });
}

} // namespace attn::lower
