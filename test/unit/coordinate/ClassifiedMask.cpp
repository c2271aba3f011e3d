#include "test/unit/coordinate/ClassifiedMask.h"

#include "compiler/irgen/IrGen.h"
#include "compiler/lower/coordinate/Passes.h"
#include "compiler/reference/Arithmetic.h"
#include "compiler/syntax/Parser.h"
#include "test/unit/Catch.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/TypeSwitch.h"

#include <bit>
#include <cmath>

using namespace mlir;

namespace attn::test {

namespace {

/// An int or bool in `integer`, a float in `real`.
struct Cell {
  int64_t integer = 0;
  double real = 0;
};

/// The element at `indices`, if they are inside.
std::optional<double> element(const Table &table, const std::vector<int64_t> &indices) {
  int64_t offset = 0;
  for (size_t n = 0; n < indices.size(); ++n) {
    if (indices[n] < 0 || indices[n] >= table.shape[n])
      return std::nullopt;
    offset = offset * table.shape[n] + indices[n];
  }
  return table.values[offset];
}

Cell cellOf(double value, bool isFloat) { return isFloat ? Cell{0, value} : Cell{int64_t(value), 0}; }

int64_t orOne(const std::map<std::string, int64_t> &values, const std::string &name) {
  auto found = values.find(name);
  return found == values.end() ? 1 : found->second;
}

bool compareValues(sema::CompareOp kind, auto left, auto right) {
  switch (kind) {
  case sema::CompareOp::Less:
    return left < right;
  case sema::CompareOp::LessEqual:
    return left <= right;
  case sema::CompareOp::Greater:
    return left > right;
  case sema::CompareOp::GreaterEqual:
    return left >= right;
  case sema::CompareOp::Equal:
    return left == right;
  case sema::CompareOp::NotEqual:
    return left != right;
  }
  return false;
}

std::optional<int64_t> integerBinary(sema::BinaryOp op, int64_t a, int64_t b) {
  using enum sema::BinaryOp;
  switch (op) {
  case Add:
    return reference::wrapAdd(a, b);
  case Subtract:
    return reference::wrapSubtract(a, b);
  case Multiply:
    return reference::wrapMultiply(a, b);
  case FloorDivide:
    return b == 0 ? std::nullopt : std::optional(b == -1 ? reference::wrapSubtract(0, a) : reference::floorDivide(a, b));
  case Modulo:
    return b == 0 ? std::nullopt : std::optional(b == -1 ? 0 : reference::floorModulo(a, b));
  case Power:
    return reference::power(a, b);
  case Minimum:
    return std::min(a, b);
  case Maximum:
    return std::max(a, b);
  case BitAnd:
    return a & b;
  case BitOr:
    return a | b;
  case BitXor:
    return a ^ b;
  case ShiftLeft:
    return reference::shiftLeft(a, b);
  case ShiftRight:
    return reference::shiftRight(a, b);
  case Divide:
    break;
  }
  FAIL("no integer operation");
  return std::nullopt;
}

double realBinary(sema::BinaryOp op, double a, double b) {
  using enum sema::BinaryOp;
  switch (op) {
  case Add:
    return a + b;
  case Subtract:
    return a - b;
  case Multiply:
    return a * b;
  case Divide:
    return a / b;
  case Minimum:
    return reference::minimum(a, b);
  case Maximum:
    return reference::maximum(a, b);
  default:
    FAIL("no float operation");
    return 0;
  }
}

/// The checked program at one place, by definition: nothing is evaluated that doesn't decide.
class Definition {
public:
  Definition(const sema::Attention &attention, const MaskData &data) : attention(attention), data(data) {}

  std::map<std::string, int64_t> place;

