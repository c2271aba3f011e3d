#include "compiler/library/Facts.h"

#include "compiler/library/Descent.h"
#include "compiler/library/ScheduleFacts.h"
#include "compiler/lower/coordinate/TableProduct.h"
#include "dialect/AttnDialect.h"

#include "mlir/IR/Location.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

using namespace attn;
using namespace attn::library;

namespace {

std::string placeOf(mlir::Location location) {
  auto place = location->findInstanceOf<mlir::FileLineColLoc>();
  return place ? fmt::format("{}:{}:{}", place.getFilename().str(), place.getLine(), place.getColumn()) : "";
}

/// The tensor that a tile's rows are, or those that they are computed from.
std::string rowsText(mlir::Value rows) {
  auto nameOf = [](mlir::Value value) {
    if (auto shift = value.getDefiningOp<ir::ShiftOp>())
      value = shift.getTensor();
    auto tensor = value.getDefiningOp<ir::TensorOp>();
    return tensor ? tensor.getName().str() : std::string();
  };
  if (mlir::isa<ir::TensorHandleType>(rows.getType()))
    return nameOf(rows);
  mlir::Operation *op = rows.getDefiningOp();
  if (auto pack = mlir::dyn_cast_or_null<ir::TilePackOp>(op))
    return nameOf(pack->getOperand(0));
  if (auto scale = mlir::dyn_cast_or_null<ir::TileScaleOp>(op))
    return rowsText(scale.getOperand());
  if (auto compute = mlir::dyn_cast_or_null<ir::TileComputeOp>(op))
    if (auto read = compute.getValue().getDefiningOp<ir::ReadOp>(); read && !compute.getBlock() && read.getUnchecked())
      return nameOf(read.getTensor());
  std::set<std::string> names;
  llvm::SmallVector<mlir::Value> waiting{rows};
  llvm::DenseSet<mlir::Value> seen;
  while (!waiting.empty()) {
    mlir::Value value = waiting.pop_back_val();
    if (!seen.insert(value).second)
      continue;
    if (mlir::isa<ir::TensorHandleType>(value.getType()))
      names.insert(nameOf(value));
    else if (mlir::Operation *from = value.getDefiningOp())
      waiting.append(from->operand_begin(), from->operand_end());
  }
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "computed rows" : fmt::format("rows computed from {}", text);
}

std::string productText(ir::TileContractOp product) {
  std::string over = mlir::cast<ir::TileType>(product.getQueries().getType()).getFeature().str();
  std::string text = fmt::format("dot({}, {}) over {}", rowsText(product.getQueries()), rowsText(product.getKeys()), over);
  auto pack = product.getQueries().getDefiningOp<ir::TilePackOp>();
  auto scale = product.getQueries().getDefiningOp<ir::TileScaleOp>();
  if ((pack && pack.getScale()) || (scale && scale.getScale()))
    text += fmt::format("; factors around it are applied to {} once", rowsText(product.getQueries()));
  return text;
}

std::string tableText(mlir::Value rows, mlir::Value table, llvm::StringRef over) {
  return fmt::format("dot({}, {}) over {} for every row that may be read; each pair of query and key looks its own up", rowsText(rows),
                     rowsText(table), over.str());
}

/// Every pass has its own.
void addOnce(std::vector<std::string> &list, std::string text) {
  if (std::find(list.begin(), list.end(), text) == list.end())
    list.push_back(std::move(text));
}

/// What the weights of the keys are multiplied with.
void readWeightedSum(ir::TileAccumulateOp sum, Facts &facts) {
  mlir::Value values = sum.getValues();
  bool ofPairs = mlir::isa<ir::FnType>(values.getType());
  addOnce(ofPairs ? facts.pairwise : facts.products,
          fmt::format("sum(j: weight * {}){}", ofPairs ? "…" : rowsText(values), ofPairs ? fmt::format(", {} of its own for each pair", rowsText(values)) : ""));
}

std::string pairwiseText(ir::ReduceOp sum) {
  std::string over;
  for (mlir::Attribute coordinate : sum.getOver())
    over += (over.empty() ? "" : ", ") + mlir::cast<mlir::StringAttr>(coordinate).str();
  return fmt::format("a sum over {} at {}", over, placeOf(sum.getLoc()));
}

bool isPerPair(mlir::Value value) {
  auto type = mlir::dyn_cast<ir::FnType>(value.getType());
  return type && type.variesWith("i") && type.variesWith("j");
}

/// Why the keys of a row block are never cut into parts.
std::string whyWhole(ir::TileKernelOp kernel) {
  int64_t passes = 0;
  bool isDescending = false, hasLists = false, repeats = false, storesKeys = false;
  kernel.walk([&](mlir::Operation *op) {
    if (auto visit = mlir::dyn_cast<ir::TileVisitOp>(op))
      ++passes, isDescending |= visit.getDescending();
    else if (auto store = mlir::dyn_cast<ir::TileStoreOp>(op))
      storesKeys |= bool(store.getBlock());
    hasLists |= mlir::isa<ir::TileTopInitOp>(op);
    repeats |= mlir::isa<ir::TileRepeatOp>(op);
  });
  return passes == 0     ? "there is no pass over them"
         : storesKeys    ? "an output has something for each of them"
         : isDescending  ? "`sum_after` goes through all of them in order"
         : hasLists      ? "`topk` keeps its largest of all of them"
         : repeats       ? "thresholds are found by passes over all of them"
         : passes > 1    ? "a pass over them needs the result of the one before"
                         : "there are few of them, or many row blocks";
}

/// The choice of which a sum is what is seldom taken; null where it isn't.
ir::SelectOp choiceOf(ir::ReduceOp sum) {
  ir::SelectOp choice = sum->hasOneUse() ? mlir::dyn_cast<ir::SelectOp>(*sum->user_begin()) : ir::SelectOp();
  return choice && choice.getMostly() && choice.getIfFalse() == sum.getResult() ? choice : ir::SelectOp();
}

/// Whether it is made for each pair, and not once for a run by the size of a table.
bool isOfPairs(ir::SelectOp choice) { return isPerPair(choice.getCondition()); }

/// What isn't a single instruction or two.
bool isDear(ir::UnaryKind kind) {
  using Kind = ir::UnaryKind;
  switch (kind) {
  case Kind::Negate:
  case Kind::BitNot:
  case Kind::Relu:
  case Kind::Abs:
  case Kind::Sign:
  case Kind::Floor:
  case Kind::Ceil:
  case Kind::Round: return false;
  default: return true;
  }
}

std::optional<PairFunction> pairFunction(ir::UnaryOp op) {
  auto type = mlir::cast<ir::FnType>(op.getType());
  PairFunction function{ir::stringifyUnaryKind(op.getKind()).str(), {}};
  for (mlir::StringAttr name : type.getCoordinates())
    if (!llvm::is_contained({"b", "h", "g", "i", "j"}, name.getValue()))
      function.coordinates.push_back(name.str());
  bool isOne = isDear(op.getKind()) && type.getElementType().isF32() && isPerPair(op.getResult()) && !function.coordinates.empty();
  return isOne ? std::optional(function) : std::nullopt;
}

void readPairwise(ir::ReduceOp sum, Facts &facts) {
  ir::SelectOp choice = choiceOf(sum);
  if (choice && isOfPairs(choice))
    return addOnce(facts.close, pairwiseText(sum));
  addOnce(facts.pairwise, pairwiseText(sum) + (choice ? fmt::format(", where the table has more than {} rows", lower::mostTableRows) : ""));
}

void readCoordinateLevel(mlir::ModuleOp module, Facts &facts) {
  // What is written out several times has one place in the source, and is compared with its limits if it is anywhere.
  auto add = [&](std::string text, std::string place, bool isGuarded) {
    auto known = std::find_if(facts.accesses.begin(), facts.accesses.end(), [&](const auto &access) { return access.text == text && access.place == place; });
    if (known == facts.accesses.end() || place.empty())
      facts.accesses.push_back({std::move(text), std::move(place), isGuarded});
    else
      known->guarded |= isGuarded;
  };
  module.walk([&](ir::KernelOp kernel) {
    kernel.walk([&](mlir::Operation *op) {
      if (auto read = mlir::dyn_cast<ir::ReadOp>(op)) {
        add(read.getText().value_or("").str(), placeOf(op->getLoc()), !read.getUnchecked());
      } else if (auto binary = mlir::dyn_cast<ir::BinaryOp>(op)) {
        if (binary.getText())
          add(binary.getText()->str(), placeOf(op->getLoc()), !binary.getUnchecked());
      }
    });
  });
}

} // namespace

