#include "compiler/lower/coordinate/Bounds.h"
#include "compiler/lower/coordinate/Coordinates.h"
#include "compiler/lower/coordinate/Passes.h"
#include "compiler/lower/coordinate/TableProduct.h"

#include "mlir/Analysis/TopologicalSortUtils.h"

namespace attn::lower {
#define GEN_PASS_DEF_GUARDREADSPASS
#define GEN_PASS_DEF_GUARDBINDERPASS
#include "compiler/lower/coordinate/Passes.h.inc"

using namespace mlir;

namespace {

/// A boolean value, or its opposite.
struct Literal {
  Value value;
  bool negated;
  bool operator==(const Literal &other) const { return value == other.value && negated == other.negated; }
  Literal opposite() const { return {value, !negated}; }
};

using Conjunction = SmallVector<Literal, 4>;

bool isSubset(const Conjunction &part, const Conjunction &whole) {
  return llvm::all_of(part, [&](Literal literal) { return llvm::is_contained(whole, literal); });
}

/// Where a value is needed: where one of these holds. Nothing in it: nowhere; an empty conjunction: everywhere.
class Condition {
public:
  bool isAlways() const { return llvm::any_of(terms, [](const Conjunction &term) { return term.empty(); }); }
  bool isNever() const { return terms.empty(); }
  const SmallVector<Conjunction, 2> &conjunctions() const { return terms; }

  static Condition always() {
    Condition condition;
    condition.terms.push_back({});
    return condition;
  }

  void orElse(const Condition &other) {
    terms.append(other.terms.begin(), other.terms.end());
    reduce();
  }

  /// This and `value` (or its opposite).
  Condition andAlso(Value value, bool negated) const {
    Condition both;
    for (Conjunction term : terms)
      if (conjoin(term, value, negated))
        both.terms.push_back(term);
    both.reduce();
    return both;
  }

  /// Weakens the condition to one that doesn't use the literals; `dropped` also sees what stands beside each.
  void drop(llvm::function_ref<bool(Literal, const Conjunction &)> dropped) {
    for (Conjunction &term : terms) {
      const Conjunction whole = term;
      llvm::erase_if(term, [&](Literal literal) { return dropped(literal, whole); });
    }
    reduce();
  }

private:
  /// Adds the parts of a value to a conjunction; false if it can't hold. Parts are shared: each is looked at once, and past a number of
  /// them what is left stays whole.
  static bool conjoin(Conjunction &term, Value root, bool rootNegated) {
    constexpr size_t mostParts = 64;
    SmallVector<Literal> open = {{root, rootNegated}};
    llvm::SmallDenseSet<std::pair<Value, unsigned>, 16> seen;
    while (!open.empty()) {
      Literal literal = open.pop_back_val();
      if (!seen.insert({literal.value, unsigned(literal.negated)}).second)
        continue;
      Operation *op = seen.size() > mostParts ? nullptr : literal.value.getDefiningOp();
      if (auto negation = dyn_cast_or_null<ir::NotOp>(op)) {
        open.push_back({negation.getOperand(), !literal.negated});
      } else if (auto both = dyn_cast_or_null<ir::AndOp>(op); both && !literal.negated) {
        open.append({{both.getRhs(), false}, {both.getLhs(), false}});
      } else if (auto either = dyn_cast_or_null<ir::OrOp>(op); either && literal.negated) {
        open.append({{either.getRhs(), true}, {either.getLhs(), true}});
      } else if (auto constant = dyn_cast_or_null<ir::ConstantOp>(op)) {
        if (cast<BoolAttr>(constant.getValue()).getValue() == literal.negated)
          return false;
      } else if (llvm::is_contained(term, literal.opposite())) {
        return false;
      } else if (!llvm::is_contained(term, literal)) {
        term.push_back(literal);
      }
    }
    return true;
  }

