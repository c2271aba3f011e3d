#include "compiler/library/Facts.h"

#include "compiler/library/Descent.h"
#include "dialect/AttnDialect.h"

#include "mlir/IR/Location.h"

#include <fmt/format.h>

using namespace attn;
using namespace attn::library;

namespace {

std::string placeOf(mlir::Location location) {
  auto place = location->findInstanceOf<mlir::FileLineColLoc>();
  return place ? fmt::format("{}:{}:{}", place.getFilename().str(), place.getLine(), place.getColumn()) : "";
}

std::string tensorName(mlir::Value value) {
  auto read = value.getDefiningOp<ir::ReadOp>();
  auto tensor = read ? read.getTensor().getDefiningOp<ir::TensorOp>() : nullptr;
  return tensor ? tensor.getName().str() : "an expression";
}

std::string productText(ir::DotOp dot) {
  std::string over;
  for (mlir::Attribute coordinate : dot.getOver())
    over += (over.empty() ? "" : ", ") + mlir::cast<mlir::StringAttr>(coordinate).str();
  std::string text = fmt::format("dot({}, {}) over {}", tensorName(dot.getLhs()), tensorName(dot.getRhs()), over);
  if (dot.getScale())
    text += fmt::format("; factors around it are applied to {} once", tensorName(dot.getLhs()));
  return text;
}

void readCoordinateLevel(mlir::ModuleOp module, Facts &facts) {
  module.walk([&](ir::KernelOp kernel) {
    kernel.walk([&](mlir::Operation *op) {
      if (auto dot = mlir::dyn_cast<ir::DotOp>(op)) {
        facts.products.push_back(productText(dot));
      } else if (auto read = mlir::dyn_cast<ir::ReadOp>(op)) {
        facts.accesses.push_back(
            {read.getText().value_or("").str(), placeOf(op->getLoc()), !read.getUnchecked()});
      } else if (auto binary = mlir::dyn_cast<ir::BinaryOp>(op)) {
        if (binary.getText())
          facts.accesses.push_back({binary.getText()->str(), placeOf(op->getLoc()), !binary.getUnchecked()});
      }
    });
  });
}

} // namespace

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
  if (!tiles.go("tiles"))
    return std::nullopt;
  tiles.module().walk([&](ir::TileKernelOp kernel) {
    ir::ScheduleAttr schedule = kernel.getSchedule();
    facts.lanes = schedule.getLanes();
    facts.queryBlock = schedule.queryBlock();
    facts.keyBlock = schedule.getKeyBlock();
    facts.keyStep = schedule.getKeyStep();
    facts.keyRows = schedule.getKeyRows();
    facts.featureRows = schedule.getFeatureRows();
  });
  return facts;
}
