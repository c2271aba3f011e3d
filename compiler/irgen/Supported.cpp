#include "compiler/irgen/Supported.h"

#include <algorithm>
#include <map>
#include <set>

namespace attn::irgen {

using namespace sema;

namespace {

constexpr CoordinateSet batchAndHead = setOf(coordinateB) | setOf(coordinateH) | setOf(coordinateG);
constexpr CoordinateSet ofQuery = batchAndHead | setOf(coordinateI);
constexpr CoordinateSet ofKey = batchAndHead | setOf(coordinateJ);
constexpr CoordinateSet ofPair = ofQuery | ofKey;

bool isReduction(NodeKind kind) {
  switch (kind) {
  case NodeKind::Reduce:
  case NodeKind::Softmax:
  case NodeKind::LogSumExp:
  case NodeKind::Normalize:
  case NodeKind::TopK:
  case NodeKind::Sparsemax:
  case NodeKind::Entmax15:
  case NodeKind::SumAfter:
    return true;
  default:
    return false;
  }
}

/// What a person calls a row function or reduction.
std::string nameOf(const Node &node) {
  switch (node.kind) {
  case NodeKind::Reduce:
    return fmt::format("the reduction `{}`", spelling(node.reduction));
  case NodeKind::Softmax:
    return "the row function `softmax`";
  case NodeKind::LogSumExp:
    return "`lse`";
  case NodeKind::Normalize:
    return "the row function `normalize`";
  case NodeKind::TopK:
    return "the row function `topk`";
  case NodeKind::Sparsemax:
    return "the row function `sparsemax`";
  case NodeKind::Entmax15:
    return "the row function `entmax15`";
  case NodeKind::SumAfter:
    return "the row function `sum_after`";
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
    if (sum == none && supported && storage.empty())
      refuse(attention.range, "an attention without an output `o = sum(j: weight * v)`");
    if (attention.mask != none)
      checkMask();
    if (score != none)
      checkScore();
    for (const auto &[element, tensors] : storage)
      refuse(tensors.range, "`{}` storage of {}", spelling(element), tensors.names);
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
    diagnostics.report(DiagnosticKind::NotCompiledYet, range, what)
        .note("`attnc run --reference` evaluates it without compiling");
  }

  /// One message for each element type, at the first declaration the person wrote.
  void noteStorage(ElementType element, const std::string &name, SourceRange range) {
    std::string quoted = fmt::format("`{}`", name);
    Stored &tensors = storage[element];
    if (tensors.names.find(quoted) != std::string::npos)
      return;
    tensors.names += (tensors.names.empty() ? "" : ", ") + quoted;
    if (!tensors.range && isOwn(range))
      tensors.range = range;
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
      if (extent.perBatch) {
        refuse(extent.range, "the extent `{}`, which varies with `b`,", extent.name);
        continue;
      }
      if (extent.value == none || extent.fixed)
        continue;
      for (NodeId id : reach(extent.value, [](const Node &) { return true; }))
        if (at(id).kind == NodeKind::Load || isReduction(at(id).kind) || at(id).kind == NodeKind::Rebase)
          refuse(rangeOf(id), "the extent `{}`, which is computed from a tensor,", extent.name);
    }
    for (const Tensor &tensor : attention.tensors)
      checkDimensions(tensor.dimensions);
  }

  void checkDimensions(const std::vector<Dimension> &dimensions) {
    for (const Dimension &dimension : dimensions)
      if (!isSizeExpression(attention, dimension.value))
        refuse(dimension.range, "a dimension of any other form than extents and integers under `+ - * // %`");
      else if (dimension.extent != none && (dimension.scaleValue != none || dimension.offsetValue != none))
        refuse(dimension.range, "finding `{}` from a dimension in which other extents stand",
               attention.extents[dimension.extent].name);
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
    if (output.element != ElementType::F32)
      noteStorage(output.element, output.name, output.range);
    checkDimensions(output.dimensions);
    if (!output.indices.empty())
      refuse(output.range, "storing `{}` at computed indices", output.name);

    const Node &value = at(output.value);
    CoordinateSet feature = 0;
    if (value.kind == NodeKind::LogSumExp) {
      takeScore(value, output.value);
    } else if (value.kind == NodeKind::Reduce && isWeightedSum(value)) {
      feature = checkWeightedSum(output);
    } else if (output.value == attention.score || output.value == attention.weight || (value.varies & setOf(coordinateJ))) {
      return refuse(output.range, "the output `{}`, which varies with `j`,", output.name);
    } else {
      return refuse(output.range, "the output `{}`, which is neither `sum(j: weight * v)` nor `lse`,", output.name);
    }

    if (!output.indices.empty())
      return;
    CoordinateSet indexed = 0;
    for (CoordinateId id : output.coordinates)
      indexed |= setOf(id);
    if (CoordinateSet others = indexed & ~(ofQuery | feature))
      refuse(output.range, "repeating the output `{}` over {}", output.name, namesOf(others));
    bool overGroups = (indexed & setOf(coordinateG)) && !(indexed & setOf(coordinateH)) && headsAreGroups();
    for (CoordinateId id : {coordinateB, coordinateH, coordinateI})
      if (!(indexed & setOf(id)) && !isOne(attention.coordinates[id].extent) && !(id == coordinateH && overGroups))
        refuse(output.range, "the output `{}` without a dimension for `{}`, of which there may be more than one,", output.name,
               attention.coordinates[id].name);
    if ((indexed & setOf(coordinateG)) && !overGroups)
      refuse(output.range, "the output `{}` over key/value heads instead of query heads", output.name);
  }

