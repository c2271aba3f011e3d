#include "compiler/driver/Commands.h"

#include "compiler/console/Console.h"
#include "compiler/library/Explanation.h"

using namespace attn;
using namespace attn::driver;
using namespace attn::library;

int driver::explainMain(const Arguments &arguments) {
  int status = exitSuccess;
  std::optional<InputRequest> inputs = parseInputs(arguments, status);
  auto fixed = inputs ? parseExtents(arguments, OptionId::Set, status) : std::nullopt;
  if (!fixed)
    return status;
  std::shared_ptr<const Spec> spec = openSpec(arguments.files.front(), status);
  if (!spec)
    return status;
  const sema::Attention *chosen = chooseAttention(*spec, arguments, status);
  if (!chosen)
    return status;
  Result<sema::Attention> special = specialise(*chosen, *fixed);
  if (!special) {
    printError(special.message());
    return exitInput;
  }
  std::optional<RunData> data;
  if (!inputs->dims.empty() || !inputs->tensors.empty()) {
    inputs->random = true;
    inputs->onlyNodes = {special->mask};
    inputs->allExtents = true;
    std::vector<std::string> errors;
    data = gatherInputs(*special, *inputs, errors);
    for (const std::string &error : errors)
      printError(error);
    if (!data)
      return exitInput;
  }
  CompileRequest request;
  request.cpu = arguments.value(OptionId::Cpu).value_or("");
  std::optional<TunedSchedule> tuned = data ? takeTuned(arguments, *spec, *special, data->binding, request) : std::nullopt;
  CompileReport report;
  std::string text = explain(spec, *special, data ? &*data : nullptr, request, report, /*countTiles=*/true, tuned ? &*tuned : nullptr);
  if (!writeOut(text))
    return exitInput;
  if (!report.failed())
    return exitSuccess;
  return compileError(report);
}
