#include "attn/attn.h"

#include "runtime/kernel/Kernel.h"
#include "runtime/tensor/ElementType.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace {

/// The tensors of a merge, as the launcher numbers them.
enum MergeTensor { firstO, firstLse, secondO, secondLse, mergedO, mergedLse, mergeTensors };

constexpr int32_t leastRank = 2, mostRank = 4;
constexpr int64_t rowsPerTask = 64;
constexpr const char *names[mergeTensors] = {"o1", "lse1", "o2", "lse2", "o", "lse"};
constexpr const char *extentNames[mostRank] = {"B", "H", "I", "E"};

/// A merge as a kernel of the launcher, which checks its tensors as those of any other. Lives on the stack of one call.
struct MergeKernel {
  attn_kernel_info info{}; ///< the first member: `bind` and `body` find the rest by it
  attn_tensor_info tensors[mergeTensors]{};
  attn_extent_info extents[mostRank]{};
  attn_dimension_info dimensions[mostRank]{};
  int32_t number[mergeTensors]{}; ///< in the launcher's order; a tensor that is merged in place is only its output
};

const MergeKernel &kernelOf(const attn_run *run) { return *reinterpret_cast<const MergeKernel *>(run->info); }

int32_t elementOf(const DLTensor *tensor, bool maybeNarrow) {
  if (tensor && maybeNarrow && tensor->dtype.bits == 16 && tensor->dtype.lanes == 1) {
    if (tensor->dtype.code == kDLFloat)
      return ATTN_F16;
    if (tensor->dtype.code == kDLBfloat)
      return ATTN_BF16;
  }
  return ATTN_F32;
}

bool isSame(const DLTensor *left, const DLTensor *right) {
  if (!left || !right || left->ndim != right->ndim || left->dtype.code != right->dtype.code || left->dtype.bits != right->dtype.bits)
    return false;
  if (static_cast<char *>(left->data) + left->byte_offset != static_cast<char *>(right->data) + right->byte_offset)
    return false;
  size_t bytes = size_t(std::max(left->ndim, 0)) * sizeof(int64_t);
  bool isStrided = left->strides && right->strides;
  return left->shape && right->shape && std::memcmp(left->shape, right->shape, bytes) == 0 &&
         (isStrided ? std::memcmp(left->strides, right->strides, bytes) == 0 : left->strides == right->strides);
}

float widened(int32_t element, const void *data, int64_t at) {
  if (element == ATTN_F32)
    return static_cast<const float *>(data)[at];
  uint16_t bits = static_cast<const uint16_t *>(data)[at];
  return element == ATTN_BF16 ? attn::fromBfloat(bits) : attn::fromHalf(bits);
}

void store(int32_t element, void *data, int64_t at, double value) {
  if (element == ATTN_F32)
    static_cast<float *>(data)[at] = float(value);
  else
    static_cast<uint16_t *>(data)[at] = element == ATTN_BF16 ? attn::toBfloat(value) : attn::toHalf(value);
}

/// Where the elements of a row begin, in elements.
int64_t offsetOf(const attn_run *run, int32_t tensor, const int64_t *place, int32_t rank) {
  int64_t offset = 0;
  for (int32_t n = 0; n < rank; ++n)
    offset += place[n] * run->strides[ATTN_MAX_RANK * tensor + n];
  return offset;
}

void mergeRow(const attn_run *run, const MergeKernel &kernel, const int64_t *place) {
  int32_t leading = kernel.info.extent_count - 1;
  auto lseOf = [&](MergeTensor which) {
    int32_t tensor = kernel.number[which];
    return double(static_cast<const float *>(run->data[tensor])[offsetOf(run, tensor, place, leading)]);
  };
  double lse1 = lseOf(firstLse), lse2 = lseOf(secondLse);
  constexpr double nothing = -std::numeric_limits<double>::infinity();
  double most = std::fmax(lse1, lse2), share1 = 0, share2 = 0, lse = nothing;
  if (lse1 != lse1 || lse2 != lse2 || most > nothing) {
    double part1 = std::exp(lse1 - most), part2 = std::exp(lse2 - most), sum = part1 + part2;
    share1 = part1 / sum;
    share2 = part2 / sum;
    lse = lse1 != lse1 || lse2 != lse2 ? std::numeric_limits<double>::quiet_NaN() : most + std::log(sum);
    if (lse != lse)
      share1 = share2 = lse;
  }
  struct Row {
    int32_t element;
    void *data;
    int64_t at, step;
  };
  auto rowOf = [&](MergeTensor which) {
    int32_t tensor = kernel.number[which];
    return Row{run->info->tensors[tensor].element, run->data[tensor], offsetOf(run, tensor, place, leading),
               run->strides[ATTN_MAX_RANK * tensor + leading]};
  };
  Row one = rowOf(firstO), two = rowOf(secondO), merged = rowOf(mergedO);
  for (int64_t e = 0; e < run->extents[leading]; ++e) {
    double sum = 0;
    if (share1 != 0)
      sum += share1 * double(widened(one.element, one.data, one.at + e * one.step));
    if (share2 != 0)
      sum += share2 * double(widened(two.element, two.data, two.at + e * two.step));
    store(merged.element, merged.data, merged.at + e * merged.step, sum);
  }
  if (int32_t tensor = kernel.number[mergedLse]; tensor >= 0)
    static_cast<float *>(run->data[tensor])[offsetOf(run, tensor, place, leading)] = float(lse);
}

