#include "compiler/irgen/IrGen.h"

#include "compiler/irgen/GraphGenerator.h"
#include "compiler/irgen/Supported.h"

#include "llvm/ADT/STLExtras.h"

#include <fmt/format.h>

using namespace mlir;

namespace attn::irgen {

using sema::NodeId;
using sema::NodeKind;

namespace {

/// Computed extents and scalar defaults in an order in which each uses only earlier ones.
class BindOrder {
public:
  struct Entry {
    ir::BindKind kind;
    uint32_t index;
  };

  explicit BindOrder(const sema::Attention &attention)
      : attention(attention), extentsDone(attention.extents.size()), scalarsDone(attention.scalars.size()) {
    for (sema::ExtentId id = 0; id < attention.extents.size(); ++id)
      visitExtent(id);
    for (sema::ScalarId id = 0; id < attention.scalars.size(); ++id)
      visitScalar(id);
  }

  const std::vector<Entry> &entries() const { return order; }

private:
  void visitExtent(sema::ExtentId id) {
    const sema::Extent &extent = attention.extents[id];
    if (extentsDone[id])
      return;
    extentsDone[id] = true;
    if (extent.binding == sema::ExtentBinding::Dimension) {
      auto solved = solvedDimension(attention, id);
      if (!solved)
        return;
      const sema::Dimension &dimension = attention.tensors[solved->first].dimensions[solved->second];
      visitUsed(dimension.scaleValue);
      visitUsed(dimension.offsetValue);
      order.push_back({ir::BindKind::Extent, id});
      return;
    }
    if (extent.binding == sema::ExtentBinding::Input) {
      if (extent.scalar != sema::none)
        visitScalar(extent.scalar);
      return;
    }
    visitUsed(extent.value);
    if (extent.perBatch)
      visitCoordinate(sema::coordinateB);
    order.push_back({ir::BindKind::Extent, id});
  }

  void visitScalar(sema::ScalarId id) {
    if (scalarsDone[id])
      return;
    scalarsDone[id] = true;
    if (attention.scalars[id].defaultValue == sema::none)
      return;
    visitUsed(attention.scalars[id].defaultValue);
    order.push_back({ir::BindKind::Scalar, id});
  }

  void visitUsed(NodeId root) {
    if (root == sema::none)
      return;
    std::vector<NodeId> open = {root};
    std::vector<bool> seen(root + 1);
    while (!open.empty()) {
      NodeId id = open.back();
      open.pop_back();
      if (seen[id])
        continue;
      seen[id] = true;
      const sema::Node &node = attention.node(id);
      if (node.kind == NodeKind::Extent)
        visitExtent(node.index);
      if (node.kind == NodeKind::Scalar)
        visitScalar(node.index);
      for (sema::CoordinateId coordinate : node.coordinates)
        visitCoordinate(coordinate);
      open.insert(open.end(), node.operands.begin(), node.operands.end());
    }
  }

  void visitCoordinate(sema::CoordinateId id) {
    if (sema::ExtentId extent = attention.coordinates[id].extent; extent != sema::none)
      visitExtent(extent);
  }

  const sema::Attention &attention;
  std::vector<bool> extentsDone, scalarsDone;
  std::vector<Entry> order;
};

template <typename Op> Block *addBody(OpBuilder &builder, Op op) {
  Block *body = builder.createBlock(&op.getBody());
  builder.setInsertionPointToStart(body);
  return body;
}

bool generateKernel(OpBuilder &builder, const sema::Attention &attention) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<int64_t> extents, ofBatch;
  for (auto [number, extent] : llvm::enumerate(attention.extents)) {
    extents.push_back(extent.fixed.value_or(-1));
    if (extent.perBatch)
      ofBatch.push_back(number);
  }

