#include "compiler/library/TunedSchedules.h"

#include "compiler/library/Compilation.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <ctime>

using namespace attn;
using namespace attn::library;

namespace {

Result<std::string> keyOf(const Spec &spec, const sema::Attention &attention, const reference::Binding &binding, const CompileRequest &request) {
  CompileRequest one = forRun(attention, binding, request);
  one.kernels = {attention.name};
  one.triple.clear();
  one.schedule.clear();
  CompileReport report;
  std::optional<std::vector<sema::Attention>> attentions = choose(spec, one, report);
  std::optional<std::vector<codegen::Target>> targets = attentions ? targetsOf(one, report) : std::nullopt;
  if (!targets)
    return Failure{report.failure};
  Result<std::string> key = cacheKey(spec, requestKey(attentions->front(), one), targets->front());
  if (!key)
    return key.failure();
  std::string text = "tuned schedule\n";
  for (size_t n = 0; n < attention.extents.size(); ++n)
    if (std::optional<int64_t> size = binding.extents[n])
      text += fmt::format("{} {}\n", attention.extents[n].name, *size < 1 ? -1 : std::lround(std::log2(double(*size))));
  return text + *key;
}

constexpr const char *format = "%511[^\n]\n%10[0-9-]\n%lf %lf%n";

std::optional<TunedSchedule> parse(const std::string &text) {
  char schedule[512], day[11];
  TunedSchedule tuned;
  int end = 0;
  if (std::sscanf(text.c_str(), format, schedule, day, &tuned.milliseconds, &tuned.chosenMilliseconds, &end) != 4 || size_t(end) != text.size())
    return std::nullopt;
  tuned.schedule = schedule, tuned.day = day;
  return tuned;
}

} // namespace

TunedSchedules::Lookup TunedSchedules::find(const Spec &spec, const sema::Attention &attention, const reference::Binding &binding,
                                            const CompileRequest &request) const {
  Result<std::string> key = keyOf(spec, attention, binding, request);
  if (!key)
    return {};
  KernelCache::Lookup found = cache.find(*key);
  if (found.outcome == KernelCache::Outcome::Damaged)
    return {std::nullopt, true};
  if (found.outcome != KernelCache::Outcome::Hit)
    return {};
  std::optional<TunedSchedule> tuned = parse(found.code);
  return {tuned, !tuned};
}

Status TunedSchedules::remember(const Spec &spec, const sema::Attention &attention, const reference::Binding &binding, const CompileRequest &request,
                                const TunedSchedule &tuned) const {
  Result<std::string> key = keyOf(spec, attention, binding, request);
  if (!key)
    return key.failure();
  return cache.store(*key, fmt::format("{}\n{}\n{:.6g} {:.6g}", tuned.schedule, tuned.day, tuned.milliseconds, tuned.chosenMilliseconds));
}

Result<bool> TunedSchedules::forget(const Spec &spec, const sema::Attention &attention, const reference::Binding &binding,
                                    const CompileRequest &request) const {
  Result<std::string> key = keyOf(spec, attention, binding, request);
  if (!key)
    return key.failure();
  return cache.remove(*key);
}

std::string library::today() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[11];
  std::strftime(text, sizeof(text), "%Y-%m-%d", &parts);
  return text;
}
