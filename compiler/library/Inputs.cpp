#include "compiler/library/Inputs.h"

#include "compiler/codegen/ExportedName.h"
#include "compiler/library/MachineMemory.h"
#include "compiler/library/Needs.h"
#include "compiler/library/RandomRange.h"
#include "runtime/file/Npy.h"
#include "runtime/file/Safetensors.h"
#include "runtime/kernel/Kernel.h"
#include "runtime/tensor/InputExpression.h"
#include "runtime/tensor/Random.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <set>

using namespace attn;
using namespace attn::library;

namespace {

ElementType runtimeElement(sema::ElementType element) { return ElementType(uint8_t(element)); }
static_assert(int(ElementType::BF16) == int(sema::ElementType::BF16) &&
              int(ElementType::Bool) == int(sema::ElementType::Bool));

std::string joined(const std::vector<std::string> &parts, const char *separator = ", ") {
  std::string text;
  for (const std::string &part : parts)
    text += (text.empty() ? "" : separator) + part;
  return text;
}

/// How a person gives what is missing, where the request comes from.
struct Ways {
  const char *tensors;        ///< `{}` is the name of one
  const char *randomIntegers; ///< the same
  const char *dims, *scalar;
};

constexpr Ways commandLineWays{"give `-i {}=FILE.npy`, or `--random` with `--dims`", "-i {}='randint(lo,hi,…)'", "--dims", "-p"};
constexpr Ways sessionWays{"`:set {0} = randn()` or `:set {0} = \"FILE.npy\"`, or `:random` for all that are not given",
                           ":set {} = randint(lo, hi)", ":dims", ":set"};

class Gatherer {
public:
  Gatherer(const sema::Attention &attention, const InputRequest &request, std::vector<std::string> &errors)
      : attention(attention), request(request), errors(errors), arguments(attention),
        ways(request.wording == InputWording::Session ? sessionWays : commandLineWays),
        inputs(attention.tensors.size()) {
    if (!request.onlyNodes.empty())
      needs = needsOf(attention, request.onlyNodes, request.wholePlane);
    for (size_t n = 0; needs && (request.allFeatures || request.allExtents) && n < attention.extents.size(); ++n)
      if (const std::string &name = attention.extents[n].name; request.allExtents || (name != "B" && name != "H" && name != "G"))
        needs->extents[n] = true;
  }

  std::optional<RunData> gather();

private:
  void checkNames();
  void setScalars();
  void setDims();
  void readGivenTensors();
  bool evaluateTensor(sema::TensorId id, const std::string &text, bool final);
  bool makeMissingTensors();
  bool assumeExtents(const std::vector<std::string> &missing);
  bool fitsMemory(const char *what, const std::vector<std::pair<std::string, int64_t>> &bytes);
  bool inputsFit(const std::vector<std::vector<int64_t>> &shapes, const std::vector<sema::TensorId> &made);
  bool makeOutputs();
  void makeRandom(sema::TensorId id, const std::vector<std::vector<int64_t>> &shapes);
  void take(sema::TensorId id, Converted converted);
  Result<Converted> make(sema::TensorId id, const std::string &text, const InputContext &context);
  void checkRequiredScalars();
  bool unknownName(const char *what, const std::string &name, const std::vector<std::string> &known);
  InputContext contextOf(sema::TensorId id) const;
  reference::Binding partialBinding() const;