  /// Drops what another term implies: A or A and B is A; A and B or not A and B and C is A and B or B and C.
  void reduce() {
    bool changed = true;
    while (changed) {
      changed = false;
      for (size_t n = 0; n < terms.size() && !changed; ++n)
        for (size_t m = 0; m < terms.size() && !changed; ++m) {
          if (m == n)
            continue;
          if (isSubset(terms[m], terms[n])) {
            terms.erase(terms.begin() + n);
            changed = true;
            break;
          }
          for (size_t l = 0; l < terms[n].size(); ++l) {
            Conjunction others = terms[n], needed = terms[m];
            Literal literal = others[l];
            others.erase(others.begin() + l);
            auto opposite = llvm::find(needed, literal.opposite());
            if (opposite == needed.end())
              continue;
            needed.erase(opposite);
            if (!isSubset(needed, others))
              continue;
            terms[n] = others;
            changed = true;
            break;
          }
        }
    }
  }

  SmallVector<Conjunction, 2> terms;
};

class Guards {
public:
  /// With the bounds of a kernel's integers, conditions that vary with more than what they guard stay apart.
  Guards(FunctionGraph graph, std::optional<IntegerBounds> bounds)
      : graph(graph), bounds(std::move(bounds)), builder(OpBuilder::atBlockEnd(&graph.block())) {}

  void run() {
    Block &block = graph.block();
    SmallVector<Operation *> operations;
    for (Operation &op : block)
      operations.push_back(&op);
    findScoreGraph();
    // Users come after what they use, so that a value's condition is complete when its turn comes.
    for (Operation *op : llvm::reverse(operations)) {
      Condition condition = op->getNumResults() == 0 ? Condition::always() : needed[op];
      if (ir::canFail(op))
        guard(op, condition);
      pass(op, condition);
    }
    guardDivisions();
    sortTopologically(&block);
    for (Operation &op : block)
      refineType(&op);
  }

private:
  void need(Value value, const Condition &condition) {
    if (Operation *op = value.getDefiningOp())
      needed[op].orElse(condition);
  }

  /// What `op`, needed under `condition`, needs of its operands.
  void pass(Operation *op, Condition condition) {
    constexpr size_t most = 6;
    if (condition.conjunctions().size() > most)
      condition = Condition::always().andAlso(materialise(op->getLoc(), condition), false);
    if (auto both = dyn_cast<ir::AndOp>(op)) {
      need(both.getLhs(), condition);
      need(both.getRhs(), condition.andAlso(both.getLhs(), false));
    } else if (auto either = dyn_cast<ir::OrOp>(op)) {
      need(either.getLhs(), condition);
      need(either.getRhs(), condition.andAlso(either.getLhs(), true));
    } else if (auto choice = dyn_cast<ir::SelectOp>(op)) {
      need(choice.getCondition(), condition);
      need(choice.getIfTrue(), condition.andAlso(choice.getCondition(), false));
      need(choice.getIfFalse(), condition.andAlso(choice.getCondition(), true));
    } else if (auto weight = dyn_cast<ir::SoftmaxOp>(op)) {
      needRow(weight.getScore(), weight.getMask(), condition);
    } else if (auto denominator = dyn_cast<ir::LogSumExpOp>(op)) {
      needRow(denominator.getScore(), denominator.getMask(), condition);
    } else if (auto online = dyn_cast<ir::OnlineOp>(op)) {
      needRow(online.getScore(), online.getMask(), condition);
      need(online.getValue(), atAnyValue(condition, "j").andAlso(online.getMask(), false));
    } else if (auto scan = dyn_cast<ir::SumAfterOp>(op)) {
      needRow(scan.getOperand(), scan.getMask(), condition);
    } else if (auto threshold = dyn_cast<ir::ThresholdOp>(op)) {
      needRow(threshold.getOperand(), threshold.getMask(), condition);
    } else if (auto top = dyn_cast<ir::TopKOp>(op)) {
      needRow(top.getOperand(), top.getMask(), condition);
      need(top.getCount(), condition);
    } else if (auto reduce = dyn_cast<ir::ReduceOp>(op); reduce && reduce.getWhere()) {
      needRow(reduce.getOperand(), reduce.getWhere(), condition);
    } else if (reduce) {
      for (StringRef coordinate : reduce.getOver().getAsValueRange<StringAttr>())
        condition = atAnyValue(condition, coordinate);
      need(reduce.getOperand(), condition);
    } else {
      for (Value operand : op->getOperands())
        need(operand, condition);
    }
  }

