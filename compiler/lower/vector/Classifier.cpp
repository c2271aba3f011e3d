#include "compiler/lower/vector/Classifier.h"

#include "compiler/lower/vector/Support.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace attn::lower {

namespace {

/// What a classifier's operations depend on.
class Dependence {
public:
  explicit Dependence(Block &classifier) {
    onKeys.insert(classifier.getArgument(2));
    onKeys.insert(classifier.getArgument(3));
    for (Operation &op : classifier) {
      bool needsKeys = llvm::any_of(op.getOperands(), [&](Value operand) { return onKeys.contains(operand); });
      bool needsTable = llvm::any_of(op.getOperands(), [&](Value operand) { return onTables.contains(operand); });
      for (Value result : op.getResults()) {
        if (needsKeys)
          onKeys.insert(result);
        if (needsTable || isa<ir::TableRangeOp, ir::TableHoldsOp>(op))
          onTables.insert(result);
      }
      if (needsKeys || isa<ir::YieldOp>(op))
        for (Value operand : op.getOperands())
          if (isOfRowBlock(operand))
            ofRowBlock.insert(operand);
    }
  }

  /// What is worth computing once per row block: it asks for a table's range, and not by the keys.
  bool isOfRowBlock(Value value) const { return onTables.contains(value) && !onKeys.contains(value); }
  bool isOfRowBlock(Operation &op) const { return op.getNumResults() > 0 && isOfRowBlock(op.getResult(0)); }
  bool needsKeys(Operation &op) const { return op.getNumResults() == 0 || onKeys.contains(op.getResult(0)); }

  llvm::SmallSetVector<Value, 8> ofRowBlock; ///< that what depends on the keys is computed from

private:
  llvm::DenseSet<Value> onKeys, onTables;
};

/// One of the two functions while it is filled.
class ClassifierFunction {
public:
  ClassifierFunction(ir::TileKernelOp kernel, StringRef suffix, TypeRange arguments, TypeRange results) {
    auto module = kernel->getParentOfType<ModuleOp>();
    std::string stem = (kernel.getSymName() + "." + suffix).str(), name = stem;
    for (int64_t more = 2; module.lookupSymbol(name); ++more)
      name = (stem + "_" + Twine(more)).str();
    OpBuilder top = OpBuilder::atBlockEnd(module.getBody());
    function = func::FuncOp::create(top, kernel.getLoc(), name, FunctionType::get(kernel.getContext(), arguments, results));
    function.setPrivate();
    entry = function.addEntryBlock();
    builder.emplace(OpBuilder::atBlockEnd(entry));
  }

  void copy(Operation &op) {
    if (auto range = dyn_cast<ir::TableRangeOp>(op))
      askForRange(range);
    else if (auto holds = dyn_cast<ir::TableHoldsOp>(op))
      askForElement(holds);
    else
      builder->clone(op, mapping);
  }

  void finish(Location location, ValueRange results) {
    SmallVector<Value> mapped = llvm::map_to_vector(results, [&](Value result) { return mapping.lookup(result); });
    func::ReturnOp::create(*builder, location, mapped);
  }

  func::FuncOp function;
  Block *entry;
  IRMapping mapping;

private:
  Value array(Location location, unsigned count) {
    OpBuilder atEntry = OpBuilder::atBlockBegin(entry);
    Code first(atEntry, location);
    return LLVM::AllocaOp::create(atEntry, location, first.pointer(), first.i64(), first.integer(count), 8);
  }

  /// Bounds of one dimension after the other.
  Value inMemory(Code &code, ValueRange bounds) {
    Value memory = array(code.location, unsigned(bounds.size()));
    for (auto [n, bound] : llvm::enumerate(bounds))
      code.store(mapping.lookup(bound), code.at(memory, code.i64(), int64_t(n)), 8);
    return memory;
  }

  Value numberOf(Code &code, Value tensor) {
    return code.integer(tensor.getDefiningOp<ir::TensorOp>().getIndex(), code.i32());
  }

  void askForElement(ir::TableHoldsOp holds) {
    Code code(*builder, holds.getLoc());
    Value low = inMemory(code, holds.getLow()), high = inMemory(code, holds.getHigh());
    Value answer = callSupport(code, "attn_table_holds_int",
                               {entry->getArgument(0), numberOf(code, holds.getTensor()), low, high, mapping.lookup(holds.getLeast()),
                                mapping.lookup(holds.getMost())},
                               code.i32())[0];
    Value zero = code.integer(0, code.i32());
    mapping.map(holds.getKnown(), code.compare(arith::CmpIPredicate::sge, answer, zero));
    mapping.map(holds.getHolds(), code.compare(arith::CmpIPredicate::sgt, answer, zero));
  }

