#include "test/unit/Catch.h"
#include "test/unit/library/Specs.h"
#include "test/unit/lower/TileKernel.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

#include <cmath>
#include <numbers>

using namespace attn;
using namespace attn::test;

namespace {

/// The parts of a tile kernel that passes over the keys once.
struct Parts {
  ir::TileInitOp init;
  ir::TileVisitOp visit;
  ir::TileFinishOp finish;

  explicit Parts(ir::TileKernelOp kernel)
      : init(*kernel.getBody().getOps<ir::TileInitOp>().begin()),
        visit(*kernel.getBody().getOps<ir::TileVisitOp>().begin()),
        finish(nullptr) {
    kernel.walk([&](ir::TileFinishOp op) { finish = op; });
  }
};

/// Passes over the keys once more, with a state of its own, and combines both.
ir::TileVisitOp addSecondVisit(ir::TileKernelOp kernel) {
  Parts parts(kernel);
  mlir::OpBuilder builder(parts.finish);
  mlir::IRMapping mapping;
  builder.clone(*parts.init, mapping);
  auto second = mlir::cast<ir::TileVisitOp>(builder.clone(*parts.visit, mapping));
  auto combine = ir::TileCombineOp::create(builder, kernel.getLoc(), parts.visit.getResult(0).getType(),
                                           parts.visit.getResult(1).getType(), parts.visit.getResult(0),
                                           parts.visit.getResult(1), second.getResult(0), second.getResult(1));
  parts.finish.getStateMutable().assign(combine.getState());
  parts.finish.getAccumulatorsMutable().assign(combine.getAccumulator());
  return second;
}

/// Hides the keys that don't compare with `border` as `kind` says.
void restrictKeys(ir::TileVisitOp visit, ir::CompareKind kind, int64_t border) {
  visit.getClassifier().getBlocks().clear();
  auto map = *visit.getBody().getOps<ir::TileMapOp>().begin();
  auto yield = mlir::cast<ir::YieldOp>(map.getBody().front().getTerminator());
  mlir::OpBuilder builder(yield);
  mlir::Location location = visit.getLoc();
  auto type = [&](mlir::Type element, mlir::ArrayRef<mlir::Value> operands) {
    return ir::pointwiseType(element, operands);
  };
  auto key = ir::FnType::get(builder.getI64Type(), {builder.getStringAttr("j")});
  mlir::Value j = ir::CoordinateOp::create(builder, location, key, builder.getStringAttr("j"));
  mlir::Value limit =
      ir::ConstantOp::create(builder, location, type(builder.getI64Type(), {}), builder.getI64IntegerAttr(border));
  mlir::Value own = ir::CompareOp::create(builder, location, type(builder.getI1Type(), {j, limit}), kind, j, limit);
  mlir::Value mask = yield.getOperand(1);
  mlir::Value both = ir::AndOp::create(builder, location, type(builder.getI1Type(), {mask, own}), mask, own);
  yield.setOperand(1, both);
}

void checkClose(const std::vector<float> &found, const std::vector<float> &expected, double offset, double tolerance) {
  REQUIRE(found.size() == expected.size());
  size_t different = 0;
  for (size_t n = 0; n < found.size(); ++n) {
    double wanted = expected[n] + offset;
    if (!(found[n] == wanted || std::abs(found[n] - wanted) <= tolerance))
      ++different;
  }
  CHECK(different == 0);
}

constexpr const char *causal = "attention a { layout mha; mask = causal; out o, lse }";
constexpr const char *dense = "attention a { layout mha; out o, lse }";

} // namespace

TEST_CASE("combining a pass over the keys with itself doubles every weight") {
  for (const char *text : {causal, dense})
    for (auto queries : {lower::QueryCount::Many, lower::QueryCount::Few}) {
      auto spec = specOf(text);
      auto data = dataOf(*spec, {{"B", 1}, {"H", 2}, {"I", 70}, {"J", 150}, {"D", 20}});
      Outputs once = runEdited(*spec, data, [](ir::TileKernelOp) {}, queries);
      Outputs twice = runEdited(*spec, data, [](ir::TileKernelOp kernel) { addSecondVisit(kernel); }, queries);
      checkClose(twice[0], once[0], 0, 1e-6);
      checkClose(twice[1], once[1], std::numbers::ln2, 1e-5);
      bool hasDifference = twice[1] != once[1];
      CHECK(hasDifference);
    }
}

TEST_CASE("passes over disjoint keys combine to the pass over all of them") {
  auto spec = specOf(causal);
  auto data = dataOf(*spec, {{"B", 1}, {"H", 2}, {"I", 70}, {"J", 150}, {"D", 20}});
  Outputs whole = runEdited(*spec, data, [](ir::TileKernelOp) {});
  // Inside a block of keys; with nothing on the left; between blocks, with nothing on the right for the first rows.
  for (int64_t border : {37, 0, 64}) {
    INFO(border);
    Outputs halves = runEdited(*spec, data, [&](ir::TileKernelOp kernel) {
      restrictKeys(addSecondVisit(kernel), ir::CompareKind::GreaterEqual, border);
      restrictKeys(Parts(kernel).visit, ir::CompareKind::Less, border);
    });
    checkClose(halves[0], whole[0], 0, 1e-6);
    checkClose(halves[1], whole[1], 0, 1e-5);
  }
}

TEST_CASE("rows that neither pass sees anything of stay empty when combined") {
  auto spec = specOf("attention a { layout mha; mask = j < i - 9; out o, lse }");
  auto data = dataOf(*spec, {{"B", 1}, {"H", 1}, {"I", 40}, {"J", 40}, {"D", 8}});
  Outputs twice = runEdited(*spec, data, [](ir::TileKernelOp kernel) { addSecondVisit(kernel); });
  for (size_t row = 0; row < 40; ++row) {
    INFO(row);
    bool isEmpty = row < 10;
    CHECK(std::isinf(twice[1][row]) == isEmpty);
    for (size_t e = 0; isEmpty && e < 8; ++e)
      CHECK(twice[0][row * 8 + e] == 0);
  }
}
