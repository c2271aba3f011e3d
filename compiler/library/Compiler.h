#pragma once

#include "compiler/library/KernelCache.h"
#include "compiler/library/Spec.h"

#include "attn/dlpack.h"
#include "attn/kernel.h"
#include "compiler/reference/Binding.h"

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>

/// The compile half of the library: from a checked spec to code, in memory or in a file. No LLVM or MLIR type shows here. The public
/// C API (attn/attn.h) is a layer over this header.
namespace attn::library {

/// How many queries the runs will have that code is made for, where extents don't say. It computes any number; of few it is fastest where it was made for few
/// or for any.
enum class QueryCount { Any, Few, Many };

/// What to compile, and for which machine.
struct CompileRequest {
  std::vector<std::string> kernels;       ///< names; empty: every attention of the spec
  std::map<std::string, int64_t> extents; ///< to fix; an attention that lacks one is not asked for it if another has it
  /// Empty: this machine. Several CPUs of x86-64, with commas between them, become versions in one object, of which the entry takes the best
  /// that runs.
  std::string cpu, triple;
  bool optimiseHarder = false;
  QueryCount queries = QueryCount::Any;
  int64_t few = 0, groupHeads = 0; ///< of few queries: about how many, and how many heads share keys; 0 where that isn't known
  bool inParts = true; ///< false: no run has so few row blocks and so many keys that it would cut keys into parts
  bool mayBeEmpty = true; ///< false: no run is without batches or heads
  /// `Compiler::load` only: a kernel that searches for the keys it would visit, exactly as the whole kernel does, and writes no output. Where
  /// every key is visited without a search it does nothing at all.
  bool onlyVisits = false;
  /// `#attn.schedule<…>`, for every kernel in place of the compiler's choice; one of `scheduleAlternatives`. Empty: the compiler chooses.
  std::string schedule;
};

/// What compiling had to say.
struct CompileReport {
  Diagnostics diagnostics; ///< about the spec
  std::string failure;     ///< about anything else; empty if there is nothing
  bool isInternal = false; ///< the compiler itself is at fault
  StageTimes times;

  bool failed() const { return diagnostics.hasErrors() || !failure.empty(); }
};

/// What `emit` writes: `obj`, `header`, `so`, `asm`, `llvm`, `attn`, `ast`, or a stage of the lowering by its name.
std::vector<std::string> emitKinds();
bool isBinary(std::string_view kind);

/// The text or bytes of a kind. `stem` names the header's include guard. Nothing on failure, which the report explains.
/// Needs a good spec, except for `ast` and `attn`, which only need one that parses.
std::optional<std::string> emit(const Spec &spec, const CompileRequest &request, std::string_view kind,
                                const std::string &stem, CompileReport &report);

/// An object and its header from one compilation.
struct ObjectAndHeader {
  std::string object, header;
};
std::optional<ObjectAndHeader> emitObject(const Spec &spec, const CompileRequest &request, const std::string &stem,
                                          CompileReport &report);

/// A scalar argument by its kind: an int or a bool in `integer`, a float in `real`. Unset: the spec's default.
struct ScalarArgument {
  bool isSet = false;
  int64_t integer = 0;
  double real = 0;
};

/// A compiled attention, loaded into this process. Running it is thread-safe.
class Kernel {
public:
  ~Kernel();
  const sema::Attention &attention() const { return signature; }

  /// Tensors: inputs, then outputs, as the attention lists them. Checks everything before it touches anything. A null
  /// context runs serially.
  Status run(std::span<const DLTensor *const> tensors, std::span<const ScalarArgument> scalars,
             const attn_context *context) const;

  /// The same for an argument struct as generated headers declare it. Allocates nothing but by the context.
  int32_t call(const void *arguments, const attn_context *context, attn_error *error) const;

  struct Code;

private:
  friend class Compiler;
  Kernel(std::shared_ptr<const Spec> spec, sema::Attention attention, std::unique_ptr<Code> code);

  std::shared_ptr<const Spec> spec; ///< whose text the attention's ranges point into
  sema::Attention signature;
  std::unique_ptr<Code> code;
};

/// Compiles for this machine and remembers what it compiled, in memory and, for other processes, in a folder. Thread-safe.
class Compiler {
public:
  /// Of kernels in memory the `mostKernels` asked for last are remembered; those in use elsewhere live on.
  explicit Compiler(std::optional<KernelCache> cache = KernelCache::ofThisPerson(), size_t mostKernels = 128)
      : cache(std::move(cache)), mostKernels(mostKernels) {}

  /// The kernel of an attention, for the extents given, from memory or the folder if the same was compiled before (of which
  /// `report.times` tells). `request.kernels` and `triple` are not read; `cpu` is one that this machine is or can stand in for. Null on
  /// failure.
  std::shared_ptr<const Kernel> load(const std::shared_ptr<const Spec> &spec, const std::string &name,
                                     const CompileRequest &request, CompileReport &report);

private:
  std::unique_ptr<Kernel::Code> codeFor(const Spec &spec, const std::vector<sema::Attention> &attentions,
                                        const CompileRequest &request, const std::string &kernel, CompileReport &report);

  std::optional<KernelCache> cache;
  struct Remembered {
    std::shared_ptr<const Kernel> kernel;
    uint64_t lastUse = 0;
  };

  size_t mostKernels;
  std::mutex mutex;
  std::unordered_map<std::string, Remembered> kernels;
  uint64_t uses = 0;
};

/// The extents that code should be made for where they are known: those of D, E, of what dot products sum over and of what sums a few of them. The sizes of a run
/// that change from call to call (B, I, J) are not among them.
std::map<std::string, int64_t> featureExtents(const sema::Attention &attention, const reference::Binding &binding);

/// The queries of a run, of the batch with the most where their number varies with b; nothing where the binding doesn't say.
std::optional<int64_t> mostQueries(const sema::Attention &attention, const reference::Binding &binding);

/// Says in a request how many queries a run has, and whether their keys are cut into parts.
void countQueries(CompileRequest &request, const sema::Attention &attention, const reference::Binding &binding);

/// The request made for one run: with the extents above, unless it fixes them, and the run's number of queries. Everything that compiles
/// for a run goes through this, so that all of it finds the same kernel.
CompileRequest forRun(const sema::Attention &attention, const reference::Binding &binding, CompileRequest request = {});

} // namespace attn::library
