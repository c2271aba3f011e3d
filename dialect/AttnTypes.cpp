#include "dialect/AttnDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

#define GET_TYPEDEF_CLASSES
#include "dialect/AttnTypes.cpp.inc"

using namespace mlir;

namespace attn::ir {

void AttnDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialect/AttnTypes.cpp.inc"
      >();
}

bool coordinateBefore(StringRef left, StringRef right) {
  constexpr StringLiteral order = "bhgijde";
  auto rank = [&](StringRef name) { return name.size() == 1 ? order.find(name[0]) : StringRef::npos; };
  size_t leftRank = rank(left), rightRank = rank(right);
  if (leftRank != rightRank)
    return leftRank < rightRank;
  return leftRank == StringRef::npos && left < right;
}

SmallVector<StringAttr> unionOfCoordinates(ArrayRef<Value> functions, ArrayRef<StringAttr> more) {
  SmallVector<StringAttr> all(more);
  for (Value function : functions)
    for (StringAttr coordinate : cast<FnType>(function.getType()).getCoordinates())
      if (!llvm::is_contained(all, coordinate))
        all.push_back(coordinate);
  if (llvm::any_of(all, [](StringAttr coordinate) { return coordinate == "h"; }))
    llvm::erase_if(all, [](StringAttr coordinate) { return coordinate == "g"; });
  llvm::sort(all, [](StringAttr left, StringAttr right) { return coordinateBefore(left, right); });
  return all;
}

FnType pointwiseType(Type element, ArrayRef<Value> operands) {
  return FnType::get(element, unionOfCoordinates(operands));
}

bool FnType::variesWith(StringRef coordinate) const {
  return llvm::any_of(getCoordinates(), [&](StringAttr own) { return own == coordinate; });
}

LogicalResult FnType::verify(function_ref<InFlightDiagnostic()> emitError, Type elementType,
                             ArrayRef<StringAttr> coordinates) {
  if (!elementType.isInteger(1) && !elementType.isInteger(64) && !elementType.isF32() && !elementType.isF64())
    return emitError() << "a function of coordinates is of i1, i64, f32 or f64, not " << elementType;
  for (size_t n = 1; n < coordinates.size(); ++n)
    if (!coordinateBefore(coordinates[n - 1], coordinates[n]))
      return emitError() << "coordinates `" << coordinates[n - 1].getValue() << "` and `" << coordinates[n].getValue()
                         << "` are out of order or repeated";
  return success();
}

/// `<f32, [h, i, j]>`, shared by functions and tiles.
static ParseResult parseElementAndCoordinates(AsmParser &parser, Type &element, SmallVectorImpl<StringAttr> &coordinates) {
  auto parseCoordinate = [&]() -> ParseResult {
    std::string name;
    if (parser.parseKeywordOrString(&name))
      return failure();
    coordinates.push_back(StringAttr::get(parser.getContext(), name));
    return success();
  };
  return failure(parser.parseLess() || parser.parseType(element) || parser.parseComma() ||
                 parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseCoordinate) || parser.parseGreater());
}

static void printElementAndCoordinates(AsmPrinter &printer, Type element, ArrayRef<StringAttr> coordinates) {
  printer << '<' << element << ", [";
  llvm::interleaveComma(coordinates, printer, [&](StringAttr name) { printer.printKeywordOrString(name.getValue()); });
  printer << "]>";
}

Type FnType::parse(AsmParser &parser) {
  Type element;
  SmallVector<StringAttr> coordinates;
  SMLoc start = parser.getCurrentLocation();
  if (parseElementAndCoordinates(parser, element, coordinates))
    return {};
  return FnType::getChecked([&] { return parser.emitError(start); }, parser.getContext(), element, coordinates);
}

void FnType::print(AsmPrinter &printer) const {
  printElementAndCoordinates(printer, getElementType(), getCoordinates());
}

LogicalResult TileType::verify(function_ref<InFlightDiagnostic()> emitError, Type elementType,
                               ArrayRef<StringAttr> coordinates) {
  if (!isa<FloatType>(elementType))
    return emitError() << "a tile is of floats, not " << elementType;
  if (coordinates.size() != 2 || coordinates[0] == coordinates[1] || coordinates[1] == "j")
    return emitError() << "a tile has two coordinates: that of its rows, and `i` or a feature across lanes";
  return success();
}

Type TileType::parse(AsmParser &parser) {
  Type element;
  SmallVector<StringAttr> coordinates;
  SMLoc start = parser.getCurrentLocation();
  if (parseElementAndCoordinates(parser, element, coordinates))
    return {};
  return TileType::getChecked([&] { return parser.emitError(start); }, parser.getContext(), element, coordinates);
}

void TileType::print(AsmPrinter &printer) const {
  printElementAndCoordinates(printer, getElementType(), getCoordinates());
}

} // namespace attn::ir