  void needRow(Value score, Value mask, const Condition &condition) {
    Condition forSome = atAnyValue(condition, "j");
    need(mask, forSome);
    need(score, forSome.andAlso(mask, false));
  }

  /// What is reduced over nothing is not evaluated, also where it doesn't vary with the coordinate.
  Condition atAnyValue(const Condition &condition, StringRef coordinate) {
    int64_t number = graph.extentOf(coordinate);
    if (number < 0)
      return condition;
    Value &isNotEmpty = notEmpty[number];
    if (!isNotEmpty) {
      auto fixed = graph.fixedExtent(number);
      isNotEmpty = fixed ? constantBool(builder, graph.location(), *fixed > 0) : isPositive(graph.location(), coordinate);
    }
    return condition.andAlso(isNotEmpty, false);
  }

  /// A division by something that varies with nothing.
  struct Division {
    ir::BinaryOp op;
    Condition condition; ///< under which it counts
    Condition evaluated; ///< the same, and that there is anything of what it varies with
  };

  /// Such a divisor is looked at once for each condition that varies with nothing either, not wherever something is divided by it; and not at all where another
  /// division by it counts as well, and is looked at in every tile that this one is in.
  void guardDivisions() {
    std::reverse(divisions.begin(), divisions.end());
    auto implies = [](const Division &one, const Division &other) {
      return llvm::all_of(one.evaluated.conjunctions(), [&](const Conjunction &term) {
        return llvm::any_of(other.evaluated.conjunctions(), [&](const Conjunction &weaker) { return isSubset(weaker, term); });
      });
    };
    // Where there are no batches or heads, an output may need one division and not the other.
    bool mayDrop = llvm::all_of(graph.block().getOps<ir::OutputOp>(), [](ir::OutputOp output) {
      auto stored = output.getCoordinates().getAsValueRange<StringAttr>();
      return llvm::is_contained(stored, "b") && (llvm::is_contained(stored, "h") || llvm::is_contained(stored, "g"));
    });
    SmallVector<std::pair<Division *, bool>> all;
    for (Division &one : divisions)
      all.push_back({&one, mayDrop && llvm::any_of(divisions, [&](Division &other) {
                       bool isLookedAt = isUniform(other.condition) || inScore.contains(other.op) || !inScore.contains(one.op);
                       return &one != &other && one.op.getRhs() == other.op.getRhs() && isLookedAt && implies(one, other) &&
                              (&other < &one || !implies(other, one));
                     })});
    for (auto [division, isDropped] : all) {
      Operation *op = division->op;
      if (isDropped)
        division->op.setSafe(true);
      else if (isUniform(division->condition))
        check(op, materialise(op->getLoc(), division->evaluated), division->op.getRhs());
      else
        guardAt(op, division->condition);
    }
  }

  static bool isUniform(const Condition &condition) {
    return llvm::all_of(condition.conjunctions(), [](const Conjunction &term) {
      return llvm::all_of(term, [](Literal literal) { return functionType(literal.value).getCoordinates().empty(); });
    });
  }

  /// Whether a value is one that `atAnyValue` added, and clear from what varies with the coordinate.
  bool isImplied(Literal literal, Value by) {
    return llvm::any_of(functionType(by).getCoordinates(), [&](StringAttr coordinate) {
      auto found = notEmpty.find(graph.extentOf(coordinate));
      return found != notEmpty.end() && found->second == literal.value && !literal.negated;
    });
  }

