#include "compiler/driver/Commands.h"

#include "compiler/console/Console.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <thread>

using namespace attn;
using namespace attn::driver;
using namespace attn::library;

std::shared_ptr<const Spec> driver::openSpec(const std::string &path, int &status, StageTimes *times) {
  Result<std::shared_ptr<const Spec>> spec = Spec::open(path, times);
  if (!spec) {
    printError(spec.message());
    status = exitInput;
    return nullptr;
  }
  printDiagnostics((*spec)->diagnostics());
  if (!(*spec)->isGood()) {
    status = exitInput;
    return nullptr;
  }
  return *std::move(spec);
}

bool driver::mayWrite(const std::string &path, const Spec &spec, int &status) {
  for (const std::string &source : spec.files()) {
    std::error_code unknown;
    if (!std::filesystem::equivalent(path, source, unknown))
      continue;
    status = usageError(fmt::format("{} would be overwritten: it is what is compiled; name another file", source));
    return false;
  }
  return true;
}

const sema::Attention *driver::chooseAttention(const Spec &spec, const Arguments &arguments, int &status) {
  std::vector<std::string> names = spec.names();
  std::string list;
  for (const std::string &name : names)
    list += (list.empty() ? "" : ", ") + name;
  std::optional<std::string> only = arguments.value(OptionId::Only);
  status = exitInput;
  if (names.empty()) {
    printError(fmt::format("`{}` has no attention", spec.source().path()));
    return nullptr;
  }
  if (!only && names.size() > 1) {
    status = usageError(fmt::format("`{}` has {} attentions ({}): choose one with `--only NAME`", spec.source().path(),
                                    names.size(), list));
    return nullptr;
  }
  const sema::Attention *attention = spec.find(only ? *only : names.front());
  if (!attention) {
    std::string close = closestName(*only, names);
    printError(close.empty()
                   ? fmt::format("`{}` has no attention `{}`; it has {}", spec.source().path(), *only, list)
                   : fmt::format("`{}` has no attention `{}`; did you mean `{}`?", spec.source().path(), *only, close));
    return nullptr;
  }
  status = exitSuccess;
  return attention;
}

std::optional<std::map<std::string, int64_t>> driver::parseExtents(const Arguments &arguments, OptionId option,
                                                                   int &status) {
  std::string_view shown = option == OptionId::Dims ? "--dims" : "--set";
  std::map<std::string, int64_t> extents;
  for (const std::string &text : arguments.values(option)) {
    for (size_t begin = 0; begin <= text.size();) {
      size_t comma = std::min(text.find(',', begin), text.size());
      std::string entry = text.substr(begin, comma - begin);
      begin = comma + 1;
      size_t equals = entry.find('=');
      int64_t value = 0;
      const char *end = entry.data() + entry.size();
      bool good = equals != std::string::npos && equals > 0;
      if (good) {
        auto [rest, error] = std::from_chars(entry.data() + equals + 1, end, value);
        good = error == std::errc() && rest == end;
      }
      if (!good) {
        status = usageError(fmt::format("`{} {}`: `{}` is not an extent and its size; write `{} B=1,H=8`", shown, text,
                                        entry, shown));
        return std::nullopt;
      }
      auto [place, isNew] = extents.insert({entry.substr(0, equals), value});
      if (!isNew && place->second != value) {
        status = usageError(fmt::format("`{}` gives extent `{}` twice: {} and {}", shown, place->first, place->second,
                                        value));
        return std::nullopt;
      }
    }
  }
  return extents;
}

std::optional<std::vector<std::pair<std::string, std::string>>>
driver::parseNamed(const Arguments &arguments, OptionId option, int &status) {
  const char *shown = option == OptionId::Input ? "-i" : option == OptionId::Scalar ? "-p" : "-o";
  const char *example = option == OptionId::Input ? "-i q=q.npy" : option == OptionId::Scalar ? "-p w=128" : "-o o=o.npy";
  std::vector<std::pair<std::string, std::string>> list;
  for (const std::string &text : arguments.values(option)) {
    size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
      status = usageError(fmt::format("`{} {}` lacks a name or a value; write `{}`", shown, text, example));
      return std::nullopt;
    }
    std::string name = text.substr(0, equals), value = text.substr(equals + 1);
    auto twice = std::find_if(list.begin(), list.end(), [&](const auto &entry) { return entry.first == name; });
    if (twice != list.end()) {
      status = usageError(fmt::format("`{}` gives `{}` twice: `{}` and `{}`", shown, name, twice->second, value));
      return std::nullopt;
    }
    list.push_back({std::move(name), std::move(value)});
  }
  return list;
}

