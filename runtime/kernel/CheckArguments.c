#include "runtime/kernel/Support.h"

static const int64_t attn_largest_extent = INT32_MAX;

static ATTN_COLD attn_text attn_about_tensor(attn_check *check, int32_t tensor) {
  attn_text text = attn_text_of(check->error);
  attn_append(&text, check->run->info->tensors[tensor].name);
  attn_append(&text, ": ");
  return text;
}

static int32_t attn_is_number(const char *string) {
  for (; *string; ++string)
    if (*string < '0' || *string > '9')
      return 0;
  return 1;
}

/* `f32[B, H, I, D=128]`: dimensions as the spec writes them, with the value of those that are fixed and of the one in
 * question. */
static ATTN_COLD void attn_append_expected(attn_text *text, const attn_check *check, int32_t tensor, int32_t culprit,
                                           int64_t culprit_size) {
  const attn_kernel_info *info = check->run->info;
  const attn_tensor_info *wanted = &info->tensors[tensor];
  attn_append(text, "expected ");
  attn_append_element(text, wanted->element);
  attn_append(text, "[");
  for (int32_t n = 0; n < wanted->rank; ++n) {
    const attn_dimension_info *dimension = &wanted->dimensions[n];
    int32_t plain = dimension->extent >= 0 && dimension->scale == 1 && dimension->offset == 0;
    int64_t size = -1;
    int32_t known = 0;
    if (n == culprit) {
      size = culprit_size;
      known = 1;
    } else if (plain && info->extents[dimension->extent].fixed >= 0) {
      size = info->extents[dimension->extent].fixed;
      known = 1;
    }
    if (n)
      attn_append(text, ", ");
    attn_append(text, dimension->text);
    if (known && !attn_is_number(dimension->text)) {
      attn_append(text, strchr(dimension->text, ' ') ? " = " : "=");
      attn_append_integer(text, size);
    }
  }
  attn_append(text, "]");
}

static ATTN_COLD void attn_append_actual(attn_text *text, const DLTensor *tensor) {
  attn_append(text, ", got ");
  attn_append_dtype(text, tensor->dtype);
  if (tensor->ndim < 0 || (tensor->ndim > 0 && !tensor->shape)) {
    attn_append(text, " of rank ");
    attn_append_integer(text, tensor->ndim);
  } else {
    attn_append_list(text, tensor->shape, tensor->ndim);
  }
}

static ATTN_COLD attn_text attn_mismatch(attn_check *check, int32_t tensor, int32_t culprit, int64_t culprit_size) {
  attn_text text = attn_about_tensor(check, tensor);
  attn_append_expected(&text, check, tensor, culprit, culprit_size);
  attn_append_actual(&text, check->tensors[tensor]);
  attn_append(&text, ": ");
  return text;
}

/* `extent D is 64 by q`: an extent's value and where it is from, for a message about `tensor`. */
static ATTN_COLD void attn_append_extent(attn_text *text, const attn_check *check, int32_t extent, int32_t tensor) {
  const attn_kernel_info *info = check->run->info;
  const attn_extent_info *about = &info->extents[extent];
  const attn_source *source = &check->sources[extent];
  attn_append(text, "extent ");
  attn_append(text, about->name);
  attn_append(text, source->kind == ATTN_SOURCE_FIXED ? " is fixed to " : " is ");
  attn_append_integer(text, check->run->extents[extent]);
  switch (source->kind) {
  case ATTN_SOURCE_SCALAR:
    attn_append(text, " by the scalar ");
    attn_append(text, info->scalars[about->scalar].name);
    break;
  case ATTN_SOURCE_TENSOR:
    attn_append(text, " by ");
    if (source->tensor == tensor) {
      attn_append(text, "dimension ");
      attn_append_integer(text, source->dimension);
    } else {
      attn_append(text, info->tensors[source->tensor].name);
    }
    break;
  case ATTN_SOURCE_COMPUTED:
    attn_append(text, ", computed"); /* fall through */
  default:
    if (about->place && about->place[0]) {
      attn_append(text, " at ");
      attn_append(text, about->place);
    }
  }
}

static int32_t attn_type_code_fits(DLDataType dtype, int32_t element) {
  if (dtype.lanes != 1 || dtype.bits != 8 * attn_element_size(element))
    return 0;
  switch (element) {
  case ATTN_F16:
  case ATTN_F32:
    return dtype.code == 2;
  case ATTN_BF16:
    return dtype.code == 4;
  case ATTN_U8:
    return dtype.code == 1;
  case ATTN_BOOL:
    return dtype.code == 6 || dtype.code == 1;
  default:
    return dtype.code == 0;
  }
}

/* Devices whose memory the CPU reads: the CPU itself and page-locked host memory of CUDA and ROCm. */
static int32_t attn_is_host(int32_t device) { return device == 1 || device == 3 || device == 11; }