  void guard(Operation *op, Condition condition) {
    condition.drop([&](Literal literal, const Conjunction &beside) {
      // A condition computed from the value itself can't guard it; the value is then needed more often than it counts.
      // Nor can a product of query and key guard the rows it is made of, or a value's.
      return dependsOn(literal.value, op) || (isInReduction(op) && dependsOnProduct(literal.value)) || isImplied(literal, op->getResult(0)) ||
             llvm::any_of(beside, [&](Literal other) { return isImplied(literal, other.value); });
    });
    auto division = dyn_cast<ir::BinaryOp>(op);
    if (!bounds || !division || !functionType(division.getRhs()).getCoordinates().empty())
      return guardAt(op, condition);
    Condition evaluated = condition;
    SmallVector<Value> present = {division.getResult()};
    if (condition.conjunctions().size() == 1)
      for (Literal literal : condition.conjunctions()[0])
        present.push_back(literal.value);
    for (StringAttr coordinate : ir::unionOfCoordinates(present))
      evaluated = atAnyValue(evaluated, coordinate.getValue());
    divisions.push_back({division, condition, evaluated});
  }

  void guardAt(Operation *op, const Condition &condition) {
    // Rows of a table are multiplied whether or not a pair asks for them.
    auto row = dyn_cast<ir::ReadOp>(op);
    bool isLookedUp = bounds && row && isRowOfTable(row);
    if (condition.isAlways() && !isLookedUp)
      return;
    Value where = forSome(op, materialise(op->getLoc(), condition));
    if (isLookedUp && !isInReduction(where.getDefiningOp()))
      if (std::optional<SmallVector<Value>> indices = indicesOfRow(op))
        return check(op, whereFeatures(op, where), *indices);
    if (condition.isAlways())
      return;
    if (bounds && addsCoordinates(op, where) && !isInReduction(where.getDefiningOp())) {
      if (!isInReduction(op))
        return check(op, where, indicesOf(op));
      if (std::optional<SmallVector<Value>> row = indicesOfRow(op))
        return check(op, whereFeatures(op, where), *row);
    }
    if (bounds && isInReduction(op) && addsCoordinates(op, where) && checkFeatures(op, where))
      return;
    if (auto read = dyn_cast<ir::ReadOp>(op))
      read.getWhereMutable().assign(where);
    else
      cast<ir::BinaryOp>(op).getWhereMutable().assign(where);
  }

  /// Whether a value exists only inside a reduction's loop.
  static bool isInReduction(Operation *op) {
    return llvm::any_of(functionType(op->getResult(0)).getCoordinates(),
                        [](StringAttr name) { return !llvm::is_contained({"b", "h", "g", "i", "j"}, name.getValue()); });
  }

  /// What is needed inside a reduction and doesn't vary with its coordinate is needed if it is for some value of it.
  Value forSome(Operation *op, Value where) {
    SmallVector<StringRef> over;
    for (StringAttr coordinate : functionType(where).getCoordinates())
      if (!llvm::is_contained({"b", "h", "g", "i", "j"}, coordinate.getValue()) && !variesWith(op->getResult(0), coordinate))
        over.push_back(coordinate);
    if (over.empty())
      return where;
    auto reduce = ir::ReduceOp::create(builder, op->getLoc(), where.getType(), ir::ReductionKind::Any, builder.getStrArrayAttr(over),
                                       where, Value());
    refineType(reduce);
    return reduce;
  }

  static bool addsCoordinates(Operation *op, Value where) {
    SmallVector<Value> both = {op->getResult(0), where};
    return ir::unionOfCoordinates(both).size() != functionType(op->getResult(0)).getCoordinates().size();
  }

  static SmallVector<Value> indicesOf(Operation *op) {
    auto read = dyn_cast<ir::ReadOp>(op);
    return read ? SmallVector<Value>(read.getIndices()) : SmallVector<Value>{cast<ir::BinaryOp>(op).getRhs()};
  }

