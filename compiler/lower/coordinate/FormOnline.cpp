#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/coordinate/Passes.h"
#include "compiler/lower/coordinate/TableProduct.h"

#include "mlir/Analysis/TopologicalSortUtils.h"

#include <functional>
#include <limits>

namespace attn::lower {
#define GEN_PASS_DEF_FORMONLINEPASS
#include "compiler/lower/coordinate/Passes.h.inc"

using namespace mlir;

namespace {

ir::FnType overRows(Type element, ArrayRef<Value> operands) {
  SmallVector<StringAttr> coordinates = ir::unionOfCoordinates(operands);
  llvm::erase_if(coordinates, [](StringAttr name) { return name == "j"; });
  return ir::FnType::get(element, coordinates);
}

bool variesWithFeature(Value value) { return !featuresOf(value).empty(); }

bool isSumOverKeys(ir::ReduceOp reduce) {
  return reduce.getKind() == ir::ReductionKind::Sum && llvm::equal(reduce.getOver().getAsValueRange<StringAttr>(), ArrayRef<StringRef>{"j"});
}

/// What a value is multiplied together from.
struct Factors {
  SmallVector<Value> ofRow;    ///< that don't vary with j
  SmallVector<Value> divisors; ///< neither do these
  SmallVector<Value> weights;  ///< that vary with j and bring no feature
  SmallVector<Value> values;   ///< that vary with j and bring one
  bool isNegative = false;
};

/// Takes a sum over the keys apart by linearity: sums of sums are summed each, what doesn't vary with j is multiplied by once, and a
/// softmax among the weights is normalised while the values are summed.
class SumOverKeys {
  /// Past so many sums of sums (a short program may hold 2^40) the rest is a weight, computed pair by pair.
  static constexpr unsigned mostDistributed = 64;

public:
  SumOverKeys(ir::ReduceOp sum, Value mask) : builder(sum), location(sum.getLoc()), mask(mask) {}

  /// Null where the sum isn't one of values with features.
  Value of(Value term) { return variesWithFeature(term) ? sumOf(term) : Value(); }

private:
  Value sumOf(Value term) {
    Factors factors;
    collect(term, factors, /*inverted=*/false);
    for (SmallVector<Value> *list : {&factors.values, &factors.weights})
      for (Value &factor : *list)
        if (Operation *op = factor.getDefiningOp(); mustDistribute(op) && distributed++ < mostDistributed)
          return distribute(factors, factor, op);
    Value total = sumOfProduct(factors), sum = total;
    for (Value factor : factors.ofRow)
      total = multiply(factor, total);
    for (Value divisor : factors.divisors)
      total = binary(builder, location, ir::BinaryKind::Divide, total, divisor);
    if (!llvm::all_of(factors.ofRow, isOrdinary) || !llvm::all_of(factors.divisors, isOrdinary))
      total = zeroWhereEmpty(total, sum);
    return factors.isNegative ? unary(builder, location, ir::UnaryKind::Negate, total) : total;
  }

  void collect(Value value, Factors &factors, bool inverted) {
    Operation *op = value.getDefiningOp();
    if (inverted)
      factors.divisors.push_back(value);
    else if (!variesWith(value, "j"))
      factors.ofRow.push_back(value);
    else if (auto product = dyn_cast<ir::BinaryOp>(op); product && product.getKind() == ir::BinaryKind::Multiply) {
      collect(product.getLhs(), factors, false);
      collect(product.getRhs(), factors, false);
    } else if (product && product.getKind() == ir::BinaryKind::Divide && !variesWith(product.getRhs(), "j")) {
      collect(product.getLhs(), factors, false);
      collect(product.getRhs(), factors, true);
    } else if (auto negation = dyn_cast<ir::UnaryOp>(op); negation && negation.getKind() == ir::UnaryKind::Negate) {
      factors.isNegative = !factors.isNegative;
      collect(negation.getOperand(), factors, false);
    } else {
      (variesWithFeature(value) ? factors.values : factors.weights).push_back(value);
    }
  }

  /// Whether the value at a pair is computed from a softmax at that pair.
  static bool containsSoftmax(Value root) {
    SetVector<Value> found;
    found.insert(root);
    for (size_t n = 0; n < found.size(); ++n) {
      Operation *op = found[n].getDefiningOp();
      if (isa<ir::SoftmaxOp>(op))
        return true;
      for (Value operand : op->getOperands())
        if (isa<ir::FnType>(operand.getType()) && variesWith(operand, "j"))
          found.insert(operand);
    }
    return false;
  }

