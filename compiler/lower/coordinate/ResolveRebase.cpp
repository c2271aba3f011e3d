#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/coordinate/Passes.h"

#include "llvm/ADT/Hashing.h"

#include <map>

namespace attn::lower {
#define GEN_PASS_DEF_RESOLVEREBASEPASS
#include "compiler/lower/coordinate/Passes.h.inc"

using namespace mlir;

namespace {

/// Values for coordinates, in a type's order of coordinates.
using Substitution = SmallVector<std::pair<StringAttr, Value>, 4>;

struct BySubstitution {
  bool operator()(const std::pair<Value, Substitution> &left, const std::pair<Value, Substitution> &right) const {
    auto key = [](const std::pair<Value, Substitution> &entry) {
      SmallVector<const void *, 10> pointers = {entry.first.getAsOpaquePointer()};
      for (auto [name, value] : entry.second)
        pointers.append({name.getAsOpaquePointer(), value.getAsOpaquePointer()});
      return pointers;
    };
    return key(left) < key(right);
  }
};

/// An operation but for its place.
struct Shape {
  const void *name, *attributes, *type;
  SmallVector<Value> operands;
  bool operator<(const Shape &other) const {
    auto key = [](const Shape &shape) {
      SmallVector<const void *, 8> pointers{shape.name, shape.attributes, shape.type};
      for (Value operand : shape.operands)
        pointers.push_back(operand.getAsOpaquePointer());
      return pointers;
    };
    return key(*this) < key(other);
  }
};

class Resolver {
public:
  Resolver(ir::KernelOp kernel, unsigned budget) : kernel(kernel), budget(budget) {}

  /// The operand's graph with the rebase's coordinates replaced. Operations before `op` hold no rebase any more.
  FailureOr<Value> resolve(ir::RebaseOp op) {
    OpBuilder builder(op);
    Substitution given;
    for (auto [name, value] : llvm::zip(op.getCoordinates().getAsRange<StringAttr>(), op.getValues()))
      given.push_back({name, value});
    SmallVector<Operation *> graph = computedFrom({op.getOperand()});
    if (failed(addGroup(builder, op.getLoc(), graph, given)))
      return failure();

    // Which values are needed at which coordinates, users first: a reduction hides what it runs over from its operands.
    llvm::DenseMap<Operation *, SmallVector<Substitution, 1>> needed;
    auto need = [&](Value value, const Substitution &outer) {
      Substitution own = restrict(value, outer);
      SmallVector<Substitution, 1> &list = needed[value.getDefiningOp()];
      if (!own.empty() && !resolved.count({value, own}) && !llvm::is_contained(list, own))
        list.push_back(own);
    };
    need(op.getOperand(), given);
    for (Operation *old : llvm::reverse(graph))
      for (const Substitution &own : SmallVector<Substitution, 1>(needed[old]))
        for (Value operand : old->getOperands())
          need(operand, own);

    for (Operation *old : graph)
      for (const Substitution &own : needed[old])
        if (failed(rebuild(builder, op, old, own)))
          return failure();
    return lookUp(op.getOperand(), given);
  }

private:
  LogicalResult rebuild(OpBuilder &builder, ir::RebaseOp rebase, Operation *op, const Substitution &own) {
    Value value = op->getResult(0);
    if (isa<ir::CoordinateOp>(op)) {
      resolved[{value, own}] = own.front().second;
      return success();
    }
    if (failed(verifyFree(rebase, op, own)))
      return failure();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(lookUp(operand, own));
    Value moved = shifted(builder, op, operands);
    if (!moved) {
      // What is the same function of the same values is one value, whichever way it was reached.
      Operation *copy = cloneWithOperands(builder, op, operands);
      Operation *&known = copies[Shape{copy->getName().getAsOpaquePointer(), copy->getAttrDictionary().getAsOpaquePointer(),
                                       copy->getResult(0).getType().getAsOpaquePointer(), operands}];
      if (known)
        copy->erase();
      else if (known = copy; ++created > budget)
        return rebase.emitError("the definition rebased here grows past ") << budget << " operations";
      moved = known->getResult(0);
    }
    resolved[{value, own}] = moved;
    return success();
  }

  static std::optional<int64_t> constantOf(Value value) {
    auto constant = value.getDefiningOp<ir::ConstantOp>();
    auto integer = constant ? dyn_cast<IntegerAttr>(constant.getValue()) : IntegerAttr();
    return integer ? std::optional(integer.getInt()) : std::nullopt;
  }

