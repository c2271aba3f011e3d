#include "compiler/reference/Binding.h"
#include "compiler/reference/ElementCodec.h"
#include "compiler/reference/FaultText.h"
#include "compiler/reference/GraphEvaluator.h"

#include <fmt/format.h>

#include <algorithm>

namespace attn::reference {

using namespace sema;

namespace {

/// What the value of `node` refers to that a caller or an earlier step must have provided.
struct References {
  std::vector<ExtentId> extents;
  std::vector<ScalarId> scalars;
  std::vector<TensorId> tensors;
};

References referencesOf(const Attention &attention, NodeId root) {
  References found;
  std::vector<bool> seen(attention.nodes.size(), false);
  std::vector<NodeId> pending{root};
  while (!pending.empty()) {
    const NodeId id = pending.back();
    pending.pop_back();
    if (seen[id])
      continue;
    seen[id] = true;
    const Node &node = attention.node(id);
    if (node.kind == NodeKind::Extent)
      found.extents.push_back(node.index);
    if (node.kind == NodeKind::Scalar)
      found.scalars.push_back(node.index);
    if (node.kind == NodeKind::Load)
      found.tensors.push_back(node.index);
    for (CoordinateId coordinate : node.coordinates)
      if (attention.coordinates[coordinate].extent != none)
        found.extents.push_back(attention.coordinates[coordinate].extent);
    pending.insert(pending.end(), node.operands.begin(), node.operands.end());
  }
  return found;
}

class Binder {
public:
  Binder(const Attention &attention, const Arguments &arguments) : attention(attention), arguments(arguments) {
    binding.tensors.resize(attention.tensors.size());
    binding.scalars = arguments.scalars;
    binding.extents.resize(attention.extents.size());
    binding.perBatch.resize(attention.extents.size());
    origins.resize(attention.extents.size());
    resolved.resize(attention.extents.size(), false);
  }

  /// Types and ranks. Shapes are checked once the extents are known.
  void takeTensors(bool all) {
    for (TensorId id = 0; id < attention.tensors.size(); ++id) {
      const Tensor &tensor = attention.tensors[id];
      const std::optional<TensorView> &view = arguments.tensors[id];
      if (!view) {
        if (all)
          errors.push_back(fmt::format("{}: missing input, expected {}", tensor.name, declared(tensor, {})));
        continue;
      }
      if (view->element != tensor.element)
        errors.push_back(fmt::format("{}: expected {}, got {}: the element type is {}, not {}", tensor.name,
                                     declared(tensor, {}), describeShape(view->element, view->shape),
                                     spelling(tensor.element), spelling(view->element)));
      else if (view->shape.size() != tensor.dimensions.size())
        errors.push_back(fmt::format("{}: expected {}, got {}: rank {} is not {}", tensor.name,
                                     declared(tensor, {}), describeShape(view->element, view->shape),
                                     view->shape.size(), tensor.dimensions.size()));
      else
        binding.tensors[id] = *view;
    }
  }

  void bindExtents() {
    for (ExtentId id = 0; id < attention.extents.size(); ++id) {
      const Extent &extent = attention.extents[id];
      if (extent.fixed)
        set(id, *extent.fixed,
            // What the spec doesn't fix was fixed by who compiles it.
            extent.binding != ExtentBinding::Computed && extent.binding != ExtentBinding::One ? fmt::format("is set to {}", *extent.fixed)
            : extent.range ? fmt::format("is fixed to {} at {}", *extent.fixed, placeOf(extent.range))
                           : fmt::format("is fixed to {}", *extent.fixed));
      else if (extent.binding == ExtentBinding::Input && binding.scalars[extent.scalar])
        set(id, binding.scalars[extent.scalar]->integer,
            fmt::format("was given as {}", binding.scalars[extent.scalar]->integer));
    }
    for (ExtentId id = 0; id < attention.extents.size(); ++id) {
      const std::optional<int64_t> &given = arguments.extents[id];
      if (!given || resolved[id])
        continue;
      set(id, *given, fmt::format("was given as {}", *given));
      if (attention.extents[id].binding == ExtentBinding::Input)
        binding.scalars[attention.extents[id].scalar] = ScalarValue::ofInteger(*given);
    }
    forEachDimension([&](const Tensor &tensor, size_t n, const Dimension &dimension, int64_t size) {
      if (isPlain(dimension) && !(dimension.broadcastable && size == 1))
        set(dimension.extent, size, fromDimension(tensor, n, size));
    });
    computeRest();
    forEachDimension([&](const Tensor &tensor, size_t n, const Dimension &dimension, int64_t size) {
      if (dimension.broadcastable && size == 1)
        set(dimension.extent, size, fromDimension(tensor, n, size));
    });
    computeRest();
  }