  /// Sums of what no single pass can take: of several softmaxes, and of values that vary with the query.
  static bool mustDistribute(Operation *op) {
    if (auto choice = dyn_cast<ir::SelectOp>(op))
      return !variesWith(choice.getCondition(), "j") && containsSoftmax(choice);
    auto sum = dyn_cast<ir::BinaryOp>(op);
    if (!sum || (sum.getKind() != ir::BinaryKind::Add && sum.getKind() != ir::BinaryKind::Subtract))
      return false;
    return containsSoftmax(sum) || (variesWithFeature(sum) && variesWith(sum, "i"));
  }

  Value distribute(const Factors &factors, Value factor, Operation *op) {
    auto withPart = [&](Value part) { return sumOf(productOf(factors, factor, part)); };
    bool isChoice = isa<ir::SelectOp>(op);
    Value left = withPart(op->getOperand(isChoice ? 1 : 0)), right = withPart(op->getOperand(isChoice ? 2 : 1));
    if (!isChoice)
      return binary(builder, location, cast<ir::BinaryOp>(op).getKind(), left, right);
    Value condition = op->getOperand(0);
    return ir::SelectOp::create(builder, location, ir::pointwiseType(functionType(left).getElementType(), {condition, left, right}), condition,
                                left, right);
  }

  /// The whole product again, with `part` in place of one of its factors.
  Value productOf(const Factors &factors, Value replaced, Value part) {
    Value product = part;
    bool isLeftOut = false;
    for (const SmallVector<Value> *list : {&factors.weights, &factors.values, &factors.ofRow})
      for (Value factor : *list)
        if (factor == replaced && !isLeftOut)
          isLeftOut = true;
        else
          product = multiply(product, factor);
    for (Value divisor : factors.divisors)
      product = binary(builder, location, ir::BinaryKind::Divide, product, divisor);
    return factors.isNegative ? unary(builder, location, ir::UnaryKind::Negate, product) : product;
  }

  /// A softmax's other factors that each key has, whatever the query, belong to its value: a row that is computed costs less than a pass that finds the denominator first.
  void giveToValues(Factors &factors) {
    auto isSoftmax = [&](Value factor) {
      auto softmax = factor.getDefiningOp<ir::SoftmaxOp>();
      return softmax && softmax.getMask() == mask;
    };
    auto isOfKey = [&](Value factor) {
      return !variesWith(factor, "i") && llvm::none_of(computedFrom({factor}), [](Operation *op) { return bool(maskOfRow(op)); });
    };
    if (factors.values.empty() || llvm::count_if(factors.weights, isSoftmax) != 1 ||
        !llvm::all_of(factors.weights, [&](Value factor) { return isSoftmax(factor) || isOfKey(factor); }))
      return;
    llvm::copy_if(factors.weights, std::back_inserter(factors.values), std::not_fn(isSoftmax));
    llvm::erase_if(factors.weights, std::not_fn(isSoftmax));
  }

  Value sumOfProduct(Factors factors) {
    giveToValues(factors);
    Value weight = multiplied(factors.weights), value = multiplied(factors.values);
    if (!weight)
      weight = constantFloat(builder, location, functionType(value ? value : factors.ofRow.front()).getElementType(), 1);
    if (!value)
      return reduce(ir::ReductionKind::Sum, weight);
    if (factors.weights.size() == 1)
      if (auto softmax = weight.getDefiningOp<ir::SoftmaxOp>(); softmax && softmax.getMask() == mask)
        return online(softmax, value);
    return ir::WeightedSumOp::create(builder, location, overRows(functionType(value).getElementType(), {weight, mask, value}), weight, mask,
                                     value);
  }

  Value multiplied(ArrayRef<Value> factors) {
    Value product;
    for (Value factor : factors)
      product = product ? multiply(product, factor) : factor;
    return product;
  }

  Value reduce(ir::ReductionKind kind, Value operand) {
    return ir::ReduceOp::create(builder, location, overRows(functionType(operand).getElementType(), {operand, mask}), kind,
                                builder.getStrArrayAttr({"j"}), operand, mask);
  }

  /// Whether a number times or over it is 0 for 0.
  static bool isOrdinary(Value factor) {
    auto constant = factor.getDefiningOp<ir::ConstantOp>();
    auto number = constant ? dyn_cast<FloatAttr>(constant.getValue()) : FloatAttr();
    return number && number.getValue().isFiniteNonZero();
  }

