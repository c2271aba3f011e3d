/* The library's header first, then everything else again. */
#include "attn/attn.h"
#include "attn/attn.h"
#include <dlpack/dlpack.h>

#include "uses.h"

int32_t run(const attn_kernel *kernel, const DLTensor *tensor, attn_error *error);
int32_t run(const attn_kernel *kernel, const DLTensor *tensor, attn_error *error) {
  attn_scalar scalars[4];
  scalars[0] = attn_default();
  scalars[1] = attn_int(3);
  scalars[2] = attn_float(0.5);
  scalars[3] = attn_bool(1);
  return attn_kernel_run(kernel, &tensor, 1, scalars, 4, NULL, error);
}