  bool isWeightedSum(const Node &node) const {
    return node.reduction == Reduction::Sum && node.coordinates == std::vector<CoordinateId>{coordinateJ} &&
           at(node.operands[0]).kind == NodeKind::Binary && at(node.operands[0]).binary == BinaryOp::Multiply;
  }

  /// The softmax whose weights multiply the value; none if neither factor is one.
  NodeId weightOf(const Node &product) const {
    for (NodeId operand : product.operands)
      if (at(operand).kind == NodeKind::Softmax)
        return operand;
    return none;
  }

  /// Returns the coordinates that the value brings to the output: its feature.
  CoordinateSet checkWeightedSum(const Output &output) {
    if (sum != none && sum != output.value) {
      refuse(output.range, "a second weighted sum of values (`{}`)", output.name);
      return ~CoordinateSet(0);
    }
    sum = output.value;
    const Node &product = at(at(sum).operands[0]);
    NodeId weight = weightOf(product);
    if (weight == none) {
      NodeId written = attention.weight != none && std::count(product.operands.begin(), product.operands.end(), attention.weight)
                           ? attention.weight
                           : product.operands[0];
      checkWeight(written);
      return ~CoordinateSet(0);
    }
    takeScore(at(weight), weight);
    return checkValue(product.operands[0] == weight ? product.operands[1] : product.operands[0]);
  }

  /// Says what keeps a weight from being `softmax(score)`.
  void checkWeight(NodeId weight) {
    bool named = false;
    for (NodeId id : reach(weight, [](const Node &) { return true; })) {
      const Node &node = at(id);
      if (isReduction(node.kind) && node.kind != NodeKind::Softmax && (node.kind != NodeKind::Reduce || (node.varies & setOf(coordinateI)))) {
        refuse(node.range, "{} in `weight`", nameOf(node));
        named = true;
      }
    }
    if (!named)
      refuse(rangeOf(weight), "a weight that isn't `softmax(score)`");
  }

  void takeScore(const Node &softmax, NodeId id) {
    if (softmax.operands.size() > 1)
      refuse(softmax.range, "`softmax` with a sink");
    if (score == none)
      score = softmax.operands[0];
    else if (score != softmax.operands[0])
      refuse(rangeOf(id), "a second score");
  }

  /// A tensor read at distinct coordinates, in any order. Says what keeps a node from being that.
  bool checkPlainRead(NodeId id, std::string_view role) {
    const Node &node = at(id);
    if (node.kind != NodeKind::Load) {
      refuse(rangeOf(id), "{} that is computed (`{}`) instead of a tensor read as it is", role, shortText(id));
      return false;
    }
    const Tensor &tensor = attention.tensors[node.index];
    if (tensor.element != ElementType::F32)
      noteStorage(tensor.element, tensor.name, tensor.range);
    CoordinateSet seen = 0;
    for (size_t n = 0; n < node.operands.size(); ++n) {
      const Node &index = at(node.operands[n]);
      if (index.kind != NodeKind::Coordinate || (seen & setOf(index.coordinate))) {
        refuse(rangeOf(id), "{} read at computed indices (`{}`)", role, shortText(id));
        return false;
      }
      if (!isInside(index.coordinate, tensor.dimensions[n])) {
        refuse(rangeOf(id), "{} read at `{}`, which may lie outside dimension `{}` of `{}`,", role, attention.coordinates[index.coordinate].name,
               format(attention, tensor.dimensions[n].value), tensor.name);
        return false;
      }
      seen |= setOf(index.coordinate);
    }
    return true;
  }

  /// Whether a dimension is at least as large as a coordinate's extent by the way both are declared.
  bool isInside(CoordinateId coordinate, const Dimension &dimension) const {
    ExtentId extent = definingExtent(attention, attention.coordinates[coordinate].extent);
    if (extent == none)
      return true;
    const Node &size = at(dimension.value);
    // `J + 1` and `P + J`: no extent is negative.
    bool isSum = size.kind == NodeKind::Binary && size.binary == BinaryOp::Add;
    return isAtLeast(size, extent) || (isSum && ((isAtLeast(at(size.operands[0]), extent) && isNatural(at(size.operands[1]))) ||
                                                 (isAtLeast(at(size.operands[1]), extent) && isNatural(at(size.operands[0])))));
  }

  bool isAtLeast(const Node &size, ExtentId extent) const {
    if (size.kind == NodeKind::Extent)
      return definingExtent(attention, size.index) == extent;
    return size.kind == NodeKind::Integer && attention.extents[extent].fixed && *attention.extents[extent].fixed <= size.integer;
  }

