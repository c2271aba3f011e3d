#include "runtime/kernel/Support.h"

enum { ATTN_ALIGNMENT = 64, ATTN_IDLE_WORKSPACES = 64 };

static const int64_t attn_most_workspace = (int64_t)1 << 40;

static void *attn_allocate(const attn_context *context, size_t bytes) {
  size_t rounded = (bytes + ATTN_ALIGNMENT - 1) / ATTN_ALIGNMENT * ATTN_ALIGNMENT;
  if (context && context->allocate)
    return context->allocate(context->allocator, rounded, ATTN_ALIGNMENT);
  return aligned_alloc(ATTN_ALIGNMENT, rounded);
}

static void attn_release(const attn_context *context, void *memory, size_t bytes) {
  size_t rounded = (bytes + ATTN_ALIGNMENT - 1) / ATTN_ALIGNMENT * ATTN_ALIGNMENT;
  if (!memory)
    return;
  if (!context || !context->allocate)
    free(memory);
  else if (context->release)
    context->release(context->allocator, memory, rounded);
}

static int32_t attn_out_of_memory(attn_error *error, size_t bytes, const char *when) {
  attn_text text = attn_text_of(error);
  attn_append(&text, "out of memory: the allocator gave no ");
  attn_append_integer(&text, (int64_t)bytes);
  attn_append(&text, " bytes ");
  attn_append(&text, when);
  return ATTN_OUT_OF_MEMORY;
}

static int32_t attn_misaligned(attn_error *error) {
  attn_text text = attn_text_of(error);
  attn_append(&text, "context: the allocator returned memory that is not aligned to 64 bytes as asked");
  return ATTN_INVALID_ARGUMENT;
}

