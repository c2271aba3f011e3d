#include "compiler/library/TileVisits.h"

#include "compiler/library/MaskClassifier.h"
#include "compiler/library/StandIns.h"
#include "runtime/kernel/Kernel.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

using namespace attn;
using namespace attn::library;

namespace {

/// An allocator that looks at the workspace when it is given back: the last thing a launch asks for, and the first it returns.
struct Watch {
  void *last = nullptr;
  attn_visits found{};
};

void *allocate(void *allocator, size_t bytes, size_t alignment) {
  auto *watch = static_cast<Watch *>(allocator);
  return watch->last = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

void release(void *allocator, void *memory, size_t bytes) {
  auto *watch = static_cast<Watch *>(allocator);
  if (memory && memory == watch->last && bytes >= sizeof(watch->found))
    std::memcpy(&watch->found, memory, sizeof(watch->found));
  watch->last = nullptr;
  std::free(memory);
}

int64_t blocksOf(int64_t size, int64_t block) { return (size + block - 1) / block; }

/// Tiles are counted by the rows that a row block holds: of one head, or of all the heads of a group.
void countTiles(const sema::Attention &attention, const RunData &data, const ScheduleFact &schedule, TileVisits &result, double &pairs) {
  MaskClassifier plane(attention, data);
  sema::ExtentId id = attention.coordinates[sema::coordinateG].extent;
  int64_t groups = id == sema::none ? 1 : data.binding.extents[id].value_or(1);
  for (int64_t batch = 0; batch < plane.batches(); ++batch) {
    plane.enter(batch, 0);
    int64_t sets = schedule.headsTogether ? groups : plane.heads();
    int64_t rows = sets > 0 ? plane.queries() * plane.heads() / sets : 0;
    result.tiles += blocksOf(rows, schedule.rowBlock()) * blocksOf(plane.keys(), schedule.keyBlock) * sets;
    pairs += double(plane.queries()) * double(plane.keys()) * double(plane.heads());
  }
}

} // namespace

Result<TileVisits> library::countVisits(const Kernel &visits, const RunData &data, const Facts &facts) {
  const sema::Attention &attention = visits.attention();
  TileVisits result;
  double pairs = 0;
  countTiles(attention, data, facts.schedule, result, pairs);
  const sema::Node &mask = attention.node(attention.mask);
  if (mask.kind == sema::NodeKind::Boolean && mask.integer != 0) {
    result.full = result.tiles;
    result.visitedPairs = 1;
    return result;
  }
  if (facts.searches == 0)
    return Failure{"the kernel visits every tile without a search"};

  Watch watch;
  attn_context context{};
  context.allocator = &watch;
  context.allocate = allocate;
  context.release = release;
  StandIns tensors(attention, data);
  if (!tensors.all())
    return Failure{"the tensors are too large for this machine"};
  if (Status status = visits.run(*tensors.all(), data.scalars, &context); !status)
    return status.failure();
  int64_t visited = watch.found.blocks / facts.searches;
  result.full = watch.found.full_blocks / facts.searches;
  result.mixed = visited - result.full;
  result.empty = result.tiles - visited;
  result.visitedPairs = pairs > 0 ? double(watch.found.pairs) / double(facts.searches) / pairs : 0;
  return result;
}

TileVisits library::countTruly(const sema::Attention &attention, const RunData &data, int64_t tileQueries, int64_t tileKeys) {
  TileVisits result;
  MaskClassifier plane(attention, data);
  double pairs = 0, visible = 0;
  std::vector<uint8_t> row;
  int64_t heads = plane.variesByHead() ? plane.heads() : std::min<int64_t>(plane.heads(), 1);
  int64_t times = plane.variesByHead() ? 1 : plane.heads();
  for (int64_t batch = 0; batch < plane.batches(); ++batch)
    for (int64_t head = 0; head < heads; ++head) {
      plane.enter(batch, head);
      int64_t queries = plane.queries(), keys = plane.keys(), columns = blocksOf(keys, tileKeys);
      pairs += double(queries) * double(keys) * double(times);
      for (int64_t first = 0; first < queries; first += tileQueries) {
        int64_t last = std::min(first + tileQueries, queries);
        std::vector<int64_t> seen(static_cast<size_t>(columns));
        for (int64_t i = first; i < last; ++i) {
          plane.look(i, 0, keys, row);
          for (int64_t column = 0; column < columns; ++column)
            seen[size_t(column)] += std::count(row.begin() + column * tileKeys, row.begin() + std::min((column + 1) * tileKeys, keys), 1);
        }
        for (int64_t column = 0; column < columns; ++column) {
          int64_t all = (last - first) * (std::min((column + 1) * tileKeys, keys) - column * tileKeys), found = seen[size_t(column)];
          (found == 0 ? result.empty : found == all ? result.full : result.mixed) += times;
          visible += double(found) * double(times);
        }
        result.tiles += columns * times;
      }
    }
  result.visitedPairs = pairs > 0 ? visible / pairs : 0;
  return result;
}