  const sema::Attention &attention;
  const InputRequest &request;
  std::vector<std::string> &errors;
  reference::Arguments arguments;
  const Ways &ways;
  std::vector<std::optional<Tensor>> inputs;
  std::vector<sema::TensorId> waiting; ///< given as expressions that need a shape
  std::optional<Needs> needs;          ///< if not everything
  RunData data;
};

bool Gatherer::unknownName(const char *what, const std::string &name, const std::vector<std::string> &known) {
  if (std::find(known.begin(), known.end(), name) != known.end())
    return false;
  std::string close = closestName(name, known);
  std::string text = fmt::format("`{}` has no {} `{}`", attention.name, what, name);
  if (!close.empty())
    text += fmt::format("; did you mean `{}`?", close);
  else if (!known.empty())
    text += fmt::format("; it has {}", joined(known));
  errors.push_back(text);
  return true;
}

void Gatherer::checkNames() {
  std::vector<std::string> tensors, scalars, extents;
  for (const sema::Tensor &tensor : attention.tensors)
    tensors.push_back(tensor.name);
  for (const sema::Scalar &scalar : attention.scalars)
    scalars.push_back(scalar.name);
  for (const sema::Extent &extent : attention.extents)
    extents.push_back(extent.name);
  std::set<std::string> seen;
  for (const auto &[name, source] : request.tensors) {
    if (!unknownName("input", name, tensors) && !seen.insert(name).second)
      errors.push_back(fmt::format("input `{}` is given twice", name));
  }
  auto isAmong = [](const std::vector<std::string> &names, const std::string &name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  for (const auto &[name, value] : request.scalars)
    if (isAmong(extents, name) && !isAmong(scalars, name))
      errors.push_back(fmt::format("`{}` is an extent of `{}`, not a scalar: `{} {}={}`", name, attention.name, ways.dims, name, value));
    else
      unknownName("scalar", name, scalars);
  for (const auto &[name, value] : request.dims)
    if (isAmong(scalars, name) && !isAmong(extents, name))
      errors.push_back(fmt::format("`{}` is a scalar of `{}`, not an extent: `{} {}={}`", name, attention.name, ways.scalar, name, value));
    else if (!unknownName("extent", name, extents) && value < 0)
      errors.push_back(fmt::format("extent `{}` can't be {}: it is negative", name, value));
}

void Gatherer::setScalars() {
  data.scalars.resize(attention.scalars.size());
  auto set = [&](sema::ScalarId id, ScalarArgument value) {
    value.isSet = true;
    data.scalars[id] = value;
    arguments.scalars[id] = attention.scalars[id].kind == sema::ScalarKind::Float
                                ? reference::ScalarValue::ofReal(value.real)
                                : reference::ScalarValue::ofInteger(value.integer);
  };
  for (const auto &[name, text] : request.scalars) {
    sema::ScalarId id = attention.findScalar(name);
    if (id == sema::none)
      continue;
    ScalarArgument value;
    const char *end = text.data() + text.size();
    if (attention.scalars[id].kind == sema::ScalarKind::Int) {
      auto [rest, error] = std::from_chars(text.data(), end, value.integer);
      if (error != std::errc() || rest != end) {
        errors.push_back(fmt::format("scalar `{}`: expected an integer of 64 bits, got `{}`", name, text));
        continue;
      }
      if (value.integer == ATTN_UNSET_INT) {
        errors.push_back(fmt::format("scalar `{}`: {} can't be given: in a kernel's arguments it stands for the default",
                                     name, text));
        continue;
      }
    } else if (attention.scalars[id].kind == sema::ScalarKind::Bool) {
      if (text != "true" && text != "false" && text != "1" && text != "0") {
        errors.push_back(fmt::format("scalar `{}`: expected `true` or `false`, got `{}`", name, text));
        continue;
      }
      value.integer = text == "true" || text == "1";
    } else {
      char *rest = nullptr;
      value.real = std::strtod(text.c_str(), &rest);
      if (text.empty() || *rest || text.find_first_of(" xX") != std::string::npos) {
        errors.push_back(fmt::format("scalar `{}`: expected a number, got `{}`", name, text));
        continue;
      }
      if (value.real == ATTN_UNSET_FLOAT) {
        errors.push_back(fmt::format("scalar `{}`: {} can't be given: in a kernel's arguments it stands for the default",
                                     name, text));
        continue;
      }
    }
    set(id, value);
  }
  // What the code is made for needn't be said again.
  for (const sema::Extent &extent : attention.extents)
    if (extent.binding == sema::ExtentBinding::Input && extent.fixed && !data.scalars[extent.scalar].isSet) {
      ScalarArgument value;
      value.integer = *extent.fixed;
      set(extent.scalar, value);
    }
  for (const auto &[name, size] : request.dims) {
    sema::ExtentId extent = attention.findExtent(name);
    if (extent == sema::none || attention.extents[extent].binding != sema::ExtentBinding::Input)
      continue;
    sema::ScalarId id = attention.extents[extent].scalar;
    ScalarArgument value;
    value.integer = size;
    if (!data.scalars[id].isSet)
      set(id, value);
  }
}

void Gatherer::setDims() {
  for (const auto &[name, size] : request.dims) {
    sema::ExtentId id = attention.findExtent(name);
    if (id != sema::none)
      arguments.extents[id] = size;
  }
}

InputContext Gatherer::contextOf(sema::TensorId id) const {
  InputContext context;
  context.element = runtimeElement(attention.tensors[id].element);
  context.seed = seedOf(request.seed, id);
  context.stop = request.stop;
  for (size_t n = 0; n < attention.extents.size(); ++n) {
    const sema::Extent &extent = attention.extents[n];
    if (arguments.extents[n])
      context.extents[extent.name] = *arguments.extents[n];
    else if (extent.fixed)
      context.extents[extent.name] = *extent.fixed;
  }
  return context;
}

/// As `evaluateInput`, unless the pool has the tensor.
Result<Converted> Gatherer::make(sema::TensorId id, const std::string &text, const InputContext &context) {
  if (!request.pool)
    return evaluateInput(text, context);
  std::string recipe = fmt::format("{} {}", text, context.seed);
  if (context.element)
    recipe += fmt::format(" {}", spelling(*context.element));
  if (context.shape)
    recipe += describeShape(*context.shape);
  for (const auto &[name, size] : context.extents)
    recipe += fmt::format(" {}={}", name, size);
  std::optional<Tensor> known = request.pool->take(recipe);
  Result<Converted> made = known ? Result<Converted>(Converted{*std::move(known), ""}) : evaluateInput(text, context);
  // What was rounded says so each time: it is made again.
  if (made && made->note.empty())
    data.recipes[id] = std::move(recipe);
  return made;
}

void Gatherer::take(sema::TensorId id, Converted converted) {
  if (!converted.note.empty())
    data.notes.push_back(fmt::format("{}: {}", attention.tensors[id].name, converted.note));
  inputs[id] = std::move(converted.tensor);
  arguments.tensors[id] = viewOf(*inputs[id]);
}

/// False where the text needs a shape that isn't known yet.
bool Gatherer::evaluateTensor(sema::TensorId id, const std::string &text, bool final) {
  const sema::Tensor &tensor = attention.tensors[id];
  InputContext context = contextOf(id);
  Result<Converted> value = make(id, text, context);
  bool isScalar = value && value->tensor.rank() == 0 && !tensor.dimensions.empty();
  if (value && !isScalar) {
    take(id, *std::move(value));
    return true;
  }
  if (final)
    errors.push_back(value ? fmt::format("input `{}`: `{}` has no shape, and the spec's is not known without {}",
                                         tensor.name, text, ways.dims)
                           : fmt::format("input `{}`: {}", tensor.name, value.message()));
  return false;
}

void Gatherer::readGivenTensors() {
  for (const auto &[name, source] : request.tensors) {
    sema::TensorId id = attention.findTensor(name);
    if (id == sema::none || inputs[id])
      continue;
    if (looksLikeInputExpression(source)) {
      if (!evaluateTensor(id, source, false))
        waiting.push_back(id);
      continue;
    }
    Result<Converted> read = readTensor(source, runtimeElement(attention.tensors[id].element));
    if (read)
      take(id, *std::move(read));
    else
      errors.push_back(fmt::format("input `{}`: {}", name, read.message()));
  }
}

reference::Binding Gatherer::partialBinding() const {
  reference::Binding binding;
  binding.extents = arguments.extents;
  binding.scalars = arguments.scalars;
  binding.perBatch.resize(attention.extents.size());
  for (size_t n = 0; n < attention.extents.size(); ++n)
    if (attention.extents[n].fixed)
      binding.extents[n] = attention.extents[n].fixed;
  // Sizes of tensors that are there bind extents too.
  for (size_t n = 0; n < attention.tensors.size(); ++n)
    for (size_t d = 0; inputs[n] && d < attention.tensors[n].dimensions.size() && d < inputs[n]->rank(); ++d) {
      const sema::Dimension &dimension = attention.tensors[n].dimensions[d];
      if (dimension.extent != sema::none && !binding.extents[dimension.extent] && dimension.scale > 0 &&
          !(dimension.broadcastable && inputs[n]->shape()[d] == 1))
        binding.extents[dimension.extent] = (inputs[n]->shape()[d] - dimension.offset) / dimension.scale;
    }
  return binding;
}

/// Gives extents that don't matter a size. Whether there was one. Heads are a multiple of groups.
bool Gatherer::assumeExtents(const std::vector<std::string> &missing) {
  bool any = false;
  for (const std::string &name : missing) {
    sema::ExtentId id = attention.findExtent(name);
    if (!needs || id == sema::none || needs->extents[id] || arguments.extents[id])
      continue;
    sema::ExtentId groups = name == "H" ? attention.findExtent("G") : sema::none;
    arguments.extents[id] = groups != sema::none && arguments.extents[groups] ? *arguments.extents[groups] : 1;
    any = true;
  }
  return any;
}

void Gatherer::makeRandom(sema::TensorId id, const std::vector<std::vector<int64_t>> &shapes) {
  const sema::Tensor &tensor = attention.tensors[id];
  InputContext context = contextOf(id);
  context.shape = shapes[id];
  std::string text = "randn()";
  if (!isFloat(*context.element)) {
    RandomRange range = inferRandomRange(attention, partialBinding(), shapes, id);
    if (!range.known || range.low >= range.high) {
      errors.push_back(fmt::format("input `{}`: random values can't be made, {}; give them: `{}`, a list or a file",
                                   tensor.name, range.known ? "no value is allowed" : range.reason,
                                   fmt::format(fmt::runtime(ways.randomIntegers), tensor.name)));
      return;
    }
    text = fmt::format("randint({},{})", range.low, range.high);
  }
  Result<Converted> made = make(id, text, context);
  if (made)
    take(id, *std::move(made));
  else
    errors.push_back(fmt::format("input `{}`: {}", tensor.name, made.message()));
}

bool Gatherer::makeMissingTensors() {
  std::vector<sema::TensorId> missing, onlySized;
  for (sema::TensorId id = 0; id < inputs.size(); ++id)
    if (!inputs[id] && std::find(waiting.begin(), waiting.end(), id) == waiting.end())
      (needs && !needs->tensors[id] ? onlySized : missing).push_back(id);
  if (missing.empty() && onlySized.empty() && waiting.empty())
    return true;
  if (!missing.empty() && !request.random) {
    std::vector<std::string> types;
    for (sema::TensorId id : missing)
      types.push_back(fmt::format("`{}` ({})", attention.tensors[id].name,
                                  codegen::tensorType(attention, attention.tensors[id].element,
                                                      attention.tensors[id].dimensions)));
    errors.push_back(fmt::format("input{} {} {} not given: {}",
                                 missing.size() > 1 ? "s" : "", joined(types), missing.size() > 1 ? "are" : "is",
                                 fmt::format(fmt::runtime(ways.tensors), attention.tensors[missing.front()].name)));
    return false;
  }
  reference::InputShapes shapes = reference::inputShapes(attention, arguments);
  while (shapes.errors.empty() && assumeExtents(shapes.missing))
    shapes = reference::inputShapes(attention, arguments);
  errors.insert(errors.end(), shapes.errors.begin(), shapes.errors.end());
  // Shapes are not worked out past an error: what is missing then may be known all the same.
  if (shapes.errors.empty() && !shapes.missing.empty()) {
    std::vector<std::string> dims;
    for (const std::string &extent : shapes.missing)
      dims.push_back(extent + "=…");
    errors.push_back(fmt::format("extent{} `{}` {} not known: give `{} {}`", dims.size() > 1 ? "s" : "",
                                 joined(shapes.missing, "`, `"), dims.size() > 1 ? "are" : "is", ways.dims, joined(dims, ",")));
  }
  std::vector<sema::TensorId> made = waiting;
  made.insert(made.end(), missing.begin(), missing.end());
  if (!errors.empty() || !inputsFit(shapes.shapes, made))
    return false;
  for (sema::TensorId id : waiting) {
    auto given = std::find_if(request.tensors.begin(), request.tensors.end(),
                              [&](const auto &entry) { return entry.first == attention.tensors[id].name; });
    InputContext context = contextOf(id);
    context.shape = shapes.shapes[id];
    Result<Converted> value = make(id, given->second, context);
    if (value)
      take(id, *std::move(value));
    else
      errors.push_back(fmt::format("input `{}`: {}", attention.tensors[id].name, value.message()));
  }
  for (sema::TensorId id : missing)
    makeRandom(id, shapes.shapes);
  for (sema::TensorId id : onlySized) {
    inputs[id].emplace();
    arguments.tensors[id] =
        reference::TensorView::contiguous(nullptr, attention.tensors[id].element, shapes.shapes[id]);
  }
  return errors.empty();
}

void Gatherer::checkRequiredScalars() {
  for (size_t n = 0; n < attention.scalars.size(); ++n) {
    const sema::Scalar &scalar = attention.scalars[n];
    if (data.scalars[n].isSet || scalar.defaultValue != sema::none)
      continue;
    errors.push_back(scalar.extent != sema::none
                         ? fmt::format("extent `{}` is not given: `{} {}=…`", scalar.name, ways.dims, scalar.name)
                         : fmt::format("scalar `{}` is not given and has no default: `{} {}=…`", scalar.name, ways.scalar,
                                       scalar.name));
  }
}

/// Whether tensors of so many bytes, by name, can be made. What is there already is no longer free.
bool Gatherer::fitsMemory(const char *what, const std::vector<std::pair<std::string, int64_t>> &bytes) {
  double total = 0;
  for (const auto &[name, size] : bytes)
    total += double(size);
  if (total <= double(1 << 20))
    return true;
  double available = double(availableMemory()) + (request.pool ? double(request.pool->bytes()) : 0);
  if (total <= available)
    return true;
  std::string list;
  for (const auto &[name, size] : bytes)
    if (double(size) >= 0.01 * total)
      list += fmt::format("{}`{}` {}", list.empty() ? "" : ", ", name, bytesText(double(size)));
  errors.push_back(fmt::format("the {} take {} of memory ({}), and {} are free: the extents are too large for this machine", what,
                               bytesText(total), list, bytesText(available)));
  return false;
}

bool Gatherer::inputsFit(const std::vector<std::vector<int64_t>> &shapes, const std::vector<sema::TensorId> &made) {
  std::vector<std::pair<std::string, int64_t>> sizes;
  for (sema::TensorId id : made) {
    Result<int64_t> bytes = shapeBytes(runtimeElement(attention.tensors[id].element), shapes[id]);
    if (bytes)
      sizes.push_back({attention.tensors[id].name, *bytes});
    else
      errors.push_back(fmt::format("input `{}`: {}", attention.tensors[id].name, bytes.message()));
  }
  return errors.empty() && fitsMemory("inputs", sizes);
}

bool Gatherer::makeOutputs() {
  std::vector<std::pair<std::string, int64_t>> sizes;
  std::vector<std::vector<int64_t>> shapes;
  for (uint32_t n = 0; n < attention.outputs.size(); ++n) {
    const sema::Output &output = attention.outputs[n];
    shapes.push_back(reference::outputShape(attention, data.binding, n));
    Result<int64_t> bytes = shapeBytes(runtimeElement(output.element), shapes.back());
    if (bytes)
      sizes.push_back({output.name, *bytes});
    else
      errors.push_back(fmt::format("output `{}`: {}", output.name, bytes.message()));
  }
  if (!errors.empty() || !fitsMemory("outputs", sizes))
    return false;
  for (uint32_t n = 0; n < attention.outputs.size(); ++n) {
    Result<Tensor> tensor = Tensor::create(runtimeElement(attention.outputs[n].element), std::move(shapes[n]), request.stop);
    if (!tensor) {
      errors.push_back(fmt::format("output `{}`: {}", attention.outputs[n].name, tensor.message()));
      return false;
    }
    data.tensors.push_back(*std::move(tensor));
  }
  return true;
}

std::optional<RunData> Gatherer::gather() {
  data.recipes.resize(attention.tensors.size());
  checkNames();
  setScalars();
  checkRequiredScalars();
  setDims();
  if (!errors.empty())
    return std::nullopt;
  readGivenTensors();
  if (!errors.empty() || !makeMissingTensors())
    return std::nullopt;

  reference::BindResult bound = reference::bind(attention, arguments);
  if (!bound.binding) {
    errors.insert(errors.end(), bound.errors.begin(), bound.errors.end());
    return std::nullopt;
  }
  data.binding = *std::move(bound.binding);
  for (std::optional<Tensor> &input : inputs)
    data.tensors.push_back(*std::move(input));
  if (!needs && !makeOutputs())
    return std::nullopt;
  return std::move(data);
}

} // namespace

std::optional<Tensor> TensorPool::take(const std::string &recipe) {
  auto found = tensors.find(recipe);
  if (found == tensors.end())
    return std::nullopt;
  Tensor tensor = std::move(found->second);
  tensors.erase(found);
  return tensor;
}

int64_t TensorPool::bytes() const {
  int64_t total = 0;
  for (const auto &[recipe, tensor] : tensors)
    total += tensor.byteCount();
  return total;
}

void TensorPool::keep(RunData data) {
  tensors.clear();
  for (size_t n = 0; n < data.recipes.size(); ++n)
    if (!data.recipes[n].empty())
      tensors.insert_or_assign(data.recipes[n], std::move(data.tensors[n]));
}

Result<Converted> library::readTensor(const std::string &source, std::optional<ElementType> wanted) {
  if (auto file = splitSafetensors(source))
    return readSafetensors(file->first, file->second, wanted);
  return readNpy(source, wanted);
}

std::vector<DLTensor> RunData::views() const {
  std::vector<DLTensor> list;
  for (const Tensor &tensor : tensors)
    list.push_back(tensor.view());
  return list;
}

reference::TensorView library::viewOf(Tensor &tensor) {
  return {tensor.data(), sema::ElementType(uint8_t(tensor.element())), tensor.shape(), tensor.strides()};
}

std::optional<RunData> library::gatherInputs(const sema::Attention &attention, const InputRequest &request,
                                             std::vector<std::string> &errors) {
  return Gatherer(attention, request, errors).gather();
}