  static bool isNatural(const Node &size) { return size.kind == NodeKind::Extent || (size.kind == NodeKind::Integer && size.integer >= 0); }

  std::string shortText(NodeId id) const {
    constexpr size_t most = 60;
    std::string text = at(id).range ? std::string(at(id).range.text()) : format(attention, id);
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text.size() <= most ? text : format(attention, id).substr(0, most) + " …";
  }

  CoordinateSet checkValue(NodeId id) {
    if (!checkPlainRead(id, "a value"))
      return at(id).varies & ~ofPair;
    CoordinateSet own = at(id).varies, feature = own & ~ofPair;
    if (!(own & setOf(coordinateJ)))
      refuse(rangeOf(id), "a value that doesn't vary with `j`");
    if (own & setOf(coordinateI))
      refuse(rangeOf(id), "a value that varies with `i`");
    if (feature == 0)
      refuse(rangeOf(id), "a value without a feature coordinate");
    else if (feature & (feature - 1))
      refuse(rangeOf(id), "a value with several feature coordinates ({})", namesOf(feature));
    return feature;
  }

  void checkDot(NodeId id) {
    const Node &dot = at(id);
    NodeId query = dot.operands[0], key = dot.operands[1];
    if (at(query).varies & setOf(coordinateJ))
      std::swap(query, key);
    if (dot.coordinates.size() != 1)
      refuse(dot.range, "a dot product over several coordinates");
    CoordinateSet summed = 0;
    for (CoordinateId coordinate : dot.coordinates)
      summed |= setOf(coordinate);
    bool plainQuery = checkPlainRead(query, "a query"), plainKey = checkPlainRead(key, "a key");
    if (!plainQuery || !plainKey)
      return;
    if (!(at(key).varies & setOf(coordinateJ)))
      return refuse(dot.range, "a dot product that doesn't vary with `j`");
    if (CoordinateSet wrong = at(query).varies & ~(ofQuery | summed))
      refuse(rangeOf(query), "a query that varies with {}", namesOf(wrong));
    if (CoordinateSet wrong = at(key).varies & ~(ofKey | summed))
      refuse(rangeOf(key), "a key that varies with {}", namesOf(wrong));
  }

  /// Whether to look at what a node is computed from: not at a dot product's operands, which are checked apart, nor at a row function's.
  static bool isPointwise(const Node &node) {
    return node.kind != NodeKind::Dot && (node.kind == NodeKind::Reduce || !isReduction(node.kind));
  }

  /// Elementwise arithmetic, coordinates, scalars, reads of tables and reductions over tables' own coordinates: what a score and a mask are
  /// made of, apart from the dot product.
  void checkPointwise(NodeId id, std::string_view where) {
    const Node &node = at(id);
    if (isReduction(node.kind)) {
      CoordinateSet over = 0;
      for (CoordinateId coordinate : node.coordinates)
        over |= setOf(coordinate);
      if (node.kind != NodeKind::Reduce || (over & ofPair))
        refuse(node.range, "{} in {}", nameOf(node), where);
    }
    if (node.kind != NodeKind::Load)
      return;
    const Tensor &tensor = attention.tensors[node.index];
    if (tensor.element == ElementType::F16 || tensor.element == ElementType::BF16)
      noteStorage(tensor.element, tensor.name, tensor.range);
  }

  void checkMask() {
    for (NodeId id : reach(attention.mask, isPointwise))
      if (at(id).kind == NodeKind::Dot)
        refuse(rangeOf(id), "a dot product in `mask`");
      else
        checkPointwise(id, "`mask`");
    if (CoordinateSet others = at(attention.mask).varies & ~ofPair)
      refuse(rangeOf(attention.mask), "a mask that varies with {}", namesOf(others));
  }

  void checkScore() {
    std::vector<NodeId> dots;
    for (NodeId id : reach(score, isPointwise)) {
      const Node &node = at(id);
      if (node.kind == NodeKind::Dot)
        dots.push_back(id);
      else
        checkPointwise(id, "`score`");
      if (node.kind == NodeKind::Rebase && containsDot(node.operands[0]))
        refuse(node.range, "reading a dot product at other coordinates");
    }
    for (NodeId dot : dots)
      checkDot(dot);
    for (size_t n = 1; n < dots.size(); ++n)
      refuse(rangeOf(dots[n]), "a second dot product in `score`");
    if (dots.empty())
      refuse(rangeOf(score), "a score without a dot product of a query and a key");
    else if (CoordinateSet others = at(score).varies & ~ofPair)
      refuse(rangeOf(score), "a score that varies with {}", namesOf(others));
  }

  bool containsDot(NodeId root) const {
    for (NodeId id : reach(root, [](const Node &) { return true; }))
      if (at(id).kind == NodeKind::Dot)
        return true;
    return false;
  }

  const Attention &attention;
  Diagnostics &diagnostics;
  struct Stored {
    std::string names;
    SourceRange range;
  };
  std::map<ElementType, Stored> storage;
  std::set<std::pair<uint32_t, std::string>> said;
  bool supported = true;
  NodeId sum = none;
  NodeId score = none;
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
