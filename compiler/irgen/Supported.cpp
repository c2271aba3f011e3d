#include "compiler/irgen/Supported.h"

#include <algorithm>
#include <set>

namespace attn::irgen {

using namespace sema;

namespace {

constexpr CoordinateSet batchAndHead = setOf(coordinateB) | setOf(coordinateH) | setOf(coordinateG);
constexpr CoordinateSet ofQuery = batchAndHead | setOf(coordinateI);
constexpr CoordinateSet ofKey = batchAndHead | setOf(coordinateJ);
constexpr CoordinateSet ofPair = ofQuery | ofKey;

/// What a person calls a row function or reduction.
std::string nameOf(const Node &node) {
  switch (node.kind) {
  case NodeKind::Reduce:
    return fmt::format("the reduction `{}`", spelling(node.reduction));
  default:
    return "this";
  }
}

class SubsetChecker {
public:
  SubsetChecker(const Attention &attention, Diagnostics &diagnostics) : attention(attention), diagnostics(diagnostics) {}

  bool check() {
    checkExtents();
    for (const Output &output : attention.outputs)
      checkOutput(output);
    if (attention.mask != none)
      checkMask();
    return supported;
  }

private:
  template <typename... Args> void refuse(SourceRange range, fmt::format_string<Args...> text, Args &&...args) {
    std::string what = fmt::format(text, std::forward<Args>(args)...);
    if (!range)
      range = attention.range;
    supported = false;
    if (!said.insert({range.begin, what}).second)
      return;
    Diagnostic &diagnostic = diagnostics.report(DiagnosticKind::NotCompiledYet, isOwn(range) ? range : attention.range, what);
    if (!isOwn(range))
      diagnostic.note(range, "here in the library");
    diagnostic.note("`attnc run --reference` evaluates it without compiling");
  }

  const Node &at(NodeId id) const { return attention.nodes[id]; }

  static bool isOwn(SourceRange range) { return range && range.file->path().rfind("<library>", 0) != 0; }

  /// Where a person looks for a node: where it was written, or, if that is in the library (a default's text), the line that gives it a
  /// name or the tensor it reads.
  SourceRange rangeOf(NodeId id) const {
    if (isOwn(at(id).range))
      return at(id).range;
    for (const Definition &definition : attention.definitions)
      if (definition.value == id && isOwn(definition.range))
        return definition.range;
    if (at(id).kind == NodeKind::Load)
      return attention.tensors[at(id).index].range;
    return at(id).range;
  }

  std::string namesOf(CoordinateSet set) const {
    std::string names;
    for (CoordinateId id = 0; id < attention.coordinates.size(); ++id)
      if (set & setOf(id))
        names += fmt::format("{}`{}`", names.empty() ? "" : ", ", attention.coordinates[id].name);
    return names;
  }

