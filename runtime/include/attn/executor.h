/* A ready executor: runs a kernel's tasks on a fixed number of threads of oneTBB. A program that has threads of its own
   implements attn_context instead. */
#ifndef ATTN_EXECUTOR_H
#define ATTN_EXECUTOR_H

#include "attn/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct attn_executor attn_executor;

/* `threads` threads, the caller's among them; 0 means as many as this process may run on. Null if they cannot be had
   or `threads` is negative or above 4096. */
attn_executor *attn_executor_create(int32_t threads);

int32_t attn_executor_threads(const attn_executor *executor);

/* The second argument of a kernel. Valid until the executor is destroyed; memory comes from malloc. Several threads may
   run kernels in it at a time; a null executor gives a context that runs serially. Tasks start in their order and are
   computed under the caller's floating-point settings. */
attn_context attn_executor_context(attn_executor *executor);

/* Ends what runs in the executor: tasks under way are finished, a few hundredths of a second for most kernels, and no
   other starts until attn_executor_resume. The kernel then returns ATTN_INVALID_ARGUMENT, since not all its tasks were run,
   and its outputs are unspecified. May be called from any thread and from a signal handler. Null is ignored. */
void attn_executor_stop(attn_executor *executor);

/* Lets tasks start again. Returns whether the executor had been stopped. */
int32_t attn_executor_resume(attn_executor *executor);

/* No kernel may be running in it. Null is ignored. */
void attn_executor_destroy(attn_executor *executor);

#ifdef __cplusplus
}
#endif

#endif
