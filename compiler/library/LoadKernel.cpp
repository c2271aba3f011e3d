#include "compiler/codegen/ExportedName.h"
#include "compiler/codegen/Jit.h"
#include "compiler/library/Compilation.h"
#include "compiler/library/Stopwatch.h"
#include "compiler/lower/Parts.h"
#include "compiler/lower/ShortSums.h"
#include "runtime/kernel/Kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

using namespace attn;
using namespace attn::library;

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

namespace {

std::unique_ptr<Kernel::Code> loadCode(std::string object, const sema::Attention &attention, CompileReport &report) {
  Stopwatch watch(&report.times, "load");
  auto loaded = taken(codegen::LoadedCode::load(std::move(object)), report, true);
  if (!loaded)
    return nullptr;
  auto code = std::make_unique<Kernel::Code>();
  code->loaded = *std::move(loaded);
  auto entry = taken(code->loaded->find(codegen::exportedName(attention.name)), report, true);
  if (!entry)
    return nullptr;
  code->entry = *entry;
  return code;
}

} // namespace

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
  std::string key = requestKey(attention, one);
  {
    std::lock_guard lock(mutex);
    if (auto known = kernels.find(key); known != kernels.end()) {
      known->second.lastUse = ++uses;
      return known->second.kernel;
    }
  }
  std::unique_ptr<Kernel::Code> code = codeFor(*spec, *attentions, one, key, report);
  if (!code)
    return nullptr;
  std::shared_ptr<const Kernel> kernel(new Kernel(spec, std::move(attention), std::move(code)));
  std::shared_ptr<const Kernel> forgotten; // is taken down after the lock
  std::lock_guard lock(mutex);
  Remembered &entry = kernels.insert({key, {kernel, 0}}).first->second;
  entry.lastUse = ++uses;
  kernel = entry.kernel;
  if (kernels.size() > mostKernels) {
    auto oldest = std::min_element(kernels.begin(), kernels.end(), [](const auto &one, const auto &other) {
      return one.second.lastUse < other.second.lastUse;
    });
    forgotten = std::move(oldest->second.kernel);
    kernels.erase(oldest);
  }
  return kernel;
}

std::unique_ptr<Kernel::Code> Compiler::codeFor(const Spec &spec, const std::vector<sema::Attention> &attentions,
                                                const CompileRequest &request, const std::string &kernel, CompileReport &report) {
  const sema::Attention &attention = attentions.front();
  std::optional<std::vector<codegen::Target>> targets = targetsOf(request, report);
  if (!targets)
    return nullptr;
  if (std::string why = codegen::whyNotHere(targets->front()); !why.empty()) {
    report.failure = fmt::format("code for `{}` can't run here: {}", targets->front().info.cpu, why);
    return nullptr;
  }
  Result<std::string> key = cache ? cacheKey(spec, kernel, targets->front()) : Failure{"off"};
  if (cache && !key)
    Stopwatch(&report.times, "cache: " + key.message());
  if (key) {
    Stopwatch watch(&report.times, "cache: miss");
    KernelCache::Lookup found = cache->find(*key);
    if (found.outcome == KernelCache::Outcome::Hit) {
      watch.rename("cache: hit");
      watch.stop();
      return loadCode(std::move(found.code), attention, report);
    }
    if (found.outcome == KernelCache::Outcome::Damaged)
      watch.rename("cache: damaged");
    if (found.outcome == KernelCache::Outcome::Unusable) {
      watch.rename("cache: " + found.why);
      key = Failure{found.why};
    }
  }
  std::optional<NativeWork> work = compileNative(attentions, request, *std::move(targets), codegen::Entry::Direct, report);
  if (!work)
    return nullptr;
  std::optional<std::string> object;
  {
    Stopwatch watch(&report.times, "machine code");
    object = taken(codegen::emit(*work->native.module, work->emitter(), codegen::NativeForm::Object), report, true);
  }
  if (!object)
    return nullptr;
  // A hit has no more to say about the spec than that it compiles.
  if (key && report.diagnostics.all().empty()) {
    Stopwatch watch(&report.times, "cache: write");
    if (Status stored = cache->store(*key, *object); !stored)
      watch.rename("cache: " + stored.message());
  }
  return loadCode(*std::move(object), attention, report);
}

std::map<std::string, int64_t> library::featureExtents(const sema::Attention &attention,
                                                       const reference::Binding &binding) {
  sema::CoordinateSet features = sema::setOf(sema::coordinateD) | sema::setOf(sema::coordinateE), mixed = 0;
  // Operands come before what is computed from them.
  std::vector<bool> hasProduct(attention.nodes.size());
  for (size_t n = 0; n < attention.nodes.size(); ++n) {
    const sema::Node &node = attention.nodes[n];
    bool ofProducts = std::any_of(node.operands.begin(), node.operands.end(), [&](sema::NodeId operand) { return hasProduct[operand]; });
    bool isSum = node.kind == sema::NodeKind::Reduce && node.reduction == sema::Reduction::Sum;
    hasProduct[n] = node.kind == sema::NodeKind::Dot || ofProducts;
    if (node.kind == sema::NodeKind::Dot || (isSum && ofProducts))
      for (sema::CoordinateId coordinate : node.coordinates)
        if (coordinate > sema::coordinateJ)
          (node.kind == sema::NodeKind::Dot ? features : mixed) |= sema::setOf(coordinate);
  }
  std::map<std::string, int64_t> extents;
  for (size_t n = 0; n < attention.coordinates.size(); ++n) {
    sema::ExtentId id = attention.coordinates[n].extent;
    if (!((features | mixed) & sema::setOf(sema::CoordinateId(n))) || id == sema::none || !binding.extents[id])
      continue;
    if (!(features & sema::setOf(sema::CoordinateId(n))) && *binding.extents[id] > lower::mostShortSumTerms)
      continue;
    const sema::Extent &extent = attention.extents[id];
    if (!extent.perBatch && extent.binding != sema::ExtentBinding::Computed)
      extents[extent.name] = *binding.extents[id];
  }
  return extents;
}