  void requireEverything() {
    for (ScalarId id = 0; id < attention.scalars.size(); ++id) {
      const Scalar &scalar = attention.scalars[id];
      if (!binding.scalars[id] && scalar.defaultValue == none)
        errors.push_back(fmt::format("{}: missing scalar input of type {}", scalar.name,
                                     scalar.kind == ScalarKind::Int     ? "int"
                                     : scalar.kind == ScalarKind::Float ? "float"
                                                                        : "bool"));
    }
    if (!errors.empty())
      return;
    forEachDimension([&](const Tensor &tensor, size_t n, const Dimension &dimension, int64_t size) {
      if (const auto [scale, offset] = affineOf(dimension); scale && offset)
        report(fmt::format("{}: dimension {}, `{}`, cannot be {}: no {} gives that size", tensor.name, n,
                           format(attention, dimension.value), size, attention.extents[dimension.extent].name));
    });
    if (!errors.empty())
      return;
    for (ExtentId id = 0; id < attention.extents.size(); ++id)
      if (!resolved[id])
        errors.push_back(fmt::format("extent {} does not follow from the inputs", attention.extents[id].name));
  }

  void checkExtents() {
    for (ExtentId id = 0; id < attention.extents.size(); ++id) {
      const Extent &extent = attention.extents[id];
      if (!resolved[id])
        continue;
      if (!extent.perBatch) {
        const int64_t value = *binding.extents[id];
        if (value < 0)
          errors.push_back(fmt::format("extent {} is negative: it {}", extent.name, origins[id]));
        if (arguments.extents[id] && *arguments.extents[id] != value)
          errors.push_back(
              fmt::format("extent {} was given as {}, but it {}", extent.name, *arguments.extents[id], origins[id]));
        continue;
      }
      for (size_t b = 0; b < binding.perBatch[id].size(); ++b)
        if (binding.perBatch[id][b] < 0)
          errors.push_back(fmt::format("extent {} is negative: it is {} at b = {}{}", extent.name,
                                       binding.perBatch[id][b], b, atPlace(extent.range)));
    }
    const std::optional<int64_t> heads = extentOf(coordinateH), groups = extentOf(coordinateG);
    if (heads && groups && *heads >= 0 && *groups >= 0 && (*groups == 0 ? *heads != 0 : *heads % *groups != 0))
      errors.push_back(fmt::format("H = {} query heads cannot share G = {} key/value heads: H must be a multiple of G",
                                   *heads, *groups));
  }

  void checkShapes() {
    for (TensorId id = 0; id < attention.tensors.size(); ++id) {
      const Tensor &tensor = attention.tensors[id];
      const TensorView &view = binding.tensors[id];
      if (!arguments.tensors[id] || view.shape.size() != tensor.dimensions.size())
        continue;
      std::vector<std::optional<int64_t>> wrong(tensor.dimensions.size());
      std::string reason;
      for (size_t n = 0; n < tensor.dimensions.size(); ++n) {
        const Dimension &dimension = tensor.dimensions[n];
        const std::optional<int64_t> expected = evaluate(dimension.value);
        if (!expected || *expected == view.shape[n] || (dimension.broadcastable && view.shape[n] == 1))
          continue;
        wrong[n] = expected;
        if (reason.empty())
          reason = mismatch(dimension, n, *expected);
      }
      if (!reason.empty())
        errors.push_back(fmt::format("{}: expected {}, got {}: {}", tensor.name, declared(tensor, wrong),
                                     describeShape(view.element, view.shape), reason));
    }
  }

  /// A value without coordinates, or nullopt if what it refers to is unknown or wrong (then reported).
  std::optional<int64_t> evaluate(NodeId node, std::optional<int64_t> batch = std::nullopt) {
    if (!isKnown(node))
      return std::nullopt;
    GraphEvaluator evaluator(attention, binding);
    if (batch)
      evaluator.enter(coordinateB, *batch);
    const Value value = evaluator.evaluate(node, evaluator.environment());
    if (!value->faults.empty() && value->faults[0]) {
      report(describe(attention, binding, value->faults[0]));
      return std::nullopt;
    }
    return value->real ? static_cast<int64_t>(value->reals[0]) : value->integers[0];
  }

  /// The extents to give before `node` can be evaluated.
  void missingFor(NodeId node, std::vector<std::string> &missing) const {
    for (ExtentId id : referencesOf(attention, node).extents)
      if (!resolved[id] && std::find(missing.begin(), missing.end(), attention.extents[id].name) == missing.end())
        missing.push_back(attention.extents[id].name);
  }