  std::optional<Cell> at(sema::NodeId id) {
    const sema::Node &node = attention.node(id);
    std::optional<Cell> cell = compute(node);
    if (cell && node.type == sema::ScalarType::Float32)
      cell->real = float(cell->real);
    return cell;
  }

private:
  std::optional<Cell> compute(const sema::Node &node) {
    using enum sema::NodeKind;
    bool isFloat = node.type == sema::ScalarType::Float32 || node.type == sema::ScalarType::Float64;
    switch (node.kind) {
    case Integer:
    case Boolean:
      return Cell{node.integer, 0};
    case Float:
      return Cell{0, node.real};
    case Coordinate:
      return Cell{place.at(attention.coordinates[node.coordinate].name), 0};
    case Extent:
      return Cell{orOne(data.extents, attention.extents[node.index].name), 0};
    case Scalar: {
      auto found = data.scalars.find(attention.scalars[node.index].name);
      return cellOf(found == data.scalars.end() ? 1 : found->second, isFloat);
    }
    case Load:
      return load(node, isFloat);
    case And:
    case Or: {
      auto left = at(node.operands[0]);
      if (!left || (left->integer != 0) == (node.kind == Or))
        return left;
      return at(node.operands[1]);
    }
    case Select: {
      auto condition = at(node.operands[0]);
      return condition ? at(node.operands[condition->integer ? 1 : 2]) : condition;
    }
    case Reduce:
      return reduce(node);
    case Rebase:
      return rebase(node);
    default:
      break;
    }
    auto first = at(node.operands[0]);
    if (!first)
      return first;
    const sema::Node &operand = attention.node(node.operands[0]);
    bool wasFloat = operand.type == sema::ScalarType::Float32 || operand.type == sema::ScalarType::Float64;
    if (node.kind == Not)
      return Cell{!first->integer, 0};
    if (node.kind == Convert)
      return convert(*first, wasFloat, isFloat, node.type);
    if (node.kind == Unary)
      return isFloat ? Cell{0, reference::unary(node.unary, first->real)} : Cell{reference::unary(node.unary, first->integer), 0};
    auto second = at(node.operands[1]);
    if (!second)
      return second;
    if (node.kind == Compare)
      return Cell{wasFloat ? compareValues(node.compare, first->real, second->real)
                           : compareValues(node.compare, first->integer, second->integer),
                  0};
    REQUIRE(node.kind == Binary);
    if (isFloat)
      return Cell{0, realBinary(node.binary, first->real, second->real)};
    auto result = integerBinary(node.binary, first->integer, second->integer);
    return result ? std::optional(Cell{*result, 0}) : std::nullopt;
  }

  std::optional<Cell> load(const sema::Node &node, bool isFloat) {
    std::vector<int64_t> indices;
    for (sema::NodeId operand : node.operands) {
      auto index = at(operand);
      if (!index)
        return index;
      indices.push_back(index->integer);
    }
    auto value = element(data.tables.at(attention.tensors[node.index].name), indices);
    return value ? std::optional(cellOf(*value, isFloat)) : std::nullopt;
  }

  std::optional<Cell> convert(Cell from, bool wasFloat, bool isFloat, sema::ScalarType type) {
    if (isFloat)
      return Cell{0, wasFloat ? from.real : double(from.integer)};
    REQUIRE(!wasFloat);
    return type == sema::ScalarType::Bool ? Cell{from.integer != 0, 0} : from;
  }

  std::optional<Cell> reduce(const sema::Node &node) {
    REQUIRE(node.coordinates.size() == 1);
    const sema::Coordinate &over = attention.coordinates[node.coordinates[0]];
    bool isAny = node.reduction == sema::Reduction::Any;
    int64_t size = orOne(data.extents, attention.extents[over.extent].name), result = !isAny;
    for (int64_t n = 0; n < size; ++n) {
      place[over.name] = n;
      auto value = at(node.operands[0]);
      if (!value)
        return value;
      result = isAny ? result || value->integer : result && value->integer;
    }
    return Cell{result, 0};
  }