int64_t rowsOf(const attn_run *run) {
  int64_t rows = 1;
  for (int32_t n = 0; n + 1 < run->info->extent_count; ++n)
    if (__builtin_mul_overflow(rows, run->extents[n], &rows))
      return -1;
  return rows;
}

void bindMerge(attn_run *run) {
  for (int32_t t = 0; t < run->info->tensor_count; ++t)
    for (int32_t n = 0; n < run->info->tensors[t].rank; ++n)
      run->sizes[run->info->tensors[t].first_size + n] = run->extents[run->info->tensors[t].dimensions[n].extent];
  int64_t rows = rowsOf(run);
  run->tasks = rows < 0 ? -1 : rows / rowsPerTask + (rows % rowsPerTask != 0);
}

void runMerge(attn_run *run, int64_t begin, int64_t end, void *) {
  const MergeKernel &kernel = kernelOf(run);
  int64_t rows = rowsOf(run), last = end * rowsPerTask < rows ? end * rowsPerTask : rows;
  for (int64_t row = begin * rowsPerTask; row < last; ++row) {
    int64_t place[mostRank], left = row;
    for (int32_t n = kernel.info.extent_count - 2; n >= 0; --n) {
      place[n] = left % run->extents[n];
      left /= run->extents[n];
    }
    mergeRow(run, kernel, place);
  }
}

} // namespace

int32_t attn_merge(const DLTensor *o1, const DLTensor *lse1, const DLTensor *o2, const DLTensor *lse2, const DLTensor *o,
                   const DLTensor *lse, const attn_context *context, attn_error *error) {
  const DLTensor *given[mergeTensors] = {o1, lse1, o2, lse2, o, lse}, *arguments[mergeTensors + 1] = {};
  int32_t rank = o1 ? std::clamp(o1->ndim, leastRank, mostRank) : mostRank;
  MergeKernel kernel;
  for (int32_t n = 0; n < rank; ++n) {
    const char *name = n == rank - 1 ? extentNames[mostRank - 1] : extentNames[mostRank - rank + n];
    kernel.extents[n] = {name, "", ATTN_EXTENT_DIMENSION, -1, -1};
    kernel.dimensions[n] = {n, 0, 1, 0, name};
  }
  int32_t count = 0, sizes = 0;
  auto add = [&](MergeTensor which, int32_t ranked) {
    bool isOutput = which >= mergedO;
    kernel.number[which] = count;
    kernel.tensors[count] = {names[which], "", elementOf(given[which], which != firstLse && which != secondLse && which != mergedLse), ranked,
                             isOutput, sizes, kernel.dimensions};
    arguments[count++] = given[which];
    sizes += ranked;
  };
  auto isInPlace = [&](MergeTensor input) { return isSame(given[input], given[input == firstO || input == secondO ? mergedO : mergedLse]); };
  for (MergeTensor input : {firstO, firstLse, secondO, secondLse})
    if (!isInPlace(input))
      add(input, input == firstO || input == secondO ? rank : rank - 1);
  add(mergedO, rank);
  kernel.number[mergedLse] = -1;
  if (lse)
    add(mergedLse, rank - 1);
  for (MergeTensor input : {firstO, firstLse, secondO, secondLse})
    if (isInPlace(input))
      kernel.number[input] = kernel.number[input == firstO || input == secondO ? mergedO : mergedLse];
  kernel.info.name = "attn_merge";
  kernel.info.tensor_count = count;
  kernel.info.extent_count = rank;
  kernel.info.size_count = sizes;
  kernel.info.tensors = kernel.tensors;
  kernel.info.extents = kernel.extents;
  kernel.info.heads = kernel.info.groups = -1;
  kernel.info.bind = bindMerge;
  kernel.info.body = runMerge;
  return attn_launch(&kernel.info, arguments, context, error);
}
