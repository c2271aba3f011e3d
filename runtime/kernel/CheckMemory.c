#include "runtime/kernel/Support.h"

static int32_t attn_refuse_memory(attn_check *check, int32_t t, const char *why) {
  attn_text text = attn_about_tensor(check, t);
  attn_append(&text, why);
  return ATTN_INVALID_ARGUMENT;
}

/* Strides in elements as generated code reads them: 0 in a broadcast dimension. The stride of a dimension of size 1
   means nothing to its owner (NumPy and PyTorch leave any number there) and is replaced. */
static int32_t attn_read_strides(attn_check *check, int32_t t) {
  attn_run *run = check->run;
  const attn_tensor_info *wanted = &run->info->tensors[t];
  const DLTensor *tensor = check->tensors[t];
  int64_t *strides = run->strides + (size_t)ATTN_MAX_RANK * (size_t)t;
  int64_t *shape = run->shape + (size_t)ATTN_MAX_RANK * (size_t)t;
  int64_t elements = attn_element_size(wanted->element), compact = 1;
  for (int32_t n = 0; n < wanted->rank; ++n) {
    shape[n] = tensor->shape[n];
    if (__builtin_mul_overflow(elements, shape[n] > 1 ? shape[n] : 1, &elements)) {
      attn_text text = attn_about_tensor(check, t);
      attn_append(&text, "the number of bytes in shape ");
      attn_append_list(&text, tensor->shape, tensor->ndim);
      attn_append(&text, " overflows 64 bits");
      return ATTN_INVALID_ARGUMENT;
    }
  }
  for (int32_t n = wanted->rank - 1; n >= 0; --n) {
    if (shape[n] == 1) {
      int32_t broadcast = run->sizes[wanted->first_size + n] != 1;
      strides[n] = n == wanted->rank - 1 && !broadcast ? 1 : 0;
    } else if (!tensor->strides) {
      strides[n] = compact;
    } else {
      strides[n] = tensor->strides[n];
      if (strides[n] < 0) {
        attn_text text = attn_about_tensor(check, t);
        attn_append(&text, "stride ");
        attn_append_integer(&text, strides[n]);
        attn_append(&text, " of dimension ");
        attn_append_integer(&text, n);
        attn_append(&text, " is negative; copy the tensor into its own order first");
        return ATTN_INVALID_ARGUMENT;
      }
    }
    compact *= shape[n] > 1 ? shape[n] : 1;
  }
  return ATTN_OK;
}

static int32_t attn_is_empty(const int64_t *shape, int32_t rank) {
  for (int32_t n = 0; n < rank; ++n)
    if (shape[n] == 0)
      return 1;
  return 0;
}

static int32_t attn_locate(attn_check *check, int32_t t) {
  attn_run *run = check->run;
  const attn_tensor_info *wanted = &run->info->tensors[t];
  const DLTensor *tensor = check->tensors[t];
  const int64_t *strides = run->strides + (size_t)ATTN_MAX_RANK * (size_t)t;
  const int64_t *shape = run->shape + (size_t)ATTN_MAX_RANK * (size_t)t;
  uint64_t size = (uint64_t)attn_element_size(wanted->element), low, high;
  int64_t reach = 1, step;
  int32_t empty = attn_is_empty(shape, wanted->rank);
  check->footprints[t].low = check->footprints[t].high = 0;
  run->data[t] = NULL;
  if (empty) {
    if (tensor->data)
      run->data[t] = (char *)tensor->data + tensor->byte_offset;
    return ATTN_OK;
  }
  if (!tensor->data)
    return attn_refuse_memory(check, t, "its data pointer is null; only a tensor without elements may have none");
  for (int32_t n = 0; n < wanted->rank; ++n)
    if (__builtin_mul_overflow(shape[n] - 1, strides[n], &step) || __builtin_add_overflow(reach, step, &reach))
      return attn_refuse_memory(check, t, "its shape and strides reach past 64 bits");
  if (__builtin_add_overflow((uint64_t)(uintptr_t)tensor->data, tensor->byte_offset, &low) ||
      __builtin_mul_overflow((uint64_t)reach, size, &high) || high > INT64_MAX ||
      __builtin_add_overflow(high, low, &high) || high > UINTPTR_MAX)
    return attn_refuse_memory(check, t, "its shape, strides and byte offset reach past the end of memory");
  if (low % size != 0) {
    attn_text text = attn_about_tensor(check, t);
    attn_append(&text, "its address is not a multiple of ");
    attn_append_integer(&text, (int64_t)size);
    attn_append(&text, ", the size of an element");
    return ATTN_INVALID_ARGUMENT;
  }
  run->data[t] = (char *)tensor->data + tensor->byte_offset;
  check->footprints[t].low = low;
  check->footprints[t].high = high;
  return ATTN_OK;
}