  std::optional<Cell> rebase(const sema::Node &node) {
    std::map<std::string, int64_t> inside = place;
    for (size_t n = 0; n < node.coordinates.size(); ++n) {
      auto value = at(node.operands[1 + n]);
      if (!value)
        return value;
      inside[attention.coordinates[node.coordinates[n]].name] = value->integer;
    }
    std::swap(place, inside);
    auto result = at(node.operands[0]);
    std::swap(place, inside);
    return result;
  }

  const sema::Attention &attention;
  const MaskData &data;
};

/// Uniform functions of a kernel and the code of a classifier.
class Interpreter {
public:
  Interpreter(const MaskData &data, int64_t batch, int64_t head) : data(data), batch(batch), head(head) {}

  Classified run(ir::ClassifyOp classifier, MaskTile tile) {
    Block &block = classifier.getBody().front();
    for (auto [argument, value] : llvm::zip(block.getArguments(),
                                            std::vector<int64_t>{tile.firstQuery, tile.lastQuery, tile.firstKey, tile.lastKey}))
      cells[argument] = {value, 0};
    for (Operation &op : block)
      step(&op);
    Operation *yield = block.getTerminator();
    auto says = [&](unsigned n) { return n < yield->getNumOperands() && cells[yield->getOperand(n)].integer != 0; };
    return {says(0), says(1), says(0) && says(1) && says(2)};
  }

private:
  static bool isFloat(Value value) {
    auto function = dyn_cast<ir::FnType>(value.getType());
    return isa<FloatType>(function ? function.getElementType() : value.getType());
  }

  void give(Value result, Cell cell) {
    auto function = dyn_cast<ir::FnType>(result.getType());
    Type type = function ? function.getElementType() : result.getType();
    if (type.isF32())
      cell.real = float(cell.real);
    if (type.isInteger(1))
      cell.integer = cell.integer & 1;
    cells[result] = cell;
  }

  Cell of(Value value) {
    if (auto known = cells.find(value); known != cells.end())
      return known->second;
    uniform(value.getDefiningOp());
    return cells[value];
  }

  /// What a row block computes: not lazy; where nothing counts a read gives 0.
  void uniform(Operation *op) {
    SmallVector<Cell> operands;
    for (Value operand : op->getOperands())
      operands.push_back(isa<ir::TensorHandleType>(operand.getType()) ? Cell() : of(operand));
    Value result = op->getResult(0);
    if (auto constant = dyn_cast<ir::ConstantOp>(op)) {
      give(result, constantCell(constant.getValue()));
    } else if (auto coordinate = dyn_cast<ir::CoordinateOp>(op)) {
      give(result, {coordinate.getName() == "b" ? batch : head, 0});
    } else if (auto extent = dyn_cast<ir::ExtentOp>(op)) {
      give(result, {orOne(data.extents, extent.getName().str()), 0});
    } else if (auto scalar = dyn_cast<ir::ScalarOp>(op)) {
      auto found = data.scalars.find(scalar.getName().str());
      give(result, cellOf(found == data.scalars.end() ? 1 : found->second, isFloat(result)));
    } else if (auto read = dyn_cast<ir::ReadOp>(op)) {
      std::vector<int64_t> indices;
      for (size_t n = 0; n < read.getIndices().size(); ++n)
        indices.push_back(operands[1 + n].integer);
      bool counts = !read.getWhere() || operands.back().integer;
      auto value = counts ? element(table(read.getTensor()), indices) : std::nullopt;
      give(result, cellOf(value.value_or(0), isFloat(result)));
    } else if (auto unary = dyn_cast<ir::UnaryOp>(op)) {
      auto kind = static_cast<sema::UnaryOp>(unary.getKind());
      give(result, isFloat(result) ? Cell{0, reference::unary(kind, operands[0].real)}
                                   : Cell{reference::unary(kind, operands[0].integer), 0});
    } else if (auto binary = dyn_cast<ir::BinaryOp>(op)) {
      auto kind = static_cast<sema::BinaryOp>(binary.getKind());
      give(result, isFloat(result)
                       ? Cell{0, realBinary(kind, operands[0].real, operands[1].real)}
                       : Cell{integerBinary(kind, operands[0].integer, operands[1].integer).value_or(operands[0].integer), 0});
    } else if (auto compare = dyn_cast<ir::CompareOp>(op)) {
      auto kind = static_cast<sema::CompareOp>(compare.getKind());
      give(result, {isFloat(compare.getLhs()) ? compareValues(kind, operands[0].real, operands[1].real)
                                              : compareValues(kind, operands[0].integer, operands[1].integer),
                    0});
    } else if (isa<ir::AndOp>(op)) {
      give(result, {operands[0].integer & operands[1].integer, 0});
    } else if (isa<ir::OrOp>(op)) {
      give(result, {operands[0].integer | operands[1].integer, 0});
    } else if (isa<ir::NotOp>(op)) {
      give(result, {!operands[0].integer, 0});
    } else if (isa<ir::SelectOp>(op)) {
      give(result, operands[0].integer ? operands[1] : operands[2]);
    } else if (auto conversion = dyn_cast<ir::ConvertOp>(op)) {
      bool wasFloat = isFloat(conversion.getOperand());
      REQUIRE((isFloat(result) || !wasFloat));
      Cell from = operands[0];
      give(result, isFloat(result) ? Cell{0, wasFloat ? from.real : double(from.integer)} : Cell{from.integer, 0});
    } else {
      FAIL("a uniform value from " << op->getName().getStringRef().str());
    }
  }

