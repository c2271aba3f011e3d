#include "compiler/lower/tile/ScheduleAlternatives.h"

#include "compiler/lower/Parts.h"
#include "compiler/lower/tile/ScheduleRules.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace attn::lower {

namespace {

constexpr int64_t keyStep = 16, mostStrips = 16, leastStrips = 4;
/// What is assumed of runs that nothing is known of.
constexpr double manyQueries = 16384, manyKeys = 4096;
constexpr int64_t usualHeadsOfGroup = 4;

} // namespace

ir::ScheduleAttr ScheduleAlternatives::make(int64_t vectors, int64_t keyRows, int64_t featureRows, ir::Orientation orientation, ir::RowHeads heads,
                                            ir::Products products, int64_t strips, int64_t keyBlock) {
  return ir::ScheduleAttr::getChecked([&] { return kernel.emitError(); }, kernel.getContext(), target.lanes, vectors, keyRows, featureRows, keyBlock, keyStep,
                                      orientation, heads, products, int64_t(0), int64_t(0), strips);
}

ir::ScheduleAttr ScheduleAlternatives::matrix(int64_t vectors, ir::RowHeads heads, int64_t strips) {
  return make(vectors, vectors > 4 ? 1 : 4, 32, ir::Orientation::Queries, heads, ir::Products::Matrix, strips);
}

bool ScheduleAlternatives::isValid() { return bool(make(4, 4, 4, ir::Orientation::Queries, ir::RowHeads::One)); }

std::optional<int64_t> ScheduleAlternatives::partsOnMatrixUnit() { return target.matrixUnit ? partsOfKeysAndValues(kernel) : std::nullopt; }

std::optional<int64_t> ScheduleAlternatives::known(StringRef coordinate) {
  return kernel.extentOf(coordinate) < 0 ? std::optional<int64_t>(1) : kernel.fixedExtent(kernel.extentOf(coordinate));
}

std::optional<int64_t> ScheduleAlternatives::knownQueries() { return known("i"); }

bool ScheduleAlternatives::canBeFew() { return allowsFeaturesInLanes(kernel); }

bool ScheduleAlternatives::knowsHeadsOfGroup() { return (known("h") && known("g")) || target.groupHeads; }

int64_t ScheduleAlternatives::headsOfGroup() {
  auto heads = known("h"), groups = known("g");
  return heads && groups && *groups > 0 ? *heads / *groups : target.groupHeads ? target.groupHeads : usualHeadsOfGroup;
}

int64_t ScheduleAlternatives::fewRows(ir::RowHeads heads) {
  return knownQueries().value_or(std::max<int64_t>(target.few, 1)) * (heads == ir::RowHeads::Group ? headsOfGroup() : 1);
}

SmallVector<ir::ScheduleAttr> ScheduleAlternatives::vectorSchedules() {
  SmallVector<ir::ScheduleAttr> list;
  bool fuses = target.registers >= 32 || target.lanes >= 8;
  for (int64_t rows : {8, 4})
    for (int64_t vectors : {3, 4, 2, 1})
      if (rows * vectors + vectors + (fuses ? 1 : 2) <= target.registers && target.lanes * vectors % 4 == 0)
        list.push_back(make(vectors, rows, rows, ir::Orientation::Queries, ir::RowHeads::One));
  return list;
}

SmallVector<ir::ScheduleAttr> ScheduleAlternatives::matrixSchedules() {
  SmallVector<ir::ScheduleAttr> list;
  auto parts = partsOnMatrixUnit();
  if (!parts)
    return list;
  if (*parts == 3 && canHaveStrips(kernel)) {
    for (int64_t strips = mostStrips; strips >= leastStrips; --strips)
      list.push_back(matrix(2, ir::RowHeads::One, strips));
    return list;
  }
  for (int64_t vectors : {4, 8})
    list.push_back(matrix(vectors, ir::RowHeads::One));
  return list;
}

SmallVector<ir::ScheduleAttr> ScheduleAlternatives::fewSchedules() {
  ir::RowHeads heads = allowsHeadsTogether(kernel) ? ir::RowHeads::Group : ir::RowHeads::One;
  SmallVector<ir::ScheduleAttr> list;
  if (fewRows(heads) == 1 && (knownQueries() || target.few) && (heads == ir::RowHeads::One || knowsHeadsOfGroup()))
    list.push_back(make(1, target.lanes, 1, ir::Orientation::Features, heads));
  for (int64_t vectors : {1, 2, 3, 4})
    list.push_back(make(vectors, 4, target.registers >= 32 ? 4 : 2, ir::Orientation::Features, heads));
  if (partsOnMatrixUnit())
    for (int64_t vectors : {2, 4})
      list.push_back(matrix(vectors, heads));
  return list;
}