  /// The indices of a read of a row of features, all of them alike: what varies with a feature must be known to be inside, and counts as 0.
  std::optional<SmallVector<Value>> indicesOfRow(Operation *op) {
    auto read = dyn_cast<ir::ReadOp>(op);
    if (!read)
      return std::nullopt;
    SmallVector<Value> indices;
    for (auto [dimension, index] : llvm::enumerate(read.getIndices())) {
      bool ofFeature = isInReduction(index.getDefiningOp());
      if (ofFeature && !bounds->isInside(read, dimension))
        return std::nullopt;
      indices.push_back(ofFeature ? constantInt(builder, op->getLoc(), 0) : index);
    }
    return indices;
  }

  /// Looks after every feature of a row at once: what varies with features is compared with its limits by its least and its greatest value, and only where these are
  /// wrong each pair asks whether a feature counts for which it is. False where a limit is no extent.
  bool checkFeatures(Operation *op, Value where) {
    Location location = op->getLoc();
    SmallVector<StringRef> features;
    for (StringAttr name : functionType(op->getResult(0)).getCoordinates())
      if (!llvm::is_contained({"b", "h", "g", "i", "j"}, name.getValue()))
        features.push_back(name);
    auto over = [&](ir::ReductionKind kind, Value value) -> Value {
      SmallVector<StringRef> own;
      llvm::copy_if(features, std::back_inserter(own), [&](StringRef name) { return variesWith(value, name); });
      if (own.empty())
        return value;
      auto reduce = ir::ReduceOp::create(builder, location, value.getType(), kind, builder.getStrArrayAttr(own), value, Value());
      refineType(reduce);
      return reduce;
    };
    auto zero = [&] { return constantInt(builder, location, 0); };
    auto compare = [&](Value left, ir::CompareKind kind, Value right) -> Value {
      return ir::CompareOp::create(builder, location, ir::pointwiseType(builder.getI1Type(), {left, right}), kind, left, right);
    };
    Value counts = whereFeatures(op, over(ir::ReductionKind::Any, where));
    auto read = dyn_cast<ir::ReadOp>(op);
    if (!read) {
      Value divisor = cast<ir::BinaryOp>(op).getRhs();
      if (!isInReduction(divisor.getDefiningOp())) {
        check(op, counts, {divisor});
        return true;
      }
      Value isZero = compare(divisor, ir::CompareKind::Equal, zero());
      Value least = over(ir::ReductionKind::Minimum, ir::SelectOp::create(builder, location, divisor.getType(), isZero, zero(), constantInt(builder, location, 1), false));
      check(op, over(ir::ReductionKind::Any, logicalAnd(builder, location, isZero, where)), {least});
      return true;
    }
    SmallVector<Value> row, least, greatest;
    SmallVector<int64_t> ofRow, ofFeatures;
    Value isBelow, isAbove;
    auto either = [&](Value left, Value right) { return left ? logicalOr(builder, location, left, right) : right; };
    for (auto [dimension, index] : llvm::enumerate(read.getIndices())) {
      bool ofFeature = isInReduction(index.getDefiningOp());
      row.push_back(ofFeature ? zero() : index);
      bool isUnknown = ofFeature && !bounds->isInside(read, dimension);
      (isUnknown ? ofFeatures : ofRow).push_back(int64_t(dimension));
      least.push_back(isUnknown ? over(ir::ReductionKind::Minimum, index) : zero());
      greatest.push_back(isUnknown ? over(ir::ReductionKind::Maximum, index) : zero());
      if (!isUnknown)
        continue;
      Value size = sizeOf(read, dimension);
      if (!size)
        return false;
      isBelow = either(isBelow, compare(index, ir::CompareKind::Less, zero()));
      isAbove = either(isAbove, compare(index, ir::CompareKind::GreaterEqual, size));
    }
    check(op, counts, row, ofFeatures);
    for (auto [isWrong, values] : {std::pair(isBelow, &least), std::pair(isAbove, &greatest)})
      if (isWrong)
        check(op, over(ir::ReductionKind::Any, logicalAnd(builder, location, isWrong, where)), *values, ofRow);
    return true;
  }