std::optional<uint64_t> driver::parseNumber(const Arguments &arguments, OptionId option, std::string_view name,
                                            uint64_t low, uint64_t high, uint64_t otherwise, int &status) {
  std::optional<std::string> text = arguments.value(option);
  if (!text)
    return otherwise;
  uint64_t value = 0;
  const char *end = text->data() + text->size();
  auto [rest, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || rest != end || value < low || value > high) {
    status = usageError(fmt::format("`{} {}`: expected a whole number from {} to {}", name, *text, low, high));
    return std::nullopt;
  }
  return value;
}

std::optional<InputRequest> driver::parseInputs(const Arguments &arguments, int &status) {
  InputRequest request;
  auto tensors = parseNamed(arguments, OptionId::Input, status);
  auto scalars = tensors ? parseNamed(arguments, OptionId::Scalar, status) : std::nullopt;
  auto dims = scalars ? parseExtents(arguments, OptionId::Dims, status) : std::nullopt;
  auto seed = dims ? parseNumber(arguments, OptionId::Seed, "--seed", 0, UINT64_MAX, 0, status) : std::nullopt;
  if (!seed)
    return std::nullopt;
  request.tensors = *std::move(tensors);
  request.scalars = *std::move(scalars);
  request.dims = *std::move(dims);
  request.seed = *seed;
  request.random = arguments.has(OptionId::Random);
  return request;
}

std::optional<TunedSchedule> driver::takeTuned(const Arguments &arguments, const Spec &spec, const sema::Attention &attention,
                                               const reference::Binding &binding, CompileRequest &request) {
  std::optional<KernelCache> cache = cacheOf(arguments);
  if (!cache || arguments.has(OptionId::NoTuned))
    return std::nullopt;
  TunedSchedules::Lookup found = TunedSchedules(*std::move(cache)).find(spec, attention, binding, request);
  if (found.isDamaged)
    printNote(fmt::format("what `attnc tune` remembered for `{}` is damaged: the compiler chooses; tune again, or `attnc tune --forget`", attention.name));
  if (found.tuned)
    request.schedule = found.tuned->schedule;
  return found.tuned;
}

std::string driver::tunedText(const sema::Attention &attention) {
  return fmt::format("`{}` has the schedule that `attnc tune` remembered; `--no-tuned` takes the compiler's", attention.name);
}

std::optional<KernelCache> driver::cacheOf(const Arguments &arguments) {
  return arguments.has(OptionId::NoCache) ? std::nullopt : KernelCache::ofThisPerson();
}

std::optional<MeasureOptions> driver::parseMeasure(const Arguments &arguments, int &status) {
  MeasureOptions options;
  auto inputs = parseInputs(arguments, status);
  auto fixed = inputs ? parseExtents(arguments, OptionId::Set, status) : std::nullopt;
  auto threads = fixed ? parseNumber(arguments, OptionId::Threads, "--threads", 0, 4096, 1, status) : std::nullopt;
  auto repeat = threads ? parseNumber(arguments, OptionId::Repeat, "--repeat", 1, 1000000, 0, status) : std::nullopt;
  if (!repeat)
    return std::nullopt;
  options.inputs = *std::move(inputs);
  options.inputs.random = true;
  options.compile.extents = *std::move(fixed);
  options.compile.cpu = arguments.value(OptionId::Cpu).value_or("");
  options.compile.optimiseHarder = arguments.has(OptionId::Optimise);
  options.threads = *threads ? unsigned(*threads) : std::max(1u, std::thread::hardware_concurrency());
  options.repeat = *repeat;
  return options;
}
