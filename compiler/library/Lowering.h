#pragma once

#include "compiler/codegen/Native.h"
#include "compiler/library/Compiler.h"

#include <optional>
#include <string>
#include <vector>

/// The part of the library that sees MLIR: checked attentions to LLVM modules.
namespace attn::library {

/// The stages `--emit` names, in order: irgen's, the lowering's, `llvm-dialect`.
std::vector<std::string> loweringStageNames();

/// Text of an attention after a stage of the lowering, or nothing on failure.
std::optional<std::string> lowerToText(const sema::Attention &attention, const codegen::Target &target,
                                       std::string_view stage, CompileReport &report);

/// All the way to LLVM IR, optimised, as one module that holds every attention for every target; of the request `queries`, `inParts` and `onlyVisits` are read. Targets are of
/// one architecture and lie in the order of preference. Nothing on failure.
std::optional<codegen::NativeModule> lowerToNative(const std::vector<const sema::Attention *> &attentions,
                                                   const std::vector<codegen::Target> &targets, codegen::Optimisation level,
                                                   codegen::Entry entry, const CompileRequest &request, CompileReport &report);

} // namespace attn::library
