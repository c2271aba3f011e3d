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

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t lanes, int64_t vectors, int64_t keyRows,
                                   int64_t featureRows, int64_t keyBlock, int64_t keyStep, Orientation orientation,
                                   RowHeads heads, Products products, int64_t partKeys, int64_t tasks, int64_t strips) {
  for (auto [name, value] : {std::pair("lanes", lanes), {"vectors", vectors}, {"key_rows", keyRows}, {"feature_rows", featureRows},
                             {"key_block", keyBlock}, {"key_step", keyStep}, {"strips", strips}})
    if (value < 1)
      return emitError() << "a schedule's " << name << " is positive, not " << value;
  if (lanes > 16 || !llvm::isPowerOf2_64(lanes))
    return emitError() << "a schedule's lanes are a power of two up to 16, not " << lanes;
  if (lanes * vectors % 4)
    return emitError() << "a row block is a multiple of 4 queries, not " << lanes * vectors;
  if (keyBlock % keyRows)
    return emitError() << "a key block is a multiple of key_rows " << keyRows << ", not " << keyBlock;
  if (heads == RowHeads::Group && orientation != Orientation::Features && products != Products::Matrix)
    return emitError() << "the heads of a group are taken together with features in lanes, or on the matrix unit";
  if (orientation == Orientation::Features && lanes * vectors % featureRows)
    return emitError() << "with features in lanes a row block is a multiple of feature_rows " << featureRows << ", not " << lanes * vectors;
  if (products == Products::Matrix && orientation != Orientation::Queries)
    return emitError() << "products on the matrix unit have queries in lanes";
  if (products == Products::Matrix && (lanes * vectors % 32 || featureRows % 32 || keyBlock % 32))
    return emitError() << "on the matrix unit row blocks, feature_rows and key blocks are multiples of 32, not " << lanes * vectors << ", " << featureRows
                       << " and " << keyBlock;
  if (products == Products::Matrix && keyStep % 16)
    return emitError() << "on the matrix unit key_step is a multiple of 16, not " << keyStep;
  if (strips > 1 && (products != Products::Matrix || heads == RowHeads::Group))
    return emitError() << "row blocks of one head on the matrix unit have strips, no others";
  if (strips > 1 && keyBlock > 64)
    return emitError() << "strips share a block of at most 64 keys, not " << keyBlock;
  if (keyBlock % keyStep || !llvm::isPowerOf2_64(keyBlock / keyStep))
    return emitError() << "a key block is key_step " << keyStep << " times a power of two, not " << keyBlock;
  if (partKeys < 0 || partKeys % keyBlock)
    return emitError() << "parts are multiples of key_block " << keyBlock << ", or 0, not " << partKeys;
  if (partKeys && strips > 1)
    return emitError() << "a row block whose keys are in parts is one strip, not " << strips;
  if (partKeys ? tasks < 2 : tasks != 0)
    return emitError() << (partKeys ? "parts are for more than one task, not " : "without parts there is no number of tasks to reach, such as ") << tasks;
  return success();
}

ScheduleAttr ScheduleAttr::inOnePart() const {
  return get(getContext(), getLanes(), getVectors(), getKeyRows(), getFeatureRows(), getKeyBlock(), getKeyStep(), getOrientation(), getHeads(), getProducts(), 0, 0,
             getStrips());
}

Operation *AttnDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location location) {
  auto function = dyn_cast<FnType>(type);
  auto typed = dyn_cast<TypedAttr>(value);
  if (!function || !typed || !function.getCoordinates().empty() || typed.getType() != function.getElementType())
    return nullptr;
  return ConstantOp::create(builder, location, type, typed);
}

} // namespace attn::ir