  /// A sum with a constant, as the one value that all sums with the same base and constant are: (i + 1) + 1 is i + 2, so that a mask of moved masks
  /// has as many values as there are places it looks at. Null for anything else.
  Value shifted(OpBuilder &builder, Operation *op, ArrayRef<Value> operands) {
    auto sum = dyn_cast<ir::BinaryOp>(op);
    if (!sum || !functionType(sum).getElementType().isInteger(64) ||
        (sum.getKind() != ir::BinaryKind::Add && sum.getKind() != ir::BinaryKind::Subtract))
      return {};
    auto offset = constantOf(operands[1]);
    if (!offset)
      return {};
    // Sums wrap, and so may their constants.
    uint64_t total = sum.getKind() == ir::BinaryKind::Add ? uint64_t(*offset) : -uint64_t(*offset);
    Value base = operands[0];
    if (auto known = parts.find(base); known != parts.end()) {
      base = known->second.first;
      total += known->second.second;
    }
    if (total == 0 && base.getType() == sum.getType())
      return base;
    Value &value = sums[{base, total}];
    if (!value) {
      value = binary(builder, op->getLoc(), ir::BinaryKind::Add, base, constantInt(builder, op->getLoc(), int64_t(total)));
      parts[value] = {base, total};
    }
    return value;
  }

  /// Setting h sets g, where something depends on g.
  LogicalResult addGroup(OpBuilder &builder, Location location, ArrayRef<Operation *> graph, Substitution &given) {
    auto isNamed = [](StringRef name) { return [=](const auto &entry) { return entry.first == name; }; };
    auto head = llvm::find_if(given, isNamed("h"));
    bool usesGroup = llvm::any_of(graph, [](Operation *op) {
      auto coordinate = dyn_cast<ir::CoordinateOp>(op);
      return coordinate && coordinate.getName() == "g";
    });
    if (head == given.end() || llvm::any_of(given, isNamed("g")) || !usesGroup)
      return success();
    int64_t heads = kernel.extentOf("h"), groups = kernel.extentOf("g");
    if (heads < 0 || groups < 0)
      return kernel.emitError("has no extent for `h` or `g`, which a rebase sets");
    Value perGroup = binary(builder, location, ir::BinaryKind::FloorDivide, extent(builder, location, kernel, "h"),
                            extent(builder, location, kernel, "g"));
    Value group = binary(builder, location, ir::BinaryKind::FloorDivide, head->second, perGroup);
    // Where anything is computed there is a head, and G divides H.
    for (Value quotient : {perGroup, group})
      quotient.getDefiningOp<ir::BinaryOp>().setUnchecked(true);
    given.push_back({builder.getStringAttr("g"), group});
    return success();
  }

  /// What of a substitution matters to a value. `g` is not in the type of what varies with h.
  Substitution restrict(Value value, const Substitution &given) {
    Substitution own;
    if (!isa<ir::FnType>(value.getType()))
      return own;
    for (auto entry : given)
      if (variesWith(value, entry.first) || (entry.first == "g" && variesWith(value, "h")))
        own.push_back(entry);
    return own;
  }

  Value lookUp(Value value, const Substitution &given) {
    Substitution own = restrict(value, given);
    return own.empty() ? value : resolved.at({value, own});
  }

  /// A value put under a reduction must not vary with what that reduction runs over: it would mean another coordinate there.
  LogicalResult verifyFree(ir::RebaseOp rebase, Operation *op, const Substitution &own) {
    ArrayAttr over;
    if (auto reduce = dyn_cast<ir::ReduceOp>(op))
      over = reduce.getOver();
    else if (auto dot = dyn_cast<ir::DotOp>(op))
      over = dot.getOver();
    else if (isa<ir::SoftmaxOp, ir::LogSumExpOp, ir::SumAfterOp, ir::ThresholdOp, ir::TopKOp>(op))
      over = ArrayAttr::get(op->getContext(), StringAttr::get(op->getContext(), "j"));
    if (!over)
      return success();
    for (auto [name, value] : own)
      for (StringRef bound : over.getAsValueRange<StringAttr>())
        if (variesWith(value, bound))
          return rebase.emitError("sets `") << name.getValue() << "` to what varies with `" << bound
                                            << "`, over which the rebased function reduces";
    return success();
  }

  ir::KernelOp kernel;
  unsigned budget;
  unsigned created = 0;
  std::map<Shape, Operation *> copies;
  llvm::DenseMap<std::pair<Value, uint64_t>, Value> sums;
  llvm::DenseMap<Value, std::pair<Value, uint64_t>> parts; ///< of those
  std::map<std::pair<Value, Substitution>, Value, BySubstitution> resolved;
};

struct ResolveRebasePass : impl::ResolveRebasePassBase<ResolveRebasePass> {
  using ResolveRebasePassBase::ResolveRebasePassBase;

  void runOnOperation() override {
    Resolver resolver(getOperation(), budget);
    for (Operation &op : llvm::make_early_inc_range(getOperation().getBody().front())) {
      refineType(&op);
      auto rebase = dyn_cast<ir::RebaseOp>(op);
      if (!rebase)
        continue;
      FailureOr<Value> value = resolver.resolve(rebase);
      if (failed(value))
        return signalPassFailure();
      rebase.replaceAllUsesWith(*value);
      rebase.erase();
    }
    eraseUnused(getOperation());
  }
};

} // namespace
} // namespace attn::lower