  static Cell constantCell(Attribute attribute) {
    if (auto real = dyn_cast<FloatAttr>(attribute))
      return {0, real.getValueAsDouble()};
    auto integer = cast<IntegerAttr>(attribute);
    return {integer.getType().isInteger(1) ? int64_t(integer.getValue().getBoolValue()) : integer.getInt(), 0};
  }

  const Table &table(Value tensor) { return data.tables.at(tensor.getDefiningOp<ir::TensorOp>().getName().str()); }

  /// Visits the elements of a box, if it lies in the table; whether it does.
  bool forEachIn(const Table &from, OperandRange lows, OperandRange highs, llvm::function_ref<void(double)> visit) {
    std::vector<int64_t> low, high;
    bool isInside = true;
    for (auto [n, pair] : llvm::enumerate(llvm::zip(lows, highs))) {
      low.push_back(of(std::get<0>(pair)).integer);
      high.push_back(of(std::get<1>(pair)).integer);
      CHECK(low.back() <= high.back());
      isInside &= low.back() >= 0 && low.back() <= high.back() && high.back() < from.shape[n];
    }
    for (std::vector<int64_t> index = low; isInside;) {
      visit(*element(from, index));
      size_t n = index.size();
      while (n > 0 && index[n - 1] == high[n - 1])
        --n, index[n] = low[n];
      if (n == 0)
        break;
      ++index[n - 1];
    }
    return isInside;
  }

  void tableRange(ir::TableRangeOp range) {
    double least = INFINITY, most = -INFINITY;
    bool isNumber = true;
    bool known = forEachIn(table(range.getTensor()), range.getLow(), range.getHigh(), [&](double value) {
      isNumber &= !std::isnan(value);
      least = std::min(least, value), most = std::max(most, value);
    });
    known &= isNumber;
    // Where nothing is known the results are garbage.
    constexpr int64_t garbage = 0x5a5a5a5a5a5a5a5a;
    bool isReal = isFloat(range.getMinimum());
    give(range.getKnown(), {known, 0});
    give(range.getMinimum(), known ? cellOf(least, isReal) : Cell{garbage, NAN});
    give(range.getMaximum(), known ? cellOf(most, isReal) : Cell{-garbage, NAN});
  }

