#pragma once

#include "runtime/kernel/Kernel.h"
#include "runtime/tensor/Tensor.h"

#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace attn::test {

/// A dimension of a fake kernel's tensor.
struct FakeDimension {
  const char *text;
  int extent = -1;
  int64_t scale = 1, offset = 0;
  bool broadcastable = false;
};

/// A kernel whose tables and functions are written by a test instead of the compiler. `bind` gives every dimension with
/// an extent its size; what else it does, and the body, are the test's.
class FakeKernel {
public:
  FakeKernel();
  FakeKernel(const FakeKernel &) = delete;

  int extent(const char *name, attn_extent_kind kind = ATTN_EXTENT_DIMENSION, int64_t fixed = -1, int scalar = -1);
  int scalar(const char *name, attn_scalar_kind kind, int64_t value, bool hasDefault = true);
  int input(const char *name, ElementType element, std::vector<FakeDimension> dimensions);
  int output(const char *name, ElementType element, std::vector<FakeDimension> dimensions);
  int site(int tensor, int dimension, const char *text);
  int site(attn_site_kind kind, int tensor, int dimension, const char *text);

  /// A compact tensor of zeros as the argument of tensor `tensor`; `views[tensor]` is what the kernel gets.
  Tensor &give(int tensor, std::vector<int64_t> shape);
  void giveNull(int tensor, bool isNull = true) { nulls[size_t(tensor)] = isNull; }

  attn_status launch(const attn_context *context = nullptr);
  /// The message of a launch that must have failed with this status.
  std::string refusal(attn_status status = ATTN_INVALID_ARGUMENT, const attn_context *context = nullptr);

  int heads = -1, groups = -1;
  int batchExtents = 0, batch = -1;
  std::vector<int32_t> summaries;
  std::vector<int64_t> scalarValues;
  std::vector<DLTensor> views;
  std::vector<Tensor> given;
  std::function<void(attn_run &)> bind = [](attn_run &run) { run.tasks = 1; };
  std::function<void(attn_run &, int64_t, int64_t, void *)> body = [](attn_run &, int64_t, int64_t, void *) {};
  int bodyCalls = 0;
  attn_error error{};

private:
  int tensor(const char *name, ElementType element, std::vector<FakeDimension> dimensions, bool isOutput);

  struct Info : attn_kernel_info {
    FakeKernel *kernel;
  };
  Info info{};
  int sizeCount = 0;
  std::vector<bool> nulls;
  std::deque<std::vector<attn_dimension_info>> dimensionTables;
  std::vector<attn_tensor_info> tensors;
  std::vector<attn_extent_info> extents;
  std::vector<attn_scalar_info> scalars;
  std::vector<attn_site_info> sites;
};

/// q[B, H, I, D], k[B, G, J, D], v[B, G, J, D] -> o[B, H, I, D], with B, H and G of inputs broadcastable and D fixed if
/// given.
struct FakeAttention : FakeKernel {
  explicit FakeAttention(int64_t fixedD = -1);
  int B, H, G, I, J, D;
  int q, k, v, o;
  void giveAll(int64_t b, int64_t h, int64_t g, int64_t i, int64_t j, int64_t d);
};

} // namespace attn::test
