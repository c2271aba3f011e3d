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