static int32_t attn_check_form(attn_check *check, int32_t t) {
  const attn_tensor_info *wanted = &check->run->info->tensors[t];
  const DLTensor *tensor = check->tensors[t];
  attn_text text;
  if (!tensor) {
    text = attn_about_tensor(check, t);
    attn_append_expected(&text, check, t, -1, 0);
    attn_append(&text, ", got a null pointer");
    return ATTN_INVALID_ARGUMENT;
  }
  if (!attn_is_host((int32_t)tensor->device.device_type)) {
    text = attn_about_tensor(check, t);
    attn_append(&text, "expected memory of the CPU, got DLPack device type ");
    attn_append_integer(&text, (int32_t)tensor->device.device_type);
    attn_append(&text, "; copy the tensor to the host first");
    return ATTN_INVALID_ARGUMENT;
  }
  if (tensor->ndim != wanted->rank) {
    text = attn_mismatch(check, t, -1, 0);
    attn_append(&text, "rank ");
    attn_append_integer(&text, tensor->ndim);
    attn_append(&text, " is not ");
    attn_append_integer(&text, wanted->rank);
    return ATTN_INVALID_ARGUMENT;
  }
  if (wanted->rank > 0 && !tensor->shape) {
    text = attn_about_tensor(check, t);
    attn_append_expected(&text, check, t, -1, 0);
    attn_append(&text, ", got a null shape");
    return ATTN_INVALID_ARGUMENT;
  }
  if (!attn_type_code_fits(tensor->dtype, wanted->element)) {
    text = attn_mismatch(check, t, -1, 0);
    attn_append(&text, "element type ");
    attn_append_dtype(&text, tensor->dtype);
    attn_append(&text, " is not ");
    attn_append_element(&text, wanted->element);
    return ATTN_INVALID_ARGUMENT;
  }
  for (int32_t n = 0; n < wanted->rank; ++n)
    if (tensor->shape[n] < 0) {
      text = attn_mismatch(check, t, -1, 0);
      attn_append(&text, "dimension ");
      attn_append_integer(&text, n);
      attn_append(&text, " is negative");
      return ATTN_INVALID_ARGUMENT;
    }
  return ATTN_OK;
}

static int32_t attn_check_extent_value(attn_check *check, int32_t extent) {
  const attn_extent_info *about = &check->run->info->extents[extent];
  int64_t value = check->run->extents[extent];
  if (value >= 0 && value <= attn_largest_extent)
    return ATTN_OK;
  attn_text text = attn_text_of(check->error);
  attn_append(&text, about->name);
  attn_append(&text, ": ");
  attn_append_extent(&text, check, extent, -1);
  attn_append(&text, value < 0 ? "; it may not be negative" : "; the largest supported is 2147483647");
  return ATTN_INVALID_ARGUMENT;
}

static int32_t attn_is_unset(const attn_run *run, int32_t scalar) {
  double unset = ATTN_UNSET_FLOAT;
  int64_t bits = ATTN_UNSET_INT;
  if (run->info->scalars[scalar].kind == ATTN_SCALAR_FLOAT)
    memcpy(&bits, &unset, 8);
  return run->scalars[scalar] == bits;
}

/* Scalars are integers, bits of doubles, or, once here, 0 and 1; what the caller left unset stays marked for `bind`. */
static int32_t attn_check_scalars(attn_check *check) {
  attn_run *run = check->run;
  for (int32_t s = 0; s < run->info->scalar_count; ++s) {
    const attn_scalar_info *about = &run->info->scalars[s];
    if (!attn_is_unset(run, s)) {
      if (about->kind == ATTN_SCALAR_BOOL)
        run->scalars[s] = run->scalars[s] != 0;
    } else if (!about->has_default) {
      attn_text text = attn_text_of(check->error);
      attn_append(&text, about->name);
      attn_append(&text, ": this scalar has no default and was not set");
      return ATTN_INVALID_ARGUMENT;
    }
  }
  return ATTN_OK;
}

/* An extent takes its scalar's value; one that is fixed must equal it. */
static int32_t attn_bind_scalar(attn_check *check, int32_t extent) {
  attn_run *run = check->run;
  const attn_extent_info *about = &run->info->extents[extent];
  int64_t given = run->scalars[about->scalar];
  if (about->fixed >= 0 && given != about->fixed) {
    attn_text text = attn_text_of(check->error);
    attn_append(&text, run->info->scalars[about->scalar].name);
    attn_append(&text, ": expected ");
    attn_append_integer(&text, about->fixed);
    attn_append(&text, ", got ");
    attn_append_integer(&text, given);
    attn_append(&text, ": ");
    attn_append_extent(&text, check, extent, -1);
    return ATTN_INVALID_ARGUMENT;
  }
  if (about->fixed < 0) {
    run->extents[extent] = given;
    check->sources[extent].kind = ATTN_SOURCE_SCALAR;
  }
  return attn_check_extent_value(check, extent);
}

