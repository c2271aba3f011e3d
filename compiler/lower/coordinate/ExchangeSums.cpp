#include "compiler/lower/coordinate/ExchangeSums.h"

#include "compiler/lower/coordinate/Coordinates.h"

namespace attn::lower {

using namespace mlir;

namespace {

/// A sum over features of a product of factors.
struct Sum {
  SmallVector<StringAttr, 2> features;
  SmallVector<Value> factors;
};

void addFactors(Value value, SmallVector<Value> &factors) {
  auto product = value.getDefiningOp<ir::BinaryOp>();
  if (!product || product.getKind() != ir::BinaryKind::Multiply)
    return factors.push_back(value);
  addFactors(product.getLhs(), factors);
  addFactors(product.getRhs(), factors);
}

/// Nothing where `op` is another kind of operation.
std::optional<Sum> sumOf(Operation *op) {
  Sum sum;
  ArrayAttr over;
  if (auto dot = dyn_cast_or_null<ir::DotOp>(op)) {
    over = dot.getOver();
    addFactors(dot.getLhs(), sum.factors);
    addFactors(dot.getRhs(), sum.factors);
    if (dot.getScale())
      sum.factors.push_back(dot.getScale());
  } else if (auto reduce = dyn_cast_or_null<ir::ReduceOp>(op); reduce && reduce.getKind() == ir::ReductionKind::Sum && !reduce.getWhere() && !isOverKeys(reduce)) {
    over = reduce.getOver();
    addFactors(reduce.getOperand(), sum.factors);
  }
  if (!over || !llvm::all_of(sum.factors, [](Value factor) { return functionType(factor).getElementType().isF32(); }))
    return std::nullopt;
  llvm::append_range(sum.features, over.getAsRange<StringAttr>());
  return sum;
}

/// What is summed over `first` for each query, and what its product with a key over `second` is of.
struct Exchange {
  StringAttr first, second;
  SmallVector<Value> queries, keys;

  /// False where a factor belongs to neither.
  bool add(Value factor) {
    bool ofKey = variesWith(factor, "j");
    (ofKey ? keys : queries).push_back(factor);
    return !ofKey || (!variesWith(factor, first) && !variesWith(factor, "i"));
  }
  bool addAll(ArrayRef<Value> factors) {
    return llvm::all_of(factors, [&](Value factor) { return add(factor); });
  }
  bool isProduct() const {
    return llvm::any_of(queries, [&](Value factor) { return variesWith(factor, "i") && variesWith(factor, first); }) &&
           llvm::any_of(queries, [&](Value factor) { return variesWith(factor, second); }) &&
           llvm::any_of(keys, [&](Value factor) { return variesWith(factor, second); });
  }
};

/// `sum(d: q * … sum(c: w * k))`
std::optional<Exchange> nested(const Sum &outer) {
  StringAttr feature = outer.features[0];
  for (auto [n, factor] : llvm::enumerate(outer.factors)) {
    if (variesWith(factor, "i") || !variesWith(factor, "j") || !variesWith(factor, feature))
      continue;
    std::optional<Sum> inner = sumOf(factor.getDefiningOp());
    if (!inner || inner->features.size() != 1)
      return std::nullopt;
    SmallVector<Value> others(outer.factors);
    others.erase(others.begin() + n);
    Exchange exchange{feature, inner->features[0], {}, {}};
    return exchange.addAll(others) && exchange.addAll(inner->factors) && exchange.isProduct() ? std::optional(exchange) : std::nullopt;
  }
  return std::nullopt;
}

/// `sum(d, c: q * w * k)`
std::optional<Exchange> flat(const Sum &sum) {
  for (int first : {0, 1}) {
    Exchange exchange{sum.features[first], sum.features[1 - first], {}, {}};
    if (exchange.addAll(sum.factors) && exchange.isProduct())
      return exchange;
  }
  return std::nullopt;
}

} // namespace

Operation *exchangeSums(Operation *op) {
  std::optional<Sum> sum = sumOf(op);
  std::optional<Exchange> exchange = !sum ? std::nullopt : sum->features.size() == 1 ? nested(*sum) : sum->features.size() == 2 ? flat(*sum) : std::nullopt;
  if (!exchange)
    return nullptr;
  OpBuilder builder(op);
  Location location = op->getLoc();
  auto productOf = [&](ArrayRef<Value> factors) {
    Value product = factors[0];
    for (Value factor : factors.drop_front())
      product = binary(builder, location, ir::BinaryKind::Multiply, product, factor);
    return product;
  };
  Value left = productOf(exchange->queries), right = productOf(exchange->keys);
  left = ir::ReduceOp::create(builder, location, functionType(left), ir::ReductionKind::Sum, builder.getArrayAttr(exchange->first), left, Value());
  refineType(left.getDefiningOp());
  auto dot = ir::DotOp::create(builder, location, functionType(op->getResult(0)), builder.getArrayAttr(exchange->second), left, right, Value());
  refineType(dot);
  if (dot.getType() != op->getResult(0).getType())
    return dot.erase(), nullptr;
  op->getResult(0).replaceAllUsesWith(dot);
  op->erase();
  return dot;
}

} // namespace attn::lower