  void tableHolds(ir::TableHoldsOp holds) {
    bool some = false;
    bool known = forEachIn(table(holds.getTensor()), holds.getLow(), holds.getHigh(), [&](double value) {
      some |= value >= double(of(holds.getLeast()).integer) && value <= double(of(holds.getMost()).integer);
    });
    give(holds.getKnown(), {known, 0});
    give(holds.getHolds(), {known && some, 0});
  }

  void step(Operation *op) {
    if (auto holds = dyn_cast<ir::TableHoldsOp>(op))
      return tableHolds(holds);
    if (auto range = dyn_cast<ir::TableRangeOp>(op))
      return tableRange(range);
    if (isa<ir::YieldOp>(op))
      return;
    if (auto plain = dyn_cast<ir::UniformOp>(op))
      return give(plain.getResult(), of(plain.getOperand()));
    if (auto constant = dyn_cast<arith::ConstantOp>(op))
      return give(constant.getResult(), constantCell(constant.getValue()));
    SmallVector<Cell> x;
    for (Value operand : op->getOperands())
      x.push_back(of(operand));
    auto integer = [&](int64_t value) { give(op->getResult(0), {value, 0}); };
    auto real = [&](double value) { give(op->getResult(0), {0, value}); };
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](arith::AddIOp) { integer(reference::wrapAdd(x[0].integer, x[1].integer)); })
        .Case([&](arith::SubIOp) { integer(reference::wrapSubtract(x[0].integer, x[1].integer)); })
        .Case([&](arith::MulIOp) { integer(reference::wrapMultiply(x[0].integer, x[1].integer)); })
        .Case([&](arith::MinSIOp) { integer(std::min(x[0].integer, x[1].integer)); })
        .Case([&](arith::MaxSIOp) { integer(std::max(x[0].integer, x[1].integer)); })
        .Case([&](arith::AndIOp) { integer(x[0].integer & x[1].integer); })
        .Case([&](arith::OrIOp) { integer(x[0].integer | x[1].integer); })
        .Case([&](arith::XOrIOp) { integer(x[0].integer ^ x[1].integer); })
        .Case([&](arith::ShLIOp) { integer(reference::shiftLeft(x[0].integer, x[1].integer)); })
        .Case([&](arith::ShRSIOp) { integer(reference::shiftRight(x[0].integer, x[1].integer)); })
        .Case([&](arith::ShRUIOp) {
          REQUIRE(x[1].integer < 64);
          integer(int64_t(uint64_t(x[0].integer) >> x[1].integer));
        })
        .Case([&](arith::DivSIOp) {
          REQUIRE(x[1].integer != 0);
          REQUIRE((x[0].integer != INT64_MIN || x[1].integer != -1));
          integer(x[0].integer / x[1].integer);
        })
        .Case([&](arith::CmpIOp compare) {
          APInt left(64, uint64_t(x[0].integer)), right(64, uint64_t(x[1].integer));
          integer(arith::applyCmpPredicate(compare.getPredicate(), left, right));
        })
        .Case([&](arith::CmpFOp compare) {
          integer(arith::applyCmpPredicate(compare.getPredicate(), APFloat(x[0].real), APFloat(x[1].real)));
        })
        .Case([&](arith::SelectOp) { give(op->getResult(0), x[0].integer ? x[1] : x[2]); })
        .Case([&](arith::ExtUIOp) { integer(x[0].integer); })
        .Case([&](arith::SIToFPOp) { real(double(x[0].integer)); })
        .Case([&](arith::UIToFPOp) { real(double(x[0].integer)); })
        .Case([&](arith::ExtFOp) { real(x[0].real); })
        .Case([&](arith::TruncFOp) { real(x[0].real); })
        .Case([&](arith::AddFOp) { real(x[0].real + x[1].real); })
        .Case([&](arith::MulFOp) { real(x[0].real * x[1].real); })
        .Case([&](arith::DivFOp) { real(x[0].real / x[1].real); })
        .Case([&](arith::NegFOp) { real(-x[0].real); })
        .Case([&](arith::MinimumFOp) { real(reference::minimum(x[0].real, x[1].real)); })
        .Case([&](arith::MaximumFOp) { real(reference::maximum(x[0].real, x[1].real)); })
        .Case([&](math::CountLeadingZerosOp) { integer(std::countl_zero(uint64_t(x[0].integer))); })
        .Case([&](math::FloorOp) { real(std::floor(x[0].real)); })
        .Case([&](math::CeilOp) { real(std::ceil(x[0].real)); })
        .Case([&](math::RoundEvenOp) { real(std::nearbyint(x[0].real)); })
        .Default([&](Operation *) { FAIL("a classifier with " << op->getName().getStringRef().str()); });
  }