ir::ScheduleAttr ScheduleAlternatives::cheapest(ArrayRef<ir::ScheduleAttr> schedules, const Work &work) {
  ir::ScheduleAttr best = schedules.front();
  double least = estimateCost(best, work).total();
  for (ir::ScheduleAttr schedule : schedules.drop_front())
    if (double cost = estimateCost(schedule, work).total(); cost < least)
      best = schedule, least = cost;
  return best;
}

ir::ScheduleAttr ScheduleAlternatives::inParts(ir::ScheduleAttr whole) {
  if (!target.parts || !allowsParts(kernel) || known("j").value_or(INT64_MAX) < 2 * leastPartKeys)
    return whole;
  // One row block for each batch and group at least.
  bool holdsGroups = whole.getHeads() == ir::RowHeads::Group;
  int64_t sets = known(holdsGroups ? "g" : "h").value_or(1), queries = holdsGroups ? 1 : known("i").value_or(1);
  if (known("b").value_or(1) * sets * ((queries + whole.queryBlock() - 1) / whole.queryBlock()) >= mostPartTasks)
    return whole;
  return ir::ScheduleAttr::get(kernel.getContext(), whole.getLanes(), whole.getVectors(), whole.getKeyRows(), whole.getFeatureRows(), whole.getKeyBlock(),
                               whole.getKeyStep(), whole.getOrientation(), whole.getHeads(), whole.getProducts(), leastPartKeys, mostPartTasks, /*strips=*/1);
}

ir::ScheduleAttr ScheduleAlternatives::ofManyQueries(bool mayCut) {
  // Where it can have them, the matrix unit has the products of many queries.
  SmallVector<ir::ScheduleAttr> schedules = matrixSchedules();
  if (schedules.empty())
    schedules = vectorSchedules();
  Work work = workOf(kernel, manyQueries);
  work.queries = std::max(work.queries, manyQueries), work.keys = std::max(work.keys, manyKeys);
  ir::ScheduleAttr best = cheapest(schedules, work);
  return mayCut ? inParts(best) : best;
}

ir::ScheduleAttr ScheduleAlternatives::ofFewQueries() {
  Work work = workOf(kernel, double(std::max<int64_t>(target.few, 1)));
  work.heads = work.groups * double(std::max<int64_t>(headsOfGroup(), 1));
  return inParts(cheapest(fewSchedules(), work));
}

SmallVector<ir::ScheduleAttr> ScheduleAlternatives::all(int64_t queries) {
  SmallVector<ir::ScheduleAttr> list;
  auto add = [&](ir::ScheduleAttr schedule) {
    if (schedule && !llvm::is_contained(list, schedule))
      list.push_back(schedule);
  };
  auto withKeyBlock = [&](ir::ScheduleAttr of, int64_t keyBlock) {
    constexpr int64_t mostOfStrips = 64;
    if (keyBlock % of.getKeyRows() || (of.getStrips() > 1 && keyBlock > mostOfStrips))
      return of;
    return ir::ScheduleAttr::get(kernel.getContext(), of.getLanes(), of.getVectors(), of.getKeyRows(), of.getFeatureRows(), keyBlock, of.getKeyStep(),
                                 of.getOrientation(), of.getHeads(), of.getProducts(), of.getPartKeys(), of.getTasks(), of.getStrips());
  };
  bool isFew = canBeFew() && queries <= mostFewQueries();
  ir::ScheduleAttr chosen = isFew ? ofFewQueries() : ofManyQueries(/*mayCut=*/true);
  add(chosen);
  add(withKeyBlock(chosen, 32));
  add(withKeyBlock(chosen, 128));
  if (chosen.isInParts())
    add(chosen.inOnePart());
  if (canBeFew() && queries <= 2 * mostFewQueries()) {
    for (ir::ScheduleAttr schedule : fewSchedules()) {
      add(inParts(schedule));
      if (schedule.getHeads() == ir::RowHeads::Group && schedule.getProducts() == ir::Products::Vectors && schedule.getFeatureRows() > 1)
        add(inParts(make(schedule.getVectors(), schedule.getKeyRows(), schedule.getFeatureRows(), schedule.getOrientation(), ir::RowHeads::One)));
    }
  }
  if (queries > target.lanes || !canBeFew()) {
    for (ir::ScheduleAttr schedule : matrixSchedules())
      if (schedule.getStrips() % 4 == 0)
        add(inParts(schedule));
    if (auto parts = partsOnMatrixUnit())
      for (int64_t vectors : {4, 8})
        add(inParts(matrix(vectors, ir::RowHeads::One)));
    for (ir::ScheduleAttr schedule : vectorSchedules())
      if (schedule.getVectors() > 1)
        add(inParts(schedule));
  }
  return list;
}

} // namespace attn::lower