static int32_t attn_locate_tensor(attn_check *check, int32_t t) {
  int32_t status = attn_read_strides(check, t);
  return status == ATTN_OK ? attn_locate(check, t) : status;
}

/* No two elements share an address if, from the smallest stride up, each stride exceeds all that the smaller ones
 * reach. */
static int32_t attn_overlaps_itself(const int64_t *shape, const int64_t *strides, int32_t rank) {
  int64_t reach = 0;
  int32_t done[ATTN_MAX_RANK] = {0};
  for (int32_t round = 0; round < rank; ++round) {
    int32_t next = -1;
    for (int32_t n = 0; n < rank; ++n)
      if (!done[n] && (next < 0 || strides[n] < strides[next]))
        next = n;
    done[next] = 1;
    if (shape[next] <= 1)
      continue;
    if (strides[next] <= reach)
      return 1;
    reach += (shape[next] - 1) * strides[next];
  }
  return 0;
}

/* Bytes from a tensor's first element to the end of its last, over dimensions with strides below `period` bytes; 0 if a
   longer stride is not a multiple of it. */
static uint64_t attn_reach_below(const attn_run *run, int32_t t, uint64_t period) {
  const attn_tensor_info *about = &run->info->tensors[t];
  uint64_t size = (uint64_t)attn_element_size(about->element), reach = size;
  for (int32_t n = 0; n < about->rank; ++n) {
    uint64_t stride = (uint64_t)run->strides[ATTN_MAX_RANK * t + n] * size;
    if (run->shape[ATTN_MAX_RANK * t + n] <= 1)
      continue;
    if (stride < period)
      reach += (uint64_t)(run->shape[ATTN_MAX_RANK * t + n] - 1) * stride;
    else if (stride % period != 0)
      return 0;
  }
  return reach;
}

/* Two tensors in one buffer are apart where their elements differ modulo one of their strides, as the slices of a
   packed
   [.., 3, ..] do. */
static int32_t attn_apart(const attn_check *check, int32_t a, int32_t b) {
  const attn_run *run = check->run;
  const attn_footprint *first = &check->footprints[a], *second = &check->footprints[b];
  if (first->low >= second->high || second->low >= first->high)
    return 1;
  for (int32_t side = 0; side < 2; ++side) {
    int32_t t = side ? b : a;
    for (int32_t n = 0; n < run->info->tensors[t].rank; ++n) {
      uint64_t size = (uint64_t)attn_element_size(run->info->tensors[t].element);
      uint64_t period = (uint64_t)run->strides[ATTN_MAX_RANK * t + n] * size;
      if (period == 0 || run->shape[ATTN_MAX_RANK * t + n] <= 1)
        continue;
      uint64_t reach_a = attn_reach_below(run, a, period), reach_b = attn_reach_below(run, b, period);
      uint64_t shift = second->low >= first->low ? (second->low - first->low) % period
                                                 : (period - (first->low - second->low) % period) % period;
      if (reach_a && reach_b && shift >= reach_a && reach_b <= period - shift)
        return 1;
    }
  }
  return 0;
}

static int32_t attn_check_memory(attn_check *check) {
  attn_run *run = check->run;
  const attn_tensor_info *tensors = run->info->tensors;
  for (int32_t t = 0; t < run->info->tensor_count; ++t) {
    int32_t status = attn_locate_tensor(check, t);
    if (status != ATTN_OK)
      return status;
  }
  for (int32_t t = 0; t < run->info->tensor_count; ++t) {
    const int64_t *shape = run->shape + ATTN_MAX_RANK * t, *strides = run->strides + ATTN_MAX_RANK * t;
    if (!tensors[t].is_output || check->footprints[t].low == check->footprints[t].high)
      continue;
    if (attn_overlaps_itself(shape, strides, tensors[t].rank)) {
      attn_text text = attn_about_tensor(check, t);
      attn_append(&text, "elements of this output overlap: shape ");
      attn_append_list(&text, shape, tensors[t].rank);
      attn_append(&text, " with strides ");
      attn_append_list(&text, strides, tensors[t].rank);
      return ATTN_INVALID_ARGUMENT;
    }
    for (int32_t other = 0; other < run->info->tensor_count; ++other) {
      if (other == t || (tensors[other].is_output && other > t) ||
          check->footprints[other].low == check->footprints[other].high || attn_apart(check, t, other))
        continue;
      attn_text text = attn_about_tensor(check, t);
      attn_append(&text, "its memory overlaps that of ");
      attn_append(&text, tensors[other].name);
      attn_append(&text, "; an output needs memory of its own");
      return ATTN_INVALID_ARGUMENT;
    }
  }
  return ATTN_OK;
}