  /// The sum over no keys is 0, also where a factor of the row is infinite or no number.
  Value zeroWhereEmpty(Value total, Value sum) {
    Type element = functionType(total).getElementType();
    Value zero = constantFloat(builder, location, element, 0), isEmpty;
    if (auto online = sum.getDefiningOp<ir::OnlineOp>()) {
      Value logarithm = online.getLogDenominator();
      Value none = constantFloat(builder, location, element, -std::numeric_limits<double>::infinity());
      isEmpty = ir::CompareOp::create(builder, location, ir::pointwiseType(builder.getI1Type(), {logarithm}), ir::CompareKind::Equal,
                                      logarithm, none);
    } else {
      if (!anyKey)
        anyKey = reduce(ir::ReductionKind::Any, constantBool(builder, location, true));
      isEmpty = logicalNot(builder, location, anyKey);
    }
    return ir::SelectOp::create(builder, location, ir::pointwiseType(element, {isEmpty, zero, total}), isEmpty, zero, total);
  }

  Value online(ir::SoftmaxOp softmax, Value value) {
    Value score = softmax.getScore();
    Type element = functionType(score).getElementType();
    auto online = ir::OnlineOp::create(builder, location, overRows(element, {score, mask, value}), overRows(element, {score, mask}),
                                       ir::Normaliser::Softmax, score, mask, value);
    for (Operation *user : llvm::make_early_inc_range(score.getUsers()))
      if (auto denominator = dyn_cast<ir::LogSumExpOp>(user); denominator && denominator.getMask() == mask)
        denominator.replaceAllUsesWith(online.getLogDenominator());
    return online.getValues();
  }

  Value multiply(Value left, Value right) { return binary(builder, location, ir::BinaryKind::Multiply, left, right); }

  OpBuilder builder;
  Location location;
  Value mask;
  unsigned distributed = 0;
  Value anyKey; ///< whether one is visible; null until something asks
};

void orderOperands(ir::DotOp dot) {
  if (!variesWith(dot.getLhs(), "j") || variesWith(dot.getRhs(), "j"))
    return;
  Value keys = dot.getLhs();
  dot.getLhsMutable().assign(dot.getRhs());
  dot.getRhsMutable().assign(keys);
}

/// Whether a product is one of a row of queries and a row of keys, each over one coordinate.
bool isMatrixProduct(ir::DotOp dot) {
  return dot.getOver().size() == 1 && functionType(dot).getElementType().isF32() && !variesWith(dot.getLhs(), "j") &&
         variesWith(dot.getRhs(), "j") && !variesWith(dot.getRhs(), "i") &&
         llvm::all_of(functionType(dot).getCoordinates(),
                      [](StringAttr name) { return llvm::is_contained({"b", "h", "g", "i", "j"}, name.getValue()); });
}

/// A product as the sum that it is.
Value written(OpBuilder &builder, ir::DotOp dot) {
  Location location = dot.getLoc();
  Value product = binary(builder, location, ir::BinaryKind::Multiply, dot.getLhs(), dot.getRhs());
  Value sum = ir::ReduceOp::create(builder, location, dot.getType(), ir::ReductionKind::Sum, dot.getOver(), product, Value());
  refineType(sum.getDefiningOp());
  return dot.getScale() ? binary(builder, location, ir::BinaryKind::Multiply, sum, dot.getScale()) : sum;
}

void expand(ir::DotOp dot) {
  OpBuilder builder(dot);
  dot.replaceAllUsesWith(written(builder, dot));
  dot.erase();
}

/// Products with a table's rows where it has a size for them.
class TableProducts {
public:
  explicit TableProducts(ir::KernelOp kernel) : kernel(kernel), bounds(kernel) {}

