#include "compiler/lower/tile/CostModel.h"

#include "test/unit/Catch.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"

#include <string>

using namespace attn;
using lower::Cost;
using lower::Work;

namespace {

struct Schedules {
  mlir::MLIRContext context;
  Schedules() { context.loadDialect<ir::AttnDialect>(); }

  ir::ScheduleAttr parse(const std::string &parameters) {
    auto schedule = mlir::dyn_cast_or_null<ir::ScheduleAttr>(mlir::parseAttribute("#attn.schedule<lanes = 16, " + parameters + ">", &context));
    REQUIRE(schedule);
    return schedule;
  }
  ir::ScheduleAttr vectors(int count, int rows, int keys = 64) {
    return parse("vectors = " + std::to_string(count) + ", key_rows = " + std::to_string(rows) + ", feature_rows = " + std::to_string(rows) +
                 ", key_block = " + std::to_string(keys) + ", key_step = 16, orientation = queries, heads = one");
  }
  ir::ScheduleAttr matrix(int count, int strips, const std::string &heads = "one") {
    return parse("vectors = " + std::to_string(count) + ", key_rows = 4, feature_rows = 32, key_block = 64, key_step = 16, orientation = queries, heads = " + heads +
                 ", products = matrix, strips = " + std::to_string(strips));
  }
  ir::ScheduleAttr features(int count, const std::string &heads = "group", const std::string &parts = "") {
    return parse("vectors = " + std::to_string(count) + ", key_rows = 4, feature_rows = 4, key_block = 64, key_step = 16, orientation = features, heads = " + heads + parts);
  }
};

double total(ir::ScheduleAttr schedule, const Work &work) { return lower::estimateCost(schedule, work).total(); }

/// Heads of a group times queries.
Work few(double queries, double group, int64_t parts, double features = 128) {
  Work work;
  work.groups = 8, work.heads = 8 * group, work.queries = queries, work.keys = 4096;
  work.scoreFeatures = work.valueFeatures = features;
  work.parts = parts, work.keyBytes = parts < 3 ? 2 : 4;
  return work;
}

} // namespace

TEST_CASE("a cost is the sum of its parts, and none is negative") {
  Schedules schedules;
  for (ir::ScheduleAttr schedule : {schedules.vectors(3, 8), schedules.matrix(2, 16), schedules.matrix(4, 1, "group"), schedules.features(1)})
    for (double queries : {1.0, 17.0, 1000.0})
      for (double visible : {0.0, 0.1, 1.0}) {
        Work work = few(queries, 4, 3);
        work.visible = visible;
        Cost cost = lower::estimateCost(schedule, work);
        for (double part : {cost.products, cost.conversions, cost.scores, cost.rows, cost.reading})
          CHECK(part >= 0);
        CHECK(cost.products > 0);
        CHECK(cost.total() == cost.products + cost.conversions + cost.scores + cost.rows + cost.reading);
      }
}

TEST_CASE("a dense product costs about what multiply-adds take, and twice the keys twice as much") {
  Schedules schedules;
  Work work;
  work.queries = work.keys = 4096;
  Cost cost = lower::estimateCost(schedules.vectors(3, 8), work);
  double multiplyAdds = 8 * 4096.0 * 4096 * 128 / 32;
  CHECK(cost.products > multiplyAdds);
  CHECK(cost.products < 1.25 * multiplyAdds);
  CHECK(cost.total() < 1.6 * multiplyAdds);
  CHECK(cost.reading == 0);
  Work twice = work;
  twice.keys *= 2;
  CHECK(total(schedules.vectors(3, 8), twice) / cost.total() == Approx(2).epsilon(0.02));
}

