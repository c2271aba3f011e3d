#include "compiler/library/Schedules.h"

#include "compiler/library/Compilation.h"
#include "compiler/library/Descent.h"
#include "compiler/library/ScheduleFacts.h"
#include "compiler/lower/tile/ScheduleAlternatives.h"

#include <fmt/format.h>

#include <algorithm>

using namespace attn;
using namespace attn::library;

std::optional<std::vector<ScheduleAlternative>> library::scheduleAlternatives(const sema::Attention &attention, const reference::Binding &binding,
                                                                              const CompileRequest &request, double visible, CompileReport &report) {
  CompileRequest one = request;
  one.schedule.clear();
  one.triple.clear();
  std::optional<std::vector<codegen::Target>> targets = targetsOf(one, report);
  if (!targets)
    return std::nullopt;
  Result<sema::Attention> special = specialise(attention, one.extents);
  if (!special) {
    report.failure = special.message();
    return std::nullopt;
  }
  Descent descent(*special, targets->front(), report);
  descent.request = one;
  if (!descent.go("classified"))
    return std::nullopt;
  auto extent = [&](sema::CoordinateId coordinate, double otherwise) {
    sema::ExtentId id = coordinate < attention.coordinates.size() ? attention.coordinates[coordinate].extent : sema::none;
    return id == sema::none ? otherwise : double(binding.extents[id].value_or(int64_t(otherwise)));
  };
  std::vector<ScheduleAlternative> list;
  lower::ScheduleOptions options = lower::scheduleOptions(descent.options());
  descent.module().walk([&](ir::KernelOp kernel) {
    double queries = extent(sema::coordinateI, 1);
    lower::Work work = lower::workOf(kernel, queries);
    work.batches = extent(sema::coordinateB, 1), work.heads = extent(sema::coordinateH, 1), work.groups = extent(sema::coordinateG, work.heads);
    work.queries = queries, work.keys = extent(sema::coordinateJ, 1), work.visible = visible;
    for (ir::ScheduleAttr schedule : lower::ScheduleAlternatives(kernel, options).all(int64_t(queries))) {
      lower::Cost cost = lower::estimateCost(schedule, work);
      list.push_back({factOf(schedule), {cost.products, cost.conversions, cost.scores, cost.rows, cost.reading}});
    }
  });
  return list;
}

std::string library::shortText(const ScheduleFact &fact) {
  std::string text = fact.strips > 1 ? fmt::format("{} strips of {} queries", fact.strips, fact.queryBlock)
                                     : fmt::format("{} queries{}", fact.queryBlock, fact.headsTogether ? " of a group" : "");
  text += fmt::format(", {} keys, ", fact.keyBlock);
  if (fact.onMatrixUnit)
    text += "matrix unit";
  else if (fact.featuresInLanes)
    text += fact.featureRows == 1 ? "features in lanes, one row" : fmt::format("features in lanes, tiles of {} × {}", fact.keyRows, fact.featureRows);
  else
    text += fmt::format("tiles of {} × {} vectors", fact.keyRows, fact.queryBlock / std::max<int64_t>(fact.lanes, 1));
  return text + (fact.partKeys ? fmt::format(", parts of {} keys", fact.partKeys) : "");
}