  void askForRange(ir::TableRangeOp range) {
    Code code(*builder, range.getLoc());
    Value low = inMemory(code, range.getLow()), high = inMemory(code, range.getHigh()), result = array(range.getLoc(), 2);
    bool isFloat = isa<FloatType>(range.getMinimum().getType());
    Value known = callSupport(code, isFloat ? "attn_table_range_float" : "attn_table_range_int",
                              {entry->getArgument(0), numberOf(code, range.getTensor()), low, high, result}, code.i32())[0];
    mapping.map(range.getKnown(), code.compare(arith::CmpIPredicate::ne, known, code.integer(0, code.i32())));
    mapping.map(range.getMinimum(), code.load(range.getMinimum().getType(), result, 8));
    mapping.map(range.getMaximum(), code.load(range.getMaximum().getType(), code.at(result, code.i64(), 1), 8));
  }

  std::optional<OpBuilder> builder;
};

} // namespace

/// Any part of a tile by itself, for C.
static func::FuncOp outlinePart(Code &code, ir::TileKernelOp kernel, Classifier &classifier) {
  Type integer = code.i64();
  ClassifierFunction function(kernel, "classify_part", {code.pointer(), integer, integer, integer, integer}, {code.i32()});
  OpBuilder builder = OpBuilder::atBlockEnd(function.entry);
  Code body(builder, code.location);
  auto parameters = function.entry->getArguments();
  SmallVector<Value> arguments;
  TypeRange types = classifier.tile.getArgumentTypes().take_front(1 + classifier.uniforms.size());
  for (auto [n, type] : llvm::enumerate(types))
    arguments.push_back(body.load(type, body.at(parameters[0], integer, int64_t(n)), 8));
  llvm::append_range(arguments, parameters.slice(1, 2));
  if (func::FuncOp rowBlock = classifier.rowBlock)
    llvm::append_range(arguments, func::CallOp::create(builder, code.location, rowBlock, SmallVector<Value>(arguments)).getResults());
  llvm::append_range(arguments, parameters.drop_front(3));
  auto answer = func::CallOp::create(builder, code.location, classifier.tile, arguments).getResults();
  Value shows = arith::ExtUIOp::create(builder, code.location, code.i32(), answer[0]);
  Value hides = arith::ExtUIOp::create(builder, code.location, code.i32(), answer[1]);
  Value found =
      arith::AddIOp::create(builder, code.location, shows, arith::AddIOp::create(builder, code.location, hides, hides));
  if (answer.size() > 2)
    found = body.select(body.both(body.both(answer[0], answer[1]), answer[2]), body.integer(7, code.i32()), found);
  func::ReturnOp::create(builder, code.location, found);
  return function.function;
}

Classifier outlineClassifier(Code &code, ir::TileKernelOp kernel, ir::TileVisitOp visit) {
  Classifier classifier;
  Block &source = visit.getClassifier().front();
  Dependence dependence(source);
  auto uniforms = llvm::to_vector(source.getOps<ir::UniformOp>());
  SmallVector<Type> common{code.pointer()};
  for (ir::UniformOp uniform : uniforms) {
    classifier.uniforms.push_back(uniform.getOperand());
    common.push_back(uniform.getResult().getType());
  }
  common.append(2, code.i64());
  ArrayRef<Value> ofRowBlock = dependence.ofRowBlock.getArrayRef();
  SmallVector<Type> computed = llvm::map_to_vector(ofRowBlock, [](Value value) { return value.getType(); });

  auto begin = [&](StringRef suffix, TypeRange arguments, TypeRange results) {
    ClassifierFunction function(kernel, suffix, arguments, results);
    unsigned argument = 1;
    for (ir::UniformOp uniform : uniforms)
      function.mapping.map(uniform.getResult(), function.entry->getArgument(argument++));
    function.mapping.map(source.getArgument(0), function.entry->getArgument(argument++));
    function.mapping.map(source.getArgument(1), function.entry->getArgument(argument++));
    return function;
  };
  if (!ofRowBlock.empty()) {
    ClassifierFunction function = begin("classify_rows", common, computed);
    for (Operation &op : source)
      if (!isa<ir::UniformOp>(op) && !dependence.needsKeys(op))
        function.copy(op);
    function.finish(visit.getLoc(), ofRowBlock);
    classifier.rowBlock = function.function;
  }
  SmallVector<Type> arguments(common);
  arguments.append(computed);
  arguments.append(2, code.i64());
  ClassifierFunction function = begin("classify", arguments, source.getTerminator()->getOperandTypes());
  for (auto [value, argument] : llvm::zip(ofRowBlock, function.entry->getArguments().drop_front(common.size())))
    function.mapping.map(value, argument);
  for (unsigned n : {2, 3})
    function.mapping.map(source.getArgument(n), function.entry->getArgument(common.size() + computed.size() + n - 2));
  for (Operation &op : source.without_terminator())
    if (!isa<ir::UniformOp>(op) && !dependence.isOfRowBlock(op))
      function.copy(op);
  function.finish(visit.getLoc(), source.getTerminator()->getOperands());
  classifier.tile = function.function;
  if (!visit.getExact())
    classifier.part = outlinePart(code, kernel, classifier);
  return classifier;
}

} // namespace attn::lower