ScheduleFact library::factOf(ir::ScheduleAttr schedule) {
  ScheduleFact fact;
  fact.lanes = schedule.getLanes();
  fact.queryBlock = schedule.queryBlock();
  fact.strips = schedule.getStrips();
  fact.keyBlock = schedule.getKeyBlock();
  fact.keyStep = schedule.getKeyStep();
  fact.keyRows = schedule.getKeyRows();
  fact.featureRows = schedule.getFeatureRows();
  fact.featuresInLanes = schedule.getOrientation() == ir::Orientation::Features;
  fact.onMatrixUnit = schedule.getProducts() == ir::Products::Matrix;
  fact.headsTogether = schedule.getHeads() == ir::RowHeads::Group;
  fact.partKeys = schedule.getPartKeys();
  fact.tasks = schedule.getTasks();
  llvm::raw_string_ostream stream(fact.text);
  mlir::Attribute(schedule).print(stream);
  return fact;
}

std::optional<Facts> library::findFacts(const sema::Attention &attention, const CompileRequest &request,
                                        CompileReport &report) {
  llvm::Expected<codegen::Target> target =
      codegen::createTarget({request.cpu, request.triple}, codegen::Optimisation::Quick);
  if (!target) {
    report.failure = llvm::toString(target.takeError());
    return std::nullopt;
  }
  Facts facts;
  Descent coordinates(attention, *target, report);
  if (!coordinates.go("guarded"))
    return std::nullopt;
  readCoordinateLevel(coordinates.module(), facts);
  Descent tiles(attention, *target, report);
  tiles.request = request;
  tiles.request.mayBeEmpty = false; // those do next to nothing
  if (!tiles.go("tiles"))
    return std::nullopt;
  tiles.module().walk([&](ir::TileKernelOp kernel) {
    ir::ScheduleAttr schedule = kernel.getSchedule();
    ScheduleFact fact = factOf(schedule);
    if (!schedule.isInParts())
      fact.whyWhole = whyWhole(kernel);
    if (auto most = kernel.getMostQueries()) {
      facts.few = fact;
      facts.mostFew = *most;
      return;
    }
    facts.schedule = fact;
    kernel.walk([&](mlir::Operation *op) {
      if (auto product = mlir::dyn_cast<ir::TileContractOp>(op))
        addOnce(facts.products, productText(product));
      else if (auto table = mlir::dyn_cast<ir::TileTableOp>(op))
        addOnce(facts.products, tableText(table.getQueries(), table.getTable(), mlir::cast<ir::TileType>(table.getQueries().getType()).getFeature()));
      else if (auto keyTable = mlir::dyn_cast<ir::TileKeyTableOp>(op))
        addOnce(facts.products, tableText(keyTable.getKeys(), keyTable.getTable(), keyTable.getFeature()));
      else if (auto weighted = mlir::dyn_cast<ir::TileAccumulateOp>(op))
        readWeightedSum(weighted, facts);
      else if (auto sum = mlir::dyn_cast<ir::ReduceOp>(op); sum && sum.getKind() == ir::ReductionKind::Sum && isPerPair(sum.getResult()))
        readPairwise(sum, facts);
      else if (auto unary = mlir::dyn_cast<ir::UnaryOp>(op)) {
        if (auto function = pairFunction(unary))
          facts.functions.push_back(*function);
      } else if (auto visit = mlir::dyn_cast<ir::TileVisitOp>(op))
        ++facts.passes, facts.descending += visit.getDescending(), facts.searches += !visit.getClassifier().empty();
    });
  });
  return facts;
}

std::optional<Facts> library::findFactsOfRun(const sema::Attention &attention, const reference::Binding &binding, CompileRequest request,
                                             CompileReport &report) {
  sema::Attention special = attention;
  if (Result<sema::Attention> fixed = specialise(attention, featureExtents(attention, binding)))
    special = *std::move(fixed);
  countQueries(request, attention, binding);
  std::optional<Facts> facts = findFacts(special, request, report);
  if (facts && facts->few && mostQueries(attention, binding).value_or(0) <= facts->mostFew)
    facts->schedule = *std::exchange(facts->few, std::nullopt);
  if (facts) {
    auto extent = [&](size_t coordinate) {
      sema::ExtentId id = attention.coordinates[coordinate].extent;
      return id == sema::none ? 1 : binding.extents[id].value_or(1);
    };
    ScheduleFact &schedule = facts->schedule;
    int64_t all = extent(sema::coordinateB) * extent(sema::coordinateH) * llvm::divideCeil(uint64_t(mostQueries(attention, binding).value_or(0)), uint64_t(schedule.queryBlock));
    schedule.strips = ir::ScheduleAttr::stripsOf(all, schedule.strips);
  }
  return facts;
}