  /// Marks the product. Where only the run knows the table's size, it chooses. False where the product isn't such a one.
  bool form(ir::DotOp dot) {
    auto product = tableProduct(dot);
    auto rows = product && (product->row.getUnchecked() || product->row.getSafe()) ? rowsOfTable(*product, kernel, bounds) : std::nullopt;
    Value isFew = rows == TableRows::AllIfFew ? hasFewRows(*product) : Value();
    if (!rows || (rows == TableRows::AllIfFew && !isFew))
      return false;
    dot->setAttr(tableAttributeName, StringAttr::get(dot.getContext(), *rows == TableRows::Window ? "window" : "all"));
    if (!isFew)
      return true;
    OpBuilder builder(dot.getContext());
    builder.setInsertionPointAfter(dot);
    Value sum = written(builder, dot);
    auto choice = ir::SelectOp::create(builder, dot.getLoc(), dot.getType(), isFew, dot, sum, /*mostly=*/true);
    dot.getResult().replaceAllUsesExcept(choice, choice);
    return true;
  }

private:
  /// Null where the size isn't an extent and a constant.
  Value hasFewRows(TableProduct product) {
    auto size = bounds.sizeOf(product.row.getTensor().getDefiningOp<ir::TensorOp>(), product.dimension);
    if (size->terms.size() != 1 || size->terms[0].second != 1)
      return {};
    OpBuilder builder(product.row);
    Location location = product.row.getLoc();
    for (NamedAttribute coordinate : kernel.getCoordinates())
      if (cast<IntegerAttr>(coordinate.getValue()).getInt() == size->terms[0].first) {
        Value rows = extent(builder, location, kernel, coordinate.getName());
        return ir::CompareOp::create(builder, location, ir::pointwiseType(builder.getI1Type(), {rows}), ir::CompareKind::LessEqual, rows,
                                     constantInt(builder, location, mostTableRows - size->constant));
      }
    return {};
  }

  ir::KernelOp kernel;
  IntegerBounds bounds;
};

/// A softmax that isn't the weight of one sum: exp of the score less the logarithm of the denominator, which another pass over the keys
/// has found.
void expand(ir::SoftmaxOp softmax) {
  OpBuilder builder(softmax);
  Location location = softmax.getLoc();
  Value score = softmax.getScore(), mask = softmax.getMask(), logarithm;
  Type element = functionType(score).getElementType();
  for (Operation *user : score.getUsers()) {
    if (auto online = dyn_cast<ir::OnlineOp>(user); online && online.getScore() == score && online.getMask() == mask)
      logarithm = online.getLogDenominator();
  }
  for (Operation *user : score.getUsers())
    if (auto denominator = dyn_cast<ir::LogSumExpOp>(user); denominator && denominator.getMask() == mask && !logarithm)
      logarithm = denominator;
  if (!logarithm)
    logarithm = ir::LogSumExpOp::create(builder, location, overRows(element, {score, mask}), score, mask);
  Value weight = unary(builder, location, ir::UnaryKind::Exp, binary(builder, location, ir::BinaryKind::Subtract, score, logarithm));
  // The logarithm of large scores is rounded to less than the largest of them.
  weight = binary(builder, location, ir::BinaryKind::Minimum, weight, constantFloat(builder, location, element, 1));
  Value zero = constantFloat(builder, location, element, 0);
  Value visible = ir::SelectOp::create(builder, location, ir::pointwiseType(element, {mask, weight, zero}), mask, weight, zero);
  softmax.replaceAllUsesWith(visible);
  softmax.erase();
}

struct FormOnlinePass : impl::FormOnlinePassBase<FormOnlinePass> {
  using FormOnlinePassBase::FormOnlinePassBase;

  void runOnOperation() override {
    ir::KernelOp kernel = getOperation();
    Block &block = kernel.getBody().front();
    for (ir::ReduceOp reduce : SmallVector<ir::ReduceOp>(kernel.getBody().getOps<ir::ReduceOp>()))
      if (isSumOverKeys(reduce) && reduce.getWhere())
        if (Value total = SumOverKeys(reduce, reduce.getWhere()).of(reduce.getOperand())) {
          reduce.replaceAllUsesWith(total);
          reduce.erase();
        }
    eraseUnused(kernel);
    for (ir::SoftmaxOp softmax : SmallVector<ir::SoftmaxOp>(kernel.getBody().getOps<ir::SoftmaxOp>()))
      expand(softmax);
    TableProducts tables(kernel);
    for (ir::DotOp dot : SmallVector<ir::DotOp>(kernel.getBody().getOps<ir::DotOp>())) {
      orderOperands(dot);
      if (!isMatrixProduct(dot) && !tables.form(dot))
        expand(dot);
    }
    eraseUnused(kernel);
    sortTopologically(&block);
    for (Operation &op : block)
      refineType(&op);

    for (ir::ReduceOp reduce : kernel.getBody().getOps<ir::ReduceOp>())
      if (isOverKeys(reduce) && (variesWithFeature(reduce) || reduce.getOver().size() > 1)) {
        reduce.emitError("no pass over the keys can compute this row function");
        signalPassFailure();
      }
  }
};

} // namespace
} // namespace attn::lower
