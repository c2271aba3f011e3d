#include "compiler/repl/Commands.h"

#include "compiler/console/Console.h"
#include "compiler/library/Benchmark.h"
#include "compiler/library/Explanation.h"
#include "compiler/library/Stopwatch.h"
#include "compiler/repl/GridText.h"
#include "runtime/file/Npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <pthread.h>
#include <thread>

using namespace attn;
using namespace attn::repl;
using namespace attn::console;
using namespace attn::library;

namespace {

Outcome outcomeOf(bool good) { return good ? Outcome::Done : Outcome::Failed; }

/// Outputs of this many elements are shown by `:run`, not only named.
constexpr int64_t largestShown = 4096;

/// The names of an output's dimensions, where they are coordinates.
std::vector<std::string> dimensionNames(const sema::Attention &attention, const sema::Output &output) {
  std::vector<std::string> names;
  for (size_t n = 0; n < output.dimensions.size(); ++n)
    names.push_back(output.indices.empty() ? attention.coordinates[output.coordinates[n]].name
                                           : fmt::format("dim{}", n));
  return names;
}

} // namespace

Outcome Commands::stopped() {
  printNote("stopped");
  return Outcome::Failed;
}

/// What was stopped is not wrong.
void Commands::printErrors(const std::vector<std::string> &errors) const {
  for (const std::string &error : errors)
    if (!threads->stopped())
      printError(error);
}

bool Commands::apart(std::function<void()> work) {
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    bool isDone = false;
  };
  auto shared = std::make_shared<Shared>();
  ++*unfinished;
  // The signals of the terminal are this thread's.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // Its state goes before it is counted as finished, with what belongs to the process.
  std::thread worker([work = std::move(work), shared, count = unfinished]() mutable {
    work();
    work = nullptr;
    std::unique_lock lock(shared->mutex);
    shared->isDone = true;
    shared->changed.notify_all();
    --*count;
  });
  pthread_t thread = worker.native_handle();
  worker.detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  std::unique_lock lock(shared->mutex);
  // A signal can't wake it.
  while (!shared->isDone && !threads->stopped())
    shared->changed.wait_for(lock, std::chrono::milliseconds(20));
  if (shared->isDone)
    return true;
  // Code generation has no way to be stopped. From here on it gets what nobody else wants of the processor; the thread
  // is there, since it takes the lock before it ends.
  sched_param none{};
  pthread_setschedparam(thread, SCHED_IDLE, &none);
  return false;
}

std::optional<Commands::Chosen> Commands::choose(const std::string &name) {
  std::string wanted = name.empty() ? session.current() : name;
  std::shared_ptr<const Spec> spec = session.spec(wanted);
  if (!spec && name.empty()) {
    printError("there is no attention yet: `:load FILE`, or a line such as `mask = causal`");
    return std::nullopt;
  }
  if (!spec) {
    std::string close = closestName(wanted, session.attentions());
    printError(close.empty() ? fmt::format("there is no attention `{}`", wanted)
                             : fmt::format("there is no attention `{}`; did you mean `{}`?", wanted, close));
    return std::nullopt;
  }
  const sema::Attention *attention = spec->isGood() ? spec->find(wanted) : nullptr;
  if (attention)
    return Chosen{spec, attention};
  printDiagnostics(spec->diagnostics());
  return std::nullopt;
}

/// Makes the inputs of a run.
bool Commands::gather(const Chosen &chosen, StageTimes *times) {
  if (data)
    pool.keep(*std::exchange(data, std::nullopt));
  Stopwatch watch(times, "inputs");
  InputRequest request = session.bindings.requestFor(*chosen.attention);
  request.pool = &pool;
  request.stop = &threads->stopped();
  std::vector<std::string> errors;
  data = gatherInputs(*chosen.attention, request, errors);
  printErrors(errors);
  if (!data)
    return false;
  for (const std::string &note : data->notes)
    printNote(note);
  ran = chosen;
  return true;
}

/// The kernel for what was gathered. Null on failure.
std::shared_ptr<const Kernel> Commands::compile(const Chosen &chosen, StageTimes *times) {
  struct Work {
    CompileRequest request;
    CompileReport report;
    std::shared_ptr<const Kernel> kernel;
  };
  auto work = std::make_shared<Work>();
  work->request = forRun(*chosen.attention, data->binding);
  if (!apart([work, chosen, compiler = compiler] {
        work->kernel = compiler->load(chosen.spec, chosen.attention->name, work->request, work->report);
      }))
    return nullptr;
  if (times)
    times->insert(times->end(), work->report.times.begin(), work->report.times.end());
  if (!work->kernel)
    compileError(work->report);
  else
    printDiagnostics(work->report.diagnostics);
  return work->kernel;
}

