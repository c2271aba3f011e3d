#include "compiler/library/Compiler.h"

#include "compiler/codegen/Description.h"
#include "compiler/codegen/Header.h"
#include "compiler/codegen/Jit.h"
#include "compiler/codegen/Object.h"
#include "compiler/library/AstText.h"
#include "compiler/library/Fingerprint.h"
#include "compiler/library/KernelSignature.h"
#include "compiler/library/Lowering.h"
#include "compiler/library/Stopwatch.h"
#include "compiler/syntax/Printer.h"
#include "runtime/kernel/Kernel.h"

#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

using namespace attn;
using namespace attn::library;

namespace {

constexpr const char *nativeKinds[] = {"obj", "header", "so", "asm", "llvm"};

/// The attentions a request means, each made for its extents.
std::optional<std::vector<sema::Attention>> choose(const Spec &spec, const CompileRequest &request,
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

std::vector<const sema::Attention *> pointersTo(const std::vector<sema::Attention> &attentions) {
  std::vector<const sema::Attention *> list;
  for (const sema::Attention &attention : attentions)
    list.push_back(&attention);
  return list;
}

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

/// The CPUs a request names, the most capable first.
std::optional<std::vector<codegen::Target>> targetsOf(const CompileRequest &request, CompileReport &report) {
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

/// A value, or its error in the report.
template <class T> std::optional<T> taken(llvm::Expected<T> value, CompileReport &report, bool isInternal = false) {
  if (value)
    return std::move(*value);
  report.failure = llvm::toString(value.takeError());
  report.isInternal = isInternal;
  return std::nullopt;
}

struct NativeWork {
  std::vector<codegen::Target> targets;
  codegen::NativeModule native;

  /// The machine that emits code: functions name their own CPU.
  const codegen::Target &emitter() const { return targets.back(); }
};

std::optional<NativeWork> compileNative(const std::vector<sema::Attention> &attentions, const CompileRequest &request,
                                        codegen::Entry entry, CompileReport &report) {
  std::optional<std::vector<codegen::Target>> targets = targetsOf(request, report);
  if (!targets)
    return std::nullopt;
  std::optional<codegen::NativeModule> native =
      lowerToNative(pointersTo(attentions), *targets, levelOf(request), entry, request.onlyVisits, report);
  if (!native)
    return std::nullopt;
  return NativeWork{*std::move(targets), *std::move(native)};
}

std::optional<std::string> compileObject(const std::vector<sema::Attention> &attentions, const CompileRequest &request,
                                         bool isShared, CompileReport &report) {
  std::optional<NativeWork> work = compileNative(attentions, request, codegen::Entry::Checked, report);
  if (!work)
    return std::nullopt;
  codegen::addSupport(*work->native.module);
  std::vector<KernelSignature> signatures;
  for (const sema::Attention &attention : attentions)
    signatures.push_back(signatureOf(attention));
  codegen::addDescription(*work->native.module, describe(signatures));
  Stopwatch watch(&report.times, "machine code");
  std::optional<std::string> object =
      taken(codegen::emit(*work->native.module, work->emitter(), codegen::NativeForm::Object), report, true);
  watch.stop();
  if (!object || !isShared)
    return object;
  Stopwatch linking(&report.times, "link");
  return taken(codegen::linkSharedLibrary(*object, work->emitter()), report);
}

std::string unknownKind(std::string_view kind) {
  std::vector<std::string> kinds = emitKinds();
  std::string close = closestName(kind, kinds), list;
  for (const std::string &known : kinds)
    list += (list.empty() ? "" : ", ") + known;
  return close.empty() ? fmt::format("`--emit={}`: it takes {}", kind, list)
                       : fmt::format("`--emit={}`: did you mean `{}`? it takes {}", kind, close, list);
}

} // namespace

std::vector<std::string> library::emitKinds() {
  std::vector<std::string> kinds(std::begin(nativeKinds), std::end(nativeKinds));
  for (std::string &stage : loweringStageNames())
    kinds.push_back(std::move(stage));
  kinds.push_back("attn");
  kinds.push_back("ast");
  return kinds;
}

bool library::isBinary(std::string_view kind) { return kind == "obj" || kind == "so"; }

std::optional<std::string> library::emit(const Spec &spec, const CompileRequest &request, std::string_view kind,
                                         const std::string &stem, CompileReport &report) {
  std::vector<std::string> kinds = emitKinds();
  if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
    report.failure = unknownKind(kind);
    return std::nullopt;
  }
  if (kind == "ast")
    return astText(spec.syntax());
  if (kind == "attn")
    return syntax::print(spec.syntax());
  std::optional<std::vector<sema::Attention>> attentions = choose(spec, request, report);
  if (!attentions)
    return std::nullopt;
  if (kind == "header")
    return taken(codegen::writeHeader(pointersTo(*attentions), stem), report);
  if (kind == "obj" || kind == "so")
    return compileObject(*attentions, request, kind == "so", report);
  if (kind == "asm" || kind == "llvm") {
    std::optional<NativeWork> work = compileNative(*attentions, request, codegen::Entry::Checked, report);
    if (!work)
      return std::nullopt;
    if (kind == "asm")
      return taken(codegen::emit(*work->native.module, work->emitter(), codegen::NativeForm::Assembly), report, true);
    std::string text;
    llvm::raw_string_ostream stream(text);
    work->native.module->print(stream, nullptr);
    return text;
  }
  std::optional<std::vector<codegen::Target>> targets = targetsOf(request, report);
  if (!targets)
    return std::nullopt;
  std::string text;
  for (const codegen::Target &target : *targets)
    for (const sema::Attention &attention : *attentions) {
      std::optional<std::string> one = lowerToText(attention, target, kind, report);
      if (!one)
        return std::nullopt;
      text += (text.empty() ? "" : "\n// -----\n\n") + *one;
    }
  return text;
}

std::optional<ObjectAndHeader> library::emitObject(const Spec &spec, const CompileRequest &request,
                                                   const std::string &stem, CompileReport &report) {
  std::optional<std::vector<sema::Attention>> attentions = choose(spec, request, report);
  if (!attentions)
    return std::nullopt;
  std::optional<std::string> header = taken(codegen::writeHeader(pointersTo(*attentions), stem), report);
  if (!header)
    return std::nullopt;
  std::optional<std::string> object = compileObject(*attentions, request, false, report);
  if (!object)
    return std::nullopt;
  return ObjectAndHeader{*std::move(object), *std::move(header)};
}

struct Kernel::Code {
  std::unique_ptr<codegen::LoadedCode> loaded;
  codegen::KernelEntry entry = nullptr;
};

Kernel::Kernel(std::shared_ptr<const Spec> spec, sema::Attention attention, std::unique_ptr<Code> code)
    : spec(std::move(spec)), signature(std::move(attention)), code(std::move(code)) {}

Kernel::~Kernel() = default;

int32_t Kernel::call(const void *arguments, const attn_context *context, attn_error *error) const {
  return code->entry(arguments, context, error);
}

Status Kernel::run(std::span<const DLTensor *const> tensors, std::span<const ScalarArgument> scalars,
                   const attn_context *context) const {
  size_t tensorCount = signature.tensors.size() + signature.outputs.size();
  if (tensors.size() != tensorCount || scalars.size() != signature.scalars.size())
    return Failure{fmt::format("`{}` takes {} tensors and {} scalars, got {} and {}", signature.name, tensorCount,
                               signature.scalars.size(), tensors.size(), scalars.size())};
  std::vector<uint64_t> words;
  for (const DLTensor *tensor : tensors)
    words.push_back(uint64_t(reinterpret_cast<uintptr_t>(tensor)));
  for (size_t n = 0; n < scalars.size(); ++n) {
    bool isReal = signature.scalars[n].kind == sema::ScalarKind::Float;
    double real = scalars[n].isSet ? scalars[n].real : ATTN_UNSET_FLOAT;
    int64_t integer = scalars[n].isSet ? scalars[n].integer : ATTN_UNSET_INT;
    uint64_t word;
    std::memcpy(&word, isReal ? static_cast<const void *>(&real) : &integer, sizeof(word));
    words.push_back(word);
  }
  words.push_back(0);
  attn_error error{};
  if (code->entry(words.data(), context, &error) == ATTN_OK)
    return std::monostate();
  return Failure{error.message};
}

std::shared_ptr<const Kernel> Compiler::load(const std::shared_ptr<const Spec> &spec, const std::string &name,
                                             const CompileRequest &request, CompileReport &report) {
  CompileRequest one = request;
  one.kernels = {name};
  one.triple.clear();
  if (one.cpu.find(',') != std::string::npos) {
    report.failure = fmt::format("`--cpu={}`: what runs here is compiled for one CPU", one.cpu);
    return nullptr;
  }
  std::optional<std::vector<sema::Attention>> attentions = choose(*spec, one, report);
  if (!attentions)
    return nullptr;
  sema::Attention &attention = attentions->front();
  std::string key = fmt::format("{}{}{}{}", fingerprint(attention), one.optimiseHarder ? "O" : "",
                                one.onlyVisits ? "V" : "", one.cpu);
  {
    std::lock_guard lock(mutex);
    if (auto known = kernels.find(key); known != kernels.end())
      return known->second;
  }
  std::optional<NativeWork> work = compileNative(*attentions, one, codegen::Entry::Direct, report);
  if (!work)
    return nullptr;
  if (std::string why = codegen::whyNotHere(work->emitter()); !why.empty()) {
    report.failure = fmt::format("code for `{}` can't run here: {}", work->emitter().info.cpu, why);
    return nullptr;
  }
  std::optional<std::string> object;
  {
    Stopwatch watch(&report.times, "machine code");
    object = taken(codegen::emit(*work->native.module, work->emitter(), codegen::NativeForm::Object), report, true);
  }
  if (!object)
    return nullptr;
  Stopwatch watch(&report.times, "load");
  auto code = std::make_unique<Kernel::Code>();
  auto loaded = taken(codegen::LoadedCode::load(*std::move(object)), report, true);
  if (!loaded)
    return nullptr;
  code->loaded = *std::move(loaded);
  auto entry = taken(code->loaded->find(work->native.kernels.front().symbol), report, true);
  if (!entry)
    return nullptr;
  code->entry = *entry;
  std::shared_ptr<const Kernel> kernel(new Kernel(spec, std::move(attention), std::move(code)));
  std::lock_guard lock(mutex);
  return kernels.insert({key, kernel}).first->second;
}

std::map<std::string, int64_t> library::featureExtents(const sema::Attention &attention,
                                                       const reference::Binding &binding) {
  sema::CoordinateSet features = sema::setOf(sema::coordinateD) | sema::setOf(sema::coordinateE);
  for (const sema::Node &node : attention.nodes)
    if (node.kind == sema::NodeKind::Dot)
      for (sema::CoordinateId coordinate : node.coordinates)
        features |= sema::setOf(coordinate);
  std::map<std::string, int64_t> extents;
  for (size_t n = 0; n < attention.coordinates.size(); ++n) {
    sema::ExtentId id = attention.coordinates[n].extent;
    if (!(features & sema::setOf(sema::CoordinateId(n))) || id == sema::none || !binding.extents[id])
      continue;
    const sema::Extent &extent = attention.extents[id];
    if (!extent.perBatch && extent.binding != sema::ExtentBinding::Computed)
      extents[extent.name] = *binding.extents[id];
  }
  return extents;
}