  /// Null where it isn't just an extent, or known.
  Value sizeOf(ir::ReadOp read, unsigned dimension) {
    AffineExpr size = read.getTensor().getDefiningOp<ir::TensorOp>().getSizes().getResult(dimension);
    if (auto known = dyn_cast<AffineConstantExpr>(size))
      return constantInt(builder, read->getLoc(), known.getValue());
    auto symbol = dyn_cast<AffineSymbolExpr>(size);
    if (!symbol)
      return {};
    auto fixed = graph.fixedExtent(symbol.getPosition());
    return ir::ExtentOp::create(builder, read->getLoc(), ir::FnType::get(builder.getI64Type(), {}), "size", symbol.getPosition(),
                                fixed ? builder.getI64IntegerAttr(*fixed) : IntegerAttr());
  }

  /// Without features nothing is read.
  Value whereFeatures(Operation *op, Value where) {
    Location location = op->getLoc();
    for (StringAttr name : functionType(op->getResult(0)).getCoordinates()) {
      if (llvm::is_contained({"b", "h", "g", "i", "j"}, name.getValue()))
        continue;
      where = logicalAnd(builder, location, isPositive(location, name), where);
    }
    return where;
  }

  /// Whether a coordinate has any value.
  Value isPositive(Location location, StringRef coordinate) {
    Value size = extent(builder, location, graph, coordinate);
    return ir::CompareOp::create(builder, location, ir::pointwiseType(builder.getI1Type(), {size}), ir::CompareKind::Greater, size,
                                 constantInt(builder, location, 0));
  }

  /// Lets the value be computed everywhere and looks after it apart.
  void check(Operation *op, Value where, ArrayRef<Value> values, ArrayRef<int64_t> others = {}) {
    auto inMask = inScore.contains(op) ? UnitAttr() : builder.getUnitAttr();
    if (auto read = dyn_cast<ir::ReadOp>(op)) {
      read.setSafe(true);
      auto check = ir::CheckOp::create(builder, op->getLoc(), read.getTensor(), values, where, inMask, read.getTextAttr());
      SmallVector<int64_t> inside;
      for (int64_t dimension = 0; dimension < int64_t(values.size()); ++dimension)
        if (bounds->isInside(read, dimension) || llvm::is_contained(others, dimension))
          inside.push_back(dimension);
      if (!inside.empty())
        check->setAttr("attn.inside", builder.getDenseI64ArrayAttr(inside));
    } else {
      auto division = cast<ir::BinaryOp>(op);
      division.setSafe(true);
      ir::CheckOp::create(builder, op->getLoc(), Value(), values, where, inMask, division.getTextAttr());
    }
  }

  /// What scores and outputs are computed from, the masks apart.
  void findScoreGraph() {
    SmallVector<Value> roots;
    for (Operation &op : graph.block()) {
      for (Value operand : op.getOperands()) {
        Value mask = maskOfRow(&op);
        if (!mask && !isa<ir::OutputOp>(op) && !isa<ir::ReduceOp>(op))
          continue;
        if (operand != mask)
          roots.push_back(operand);
      }
    }
    // Row functions are roots themselves: their masks are not part of what their users compute.
    SetVector<Operation *> found;
    auto add = [&](Value value) {
      Operation *op = value.getDefiningOp();
      auto reduce = dyn_cast_or_null<ir::ReduceOp>(op);
      if (op && !isa<ir::SoftmaxOp, ir::LogSumExpOp, ir::SumAfterOp, ir::ThresholdOp, ir::TopKOp, ir::OnlineOp>(op) && !(reduce && isOverKeys(reduce)))
        found.insert(op);
    };
    llvm::for_each(roots, add);
    for (size_t n = 0; n < found.size(); ++n)
      llvm::for_each(found[n]->getOperands(), add);
    inScore.insert(found.begin(), found.end());
  }

  static bool dependsOn(Value value, Operation *op) {
    return dependsOn(value, [&](Operation *found) { return found == op; });
  }

  static bool dependsOnProduct(Value value) {
    return dependsOn(value, [](Operation *found) { return isa<ir::DotOp>(found); });
  }