/// Gathers, compiles and runs.
bool Commands::compute(const Chosen &chosen, StageTimes *times) {
  if (!gather(chosen, times))
    return false;
  std::shared_ptr<const Kernel> kernel = compile(chosen, times);
  if (!kernel)
    return false;
  Stopwatch watch(times, "run");
  Status done = runKernel(*kernel, *data, *threads);
  watch.stop();
  if (!done && !threads->stopped())
    printError(done.message());
  // What a run that failed left in its outputs is not for showing or writing.
  if (!done)
    pool.keep(*std::exchange(data, std::nullopt));
  return bool(done);
}

Outcome Commands::run(const std::string &argument) {
  std::optional<Chosen> chosen = choose(argument);
  if (!chosen)
    return Outcome::Failed;
  bool good = compute(*chosen, nullptr);
  if (threads->stopped())
    return stopped();
  std::string text;
  const sema::Attention &attention = *chosen->attention;
  for (size_t n = 0; good && n < attention.outputs.size(); ++n) {
    const Tensor &tensor = data->tensors[attention.tensors.size() + n];
    text += fmt::format("{}: {}\n", attention.outputs[n].name, tensor.describe());
    if (tensor.elementCount() <= largestShown)
      if (std::optional<session::Grid> grid = gridOf(tensor, dimensionNames(attention, attention.outputs[n])))
        text += gridText(*grid, terminalWidth());
  }
  return outcomeOf(good && writeOut(text));
}

Outcome Commands::check(const std::string &argument) {
  std::optional<Chosen> chosen = choose(argument);
  if (!chosen)
    return Outcome::Failed;
  bool good = compute(*chosen, nullptr);
  if (good && !threads->stopped()) {
    CheckOptions how;
    how.seed = session.bindings.seed.value_or(0);
    how.threads = threads->threads();
    how.stop = &threads->stopped();
    CheckResult result = [&] {
      Progress progress("comparing with the oracle");
      return checkOutputs(*chosen->attention, *data, how);
    }();
    if (threads->stopped())
      return stopped();
    if (!result.failure.empty()) {
      printError(fmt::format("the oracle: {}", result.failure));
      return Outcome::Failed;
    }
    if (!writeOut(describe(result, how)))
      return Outcome::Failed;
    if (result.agrees())
      return Outcome::Done;
    printError("the check failed: an output is not what the oracle says");
    return Outcome::Disagreed;
  }
  return threads->stopped() ? stopped() : Outcome::Failed;
}

Outcome Commands::time(const std::string &argument) {
  std::optional<Chosen> chosen = choose(argument);
  if (!chosen)
    return Outcome::Failed;
  StageTimes times;
  bool good = compute(*chosen, &times);
  if (threads->stopped())
    return stopped();
  if (good)
    printTimes(times);
  return outcomeOf(good);
}

Outcome Commands::bench(const std::string &argument) {
  std::optional<Chosen> chosen = choose(argument);
  // What is compiled here is what will be measured.
  if (!chosen || !gather(*chosen, nullptr) || !compile(*chosen, nullptr))
    return threads->stopped() ? stopped() : Outcome::Failed;
  CompileReport report;
  BenchmarkRequest request;
  request.seed = session.bindings.seed.value_or(0);
  std::optional<Measurement> result;
  {
    std::optional<Progress> line;
    request.progress = [&](std::string_view text) {
      line.reset();
      line.emplace(text);
    };
    result = measure(*compiler, chosen->spec, *chosen->attention, *data, request, *threads, report);
  }
  if (threads->stopped())
    return stopped();
  if (!result) {
    compileError(report);
    return Outcome::Failed;
  }
  if (!result->check->failure.empty()) {
    printError(fmt::format("the oracle: {}", result->check->failure));
    return Outcome::Failed;
  }
  if (!writeOut(plainText(*result)))
    return Outcome::Failed;
  if (result->check->agrees())
    return Outcome::Done;
  printError(
      fmt::format("the check of `{}` failed: its outputs are not what the oracle says", chosen->attention->name));
  return Outcome::Disagreed;
}

