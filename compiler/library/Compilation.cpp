#include "compiler/library/Compilation.h"

#include "compiler/library/Fingerprint.h"
#include "compiler/library/Lowering.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <tuple>

using namespace attn;
using namespace attn::library;

namespace {

codegen::Optimisation levelOf(const CompileRequest &request) {
  return request.optimiseHarder ? codegen::Optimisation::Full : codegen::Optimisation::Quick;
}

std::vector<std::string> split(const std::string &list) {
  std::vector<std::string> words;
  size_t begin = 0;
  for (size_t comma; (comma = list.find(',', begin)) != std::string::npos; begin = comma + 1)
    words.push_back(list.substr(begin, comma - begin));
  words.push_back(list.substr(begin));
  return words;
}

} // namespace

std::optional<std::vector<sema::Attention>> library::choose(const Spec &spec, const CompileRequest &request,
                                                   CompileReport &report) {
  std::vector<sema::Attention> chosen;
  std::vector<std::string> names = spec.names();
  for (const std::string &name : request.kernels)
    if (!spec.find(name)) {
      std::string close = closestName(name, names);
      report.failure = close.empty() ? fmt::format("`{}` has no attention `{}`", spec.source().path(), name)
                                     : fmt::format("`{}` has no attention `{}`; did you mean `{}`?",
                                                   spec.source().path(), name, close);
      return std::nullopt;
    }
  std::map<std::string, bool> used;
  std::string refusal;
  for (const sema::Attention &attention : spec.program().attentions) {
    if (!request.kernels.empty() &&
        std::find(request.kernels.begin(), request.kernels.end(), attention.name) == request.kernels.end())
      continue;
    std::map<std::string, int64_t> extents;
    for (const auto &[name, size] : request.extents)
      if (attention.findExtent(name) != sema::none) {
        extents[name] = size;
        used[name] = true;
      }
    Result<sema::Attention> special = specialise(attention, extents);
    if (!special) {
      report.failure = special.message();
      return std::nullopt;
    }
    chosen.push_back(*std::move(special));
  }
  if (chosen.empty()) {
    report.failure = fmt::format("`{}` has no attention: there is nothing to compile", spec.source().path());
    return std::nullopt;
  }
  for (const auto &[name, size] : request.extents)
    if (!used[name]) {
      report.failure = specialise(chosen.front(), {{name, size}}).message();
      return std::nullopt;
    }
  return chosen;
}

std::vector<const sema::Attention *> library::pointersTo(const std::vector<sema::Attention> &attentions) {
  std::vector<const sema::Attention *> list;
  for (const sema::Attention &attention : attentions)
    list.push_back(&attention);
  return list;
}

std::optional<std::vector<codegen::Target>> library::targetsOf(const CompileRequest &request, CompileReport &report) {
  std::vector<codegen::Target> targets;
  std::vector<std::string> names = split(request.cpu);
  for (const std::string &name : names) {
    if (name.empty() && names.size() > 1) {
      report.failure = fmt::format("`--cpu={}` has an empty name in its list; write `--cpu=x86-64-v3,x86-64-v4`", request.cpu);
      return std::nullopt;
    }
    llvm::Expected<codegen::Target> target = codegen::createTarget({name, request.triple}, levelOf(request));
    if (!target) {
      report.failure = llvm::toString(target.takeError());
      return std::nullopt;
    }
    for (const codegen::Target &other : targets)
      if (other.info.cpu == target->info.cpu) {
        report.failure = fmt::format("`--cpu={}` names `{}` twice", request.cpu, target->info.cpu);
        return std::nullopt;
      }
    targets.push_back(std::move(*target));
  }
  if (targets.size() > 1 && !targets.front().info.x86) {
    report.failure = fmt::format("`--cpu={}`: several versions in one object are for x86-64 only; name one CPU", request.cpu);
    return std::nullopt;
  }
  std::sort(targets.begin(), targets.end(), [](const codegen::Target &a, const codegen::Target &b) {
    return std::tuple(a.info.vectorBits, std::popcount(a.features), b.info.cpu) > std::tuple(b.info.vectorBits, std::popcount(b.features), a.info.cpu);
  });
  return targets;
}

std::string library::requestKey(const sema::Attention &attention, const CompileRequest &request) {
  std::string queries = request.queries == QueryCount::Few    ? fmt::format("F{}x{}", request.few, request.groupHeads)
                        : request.queries == QueryCount::Many ? "M"
                                                              : "";
  return fmt::format("{}{}{}{}{}{}{}", fingerprint(attention), request.optimiseHarder ? "O" : "", request.onlyVisits ? "V" : "", queries,
                     (request.inParts ? "P" : "") + std::string(request.mayBeEmpty ? "Z" : ""), request.cpu == "native" ? "" : request.cpu, request.schedule);
}

Result<std::string> library::cacheKey(const Spec &spec, const std::string &request, const codegen::Target &target) {
  Result<std::string> compiler = compilerIdentity();
  if (!compiler)
    return compiler.failure();
  std::string key = fmt::format("{}\n{} {} {}\n", *compiler, target.info.triple, target.info.cpu, target.info.features);
  return key + fmt::format("{}\n{}{}", request.size(), request, spec.source().text());
}

std::optional<NativeWork> library::compileNative(const std::vector<sema::Attention> &attentions, const CompileRequest &request,
                                                 std::vector<codegen::Target> targets, codegen::Entry entry,
                                                 CompileReport &report) {
  std::optional<codegen::NativeModule> native =
      lowerToNative(pointersTo(attentions), targets, levelOf(request), entry, request, report);
  if (!native)
    return std::nullopt;
  return NativeWork{std::move(targets), *std::move(native)};
}