  GraphGenerator graph(builder, attention, GraphGenerator::Purpose::Kernel);
  auto kernel = ir::KernelOp::create(builder, graph.location(attention.range), attention.name, graph.coordinates(),
                                     builder.getDenseI64ArrayAttr(extents),
                                     ofBatch.empty() ? DenseI64ArrayAttr() : builder.getDenseI64ArrayAttr(ofBatch));
  addBody(builder, kernel);
  if (!graph.generateVisible())
    return false;
  for (auto [number, output] : llvm::enumerate(attention.outputs)) {
    Value value = graph.generateOutput(output);
    if (!value)
      return false;
    Value target = graph.tensor(attention.tensors.size() + number);
    SmallVector<Value> indices;
    for (NodeId index : output.indices) {
      indices.push_back(graph.generate(index));
      if (!indices.back())
        return false;
    }
    ir::OutputOp::create(builder, graph.location(output.range), target, value, graph.names(output.coordinates), indices);
  }
  return true;
}

void bindExtent(OpBuilder &builder, GraphGenerator &graph, const sema::Attention &attention, sema::ExtentId id) {
  const sema::Extent &extent = attention.extents[id];
  Location place = graph.location(extent.range);
  Value value;
  if (auto solved = solvedDimension(attention, id))
    value = graph.generateSolution(solved->first, solved->second);
  else if (extent.value != sema::none)
    value = graph.generate(extent.value);
  else
    value = ir::ConstantOp::create(builder, place, ir::FnType::get(builder.getI64Type(), {}), builder.getI64IntegerAttr(1));
  IntegerAttr slot;
  if (extent.perBatch)
    slot = builder.getI64IntegerAttr(llvm::count_if(llvm::ArrayRef(attention.extents).take_front(id),
                                                    [](const sema::Extent &before) { return before.perBatch; }));
  ir::BindOp::create(builder, place, ir::BindKind::Extent, id, value, slot, slot ? builder.getStringAttr(extent.name) : StringAttr());
}

void generateBinder(OpBuilder &builder, const sema::Attention &attention) {
  OpBuilder::InsertionGuard guard(builder);
  GraphGenerator graph(builder, attention, GraphGenerator::Purpose::Binder);
  auto binder = ir::BinderOp::create(builder, graph.location(attention.range), builder.getStringAttr(attention.name + "_binder"),
                                     graph.coordinates());
  addBody(builder, binder);
  auto bind = [&](ir::BindKind kind, int64_t index, SourceRange range, NodeId node) {
    Value value = graph.generate(node);
    ir::BindOp::create(builder, graph.location(range), kind, index, value, IntegerAttr(), StringAttr());
  };
  BindOrder order(attention);
  for (BindOrder::Entry entry : order.entries())
    if (entry.kind == ir::BindKind::Extent)
      bindExtent(builder, graph, attention, entry.index);
    else
      bind(entry.kind, entry.index, attention.scalars[entry.index].range, attention.scalars[entry.index].defaultValue);
  for (auto [number, output] : llvm::enumerate(attention.outputs))
    if (output.checkOneToOne)
      graph.generateApart(number);
  int64_t size = 0;
  for (const sema::Tensor &tensor : attention.tensors)
    for (const sema::Dimension &dimension : tensor.dimensions)
      bind(ir::BindKind::Size, size++, dimension.range, dimension.value);
  for (const sema::Output &output : attention.outputs)
    for (const sema::Dimension &dimension : output.dimensions)
      bind(ir::BindKind::Size, size++, dimension.range, dimension.value);
}

} // namespace

OwningOpRef<ModuleOp> generate(MLIRContext &context, const sema::Attention &attention, Diagnostics &diagnostics) {
  if (!checkSupported(attention, diagnostics))
    return {};
  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> module(ModuleOp::create(builder, builder.getUnknownLoc()));
  builder.setInsertionPointToEnd(module->getBody());
  if (!generateKernel(builder, attention)) {
    diagnostics.report(DiagnosticKind::NotCompiledYet, attention.range,
                       fmt::format("an attention whose reductions inside others over the same coordinates come to more than {} operations",
                                   GraphGenerator::mostOperations));
    return {};
  }
  generateBinder(builder, attention);
  return module;
}

} // namespace attn::irgen