  Binding binding;
  std::vector<std::string> errors;

private:
  template <typename Visit> void forEachDimension(Visit visit) {
    for (TensorId id = 0; id < attention.tensors.size(); ++id) {
      const Tensor &tensor = attention.tensors[id];
      if (binding.tensors[id].shape.size() != tensor.dimensions.size())
        continue;
      for (size_t n = 0; n < tensor.dimensions.size(); ++n)
        if (ExtentId extent = tensor.dimensions[n].extent;
            extent != none && !resolved[extent] && attention.extents[extent].binding == ExtentBinding::Dimension)
          visit(tensor, n, tensor.dimensions[n], binding.tensors[id].shape[n]);
    }
  }

  void set(ExtentId id, int64_t value, std::string origin) {
    binding.extents[id] = value;
    origins[id] = std::move(origin);
    resolved[id] = true;
  }

  void report(std::string message) {
    if (std::find(errors.begin(), errors.end(), message) == errors.end())
      errors.push_back(std::move(message));
  }

  bool isKnown(NodeId node) const {
    const References needed = referencesOf(attention, node);
    return std::all_of(needed.extents.begin(), needed.extents.end(), [&](ExtentId id) { return resolved[id]; }) &&
           std::all_of(needed.scalars.begin(), needed.scalars.end(),
                       [&](ScalarId id) { return binding.scalars[id].has_value(); }) &&
           std::all_of(needed.tensors.begin(), needed.tensors.end(), [&](TensorId id) {
             return arguments.tensors[id] &&
                    binding.tensors[id].shape.size() == attention.tensors[id].dimensions.size();
           });
  }

  static bool isPlain(const Dimension &dimension) {
    return dimension.scale == 1 && dimension.offset == 0 && dimension.scaleValue == none &&
           dimension.offsetValue == none;
  }

  /// The a and c of a dimension `a * X + c`, as far as they are known.
  std::pair<std::optional<int64_t>, std::optional<int64_t>> affineOf(const Dimension &dimension) {
    return {dimension.scaleValue == none ? std::optional(dimension.scale) : evaluate(dimension.scaleValue),
            dimension.offsetValue == none ? std::optional(dimension.offset) : evaluate(dimension.offsetValue)};
  }

  bool bindAffineDimensions() {
    bool progress = false;
    forEachDimension([&](const Tensor &tensor, size_t n, const Dimension &dimension, int64_t size) {
      if (isPlain(dimension))
        return;
      const auto [scale, offset] = affineOf(dimension);
      if (!scale || !offset || *scale == 0 || (size - *offset) % *scale != 0)
        return;
      const int64_t value = (size - *offset) / *scale;
      set(dimension.extent, value, fromDimension(tensor, n, value));
      progress = true;
    });
    return progress;
  }

  /// What is computed, or bound by an affine dimension, in whatever order these need each other.
  void computeRest() {
    for (bool progress = true; progress;) {
      progress = false;
      for (ScalarId id = 0; id < attention.scalars.size(); ++id)
        progress |= computeScalar(id);
      for (ExtentId id = 0; id < attention.extents.size(); ++id)
        progress |= !resolved[id] && computeExtent(id);
      progress |= bindAffineDimensions();
    }
  }

  bool computeScalar(ScalarId id) {
    const Scalar &scalar = attention.scalars[id];
    if (binding.scalars[id] || scalar.defaultValue == none || !isKnown(scalar.defaultValue))
      return false;
    GraphEvaluator evaluator(attention, binding);
    const Value value = evaluator.evaluate(scalar.defaultValue, evaluator.environment());
    if (!value->faults.empty() && value->faults[0])
      report(describe(attention, binding, value->faults[0]));
    binding.scalars[id] =
        value->real ? ScalarValue::ofReal(value->reals[0]) : ScalarValue::ofInteger(value->integers[0]);
    return true;
  }

  bool computeExtent(ExtentId id) {
    const Extent &extent = attention.extents[id];
    if (extent.binding == ExtentBinding::Input) {
      if (!binding.scalars[extent.scalar])
        return false;
      set(id, binding.scalars[extent.scalar]->integer, fmt::format("is {}", binding.scalars[extent.scalar]->integer));
      return true;
    }
    if (extent.binding == ExtentBinding::One && extent.value == none) {
      set(id, 1, "is 1, because no input has it");
      return true;
    }
    if (extent.value == none || !isKnown(extent.value))
      return false;
    if (!extent.perBatch) {
      const std::optional<int64_t> value = evaluate(extent.value);
      set(id, value.value_or(0), fmt::format("is {}{}", value.value_or(0), atPlace(extent.range)));
      return true;
    }
    const ExtentId batches = attention.coordinates[coordinateB].extent;
    if (batches != none && !resolved[batches])
      return false;
    const int64_t count = batches == none ? 1 : *binding.extents[batches];
    for (int64_t b = 0; b < count; ++b)
      binding.perBatch[id].push_back(evaluate(extent.value, b).value_or(0));
    resolved[id] = true;
    return true;
  }