/// For the extents that a run on what is set would be compiled for, as far as they are known.
CompileRequest Commands::requestFor(const Chosen &chosen) {
  CompileRequest request;
  request.kernels = {chosen.attention->name};
  InputRequest inputs = session.bindings.requestFor(*chosen.attention);
  inputs.random = true;
  inputs.onlyNodes = {chosen.attention->mask};
  inputs.allExtents = true;
  std::vector<std::string> unheard;
  if (std::optional<RunData> known = gatherInputs(*chosen.attention, inputs, unheard))
    return forRun(*chosen.attention, known->binding, std::move(request));
  return request;
}

Outcome Commands::explain(const std::string &argument) {
  std::optional<Chosen> chosen = choose(argument);
  if (!chosen)
    return Outcome::Failed;
  struct Work {
    std::optional<RunData> known;
    CompileReport report;
    std::string text;
  };
  auto work = std::make_shared<Work>();
  InputRequest inputs = session.bindings.requestFor(*chosen->attention);
  if (!inputs.dims.empty() || !inputs.tensors.empty()) {
    inputs.random = true;
    inputs.onlyNodes = {chosen->attention->mask};
    inputs.allExtents = true;
    inputs.stop = &threads->stopped();
    std::vector<std::string> errors;
    work->known = gatherInputs(*chosen->attention, inputs, errors);
    printErrors(errors);
    if (!work->known)
      return threads->stopped() ? stopped() : Outcome::Failed;
  }
  if (!apart([work, chosen] {
        work->text = library::explain(chosen->spec, *chosen->attention, work->known ? &*work->known : nullptr, {}, work->report);
      }))
    return stopped();
  if (!writeOut(work->text))
    return Outcome::Failed;
  if (!work->report.failed())
    return Outcome::Done;
  compileError(work->report);
  return Outcome::Failed;
}

Outcome Commands::emit(const std::string &kind, const std::string &name) {
  std::optional<Chosen> chosen = choose(name);
  if (!chosen)
    return Outcome::Failed;
  struct Work {
    CompileRequest request;
    CompileReport report;
    std::optional<std::string> text;
  };
  auto work = std::make_shared<Work>();
  work->request = requestFor(*chosen);
  if (!apart([work, chosen, kind] {
        work->text = library::emit(*chosen->spec, work->request, kind, chosen->attention->name, work->report);
      }))
    return stopped();
  if (!work->text) {
    compileError(work->report);
    return Outcome::Failed;
  }
  printDiagnostics(work->report.diagnostics);
  return outcomeOf(writeOut(*work->text));
}

Outcome Commands::ir(const std::string &argument) {
  size_t space = std::min(argument.find(' '), argument.size());
  std::string stage = argument.substr(0, space), name = argument.substr(std::min(space + 1, argument.size()));
  std::vector<std::string> stages;
  std::string list;
  for (const std::string &kind : emitKinds())
    if (!isBinary(kind)) {
      stages.push_back(kind);
      list += (list.empty() ? "" : ", ") + kind;
    }
  if (std::find(stages.begin(), stages.end(), stage) == stages.end()) {
    std::string close = closestName(stage, stages);
    printError(close.empty() ? fmt::format("there is no stage `{}`; there are {}", stage, list)
                             : fmt::format("there is no stage `{}`; did you mean `{}`?", stage, close));
    return Outcome::Failed;
  }
  return emit(stage, name);
}

Outcome Commands::assembly(const std::string &argument) { return emit("asm", argument); }

Outcome Commands::write(const std::string &argument) {
  size_t space = std::min(argument.find(' '), argument.size());
  std::string name = argument.substr(0, space);
  Result<std::string> path = session::sourceOf(argument.substr(space));
  if (!path || !data) {
    printError(!data ? "nothing has run yet: `:run`"
                     : fmt::format("`:write {}` lacks a file: `:write o out.npy`", argument));
    return Outcome::Failed;
  }
  std::vector<std::string> names;
  for (size_t n = 0; n < ran.attention->outputs.size(); ++n) {
    names.push_back(ran.attention->outputs[n].name);
    if (names.back() != name)
      continue;
    Status written = writeNpy(*path, data->tensors[ran.attention->tensors.size() + n]);
    if (!written)
      printError(fmt::format("output `{}`: {}", name, written.message()));
    return outcomeOf(bool(written));
  }
  std::string close = closestName(name, names), list;
  for (const std::string &one : names)
    list += (list.empty() ? "" : ", ") + one;
  printError(close.empty()
                 ? fmt::format("`{}` has no output `{}`; it has {}", ran.attention->name, name, list)
                 : fmt::format("`{}` has no output `{}`; did you mean `{}`?", ran.attention->name, name, close));
  return Outcome::Failed;
}