  const MaskData &data;
  int64_t batch, head;
  llvm::DenseMap<Value, Cell> cells;
};

} // namespace

ClassifiedMask::ClassifiedMask(const std::string &lines) : context(MLIRContext::Threading::DISABLED) {
  Diagnostics diagnostics;
  const SourceFile *source = sources.addText("mask.attn", "attention a {\n  layout mha\n" + lines + "\n}\n");
  syntax::File file = syntax::parse(*source, diagnostics);
  program = sema::check(file, sources, diagnostics);
  context.loadDialect<ir::AttnDialect, arith::ArithDialect, math::MathDialect>();
  if (program)
    module = irgen::generate(context, program->attentions.front(), diagnostics);
  said = render(diagnostics);
  if (!module)
    return;
  PassManager passes(&context);
  OpPassManager &kernel = passes.nest<ir::KernelOp>();
  kernel.addPass(lower::createSimplifyPass());
  kernel.addPass(lower::createResolveRebasePass());
  kernel.addPass(lower::createSimplifyPass());
  kernel.addPass(lower::createInferRangesPass());
  lower::GuardReadsPassOptions guard;
  guard.split = true;
  kernel.addPass(lower::createGuardReadsPass(guard));
  kernel.addPass(lower::createFormOnlinePass());
  kernel.addPass(lower::createClassifyMaskPass());
  REQUIRE(succeeded(passes.run(*module)));
}

ir::ClassifyOp ClassifiedMask::classifier() const {
  ir::ClassifyOp found;
  module.get()->walk([&](ir::ClassifyOp op) { found = op; });
  return found;
}

std::optional<bool> ClassifiedMask::isVisible(int64_t query, int64_t key) const {
  const sema::Attention &attention = program->attentions.front();
  Definition definition(attention, data);
  definition.place = {{"b", batch}, {"h", head}, {"g", head}, {"i", query}, {"j", key}};
  auto cell = definition.at(attention.mask);
  return cell ? std::optional(cell->integer != 0) : std::nullopt;
}

Classified ClassifiedMask::byPairs(MaskTile tile) const {
  Classified result{false, false};
  for (int64_t i = tile.firstQuery; i <= tile.lastQuery; ++i)
    for (int64_t j = tile.firstKey; j <= tile.lastKey; ++j) {
      std::optional<bool> visible = isVisible(i, j);
      result.mayBeVisible |= visible.value_or(true);
      result.mayBeInvisible |= !visible.value_or(false);
    }
  return result;
}

Classified ClassifiedMask::byCode(MaskTile tile) const {
  ir::ClassifyOp op = classifier();
  return op ? Interpreter(data, batch, head).run(op, tile) : byPairs(tile);
}

size_t ClassifiedMask::codeSize() const {
  ir::ClassifyOp op = classifier();
  return op ? llvm::range_size(op.getBody().front()) : 0;
}

std::string ClassifiedMask::codeText() const {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (ir::ClassifyOp op = classifier())
    op->print(stream);
  return text;
}

} // namespace attn::test
