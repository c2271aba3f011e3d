#include "compiler/session/Evaluation.h"

#include "compiler/library/Needs.h"
#include "compiler/library/Runner.h"
#include "compiler/reference/Dependencies.h"
#include "compiler/reference/Evaluator.h"

#include <fmt/format.h>

#include <algorithm>

using namespace attn;
using namespace attn::session;

namespace {

/// The nodes whose values the expression's needs: itself and, where it is computed from visible keys, what makes them
/// visible.
std::vector<sema::NodeId> rootsOf(const sema::Attention &attention) {
  std::vector<sema::NodeId> roots{attention.outputs.front().value};
  bool readsRow = std::any_of(attention.nodes.begin(), attention.nodes.end(), sema::isRowFunction);
  for (sema::NodeId id : {attention.mask, attention.score, attention.weight})
    if (readsRow && id != sema::none)
      roots.push_back(id);
  return roots;
}

bool isGiven(const library::InputRequest &request, const std::string &name) {
  auto has = [&](const auto &list) {
    return std::any_of(list.begin(), list.end(), [&](const auto &entry) { return entry.first == name; });
  };
  return has(request.tensors) || has(request.scalars);
}

/// Whether some tensor that is given, or is asked for, binds an extent.
bool isBound(const sema::Attention &attention, const library::Needs &needs, const library::InputRequest &request,
             sema::ExtentId id) {
  for (size_t n = 0; n < attention.tensors.size(); ++n)
    if (const sema::Tensor &tensor = attention.tensors[n];
        isGiven(request, tensor.name) || (needs.tensors[n] && !request.random))
      for (const sema::Dimension &dimension : tensor.dimensions)
        if (dimension.extent == id)
          return true;
  return false;
}

std::string missingIn(const sema::Attention &attention, const library::Needs &needs,
                      const library::InputRequest &request) {
  std::vector<std::string> names;
  for (size_t n = 0; n < attention.tensors.size(); ++n)
    if (needs.tensors[n] && !request.random && !isGiven(request, attention.tensors[n].name))
      names.push_back(attention.tensors[n].name);
  for (const sema::Node &node : attention.nodes)
    if (node.kind == sema::NodeKind::Scalar) {
      const sema::Scalar &scalar = attention.scalars[node.index];
      if (scalar.extent == sema::none && scalar.defaultValue == sema::none && !isGiven(request, scalar.name) &&
          std::find(names.begin(), names.end(), scalar.name) == names.end())
        names.push_back(scalar.name);
    }
  for (size_t n = 0; n < attention.extents.size(); ++n) {
    const sema::Extent &extent = attention.extents[n];
    bool isOpen = extent.binding == sema::ExtentBinding::Dimension || extent.binding == sema::ExtentBinding::Input;
    if (needs.extents[n] && isOpen && !extent.fixed && !request.dims.count(extent.name) &&
        !isGiven(request, extent.name) && !isBound(attention, needs, request, sema::ExtentId(n)))
      names.push_back(extent.name);
  }
  std::string text;
  for (const std::string &name : names)
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// Extents and scalars that don't matter get a value, so that nobody asks for them.
void fillOthers(const sema::Attention &attention, const library::Needs &needs, library::InputRequest &request) {
  std::vector<bool> used(attention.scalars.size());
  for (const sema::Node &node : attention.nodes)
    if (node.kind == sema::NodeKind::Scalar)
      used[node.index] = true;
  for (size_t n = 0; n < attention.scalars.size(); ++n) {
    const sema::Scalar &scalar = attention.scalars[n];
    if (scalar.extent != sema::none && !needs.extents[scalar.extent])
      request.dims.insert({scalar.name, 1});
    else if (scalar.extent == sema::none && scalar.defaultValue == sema::none && !used[n] &&
             !isGiven(request, scalar.name))
      request.scalars.push_back({scalar.name, scalar.kind == sema::ScalarKind::Bool ? "false" : "1"});
  }
}

std::optional<Grid> gridOf(const Probe &probe, const reference::Binding &binding, const std::vector<int64_t> &shape,
                           const std::atomic<bool> *stop, std::string &error) {
  Grid grid;
  grid.shape = shape;
  grid.type = probe.type();
  for (sema::CoordinateId coordinate : probe.output().coordinates)
    grid.coordinates.push_back(probe.attention.coordinates[coordinate].name);
  size_t count = 1;
  for (int64_t size : shape)
    count *= size_t(size);
  bool real = grid.type == sema::ScalarType::Float32 || grid.type == sema::ScalarType::Float64;
  (real ? grid.reals.resize(count) : grid.integers.resize(count));
  reference::Evaluator oracle(probe.attention, binding);
  for (int64_t row = 0; row < oracle.rowCount(0) && count > 0; ++row) {
    if (stop && *stop) {
      error = stoppedText;
      return std::nullopt;
    }
    reference::RowResult result = oracle.evaluateRow(0, row);
    if (result.error) {
      error = result.error->message;
      return std::nullopt;
    }
    for (size_t n = 0; n < result.row.elements.size(); ++n)
      if (real)
        grid.reals[size_t(result.row.elements[n])] = result.row.reals[n];
      else
        grid.integers[size_t(result.row.elements[n])] = result.row.integers[n];
  }
  return grid;
}

} // namespace

Evaluation session::evaluate(const Probe &probe, const Bindings &bindings, const std::atomic<bool> *stop) {
  Evaluation evaluation;
  const sema::Attention &attention = probe.attention;
  library::InputRequest request = bindings.requestFor(attention);
  request.onlyNodes = rootsOf(attention);
  request.wholePlane = false;
  request.stop = stop;
  library::Needs needs = library::needsOf(attention, request.onlyNodes, false);
  evaluation.missing = missingIn(attention, needs, request);
  if (!evaluation.missing.empty())
    return evaluation;
  fillOthers(attention, needs, request);
  std::optional<library::RunData> data = library::gatherInputs(attention, request, evaluation.errors);
  if (!data)
    return evaluation;
  for (sema::CoordinateId coordinate : probe.output().coordinates)
    if (attention.extents[attention.coordinates[coordinate].extent].perBatch) {
      evaluation.missing = fmt::format("one batch, since {} differs between them",
                                       attention.extents[attention.coordinates[coordinate].extent].name);
      return evaluation;
    }
  evaluation.shape = reference::outputShape(attention, data->binding, 0);
  int64_t count = 1;
  for (int64_t size : evaluation.shape)
    if (__builtin_mul_overflow(count, std::max<int64_t>(size, 1), &count))
      count = INT64_MAX;
  evaluation.tooLarge = count > largestGrid;
  if (evaluation.tooLarge)
    return evaluation;
  std::string error;
  evaluation.grid = gridOf(probe, data->binding, evaluation.shape, stop, error);
  if (!evaluation.grid)
    evaluation.errors.push_back(error);
  return evaluation;
}
