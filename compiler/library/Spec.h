#pragma once

#include "compiler/diagnostics/Diagnostics.h"
#include "compiler/sema/Program.h"
#include "compiler/syntax/Ast.h"
#include "runtime/tensor/Result.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace attn::library {

/// How long each stage of some work took, in the order they ran.
struct StageTime {
  std::string stage;
  double milliseconds = 0;
};
using StageTimes = std::vector<StageTime>;

/// A spec: its text, its tree, and where it has no mistakes the checked program. Immutable; may be shared between threads.
/// Everything below it points into it, so it outlives what is made from it.
class Spec {
public:
  /// Fails only where the file cannot be read. Mistakes in it are in `diagnostics`. `times` may be null.
  static Result<std::shared_ptr<const Spec>> open(const std::string &path, StageTimes *times = nullptr);
  /// Text under a name that messages use. Imports are relative to the working directory.
  static std::shared_ptr<const Spec> fromText(std::string name, std::string text, StageTimes *times = nullptr);

  /// Whether it has no errors (it may have warnings).
  bool isGood() const { return checked.has_value(); }
  const Diagnostics &diagnostics() const { return messages; }
  const syntax::File &syntax() const { return tree; }
  const SourceFile &source() const { return *tree.source; }
  /// The canonical paths of the file itself and of all it imports, directly or not: what it depends on.
  std::vector<std::string> files() const { return sources.openedFiles(); }
  /// Needs isGood().
  const sema::Program &program() const { return *checked; }

  /// The attention of that name; null if there is none.
  const sema::Attention *find(std::string_view name) const;
  std::vector<std::string> names() const;

private:
  Spec() = default;
  void check(const SourceFile &file, StageTimes *times);

  SourceManager sources;
  Diagnostics messages;
  syntax::File tree;
  std::optional<sema::Program> checked;
};

/// A copy of an attention compiled for given extents, by name. Fails on a name the attention has no extent of, on one the spec
/// computes, and on one it fixes to something else.
Result<sema::Attention> specialise(const sema::Attention &attention, const std::map<std::string, int64_t> &extents);

/// One line per tensor and scalar of an attention, as the spec writes them: `q: f32[B, H, I, D]`, `out o: f32[B, H, I, D]`, `w: int = 4096`.
std::vector<std::string> signature(const sema::Attention &attention);

} // namespace attn::library