TEST_CASE("hidden pairs cost little, and more with larger tiles") {
  Schedules schedules;
  Work work;
  work.queries = work.keys = 8192;
  double whole = total(schedules.vectors(3, 8), work);
  work.visible = 1.0 / 32;
  CHECK(total(schedules.vectors(3, 8), work) < whole / 20);
  Work narrow = work;
  narrow.visible = 1.0 / 256;
  auto growth = [&](ir::ScheduleAttr schedule) { return lower::estimateCost(schedule, narrow).products / lower::estimateCost(schedule, work).products; };
  CHECK(growth(schedules.vectors(1, 8)) < growth(schedules.vectors(4, 4)));
}

TEST_CASE("register tiles: three vectors by eight rows where there are registers, three by four where there are fewer") {
  Schedules schedules;
  Work work;
  work.queries = 16384, work.keys = 4096;
  for (auto [vectors, rows] : {std::pair(2, 8), {1, 8}, {4, 4}, {3, 4}, {2, 4}, {1, 4}})
    CHECK(total(schedules.vectors(3, 8), work) < total(schedules.vectors(vectors, rows), work));
  for (int vectors : {2, 1})
    CHECK(total(schedules.vectors(3, 4), work) < total(schedules.vectors(vectors, 4), work));
}

TEST_CASE("on the matrix unit strips share what a block of keys takes to split, as far as the second cache goes") {
  Schedules schedules;
  for (auto [features, strips] : {std::pair(64, 16), {128, 16}, {160, 12}, {256, 8}, {512, 4}}) {
    Work work;
    work.queries = 16384, work.keys = 4096;
    work.scoreFeatures = work.valueFeatures = features;
    for (int other = 4; other <= 16; ++other) {
      INFO(features << " features, " << strips << " strips or " << other);
      CHECK(total(schedules.matrix(2, strips), work) <= total(schedules.matrix(2, other), work));
    }
    CHECK(total(schedules.matrix(2, strips), work) < total(schedules.vectors(3, 8), work));
    CHECK(total(schedules.matrix(2, strips), work) < total(schedules.matrix(8, 1), work));
  }
  // Where there are too few row blocks for strips there are fewer, whatever the schedule says.
  Work small;
  small.queries = 256, small.heads = small.groups = 1;
  CHECK(total(schedules.matrix(2, 16), small) == total(schedules.matrix(2, 4), small));
}

TEST_CASE("few queries have features in lanes until the matrix unit is busy enough") {
  Schedules schedules;
  for (auto [parts, last, first] : {std::tuple(1, 8, 16), {2, 16, 32}, {3, 32, 64}}) {
    auto better = [&](int rows) {
      Work work = few(rows / 4.0, 4, parts);
      return std::min(total(schedules.matrix(2, 1, "group"), work), total(schedules.matrix(4, 1, "group"), work)) <
             std::min({total(schedules.features(1), work), total(schedules.features(2), work), total(schedules.features(4), work)});
    };
    INFO(parts);
    CHECK_FALSE(better(last));
    CHECK(better(first));
  }
}

TEST_CASE("the heads of a group read their keys once; one vector is enough for few rows") {
  Schedules schedules;
  Work work = few(1, 4, 3);
  CHECK(total(schedules.features(1, "group"), work) < total(schedules.features(1, "one"), work));
  CHECK(lower::estimateCost(schedules.features(1), work).reading > 0);
  auto busy = [&](ir::ScheduleAttr schedule) { return total(schedule, work) - lower::estimateCost(schedule, work).reading; };
  CHECK(busy(schedules.features(1)) < busy(schedules.features(2)));
  Work more = few(5, 4, 3);
  CHECK(total(schedules.features(2), more) < total(schedules.features(1), more));
}

TEST_CASE("parts cost something where there are any, and nothing where there are row blocks enough") {
  Schedules schedules;
  Work work = few(1, 1, 3);
  std::string parts = ", part_keys = 1024, tasks = 64";
  CHECK(lower::estimateCost(schedules.features(1, "group", parts), work).rows > lower::estimateCost(schedules.features(1), work).rows);
  work.batches = 8;
  CHECK(total(schedules.features(1, "group", parts), work) == total(schedules.features(1), work));
}