  /// The nodes `root` is computed from, itself included; `enter` says whether to look at a node's operands.
  template <typename Enter> std::vector<NodeId> reach(NodeId root, Enter enter) const {
    std::vector<bool> seen(attention.nodes.size());
    std::vector<NodeId> found = {root};
    seen[root] = true;
    for (size_t n = 0; n < found.size(); ++n) {
      if (!enter(at(found[n])))
        continue;
      for (NodeId operand : at(found[n]).operands)
        if (!seen[operand]) {
          seen[operand] = true;
          found.push_back(operand);
        }
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  void checkExtents() {
    for (const Extent &extent : attention.extents) {
      if (extent.value == none || extent.fixed)
        continue;
      for (NodeId id : reach(extent.value, [](const Node &) { return true; })) {
        if (at(id).kind == NodeKind::Rebase)
          refuse(rangeOf(id), "the extent `{}`, which is read at other coordinates than its own,", extent.name);
        else if (at(id).kind == NodeKind::Dot)
          refuse(rangeOf(id), "a dot product in the extent `{}`", extent.name);
        else if (at(id).kind == NodeKind::Reduce && runsOverRagged(at(id)))
          refuse(rangeOf(id), "the extent `{}`, which reduces over a coordinate whose extent varies with `b`,", extent.name);
      }
    }
    for (const Tensor &tensor : attention.tensors)
      checkDimensions(tensor.dimensions);
  }

  void checkDimensions(const std::vector<Dimension> &dimensions) {
    for (const Dimension &dimension : dimensions)
      if (!isSizeExpression(attention, dimension.value))
        refuse(dimension.range, "a dimension of any other form than extents and integers under `+ - * // %`");
  }

  /// Whether an extent is 1 in every run.
  bool isOne(ExtentId id) const {
    if (id == none)
      return true;
    const Extent &extent = attention.extents[id];
    if (extent.fixed)
      return *extent.fixed == 1;
    if (extent.value == none)
      return extent.binding == ExtentBinding::One;
    return at(extent.value).kind == NodeKind::Extent && isOne(at(extent.value).index);
  }

  bool headsAreGroups() const {
    ExtentId heads = attention.coordinates[coordinateH].extent, groups = attention.coordinates[coordinateG].extent;
    if (heads == none || heads == groups || isOne(heads))
      return true;
    NodeId value = attention.extents[heads].value;
    return value != none && at(value).kind == NodeKind::Extent && at(value).index == groups;
  }

  void checkOutput(const Output &output) {
    checkDimensions(output.dimensions);
    if (output.checkOneToOne && !checkedStore(attention, output))
      refuse(output.range, "checking that `{}` is stored once everywhere, at a table that varies with more than `b`,", output.name);
    for (NodeId index : output.indices)
      checkFunction(index);
    const Node &value = at(output.value);
    bool isScore = output.value == attention.score || output.value == attention.weight;
    CoordinateSet varies = value.varies | (isScore ? at(attention.mask).varies : 0);
    CoordinateSet feature = varies & ~ofPair;
    bool ofKey = varies & setOf(coordinateJ), ofQuery = varies & setOf(coordinateI);
    if ((feature & (feature - 1)) || (ofKey && ofQuery && feature))
      refuse(output.range, "the output `{}`, which varies with {},", output.name, namesOf(varies));
    if (ofKey && !ofQuery && !feature)
      refuse(output.range, "the output `{}` of one number for each key", output.name);
    bool isFloat = output.element == ElementType::F32 || output.element == ElementType::F16 || output.element == ElementType::BF16;
    if (!isFloat && (feature || ofKey))
      refuse(output.range, "an output of {} (`{}`) that varies with {}", spelling(output.element), output.name, namesOf(varies));
    if (isFloat ? value.type == ScalarType::Bool : value.type == ScalarType::Float32 || value.type == ScalarType::Float64)
      refuse(output.range, "storing `{}` in an output of {}", output.name, spelling(output.element));
    checkFunction(output.value);

    CoordinateSet indexed = 0;
    for (CoordinateId id : output.coordinates)
      indexed |= setOf(id);
    CoordinateSet allowed = batchAndHead | feature | (ofKey ? setOf(coordinateJ) : 0) | (ofKey && !ofQuery ? 0 : setOf(coordinateI));
    if (CoordinateSet others = indexed & ~allowed)
      refuse(output.range, "repeating the output `{}` over {}", output.name, namesOf(others));
    if ((indexed & setOf(coordinateG)) && (varies & setOf(coordinateH)) && !headsAreGroups())
      refuse(output.range, "the output `{}` over key/value heads instead of query heads", output.name);
  }

  /// What an output is computed from: anything at one place, and the row functions whose operands are functions of query and key.
  void checkFunction(NodeId root) {
    for (NodeId id : reach(root, [](const Node &) { return true; })) {
      const Node &node = at(id);
      switch (node.kind) {
      case NodeKind::TopK:
        if (at(node.operands[1]).varies)
          refuse(node.range, "`topk` of a number that varies with {}", namesOf(at(node.operands[1]).varies));
        [[fallthrough]];
      case NodeKind::Sparsemax:
      case NodeKind::Entmax15:
      case NodeKind::Softmax:
      case NodeKind::LogSumExp:
      case NodeKind::Normalize:
      case NodeKind::SumAfter:
        if (CoordinateSet others = at(node.operands[0]).varies & ~ofPair)
          refuse(rangeOf(node.operands[0]), "a score that varies with {}", namesOf(others));
        break;
      case NodeKind::Reduce:
        checkReduction(node);
        break;
      case NodeKind::Rebase:
        if (!containsProduct(node.operands[0]))
          break;
        if (const char *unbound = unboundCoordinate(node))
          refuse(node.range, "a mask, score or weight that varies with `{0}` where no tensor has a dimension `{1}`, so that `{0}` is always 0,",
                 unbound, char(unbound[0] - 'a' + 'A'));
        else
          refuse(node.range, "reading a product of queries and keys at other coordinates");
        checkBatch(node);
        break;
      default:
        break;
      }
    }
  }

  /// The coordinate that an output is read at 0 of because nothing binds its extent; null if that isn't why a function is read elsewhere.
  const char *unboundCoordinate(const Node &rebase) const {
    for (CoordinateId coordinate : rebase.coordinates) {
      ExtentId extent = attention.coordinates[coordinate].extent;
      if (extent != none && attention.extents[extent].binding == ExtentBinding::One)
        return attention.coordinates[coordinate].name.c_str();
    }
    return nullptr;
  }

  void checkReduction(const Node &node) {
    CoordinateSet over = 0;
    for (CoordinateId coordinate : node.coordinates)
      over |= setOf(coordinate);
    if (!(over & ofPair))
      return;
    if (over != setOf(coordinateJ))
      return refuse(node.range, "{} over {}", nameOf(node), namesOf(over));
    CoordinateSet feature = at(node.operands[0]).varies & ~ofPair;
    if (feature & (feature - 1))
      refuse(node.range, "a sum over the keys with several feature coordinates ({})", namesOf(feature));
    else if (feature && node.reduction != Reduction::Sum)
      refuse(node.range, "{} over the keys of what varies with {}", nameOf(node), namesOf(feature));
    else if (feature && node.type != ScalarType::Float32)
      refuse(node.range, "a sum of {} over the keys that varies with {}",
             node.type == ScalarType::Int ? "integers" : "floats of 64 bits", namesOf(feature));
  }

  bool runsOverRagged(const Node &reduction) const {
    return std::any_of(reduction.coordinates.begin(), reduction.coordinates.end(), [&](CoordinateId coordinate) {
      ExtentId extent = attention.coordinates[coordinate].extent;
      return extent != none && attention.extents[extent].perBatch;
    });
  }

  /// A run knows the extents of the batch it is at.
  void checkBatch(const Node &rebase) {
    if (!std::count(rebase.coordinates.begin(), rebase.coordinates.end(), coordinateB))
      return;
    for (NodeId id : reach(rebase.operands[0], [](const Node &) { return true; })) {
      const Node &node = at(id);
      if (node.kind == NodeKind::Extent && attention.extents[node.index].perBatch)
        refuse(rebase.range, "reading the extent `{}`, which varies with `b`, at another `b`", attention.extents[node.index].name);
      else if ((node.kind == NodeKind::Reduce || node.kind == NodeKind::Dot) && runsOverRagged(node))
        refuse(rebase.range, "reading at another `b` what is reduced over a coordinate whose extent varies with `b`");
    }
  }

  /// Whether a value is computed from a dot product or a row of keys, which exist at their own query and key only.
  bool containsProduct(NodeId root) const {
    for (NodeId id : reach(root, [](const Node &) { return true; })) {
      const Node &node = at(id);
      if (node.kind == NodeKind::Dot || isRowFunction(node))
        return true;
    }
    return false;
  }

  void checkMask() {
    for (NodeId id : reach(attention.mask, [](const Node &) { return true; })) {
      const Node &node = at(id);
      if (node.kind == NodeKind::Dot)
        refuse(rangeOf(id), "a dot product in `mask`");
      else if (node.kind == NodeKind::Rebase)
        checkBatch(node);
      else if (node.kind == NodeKind::Reduce)
        checkReduction(node);
    }
    if (CoordinateSet others = at(attention.mask).varies & ~ofPair)
      refuse(rangeOf(attention.mask), "a mask that varies with {}", namesOf(others));
  }

  const Attention &attention;
  Diagnostics &diagnostics;
  std::set<std::pair<uint32_t, std::string>> said;
  bool supported = true;
};

} // namespace

bool isSizeExpression(const Attention &attention, NodeId value) {
  std::vector<NodeId> open = {value};
  while (!open.empty()) {
    const Node &node = attention.nodes[open.back()];
    open.pop_back();
    if (node.kind == NodeKind::Integer || node.kind == NodeKind::Extent)
      continue;
    if (node.kind != NodeKind::Binary ||
        (node.binary != BinaryOp::Add && node.binary != BinaryOp::Subtract && node.binary != BinaryOp::Multiply &&
         node.binary != BinaryOp::FloorDivide && node.binary != BinaryOp::Modulo))
      return false;
    open.insert(open.end(), node.operands.begin(), node.operands.end());
  }
  return true;
}

std::optional<CheckedStore> checkedStore(const Attention &attention, const Output &output) {
  for (size_t n = 0; n < output.indices.size(); ++n) {
    NodeId table = none, coordinate = none;
    std::vector<NodeId> open = {output.indices[n]};
    unsigned tables = 0, coordinates = 0;
    while (!open.empty()) {
      NodeId id = open.back();
      const Node &node = attention.nodes[id];
      open.pop_back();
      if (node.kind == NodeKind::Binary && node.binary == BinaryOp::Add)
        open.insert(open.end(), node.operands.begin(), node.operands.end());
      else if (node.kind == NodeKind::Binary && node.binary == BinaryOp::Subtract)
        open.push_back(node.operands[0]);
      else if (node.kind == NodeKind::Load && node.varies == setOf(coordinateB))
        table = id, ++tables;
      else if (node.kind == NodeKind::Coordinate)
        coordinate = id, ++coordinates;
    }
    if (tables == 1 && coordinates == 1)
      return CheckedStore{n, table, attention.nodes[coordinate].coordinate};
  }
  return std::nullopt;
}

std::optional<std::pair<TensorId, size_t>> solvedDimension(const Attention &attention, ExtentId id) {
  std::optional<std::pair<TensorId, size_t>> found;
  for (TensorId tensor = 0; tensor < attention.tensors.size(); ++tensor)
    for (size_t n = 0; n < attention.tensors[tensor].dimensions.size(); ++n) {
      const Dimension &dimension = attention.tensors[tensor].dimensions[n];
      if (dimension.extent != id)
        continue;
      if (dimension.scaleValue == none && dimension.offsetValue == none)
        return std::nullopt;
      if (!found)
        found = {tensor, n};
    }
  return found;
}

ExtentId definingExtent(const Attention &attention, ExtentId id) {
  while (id != none && !attention.extents[id].fixed && attention.extents[id].value != none &&
         attention.node(attention.extents[id].value).kind == NodeKind::Extent)
    id = attention.node(attention.extents[id].value).index;
  return id;
}

bool checkSupported(const Attention &attention, Diagnostics &diagnostics) {
  return SubsetChecker(attention, diagnostics).check();
}

} // namespace attn::irgen
