#include "compiler/library/FunctionRate.h"

#include "compiler/codegen/Jit.h"
#include "compiler/codegen/LowerToLLVM.h"
#include "compiler/codegen/Native.h"
#include "compiler/lower/FunctionLoop.h"
#include "compiler/lower/Pipeline.h"

#include "mlir/IR/MLIRContext.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>
#include <vector>

using namespace attn;
using namespace attn::library;

FunctionRate::FunctionRate(std::unique_ptr<codegen::LoadedCode> code) : code(std::move(code)) {}
FunctionRate::~FunctionRate() = default;

static llvm::Expected<std::unique_ptr<codegen::LoadedCode>> compileLoop(ir::UnaryKind kind, const CompileRequest &request) {
  llvm::Expected<codegen::Target> target = codegen::createTarget({request.cpu, request.triple}, codegen::Optimisation::Quick);
  if (!target)
    return target.takeError();
  mlir::DialectRegistry registry;
  lower::registerLoweringDialects(registry);
  codegen::registerLLVMDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  auto module = lower::buildFunctionLoop(context, kind, target->info);
  if (!module || mlir::failed(codegen::lowerToLLVM(*module)))
    return llvm::createStringError("the loop over an array cannot be lowered");
  codegen::NativeModule native;
  if (llvm::Error error = codegen::translate(*module, *target, native))
    return error;
  codegen::optimise(*native.module, *target, codegen::Optimisation::Quick);
  llvm::Expected<std::string> object = codegen::emit(*native.module, *target, codegen::NativeForm::Object);
  if (!object)
    return object.takeError();
  return codegen::LoadedCode::load(*std::move(object));
}

std::unique_ptr<FunctionRate> FunctionRate::compile(const std::string &name, const CompileRequest &request, CompileReport &report) {
  auto failed = [&](const std::string &why) {
    report.isInternal = true;
    report.failure = fmt::format("the rate of `{}`: {}", name, why);
    return nullptr;
  };
  auto kind = ir::symbolizeUnaryKind(name);
  if (!kind)
    return failed("no such function");
  auto loaded = compileLoop(*kind, request);
  if (!loaded)
    return failed(llvm::toString(loaded.takeError()));
  auto entry = (*loaded)->find(lower::functionLoopName);
  if (!entry)
    return failed(llvm::toString(entry.takeError()));
  return std::unique_ptr<FunctionRate>(new FunctionRate(std::move(*loaded)));
}

double FunctionRate::measure(unsigned threads, double milliseconds) const {
  using Clock = std::chrono::steady_clock;
  constexpr size_t count = 2048;
  constexpr int repeats = 16;
  auto entry = llvm::cantFail(code->find(lower::functionLoopName));
  std::vector<double> rates(std::max(1u, threads));
  auto run = [&](unsigned thread) {
    alignas(64) float operands[count];
    alignas(64) float results[count];
    for (size_t n = 0; n < count; ++n)
      operands[n] = -3.0f + 6.0f * float(n) / float(count);
    lower::FunctionLoopArguments arguments{operands, results, count};
    double calls = 0, seconds;
    entry(&arguments, nullptr, nullptr);
    Clock::time_point begin = Clock::now();
    do {
      for (int n = 0; n < repeats; ++n)
        entry(&arguments, nullptr, nullptr);
      calls += repeats;
      seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    } while (seconds * 1000 < milliseconds);
    rates[thread] = calls * double(count) / seconds;
  };
  std::vector<std::thread> others;
  for (unsigned n = 1; n < rates.size(); ++n)
    others.emplace_back(run, n);
  run(0);
  double total = rates[0];
  for (unsigned n = 1; n < rates.size(); ++n) {
    others[n - 1].join();
    total += rates[n];
  }
  return total;
}
