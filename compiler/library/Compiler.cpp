#include "compiler/library/Compiler.h"

#include "compiler/codegen/Description.h"
#include "compiler/codegen/Header.h"
#include "compiler/codegen/Object.h"
#include "compiler/library/AstText.h"
#include "compiler/library/KernelSignature.h"
#include "compiler/library/Lowering.h"
#include "compiler/library/Compilation.h"
#include "compiler/library/Stopwatch.h"
#include "compiler/syntax/Printer.h"

#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <algorithm>

using namespace attn;
using namespace attn::library;

namespace {

constexpr const char *nativeKinds[] = {"obj", "header", "so", "asm", "llvm"};

std::optional<std::string> compileObject(const std::vector<sema::Attention> &attentions, const CompileRequest &request,
                                         bool isShared, CompileReport &report) {
  std::optional<std::vector<codegen::Target>> targets = targetsOf(request, report);
  if (!targets)
    return std::nullopt;
  std::optional<NativeWork> work =
      compileNative(attentions, request, *std::move(targets), codegen::Entry::Checked, report);
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
    std::optional<std::vector<codegen::Target>> targets = targetsOf(request, report);
    if (!targets)
      return std::nullopt;
    std::optional<NativeWork> work =
        compileNative(*attentions, request, *std::move(targets), codegen::Entry::Checked, report);
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
