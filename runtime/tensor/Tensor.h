#pragma once

#include "attn/dlpack.h"
#include "runtime/tensor/ElementType.h"
#include "runtime/tensor/Result.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace attn {

/// A tensor that owns its memory: 64-byte aligned, any element type, any strides within it. Moving a tensor keeps the
/// addresses of its elements, shape and strides, so views stay good; destroying it ends them.
class Tensor {
public:
  /// The largest rank a kernel takes.
  static constexpr size_t maxRank = 8;

  /// Empty: f32[0].
  Tensor();

  /// All elements zero, last dimension innermost. Fails if the rank is above `maxRank`, a size is negative, the bytes
  /// overflow, or there is not that much memory; and with `stoppedText` where `stop` (may be null) becomes true.
  static Result<Tensor> create(ElementType element, std::vector<int64_t> shape,
                               const std::atomic<bool> *stop = nullptr);
  /// The same elements, with dimension n of the result innermost-first as `order` says: order lists the dimensions from
  /// outermost to innermost in memory. `create(e, {2, 3})` is `createOrdered(e, {2, 3}, {0, 1})`; {1, 0} is Fortran's
  /// order.
  static Result<Tensor> createOrdered(ElementType element, std::vector<int64_t> shape, const std::vector<size_t> &order,
                                      const std::atomic<bool> *stop = nullptr);

  ElementType element() const { return elementType; }
  const std::vector<int64_t> &shape() const { return sizes; }
  /// In elements.
  const std::vector<int64_t> &strides() const { return steps; }
  size_t rank() const { return sizes.size(); }
  int64_t elementCount() const { return count; }
  int64_t byteCount() const { return count * byteSize(elementType); }
  /// Whether the elements lie in the order of their indices.
  bool isCompact() const;

  std::byte *data() { return memory.get(); }
  const std::byte *data() const { return memory.get(); }
  /// All elements in memory order. T must have the size of an element.
  template <class T> std::span<T> values() { return {reinterpret_cast<T *>(memory.get()), size_t(count)}; }
  template <class T> std::span<const T> values() const {
    return {reinterpret_cast<const T *>(memory.get()), size_t(count)};
  }

  /// Elements in memory of an index tuple of the tensor's rank.
  int64_t offset(std::span<const int64_t> index) const;
  /// Element at a memory offset, widened. `integer` is for integer and bool tensors, `real` for any.
  double real(int64_t offset) const;
  int64_t integer(int64_t offset) const;
  /// Stores at a memory offset, rounded to a float type, or truncated to an integer's low bits; a bool is whether it
  /// isn't 0.
  void setReal(int64_t offset, double value);
  void setInteger(int64_t offset, int64_t value);

  /// The same elements in index order.
  Result<Tensor> compacted() const;

  /// For a kernel's argument. Valid while the tensor lives.
  DLTensor view() const;
  /// `bf16[1, 8, 1024, 64]`
  std::string describe() const;

private:
  struct Free {
    void operator()(std::byte *pointer) const;
  };
  ElementType elementType = ElementType::F32;
  std::vector<int64_t> sizes, steps;
  int64_t count = 0;
  std::unique_ptr<std::byte[], Free> memory;
};

DLDataType dlpackType(ElementType element);

/// `[1, 8, 1024, 64]`
std::string describeShape(std::span<const int64_t> shape);

/// The number of bytes, or why the shape is impossible.
Result<int64_t> shapeBytes(ElementType element, std::span<const int64_t> shape);

} // namespace attn
