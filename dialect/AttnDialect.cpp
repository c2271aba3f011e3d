#include "dialect/AttnDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialect/AttnDialect.cpp.inc"
#include "dialect/AttnEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialect/AttnAttrs.cpp.inc"

using namespace mlir;

namespace attn::ir {

void AttnDialect::initialize() {
  registerTypes();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialect/AttnAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialect/AttnOps.cpp.inc"
      >();
}

Operation *AttnDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location location) {
  auto function = dyn_cast<FnType>(type);
  auto typed = dyn_cast<TypedAttr>(value);
  if (!function || !typed || !function.getCoordinates().empty() || typed.getType() != function.getElementType())
    return nullptr;
  return ConstantOp::create(builder, location, type, typed);
}

} // namespace attn::ir