  std::optional<int64_t> extentOf(CoordinateId coordinate) const {
    const ExtentId extent = attention.coordinates[coordinate].extent;
    return extent == none ? std::nullopt : binding.extents[extent];
  }

  std::string mismatch(const Dimension &dimension, size_t n, int64_t expected) const {
    if (dimension.extent != none && isPlain(dimension))
      return fmt::format("extent {} {}", attention.extents[dimension.extent].name, origins[dimension.extent]);
    const Node &value = attention.node(dimension.value);
    if (value.kind == NodeKind::Extent && !origins[value.index].empty())
      return fmt::format("extent {} {}", attention.extents[value.index].name, origins[value.index]);
    return fmt::format("dimension {}, `{}`, is {}", n, format(attention, dimension.value), expected);
  }

  static std::string fromDimension(const Tensor &tensor, size_t n, int64_t value) {
    return fmt::format("is {} by dimension {} of {}", value, n, tensor.name);
  }
  static std::string atPlace(SourceRange range) { return range ? " at " + placeOf(range) : ""; }

  /// The declared type, with the sizes in question beside their names.
  std::string declared(const Tensor &tensor, const std::vector<std::optional<int64_t>> &sizes) const {
    std::string text = fmt::format("{}[", spelling(tensor.element));
    for (size_t n = 0; n < tensor.dimensions.size(); ++n) {
      const Dimension &dimension = tensor.dimensions[n];
      const Node &value = attention.node(dimension.value);
      const std::string name = format(attention, dimension.value);
      std::optional<int64_t> size = n < sizes.size() ? sizes[n] : std::nullopt;
      if (!size && value.kind == NodeKind::Extent)
        size = attention.extents[value.index].fixed;
      text += n ? ", " : "";
      text += name;
      if (size && value.kind != NodeKind::Integer)
        text += fmt::format("={}", *size);
    }
    return text + "]";
  }

  const Attention &attention;
  const Arguments &arguments;
  std::vector<std::string> origins;
  std::vector<bool> resolved;
};

template <typename T> bool setByName(std::vector<std::optional<T>> &values, uint32_t id, T value) {
  if (id == none)
    return false;
  values[id] = std::move(value);
  return true;
}

} // namespace

ScalarValue ScalarValue::ofReal(double value) { return {truncate(value), value}; }

Arguments::Arguments(const Attention &attention)
    : attention(&attention), tensors(attention.tensors.size()), scalars(attention.scalars.size()),
      extents(attention.extents.size()) {}

bool Arguments::setTensor(std::string_view name, TensorView view) {
  return setByName(tensors, attention->findTensor(name), std::move(view));
}
bool Arguments::setScalar(std::string_view name, ScalarValue value) {
  return setByName(scalars, attention->findScalar(name), value);
}
bool Arguments::setExtent(std::string_view name, int64_t value) {
  return setByName(extents, attention->findExtent(name), value);
}

BindResult bind(const Attention &attention, const Arguments &arguments) {
  Binder binder(attention, arguments);
  binder.takeTensors(true);
  if (binder.errors.empty())
    binder.bindExtents();
  if (binder.errors.empty())
    binder.requireEverything();
  if (binder.errors.empty())
    binder.checkExtents();
  if (binder.errors.empty())
    binder.checkShapes();
  if (!binder.errors.empty())
    return {std::nullopt, std::move(binder.errors)};
  return {std::move(binder.binding), {}};
}

InputShapes inputShapes(const Attention &attention, const Arguments &arguments) {
  Binder binder(attention, arguments);
  InputShapes result;
  binder.takeTensors(false);
  if (binder.errors.empty())
    binder.bindExtents();
  if (binder.errors.empty())
    binder.checkExtents();
  if (binder.errors.empty())
    binder.checkShapes();
  for (const Tensor &tensor : attention.tensors) {
    result.shapes.emplace_back();
    for (const Dimension &dimension : tensor.dimensions) {
      if (const std::optional<int64_t> size = binder.evaluate(dimension.value)) {
        if (*size < 0)
          binder.errors.push_back(
              fmt::format("{}: dimension `{}` would be {}", tensor.name, format(attention, dimension.value), *size));
        result.shapes.back().push_back(*size);
      } else {
        binder.missingFor(dimension.value, result.missing);
      }
    }
  }
  result.errors = std::move(binder.errors);
  if (!result.missing.empty() || !result.errors.empty())
    result.shapes.clear();
  return result;
}

std::vector<int64_t> outputShape(const Attention &attention, const Binding &binding, uint32_t output) {
  GraphEvaluator evaluator(attention, binding);
  std::vector<int64_t> shape;
  for (const Dimension &dimension : attention.outputs[output].dimensions)
    shape.push_back(evaluator.evaluate(dimension.value, evaluator.environment())->integers[0]);
  return shape;
}

} // namespace attn::reference