  static bool dependsOn(Value value, function_ref<bool(Operation *)> isIt) {
    SetVector<Operation *> found;
    found.insert(value.getDefiningOp());
    for (size_t n = 0; n < found.size(); ++n) {
      if (isIt(found[n]))
        return true;
      for (Value operand : found[n]->getOperands())
        if (Operation *defining = operand.getDefiningOp())
          found.insert(defining);
    }
    return false;
  }

  /// The condition as a value, at the end of the block for now.
  Value materialise(Location location, const Condition &condition) {
    if (condition.isAlways())
      return constantBool(builder, location, true);
    Value any;
    for (const Conjunction &term : condition.conjunctions()) {
      Value all;
      for (Literal literal : term) {
        Value value = literal.negated ? opposite(location, literal.value) : literal.value;
        all = all ? shared<ir::AndOp>(location, all, value) : value;
      }
      any = any ? shared<ir::OrOp>(location, any, all) : all;
    }
    return any ? any : constantBool(builder, location, false);
  }

  Value opposite(Location location, Value value) {
    for (Operation *user : value.getUsers())
      if (isa<ir::NotOp>(user))
        return user->getResult(0);
    return logicalNot(builder, location, value);
  }

  /// `left op right`, the one that is there already if there is one.
  template <typename Op> Value shared(Location location, Value left, Value right) {
    for (Operation *user : left.getUsers())
      if (auto same = dyn_cast<Op>(user); same && same.getLhs() == left && same.getRhs() == right)
        return same;
    return Op::create(builder, location, ir::pointwiseType(builder.getI1Type(), {left, right}), left, right);
  }

  FunctionGraph graph;
  std::optional<IntegerBounds> bounds; ///< before anything was guarded
  OpBuilder builder;
  llvm::DenseSet<Operation *> inScore;
  std::vector<Division> divisions; ///< by divisors that vary with nothing
  llvm::DenseMap<int64_t, Value> notEmpty; ///< by extent: that it isn't 0
  llvm::DenseMap<Operation *, Condition> needed;
};

/// Once nothing on either side can fail, strict and lazy are the same.
void relaxBooleans(FunctionGraph graph) {
  for (ir::BinaryOp op : llvm::make_early_inc_range(graph.block().getOps<ir::BinaryOp>())) {
    if (!functionType(op).getElementType().isInteger(1))
      continue;
    OpBuilder builder(op);
    Value relaxed;
    if (op.getKind() == ir::BinaryKind::BitAnd)
      relaxed = logicalAnd(builder, op.getLoc(), op.getLhs(), op.getRhs());
    else if (op.getKind() == ir::BinaryKind::BitOr)
      relaxed = logicalOr(builder, op.getLoc(), op.getLhs(), op.getRhs());
    else if (op.getKind() == ir::BinaryKind::BitXor)
      relaxed = ir::CompareOp::create(builder, op.getLoc(), op.getType(), ir::CompareKind::NotEqual, op.getLhs(), op.getRhs());
    if (!relaxed)
      continue;
    op.getResult().replaceAllUsesWith(relaxed);
    op.erase();
  }
}

struct GuardReadsPass : impl::GuardReadsPassBase<GuardReadsPass> {
  using GuardReadsPassBase::GuardReadsPassBase;

  void runOnOperation() override {
    Guards(getOperation(), split ? std::optional<IntegerBounds>(getOperation()) : std::nullopt).run();
    relaxBooleans(getOperation());
    eraseUnused(getOperation());
  }
};

struct GuardBinderPass : impl::GuardBinderPassBase<GuardBinderPass> {
  void runOnOperation() override {
    ir::BinderOp binder = getOperation();
    // Each is bound after what it uses; nothing else says in which order.
    auto binds = llvm::to_vector(binder.getBody().getOps<ir::BindOp>());
    Guards(binder, std::nullopt).run();
    for (ir::BindOp bind : binds)
      bind->moveBefore(&binder.getBody().front(), binder.getBody().front().end());
    relaxBooleans(binder);
    eraseUnused(binder);
  }
};

} // namespace
} // namespace attn::lower
