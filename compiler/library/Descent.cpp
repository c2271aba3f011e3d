#include "compiler/library/Descent.h"

#include "compiler/codegen/LowerToLLVM.h"
#include "compiler/irgen/IrGen.h"
#include "compiler/library/Stopwatch.h"
#include "compiler/lower/Pipeline.h"
#include "dialect/AttnDialect.h"

#include "mlir/AsmParser/AsmParser.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

using namespace attn;
using namespace attn::library;

namespace {

#ifdef ATTN_VERIFY
constexpr bool verifyBetweenPasses = true;
#else
constexpr bool verifyBetweenPasses = false;
#endif

mlir::DialectRegistry dialects() {
  mlir::DialectRegistry registry;
  lower::registerLoweringDialects(registry);
  codegen::registerLLVMDialects(registry);
  return registry;
}

} // namespace

Descent::Descent(const sema::Attention &attention, const codegen::Target &target, CompileReport &report)
    : attention(attention), target(target), report(report),
      context(dialects(), mlir::MLIRContext::Threading::DISABLED),
      handler(&context, [this](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
          complaints += (complaints.empty() ? "" : "; ") + diagnostic.str();
        return mlir::success();
      }) {
  context.loadAllAvailableDialects();
}

bool Descent::fail(std::string_view stage) {
  report.isInternal = true;
  report.failure = fmt::format("`{}`, stage `{}`: {}", attention.name, stage,
                               complaints.empty() ? "failed without a word" : complaints);
  return false;
}

std::string Descent::text() {
  std::string printed;
  llvm::raw_string_ostream stream(printed);
  held->print(stream);
  return printed + "\n";
}

bool Descent::giveSchedule() {
  auto schedule = mlir::dyn_cast_or_null<ir::ScheduleAttr>(mlir::parseAttribute(request.schedule, &context));
  if (!schedule)
    return fail("schedule");
  held->walk([&](ir::KernelOp kernel) { kernel->setAttr(lower::scheduleAttributeName, schedule); });
  return true;
}

lower::LoweringOptions Descent::options() const {
  lower::LoweringOptions options;
  options.target = target.info;
  options.onlyVisits = request.onlyVisits;
  options.queries = request.queries == QueryCount::Few    ? lower::QueryCount::Few
                    : request.queries == QueryCount::Many ? lower::QueryCount::Many
                                                          : lower::QueryCount::Any;
  options.few = request.few, options.groupHeads = request.groupHeads;
  options.inParts = request.inParts, options.mayBeEmpty = request.mayBeEmpty;
  options.verify = verifyBetweenPasses;
  for (const sema::Extent &extent : attention.extents)
    if (extent.fixed)
      options.extents.push_back({extent.name, *extent.fixed});
  return options;
}

bool Descent::go(std::string_view stage) {
  {
    Stopwatch watch(&report.times, "irgen");
    held = irgen::generate(context, attention, report.diagnostics);
  }
  if (!held)
    return report.diagnostics.hasErrors() ? false : fail(coordinateStage);
  if (stage == coordinateStage)
    return true;

  if (!request.schedule.empty() && !giveSchedule())
    return false;
  bool stopsEarly = !stage.empty() && stage != dialectStage;
  {
    Stopwatch watch(&report.times, "lower");
    if (mlir::failed(lower::lowerToVectors(*held, options(), stopsEarly ? llvm::StringRef(stage) : llvm::StringRef())))
      return fail("lower");
  }
  if (stopsEarly)
    return true;

  llvm::Expected<codegen::KernelSource> found = codegen::takeKernelSource(*held, attention);
  if (!found) {
    complaints = llvm::toString(found.takeError());
    return fail("vectors");
  }
  tables = *std::move(found);
  Stopwatch watch(&report.times, "llvm dialect");
  return mlir::succeeded(codegen::lowerToLLVM(*held)) || fail(dialectStage);
}