static int32_t attn_bind_given(attn_check *check) {
  attn_run *run = check->run;
  for (int32_t e = 0; e < run->info->extent_count; ++e) {
    const attn_extent_info *about = &run->info->extents[e];
    run->extents[e] = about->fixed >= 0 ? about->fixed : 0;
    check->sources[e].kind = about->fixed >= 0 ? ATTN_SOURCE_FIXED : ATTN_SOURCE_NONE;
    if (about->kind == ATTN_EXTENT_SCALAR && !attn_is_unset(run, about->scalar)) {
      int32_t status = attn_bind_scalar(check, e);
      if (status != ATTN_OK)
        return status;
    }
  }
  return ATTN_OK;
}

/* Dimensions bind extents in three rounds: those that are just a name; `scale * X + offset`; broadcast ones of size 1.
 */
typedef enum attn_round { ATTN_ROUND_PLAIN, ATTN_ROUND_AFFINE, ATTN_ROUND_BROADCAST } attn_round;

static int32_t attn_round_of(const attn_tensor_info *tensor, const attn_dimension_info *dimension, int64_t size) {
  if (dimension->scale != 1 || dimension->offset != 0)
    return ATTN_ROUND_AFFINE;
  return dimension->broadcastable && !tensor->is_output && size == 1 ? ATTN_ROUND_BROADCAST : ATTN_ROUND_PLAIN;
}

static int32_t attn_bind_dimension(attn_check *check, int32_t t, int32_t n, int32_t round) {
  attn_run *run = check->run;
  const attn_dimension_info *dimension = &run->info->tensors[t].dimensions[n];
  int32_t extent = dimension->extent;
  int64_t size = check->tensors[t]->shape[n];
  int64_t scaled;
  attn_source *source;
  if (extent < 0 || dimension->scale == 0 || attn_round_of(&run->info->tensors[t], dimension, size) != round)
    return ATTN_OK;
  source = &check->sources[extent];
  if (source->kind == ATTN_SOURCE_NONE && run->info->extents[extent].kind != ATTN_EXTENT_DIMENSION)
    return ATTN_OK;
  if (source->kind != ATTN_SOURCE_NONE) {
    int64_t wanted =
        (int64_t)((uint64_t)dimension->scale * (uint64_t)run->extents[extent] + (uint64_t)dimension->offset);
    if (size == wanted || round == ATTN_ROUND_BROADCAST)
      return ATTN_OK;
    attn_text text = attn_mismatch(check, t, n, wanted);
    attn_append_extent(&text, check, extent, t);
    return ATTN_INVALID_ARGUMENT;
  }
  if (__builtin_sub_overflow(size, dimension->offset, &scaled) || scaled % dimension->scale != 0 ||
      scaled / dimension->scale < 0) {
    attn_text text = attn_mismatch(check, t, -1, 0);
    attn_append(&text, "dimension ");
    attn_append_integer(&text, n);
    attn_append(&text, " is not `");
    attn_append(&text, dimension->text);
    attn_append(&text, "` for any ");
    attn_append(&text, run->info->extents[extent].name);
    attn_append(&text, " >= 0");
    return ATTN_INVALID_ARGUMENT;
  }
  run->extents[extent] = scaled / dimension->scale;
  source->kind = ATTN_SOURCE_TENSOR;
  source->tensor = t;
  source->dimension = n;
  return attn_check_extent_value(check, extent);
}

static int32_t attn_bind_dimensions(attn_check *check) {
  const attn_kernel_info *info = check->run->info;
  for (int32_t round = ATTN_ROUND_PLAIN; round <= ATTN_ROUND_BROADCAST; ++round)
    for (int32_t t = 0; t < info->tensor_count; ++t)
      for (int32_t n = 0; n < info->tensors[t].rank; ++n) {
        int32_t status = attn_bind_dimension(check, t, n, round);
        if (status != ATTN_OK)
          return status;
      }
  for (int32_t e = 0; e < info->extent_count; ++e)
    if (check->sources[e].kind == ATTN_SOURCE_NONE && info->extents[e].kind == ATTN_EXTENT_DIMENSION) {
      attn_text text = attn_text_of(check->error);
      attn_append(&text, info->extents[e].name);
      attn_append(&text, ": no dimension of a tensor gives this extent");
      return ATTN_INVALID_ARGUMENT;
    }
  return ATTN_OK;
}

