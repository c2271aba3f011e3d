#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/coordinate/Passes.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace attn::lower {
#define GEN_PASS_DEF_SIMPLIFYPASS
#include "compiler/lower/coordinate/Passes.h.inc"

using namespace mlir;

namespace {

/// The attributes of an operation that are part of its meaning.
SmallVector<NamedAttribute> meaning(Operation *op) {
  SmallVector<NamedAttribute> attributes(op->getAttrDictionary().getValue());
  llvm::erase_if(attributes, [](NamedAttribute attribute) { return attribute.getName() == "text"; });
  return attributes;
}

struct SameOperation : llvm::DenseMapInfo<Operation *> {
  static unsigned getHashValue(const Operation *constOp) {
    auto *op = const_cast<Operation *>(constOp);
    llvm::hash_code hash = llvm::hash_combine(op->getName().getAsOpaquePointer());
    for (Value operand : op->getOperands())
      hash = llvm::hash_combine(hash, operand.getAsOpaquePointer());
    for (NamedAttribute attribute : meaning(op))
      hash = llvm::hash_combine(hash, attribute.getName().getAsOpaquePointer(), attribute.getValue().getAsOpaquePointer());
    return hash;
  }
  static bool isEqual(const Operation *constLeft, const Operation *constRight) {
    auto *left = const_cast<Operation *>(constLeft), *right = const_cast<Operation *>(constRight);
    if (left == right)
      return true;
    if (left == getTombstoneKey() || left == getEmptyKey() || right == getTombstoneKey() || right == getEmptyKey())
      return false;
    return left->getName() == right->getName() && left->getOperands() == right->getOperands() &&
           left->getResultTypes() == right->getResultTypes() && meaning(left) == meaning(right);
  }
};

/// One walk in block order: types, folds, equal operations. True if something changed.
bool simplifyOnce(ir::KernelOp kernel) {
  bool changed = false;
  OpBuilder builder(kernel.getContext());
  llvm::DenseSet<Operation *, SameOperation> seen;
  for (Operation &op : llvm::make_early_inc_range(kernel.getBody().front())) {
    changed |= refineType(&op);
    if (op.getNumResults() != 1 || !isMemoryEffectFree(&op))
      continue;
    Value replacement;
    if (OpFoldResult folded = ir::foldAcrossTypes(&op)) {
      if (auto value = dyn_cast<Value>(folded)) {
        replacement = value;
      } else {
        builder.setInsertionPoint(&op);
        auto attribute = cast<TypedAttr>(cast<Attribute>(folded));
        auto type = ir::FnType::get(attribute.getType(), {});
        auto constant = ir::ConstantOp::create(builder, op.getLoc(), type, attribute);
        auto [same, isNew] = seen.insert(constant);
        replacement = (*same)->getResult(0);
        if (!isNew)
          constant.erase();
      }
    } else if (auto [same, isNew] = seen.insert(&op); !isNew) {
      replacement = (*same)->getResult(0);
    }
    if (!replacement || replacement == op.getResult(0))
      continue;
    op.getResult(0).replaceAllUsesWith(replacement);
    op.erase();
    changed = true;
  }
  return changed;
}

/// The operands of a tree of `and`s, or of `or`s, the first of each in order: what decides first still does.
template <typename Op> struct Flat {
  llvm::SetVector<Value> leaves;
  llvm::SetVector<Operation *> inner;

  explicit Flat(Op root) {
    SmallVector<Value> waiting{root.getResult()};
    while (!waiting.empty()) {
      Value value = waiting.pop_back_val();
      auto op = value.getDefiningOp<Op>();
      if (!op) {
        leaves.insert(value);
      } else if (inner.insert(op)) {
        waiting.push_back(op.getRhs());
        waiting.push_back(op.getLhs());
      }
    }
  }
};

/// Definitions that take each other at shifted coordinates share operands, but not operations: of a chain of n of them n operands, and n * n / 2
/// operations on them. Such a graph is written as its operands, one after the other.
template <typename Op> void flatten(ir::KernelOp kernel) {
  constexpr size_t budget = 1 << 18;
  size_t looked = 0;
  for (Op root : llvm::make_early_inc_range(kernel.getBody().front().getOps<Op>())) {
    if (llvm::all_of(root->getUsers(), [](Operation *user) { return isa<Op>(user); }))
      continue;
    Flat<Op> flat(root);
    looked += flat.inner.size();
    if (looked > budget)
      break;
    size_t own = llvm::count_if(flat.inner, [&](Operation *op) {
      return op == root || llvm::all_of(op->getUsers(), [&](Operation *user) { return flat.inner.contains(user); });
    });
    if (own <= 2 * flat.leaves.size())
      continue;
    OpBuilder builder(root);
    Value chain = flat.leaves[0];
    for (Value leaf : llvm::drop_begin(flat.leaves))
      chain = Op::create(builder, root.getLoc(), ir::pointwiseType(builder.getI1Type(), {chain, leaf}), chain, leaf);
    root.getResult().replaceAllUsesWith(chain);
    root.erase();
  }
}

struct SimplifyPass : impl::SimplifyPassBase<SimplifyPass> {
  using SimplifyPassBase::SimplifyPassBase;

  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    for (RegisteredOperationName name : context->getRegisteredOperationsByDialect("attn"))
      name.getCanonicalizationPatterns(set, context);
    patterns = std::move(set);
    return success();
  }

  void runOnOperation() override {
    ir::KernelOp kernel = getOperation();
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled).enableFolding(false);
    flatten<ir::OrOp>(kernel);
    flatten<ir::AndOp>(kernel);
    constexpr int limit = 16;
    for (int round = 0; round < limit; ++round) {
      bool changed = simplifyOnce(kernel), rewritten = false;
      if (failed(applyPatternsGreedily(kernel.getBody(), patterns, config, &rewritten)))
        return signalPassFailure();
      if (!changed && !rewritten)
        break;
    }
    eraseUnused(kernel);
  }

  FrozenRewritePatternSet patterns;
};

} // namespace
} // namespace attn::lower
