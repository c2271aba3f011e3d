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
    if (extent.binding == sema::ExtentBinding::Dimension)
      return;
    if (extent.binding == sema::ExtentBinding::Input) {
      if (extent.scalar != sema::none)
        visitScalar(extent.scalar);
      return;
    }
    visitUsed(extent.value);
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
      open.insert(open.end(), node.operands.begin(), node.operands.end());
    }
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
  SmallVector<int64_t> extents;
  for (const sema::Extent &extent : attention.extents)
    extents.push_back(extent.fixed.value_or(-1));

  GraphGenerator graph(builder, attention);
  auto kernel = ir::KernelOp::create(builder, graph.location(attention.range), attention.name, graph.coordinates(),
                                     builder.getDenseI64ArrayAttr(extents));
  addBody(builder, kernel);
  if (!graph.generateVisible())
    return false;
  for (auto [number, output] : llvm::enumerate(attention.outputs)) {
    Value value = graph.generateOutput(output);
    if (!value)
      return false;
    Value target = graph.tensor(attention.tensors.size() + number);
    ir::OutputOp::create(builder, graph.location(output.range), target, value, graph.names(output.coordinates));
  }
  return true;
}

void generateBinder(OpBuilder &builder, const sema::Attention &attention) {
  OpBuilder::InsertionGuard guard(builder);
  GraphGenerator graph(builder, attention);
  auto binder = ir::BinderOp::create(builder, graph.location(attention.range), attention.name + "_binder");
  addBody(builder, binder);
  auto bind = [&](ir::BindKind kind, int64_t index, SourceRange range, NodeId node) {
    Location place = graph.location(range);
    Value value = node == sema::none ? Value(ir::ConstantOp::create(builder, place, ir::FnType::get(builder.getI64Type(), {}),
                                                                    builder.getI64IntegerAttr(1)))
                                     : graph.generate(node);
    ir::BindOp::create(builder, place, kind, index, value);
  };
  BindOrder order(attention);
  for (BindOrder::Entry entry : order.entries())
    if (entry.kind == ir::BindKind::Extent)
      bind(entry.kind, entry.index, attention.extents[entry.index].range, attention.extents[entry.index].value);
    else
      bind(entry.kind, entry.index, attention.scalars[entry.index].range, attention.scalars[entry.index].defaultValue);
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