static int32_t attn_check_heads(attn_check *check) {
  const attn_kernel_info *info = check->run->info;
  if (info->heads < 0 || info->groups < 0 || check->sources[info->heads].kind == ATTN_SOURCE_NONE ||
      check->sources[info->groups].kind == ATTN_SOURCE_NONE)
    return ATTN_OK;
  int64_t heads = check->run->extents[info->heads], groups = check->run->extents[info->groups];
  if (groups == 0 ? heads == 0 : heads % groups == 0)
    return ATTN_OK;
  attn_text text = attn_text_of(check->error);
  attn_append(&text, info->extents[info->heads].name);
  attn_append(&text, " must be a multiple of ");
  attn_append(&text, info->extents[info->groups].name);
  attn_append(&text, ": ");
  attn_append_extent(&text, check, info->heads, -1);
  attn_append(&text, ", ");
  attn_append_extent(&text, check, info->groups, -1);
  return ATTN_INVALID_ARGUMENT;
}

/* After bind: every dimension of a tensor against the size it must have. */
static int32_t attn_check_sizes_of(attn_check *check, int32_t t) {
  attn_run *run = check->run;
  const attn_tensor_info *wanted = &run->info->tensors[t];
  for (int32_t n = 0; n < wanted->rank; ++n) {
    const attn_dimension_info *dimension = &wanted->dimensions[n];
    int64_t size = check->tensors[t]->shape[n], must = run->sizes[wanted->first_size + n];
    if (size == must || (size == 1 && dimension->broadcastable && !wanted->is_output))
      continue;
    attn_text text = attn_mismatch(check, t, n, must);
    if (dimension->extent >= 0) {
      attn_append_extent(&text, check, dimension->extent, t);
    } else {
      attn_append(&text, "dimension ");
      attn_append_integer(&text, n);
      attn_append(&text, " must be ");
      attn_append_integer(&text, must);
    }
    return ATTN_INVALID_ARGUMENT;
  }
  return ATTN_OK;
}

static int32_t attn_check_sizes(attn_check *check) {
  int32_t status = ATTN_OK;
  for (int32_t t = 0; t < check->run->info->tensor_count && status == ATTN_OK; ++t)
    status = attn_check_sizes_of(check, t);
  return status;
}

/* What bind may read: each input within its own shape. One that can't be read has no elements for now. */
static void attn_open_inputs(attn_check *check) {
  attn_run *run = check->run;
  attn_error *error = check->error;
  check->error = NULL;
  for (int32_t t = 0; t < run->info->tensor_count; ++t)
    if (run->info->tensors[t].is_output || attn_locate_tensor(check, t) != ATTN_OK)
      memset(run->shape + (size_t)ATTN_MAX_RANK * (size_t)t, 0, ATTN_MAX_RANK * sizeof(int64_t));
  check->error = error;
}

/* An index that leaves a tensor of another shape than it should have is the shape's fault. */
static int32_t attn_report_bind(attn_check *check) {
  const attn_site_info *site = &check->run->info->sites[check->run->failed_site];
  if (site->kind == ATTN_SITE_INDEX) {
    int32_t status = attn_check_sizes_of(check, site->tensor);
    if (status == ATTN_OK)
      status = attn_locate_tensor(check, site->tensor);
    if (status != ATTN_OK)
      return status;
  }
  return attn_report_failure(check->run, check->error);
}

static int32_t attn_bind_computed(attn_check *check) {
  attn_run *run = check->run;
  attn_open_inputs(check);
  run->info->bind(run);
  if (run->failed)
    return attn_report_bind(check);
  for (int32_t e = 0; e < run->info->extent_count; ++e) {
    int32_t status = ATTN_OK;
    if (run->info->extents[e].kind == ATTN_EXTENT_SCALAR) {
      status = attn_bind_scalar(check, e);
    } else if (check->sources[e].kind == ATTN_SOURCE_NONE) {
      check->sources[e].kind = ATTN_SOURCE_COMPUTED;
      status = attn_check_extent_value(check, e);
    }
    if (status != ATTN_OK)
      return status;
  }
  return ATTN_OK;
}

static int32_t attn_check_arguments(attn_check *check) {
  int32_t status = ATTN_OK;
  for (int32_t t = 0; t < check->run->info->tensor_count && status == ATTN_OK; ++t)
    status = attn_check_form(check, t);
  if (status == ATTN_OK)
    status = attn_check_scalars(check);
  if (status == ATTN_OK)
    status = attn_bind_given(check);
  if (status == ATTN_OK)
    status = attn_bind_dimensions(check);
  if (status == ATTN_OK)
    status = attn_check_heads(check);
  if (status == ATTN_OK)
    status = attn_bind_computed(check);
  if (status == ATTN_OK)
    status = attn_check_heads(check);
  if (status == ATTN_OK)
    status = attn_check_sizes(check);
  if (status == ATTN_OK)
    status = attn_check_memory(check);
  return status;
}
