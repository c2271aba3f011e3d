#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/coordinate/ExchangeSums.h"
#include "compiler/lower/coordinate/Passes.h"
#include "compiler/lower/coordinate/Polynomial.h"
#include "compiler/lower/coordinate/TableProduct.h"

namespace attn::lower {
#define GEN_PASS_DEF_FORMPRODUCTSPASS
#include "compiler/lower/coordinate/Passes.h.inc"

using namespace mlir;

namespace {

/// The factors of a monomial by where they are known.
struct Parts {
  double constant = 1;
  SmallVector<Value> scale; ///< for the whole row block, whatever the feature
  SmallVector<Value> query, key;
  Value row; ///< of a table, as a pair reads it

  bool isOfQuery() const { return llvm::any_of(query, [](Value factor) { return variesWith(factor, "i"); }); }
};

/// Whether a monomial is a constant times squares, but for factors that vary with neither query nor key.
bool isSquare(const Monomial &term) {
  return llvm::all_of(term.factors, [&](Value factor) {
    return (!variesWith(factor, "i") && !variesWith(factor, "j")) || llvm::count(term.factors, factor) % 2 == 0;
  });
}

bool mayFail(Value value) { return llvm::any_of(computedFrom({value}), [](Operation *op) { return ir::canFail(op); }); }

/// A sum over one feature of a function of query and key as products of rows of both, products of rows of queries or keys with rows of tables, and sums of what one of them has
/// alone.
class SumOfProducts {
public:
  explicit SumOfProducts(Operation *sum) : sum(sum), builder(sum), location(sum->getLoc()) {}

  /// Null where it has another form, or has this one already.
  Value form(PolynomialOfPairs &polynomials) {
    if (!findTerms(polynomials))
      return {};
    for (const Monomial &term : terms)
      if (!sort(term))
        return {};
    auto dot = dyn_cast<ir::DotOp>(sum);
    bool isFormed = dot && tableProduct(dot);
    if (isFormed || (products.empty() && ofTables.empty()) ||
        !llvm::all_of(products, [&](const auto &product) { return hasRows(product.second.front()); }))
      return {};
    Value total = addAlone();
    for (const auto &[key, parts] : products)
      total = plus(total, dotOf(parts));
    for (const Parts &parts : ofTables) {
      Value added = dotOfTable(parts);
      if (!added)
        return {};
      total = plus(total, added);
    }
    return total.getType() == sum->getResult(0).getType() ? guarded(total) : Value();
  }

private:
  bool findTerms(PolynomialOfPairs &polynomials) {
    ArrayAttr coordinates;
    std::optional<Polynomial> polynomial;
    if (auto reduce = dyn_cast<ir::ReduceOp>(sum)) {
      if (reduce.getKind() != ir::ReductionKind::Sum || reduce.getWhere())
        return false;
      coordinates = reduce.getOver();
      polynomial = polynomials.of(reduce.getOperand());
    } else {
      auto dot = cast<ir::DotOp>(sum);
      auto left = polynomials.of(dot.getLhs()), right = polynomials.of(dot.getRhs());
      coordinates = dot.getOver();
      if (left && right && !dot.getScale())
        polynomial = product(*left, *right);
    }
    if (coordinates.size() != 1 || !polynomial || polynomial->size() > PolynomialOfPairs::mostMonomials)
      return false;
    feature = cast<StringAttr>(coordinates[0]);
    terms = *std::move(polynomial);
    return feature != "j";
  }

  /// Puts a monomial where it belongs; false where a factor varies with query and key.
  bool sort(const Monomial &term) {
    Parts parts{term.constant, {}, {}, {}, {}};
    for (Value factor : term.factors) {
      bool ofQuery = variesWith(factor, "i"), ofKey = variesWith(factor, "j");
      if (!functionType(factor).getElementType().isF32())
        return false;
      if (ofQuery && ofKey) {
        if (parts.row || !factor.getDefiningOp<ir::ReadOp>())
          return false;
        parts.row = factor;
        continue;
      }
      bool isScale = !ofQuery && !ofKey && !variesWith(factor, feature) && !mayFail(factor);
      (isScale ? parts.scale : ofKey ? parts.key : parts.query).push_back(factor);
    }
    if (parts.row) {
      ofTables.push_back(parts);
      return parts.key.empty() == parts.isOfQuery();
    }
    if (parts.key.empty() || !parts.isOfQuery())
      (parts.key.empty() ? ofQueries : ofKeys)[isSquare(term)].push_back(term);
    else
      products[parts.key].push_back(parts);
    return true;
  }

  /// Whether both sides of a product are rows of the feature and nothing else.
  bool hasRows(const Parts &parts) const {
    auto isRow = [&](ArrayRef<Value> factors) { return llvm::any_of(factors, [&](Value factor) { return variesWith(factor, feature); }); };
    auto hasOthers = [&](ArrayRef<Value> factors) {
      return llvm::any_of(factors, [&](Value factor) { return llvm::any_of(featuresOf(factor), [&](StringAttr name) { return name != feature; }); });
    };
    return isRow(parts.query) && isRow(parts.key) && !hasOthers(parts.query) && !hasOthers(parts.key);
  }

  /// What queries and keys have alone, summed once for each; remembers the squares among them.
  Value addAlone() {
    Value total;
    for (auto *side : {&ofQueries, &ofKeys})
      for (bool square : {false, true}) {
        ArrayRef<Monomial> list = (*side)[square];
        if (list.empty())
          continue;
        Value added;
        for (const Monomial &term : list)
          added = plus(added, times(term.constant, term.factors));
        Value reduced = ir::ReduceOp::create(builder, location, functionType(added), ir::ReductionKind::Sum, builder.getArrayAttr(feature), added, Value());
        refineType(reduced.getDefiningOp());
        total = plus(total, reduced);
        if (square)
          magnitude = plus(magnitude, reduced);
      }
    return total;
  }