ATTN_SUPPORT_API void attn_fail(attn_run *run, int32_t site, int64_t value, int64_t limit) {
  int64_t none = 0;
  if (!__atomic_compare_exchange_n(&run->failed, &none, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
    return;
  run->failed_site = site;
  run->failed_value = value;
  run->failed_limit = limit;
}

static ATTN_COLD int32_t attn_report_extent(const attn_run *run, const attn_site_info *site, attn_text *text) {
  attn_append(text, site->text);
  attn_append(text, ": extent ");
  attn_append(text, site->text);
  attn_append(text, " is ");
  attn_append_integer(text, run->failed_value);
  attn_append(text, " for b = ");
  attn_append_integer(text, run->failed_limit);
  attn_append(text, ", computed at ");
  attn_append(text, site->place);
  attn_append(text, run->failed_value < 0 ? "; it may not be negative" : "; the largest supported is 2147483647");
  return ATTN_INVALID_ARGUMENT;
}

static int32_t attn_report_failure(const attn_run *run, attn_error *error) {
  const attn_site_info *site = &run->info->sites[run->failed_site];
  attn_text text = attn_text_of(error);
  if (site->kind == ATTN_SITE_EXTENT)
    return attn_report_extent(run, site, &text);
  if (site->kind == ATTN_SITE_DIVISOR) {
    attn_append(&text, "integer division by zero");
  } else {
    attn_append(&text, run->info->tensors[site->tensor].name);
    attn_append(&text, ": ");
  }
  if (site->kind == ATTN_SITE_INDEX) {
    attn_append(&text, "index ");
    attn_append_integer(&text, run->failed_value);
    attn_append(&text, " is outside [0, ");
    attn_append_integer(&text, run->failed_limit);
    attn_append(&text, ") in dimension ");
    attn_append_integer(&text, site->dimension);
  } else if (site->kind == ATTN_SITE_COLLISION) {
    attn_append(&text, "b = ");
    attn_append_integer(&text, run->failed_value);
    attn_append(&text, " and b = ");
    attn_append_integer(&text, run->failed_limit);
    attn_append(&text, " would be stored at the same elements of dimension ");
    attn_append_integer(&text, site->dimension);
  } else if (site->kind == ATTN_SITE_DIMENSION) {
    attn_append(&text, "dimension ");
    attn_append_integer(&text, site->dimension);
    attn_append(&text, " is ");
    attn_append_integer(&text, run->failed_value);
    attn_append(&text, ", which is not `");
    attn_append(&text, run->info->tensors[site->tensor].dimensions[site->dimension].text);
    attn_append(&text, "` for any ");
    attn_append(&text, site->text);
    attn_append(&text, " >= 0");
    return ATTN_INVALID_ARGUMENT;
  }
  attn_append(&text, " at ");
  attn_append(&text, site->place);
  attn_append(&text, ": `");
  attn_append(&text, site->text);
  attn_append(&text, "`");
  return ATTN_INVALID_DATA;
}

/* The body's run over its tasks. Workspaces that no call is using wait in `idle` for the next one. */
typedef struct attn_job {
  attn_run *run;
  const attn_context *context;
  int64_t done; /* tasks handed out so far */
  int32_t out_of_memory, out_of_range;
  void *idle[ATTN_IDLE_WORKSPACES];
} attn_job;

static void *attn_take_workspace(attn_job *job) {
  for (int32_t n = 0; n < ATTN_IDLE_WORKSPACES; ++n)
    if (__atomic_load_n(&job->idle[n], __ATOMIC_RELAXED)) {
      void *workspace = __atomic_exchange_n(&job->idle[n], NULL, __ATOMIC_ACQUIRE);
      if (workspace)
        return workspace;
    }
  return attn_allocate(job->context, (size_t)job->run->workspace_bytes);
}

static void attn_put_workspace(attn_job *job, void *workspace) {
  for (int32_t n = 0; n < ATTN_IDLE_WORKSPACES; ++n) {
    void *expected = NULL;
    if (__atomic_compare_exchange_n(&job->idle[n], &expected, workspace, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
      return;
  }
  attn_release(job->context, workspace, (size_t)job->run->workspace_bytes);
}

static void attn_run_tasks(void *argument, int64_t begin, int64_t end) {
  attn_job *job = argument;
  attn_run *run = job->run;
  void *workspace = NULL;
  if (begin < 0 || end > run->tasks || begin > end) {
    __atomic_store_n(&job->out_of_range, 1, __ATOMIC_RELAXED);
    return;
  }
  if (begin == end)
    return;
  __atomic_fetch_add(&job->done, end - begin, __ATOMIC_RELAXED);
  if (__atomic_load_n(&run->failed, __ATOMIC_RELAXED) || __atomic_load_n(&job->out_of_memory, __ATOMIC_RELAXED))
    return;
  if (run->workspace_bytes > 0 && !(workspace = attn_take_workspace(job))) {
    __atomic_store_n(&job->out_of_memory, 1, __ATOMIC_RELAXED);
    return;
  }
  run->info->body(run, begin, end, workspace);
  if (workspace)
    attn_put_workspace(job, workspace);
}

/* Runs all tasks of a checked and bound run. The first workspace is allocated before any task starts. */
static int32_t attn_run_body(attn_run *run, const attn_context *context, attn_error *error) {
  attn_job job;
  int32_t status = ATTN_OK;
  memset(&job, 0, sizeof(job));
  job.run = run;
  job.context = context;
  if (run->workspace_bytes > attn_most_workspace)
    return attn_out_of_memory(error, (size_t)run->workspace_bytes, "of workspace");
  if (run->workspace_bytes > 0) {
    job.idle[0] = attn_allocate(context, (size_t)run->workspace_bytes);
    if (!job.idle[0])
      return attn_out_of_memory(error, (size_t)run->workspace_bytes, "of workspace");
  }
  if (job.idle[0] && (uintptr_t)job.idle[0] % ATTN_ALIGNMENT != 0) {
    status = attn_misaligned(error);
  } else if (context && context->parallel_for && run->tasks > 1) {
    context->parallel_for(context->executor, run->tasks, attn_run_tasks, &job);
  } else {
    attn_run_tasks(&job, 0, run->tasks);
  }
  for (int32_t n = 0; n < ATTN_IDLE_WORKSPACES; ++n)
    attn_release(context, job.idle[n], (size_t)run->workspace_bytes);
  if (status != ATTN_OK)
    return status;
  if (run->failed)
    return attn_report_failure(run, error);
  if (job.out_of_memory)
    return attn_out_of_memory(error, (size_t)run->workspace_bytes, "of workspace on a worker; outputs are incomplete");
  if (job.out_of_range || job.done != run->tasks) {
    attn_text text = attn_text_of(error);
    attn_append(&text, "context: parallel_for did not cover each of the ");
    attn_append_integer(&text, run->tasks);
    attn_append(&text, " tasks once; outputs are incomplete");
    return ATTN_INVALID_ARGUMENT;
  }
  return ATTN_OK;
}

/* Memory for what parts of row blocks come to: the counts of parts that are done, then the parts' states. */
static int32_t attn_run_parts(attn_run *run, const attn_context *context, attn_error *error) {
  int64_t counts, states, most = attn_most_workspace;
  int32_t status;
  size_t bytes;
  void *memory;
  if (run->parts < 2)
    return attn_run_body(run, context, error);
  if (run->part_bytes < 0 || run->part_bytes > most || run->tasks > most / (run->part_bytes + 8))
    return attn_out_of_memory(error, (size_t)run->part_bytes, "for each part of the keys");
  counts = (8 * (run->tasks / run->parts) + ATTN_ALIGNMENT - 1) / ATTN_ALIGNMENT * ATTN_ALIGNMENT;
  states = run->tasks * run->part_bytes;
  bytes = (size_t)(counts + states);
  memory = attn_allocate(context, bytes);
  if (!memory)
    return attn_out_of_memory(error, bytes, "for parts of the keys");
  memset(memory, 0, (size_t)counts);
  run->parts_done = memory;
  run->part_states = (char *)memory + counts;
  status = (uintptr_t)memory % ATTN_ALIGNMENT != 0 ? attn_misaligned(error) : attn_run_body(run, context, error);
  attn_release(context, memory, bytes);
  return status;
}

static int32_t attn_run_checked(attn_run *run, const attn_context *context, attn_error *error) {
  int32_t status;
  size_t bytes;
  void *summaries = NULL;
  if (run->tasks < 0 || run->workspace_bytes < 0) {
    attn_text text = attn_text_of(error);
    attn_append(&text, run->info->name);
    attn_append(&text, ": the extents are too large: the number of tasks overflows 64 bits");
    return ATTN_INVALID_ARGUMENT;
  }
  if (run->tasks == 0)
    return ATTN_OK;
  bytes = attn_summary_bytes(run);
  if (bytes > 0) {
    summaries = attn_allocate(context, bytes);
    if (!summaries)
      return attn_out_of_memory(error, bytes, "for table summaries");
    attn_build_summaries(run, summaries);
  }
  status = attn_run_parts(run, context, error);
  attn_release(context, summaries, bytes);
  return status;
}

static int32_t attn_launch_status(const attn_kernel_info *info, const void *arguments, const attn_context *context,
                                  attn_error *error) {
  size_t tensors = (size_t)info->tensor_count, extents = (size_t)info->extent_count;
  size_t words =
      (2 * ATTN_MAX_RANK + 4) * tensors + 3 * extents + (size_t)info->scalar_count + (size_t)info->size_count;
  size_t bytes = words * 8, batch_bytes = 0;
  int64_t *state, *cursor;
  attn_run run;
  attn_check check;
  int32_t status;
  if (!arguments) {
    attn_text text = attn_text_of(error);
    attn_append(&text, info->name);
    attn_append(&text, ": the argument struct is a null pointer");
    return ATTN_INVALID_ARGUMENT;
  }
  state = cursor = attn_allocate(context, bytes + 8);
  if (!state)
    return attn_out_of_memory(error, bytes, "for the state of a run");
  memset(state, 0, bytes);
  memset(&run, 0, sizeof(run));
  run.info = info;
  run.strides = cursor, cursor += ATTN_MAX_RANK * tensors;
  run.shape = cursor, cursor += ATTN_MAX_RANK * tensors;
  run.extents = cursor, cursor += extents;
  run.scalars = cursor, cursor += info->scalar_count;
  run.sizes = cursor, cursor += info->size_count;
  check.footprints = (attn_footprint *)cursor, cursor += 2 * tensors;
  check.sources = (attn_source *)cursor, cursor += 2 * extents;
  run.data = (void **)cursor, cursor += tensors;
  check.tensors = (const DLTensor **)cursor;
  check.run = &run;
  check.error = error;
  memcpy((void *)check.tensors, arguments, tensors * sizeof(void *));
  if (info->scalar_count > 0)
    memcpy(run.scalars, (const char *)arguments + (tensors * sizeof(void *) + 7) / 8 * 8,
           8 * (size_t)info->scalar_count);
  status = attn_check_arguments(&check);
  if (status == ATTN_OK && info->batch_extent_count > 0 && run.tasks > 0 && run.extents[info->batch] > 0) {
    batch_bytes = 8 * (size_t)info->batch_extent_count * (size_t)run.extents[info->batch];
    run.batch_extents = attn_allocate(context, batch_bytes);
    if (!run.batch_extents)
      status = attn_out_of_memory(error, batch_bytes, "for the extents of each b");
    else
      info->bind(&run);
  }
  if (status == ATTN_OK)
    status = run.failed ? attn_report_failure(&run, error) : attn_run_checked(&run, context, error);
  attn_release(context, run.batch_extents, batch_bytes);
  attn_release(context, state, bytes + 8);
  return status;
}

ATTN_SUPPORT_API int32_t attn_launch(const attn_kernel_info *info, const void *arguments, const attn_context *context,
                                     attn_error *error) {
  int32_t status = attn_launch_status(info, arguments, context, error);
  if (status != ATTN_OK && error)
    error->status = status;
  return status;
}
