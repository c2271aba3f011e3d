#include "compiler/library/StandIns.h"

#include <sys/mman.h>

using namespace attn;
using namespace attn::library;

StandIns::StandIns(const sema::Attention &attention, const RunData &data) : views(data.views()) {
  size_t inputs = attention.tensors.size(), count = inputs + attention.outputs.size(), size = 0;
  shapes.resize(count);
  strides.resize(count);
  views.resize(count);
  std::vector<std::pair<size_t, size_t>> places;
  for (size_t n = 0; n < count; ++n) {
    shapes[n] = n < inputs ? data.binding.tensors[n].shape : reference::outputShape(attention, data.binding, uint32_t(n - inputs));
    if (n < data.tensors.size() && data.tensors[n].shape() == shapes[n])
      continue;
    auto element = ElementType(uint8_t(n < inputs ? attention.tensors[n].element : attention.outputs[n - inputs].element));
    Result<int64_t> needed = shapeBytes(element, shapes[n]);
    if (!needed || __builtin_add_overflow(size, (size_t(*needed) + 64) / 64 * 64, &size))
      return;
    places.push_back({n, size - (size_t(*needed) + 64) / 64 * 64});
    strides[n] = reference::TensorView::contiguous(nullptr, {}, shapes[n]).strides;
    views[n] = DLTensor{};
    views[n].device = {kDLCPU, 0};
    views[n].dtype = dlpackType(element);
    views[n].ndim = int32_t(shapes[n].size());
    views[n].shape = shapes[n].data();
    views[n].strides = strides[n].data();
  }
  isWhole = places.empty() || reserve(places, size);
  for (const DLTensor &view : views)
    pointers.push_back(&view);
}

/// Tensors by number, and how far behind the first they lie.
bool StandIns::reserve(const std::vector<std::pair<size_t, size_t>> &places, size_t size) {
  void *found = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (found == MAP_FAILED)
    return false;
  memory = found;
  bytes = size;
  for (auto [tensor, place] : places)
    views[tensor].data = static_cast<char *>(memory) + place;
  return true;
}

StandIns::~StandIns() {
  if (memory)
    munmap(memory, bytes);
}
