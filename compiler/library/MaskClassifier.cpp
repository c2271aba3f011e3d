#include "compiler/library/MaskClassifier.h"

#include "compiler/reference/FaultText.h"

#include <algorithm>

using namespace attn;
using namespace attn::library;
using namespace attn::sema;

static size_t operationsOf(const Attention &attention, NodeId root) {
  std::vector<bool> seen(attention.nodes.size());
  std::vector<NodeId> waiting{root};
  size_t count = 0;
  while (!waiting.empty()) {
    NodeId id = waiting.back();
    waiting.pop_back();
    if (id == none || seen[id])
      continue;
    seen[id] = true;
    ++count;
    const std::vector<NodeId> &operands = attention.node(id).operands;
    waiting.insert(waiting.end(), operands.begin(), operands.end());
  }
  return count;
}

MaskClassifier::MaskClassifier(const Attention &attention, const RunData &data)
    : attention(attention), data(data), tables(data),
      intervals(attention, data.binding, [this](TensorId id, const auto &indices) { return tables(id, indices); }),
      exact(attention, data.binding), box(intervals.wholeBox()) {
  CoordinateSet varies = attention.node(attention.mask).varies;
  for (CoordinateId coordinate : {coordinateI, coordinateJ}) {
    ExtentId id = attention.coordinates[coordinate].extent;
    if (id != none && attention.extents[id].perBatch)
      varies |= setOf(coordinateB);
  }
  operations = operationsOf(attention, attention.mask);
  perBatch = varies & setOf(coordinateB);
  perHead = varies & (setOf(coordinateH) | setOf(coordinateG));
}

int64_t MaskClassifier::extentOf(CoordinateId coordinate) const {
  ExtentId id = attention.coordinates[coordinate].extent;
  return id == none ? 1 : exact.extentOf(coordinate, exact.environment());
}

void MaskClassifier::enter(int64_t batch, int64_t head) {
  if (entered) {
    exact.leave();
    exact.leave();
  }
  exact.enter(coordinateB, batch);
  exact.enter(coordinateH, head);
  if (perBatch)
    box[coordinateB] = Interval::of(batch);
  if (perHead)
    box[coordinateH] = Interval::of(head);
  entered = true;
}

std::optional<bool> MaskClassifier::decide(const Area &area) {
  box[coordinateI] = {area.queryBegin, area.queryEnd - 1};
  box[coordinateJ] = {area.keyBegin, area.keyEnd - 1};
  Interval mask = intervals.evaluate(attention.mask, box);
  return mask.isSingle() ? std::optional<bool>(mask.low != 0) : std::nullopt;
}

int64_t MaskClassifier::count(const Area &area) {
  int64_t visible = 0;
  for (int64_t i = area.queryBegin; i < area.queryEnd; ++i) {
    look(i, area.keyBegin, area.keyEnd, row);
    visible += std::count(row.begin(), row.end(), 1);
  }
  return visible;
}

void MaskClassifier::look(int64_t i, int64_t keyBegin, int64_t keyEnd, std::vector<uint8_t> &visible) {
  exact.enter(coordinateI, i);
  reference::Environment chunk = exact.enterChunk(exact.environment(), coordinateJ, keyBegin, keyEnd,
                                                  attention.node(attention.mask).varies);
  reference::Value mask = exact.evaluate(attention.mask, chunk);
  visible.resize(size_t(keyEnd - keyBegin));
  for (size_t n = 0; n < visible.size(); ++n) {
    size_t at = mask->integers.size() == 1 ? 0 : n;
    bool known = mask->faults.empty() || !mask->faults[at];
    visible[n] = known && mask->integers[at] != 0;
    if (!known && problem.empty())
      problem = reference::describe(attention, data.binding, mask->faults[at]);
  }
  exact.leaveChunk();
  exact.leave();
}