/// Heads that can share a row block: those of a group, or all, where there are no groups and keys aren't of heads.
static int64_t headsOfGroup(const sema::Attention &attention, const reference::Binding &binding) {
  auto number = [&](sema::CoordinateId coordinate) {
    return coordinate < attention.coordinates.size() ? attention.coordinates[coordinate].extent : sema::none;
  };
  auto value = [&](sema::CoordinateId coordinate) {
    sema::ExtentId id = number(coordinate);
    return id == sema::none ? int64_t(1) : std::max<int64_t>(binding.extents[id].value_or(1), 1);
  };
  auto has = [](const sema::Tensor &tensor, sema::ExtentId extent) {
    return extent != sema::none && std::any_of(tensor.dimensions.begin(), tensor.dimensions.end(),
                                               [&](const sema::Dimension &dimension) { return dimension.extent == extent; });
  };
  bool keysOfHeads = std::any_of(attention.tensors.begin(), attention.tensors.end(), [&](const sema::Tensor &tensor) {
    return has(tensor, number(sema::coordinateH)) && has(tensor, number(sema::coordinateJ)) && !has(tensor, number(sema::coordinateI));
  });
  return keysOfHeads ? 1 : std::max<int64_t>(value(sema::coordinateH) / value(sema::coordinateG), 1);
}

/// Whether a run may cut keys into parts, by the least row blocks it has: those of groups, whose heads lie together, 64 rows in each.
static bool mayBeInParts(const sema::Attention &attention, const reference::Binding &binding) {
  auto value = [&](sema::CoordinateId coordinate) -> std::optional<int64_t> {
    sema::ExtentId id = coordinate < attention.coordinates.size() ? attention.coordinates[coordinate].extent : sema::none;
    return id == sema::none ? std::optional<int64_t>(1) : binding.extents[id];
  };
  constexpr int64_t mostRows = 64;
  auto keys = value(sema::coordinateJ), queries = value(sema::coordinateI), heads = value(sema::coordinateH), groups = value(sema::coordinateG),
       batches = value(sema::coordinateB);
  if (keys && *keys < 2 * lower::leastPartKeys)
    return false;
  if (!queries || !heads || !groups || !batches || *groups < 1)
    return true;
  double blocks = double((*queries * (*heads / *groups) + mostRows - 1) / mostRows);
  return double(*batches) * double(*groups) * blocks < lower::mostPartTasks;
}

std::optional<int64_t> library::mostQueries(const sema::Attention &attention, const reference::Binding &binding) {
  sema::ExtentId id = sema::coordinateI < attention.coordinates.size() ? attention.coordinates[sema::coordinateI].extent : sema::none;
  if (id == sema::none)
    return std::nullopt;
  if (!attention.extents[id].perBatch)
    return binding.extents[id];
  const std::vector<int64_t> &sizes = binding.perBatch[id];
  return sizes.empty() ? 0 : *std::max_element(sizes.begin(), sizes.end());
}

void library::countQueries(CompileRequest &request, const sema::Attention &attention, const reference::Binding &binding) {
  // On other CPUs fewer are many: `attn-schedule` knows.
  constexpr int64_t mostOfAnyCpu = 32, vector = 16;
  request.inParts = mayBeInParts(attention, binding);
  auto isThere = [&](sema::CoordinateId coordinate) {
    sema::ExtentId extent = coordinate < attention.coordinates.size() ? attention.coordinates[coordinate].extent : sema::none;
    return extent == sema::none || binding.extents[extent].value_or(0) > 0;
  };
  request.mayBeEmpty = !isThere(sema::coordinateB) || !isThere(sema::coordinateH);
  std::optional<int64_t> most = mostQueries(attention, binding);
  if (!most)
    return;
  int64_t queries = *most, heads = headsOfGroup(attention, binding);
  request.queries = queries > mostOfAnyCpu ? QueryCount::Many : QueryCount::Few;
  if (request.queries != QueryCount::Few)
    return;
  // The same code serves all that fit in one vector, but for a single row.
  bool isOneVector = queries * heads < vector;
  request.few = queries * heads == 1 ? 1 : isOneVector ? 2 : int64_t(std::bit_ceil(uint64_t(queries)));
  request.groupHeads = isOneVector ? 1 : heads;
}

CompileRequest library::forRun(const sema::Attention &attention, const reference::Binding &binding, CompileRequest request) {
  for (const auto &[name, size] : featureExtents(attention, binding))
    request.extents.insert({name, size});
  countQueries(request, attention, binding);
  return request;
}
