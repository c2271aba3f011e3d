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
        if (needsTable || isa<ir::TableRangeOp>(op))
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
  /// The box goes through memory: inclusive bounds of one dimension after the other.
  void askForRange(ir::TableRangeOp range) {
    Code code(*builder, range.getLoc());
    unsigned rank = range.getLow().size();
    auto array = [&](unsigned count) -> Value {
      OpBuilder atEntry = OpBuilder::atBlockBegin(entry);
      Code first(atEntry, range.getLoc());
      return LLVM::AllocaOp::create(atEntry, range.getLoc(), first.pointer(), first.i64(), first.integer(count), 8);
    };
    Value low = array(rank), high = array(rank), result = array(2);
    for (unsigned n = 0; n < rank; ++n) {
      code.store(mapping.lookup(range.getLow()[n]), code.at(low, code.i64(), n), 8);
      code.store(mapping.lookup(range.getHigh()[n]), code.at(high, code.i64(), n), 8);
    }
    bool isFloat = isa<FloatType>(range.getMinimum().getType());
    Value tensor = code.integer(range.getTensor().getDefiningOp<ir::TensorOp>().getIndex(), code.i32());
    Value known = callSupport(code, isFloat ? "attn_table_range_float" : "attn_table_range_int",
                              {entry->getArgument(0), tensor, low, high, result}, code.i32())[0];
    mapping.map(range.getKnown(), code.compare(arith::CmpIPredicate::ne, known, code.integer(0, code.i32())));
    mapping.map(range.getMinimum(), code.load(range.getMinimum().getType(), result, 8));
    mapping.map(range.getMaximum(), code.load(range.getMaximum().getType(), code.at(result, code.i64(), 1), 8));
  }

  std::optional<OpBuilder> builder;
};

} // namespace

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
  ClassifierFunction function = begin("classify", arguments, {code.i1(), code.i1()});
  for (auto [value, argument] : llvm::zip(ofRowBlock, function.entry->getArguments().drop_front(common.size())))
    function.mapping.map(value, argument);
  for (unsigned n : {2, 3})
    function.mapping.map(source.getArgument(n), function.entry->getArgument(common.size() + computed.size() + n - 2));
  for (Operation &op : source.without_terminator())
    if (!isa<ir::UniformOp>(op) && !dependence.isOfRowBlock(op))
      function.copy(op);
  function.finish(visit.getLoc(), source.getTerminator()->getOperands());
  classifier.tile = function.function;
  return classifier;
}

} // namespace attn::lower