  /// The products with one row of a key, as one.
  Value dotOf(ArrayRef<Parts> list) {
    Value left, scale;
    if (list.size() == 1) {
      left = times(1, list[0].query);
      if (list[0].constant != 1 || !list[0].scale.empty())
        scale = times(list[0].constant, list[0].scale);
    } else {
      for (const Parts &parts : list) {
        SmallVector<Value> factors(parts.query);
        factors.append(parts.scale);
        left = plus(left, times(parts.constant, factors));
      }
    }
    Value right = times(1, list[0].key);
    auto dot = ir::DotOp::create(builder, location, functionType(sum->getResult(0)), builder.getArrayAttr(feature), left, right, scale);
    refineType(dot);
    return dot;
  }

  /// Null where the row isn't one of a table.
  Value dotOfTable(const Parts &parts) {
    SmallVector<Value> row(parts.query);
    row.append(parts.key);
    auto dot = ir::DotOp::create(builder, location, functionType(sum->getResult(0)), builder.getArrayAttr(feature), times(1, row), parts.row, Value());
    refineType(dot);
    if (!tableProduct(dot))
      return {};
    SmallVector<Value> factors{dot};
    factors.append(parts.scale);
    return times(parts.constant, factors);
  }

  /// A sum of squares is small beside the squares of query and key where these are close to each other, and what is left of its digits then is
  /// rounding errors; it may overflow where their difference doesn't. There it is summed as it was written.
  Value guarded(Value total) {
    constexpr double smallest = 1.0 / 16;
    auto signOf = [](ArrayRef<Monomial> squares) {
      bool positive = llvm::all_of(squares, [](const Monomial &term) { return term.constant > 0; });
      bool negative = llvm::all_of(squares, [](const Monomial &term) { return term.constant < 0; });
      return squares.empty() ? 0 : positive - negative;
    };
    int sign = signOf(ofQueries[true]);
    if (sign == 0 || sign != signOf(ofKeys[true]))
      return total;
    Value excess = binary(builder, location, ir::BinaryKind::Subtract, total, times(smallest, {magnitude}));
    Value zero = constantFloat(builder, location, builder.getF32Type(), 0);
    Value isExact = ir::CompareOp::create(builder, location, ir::pointwiseType(builder.getI1Type(), {excess}),
                                          sign > 0 ? ir::CompareKind::GreaterEqual : ir::CompareKind::LessEqual, excess, zero);
    Value written = builder.clone(*sum)->getResult(0);
    return ir::SelectOp::create(builder, location, sum->getResult(0).getType(), isExact, total, written, /*mostly=*/true);
  }

  Value plus(Value left, Value right) { return left ? binary(builder, location, ir::BinaryKind::Add, left, right) : right; }

  Value times(double constant, ArrayRef<Value> factors) {
    Value result;
    for (Value factor : factors)
      result = result ? binary(builder, location, ir::BinaryKind::Multiply, result, factor) : factor;
    if (result && constant == -1)
      return unary(builder, location, ir::UnaryKind::Negate, result);
    if (result && constant == 1)
      return result;
    Value number = constantFloat(builder, location, builder.getF32Type(), constant);
    return result ? binary(builder, location, ir::BinaryKind::Multiply, result, number) : number;
  }

  Operation *sum;
  OpBuilder builder;
  Location location;
  StringAttr feature;
  Polynomial terms;
  /// What varies with the query, or the key, alone, or with neither: not squares, squares.
  std::array<SmallVector<Monomial>, 2> ofQueries, ofKeys;
  llvm::MapVector<SmallVector<Value>, SmallVector<Parts>> products; ///< by their keys' factors
  SmallVector<Parts> ofTables;
  Value magnitude;
};

/// Whether a product is one of a function of queries and a function of keys, as products of matrices are.
bool isSeparate(ir::DotOp dot) {
  auto isOne = [](Value value) { return !variesWith(value, "i") || !variesWith(value, "j"); };
  return isOne(dot.getLhs()) && isOne(dot.getRhs());
}

bool isOfPairs(Value value) { return variesWith(value, "i") && variesWith(value, "j"); }

struct FormProductsPass : impl::FormProductsPassBase<FormProductsPass> {
  using FormProductsPassBase::FormProductsPassBase;

  void runOnOperation() override {
    SmallVector<Operation *> sums;
    for (Operation &op : llvm::make_early_inc_range(getOperation().getBody().front())) {
      Operation *sum = &op;
      if (isa<ir::DotOp, ir::ReduceOp>(sum) && isOfPairs(sum->getResult(0)))
        while (Operation *exchanged = exchangeSums(sum))
          sum = exchanged;
      if (auto dot = dyn_cast<ir::DotOp>(sum); isa<ir::ReduceOp>(sum) || (dot && !isSeparate(dot)))
        sums.push_back(sum);
    }
    PolynomialOfPairs polynomials;
    for (Operation *sum : sums) {
      Value result = sum->getResult(0);
      if (!isOfPairs(result) || !functionType(result).getElementType().isF32() || !featuresOf(result).empty())
        continue;
      if (Value formed = SumOfProducts(sum).form(polynomials)) {
        result.replaceAllUsesWith(formed);
        sum->erase();
      }
    }
    eraseUnused(getOperation());
  }
};

} // namespace
} // namespace attn::lower
