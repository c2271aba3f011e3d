/* Asks a kernel how many keys the last query sees: with queries of 0 every score is 0, and lse the logarithm of their number. */
#include "recent.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { length = 16, width = 4 };
static float zeros[length * width], o_data[length * width], lse_data[length];

static DLTensor tensor_of(float *values, int64_t *shape, int rank) {
  DLTensor tensor = {0};
  tensor.data = values;
  tensor.device.device_type = kDLCPU;
  tensor.ndim = rank;
  tensor.dtype.code = kDLFloat;
  tensor.dtype.bits = 32;
  tensor.dtype.lanes = 1;
  tensor.shape = shape;
  return tensor;
}

int main(void) {
  int64_t shape[] = {1, 1, length, width};
  DLTensor q = tensor_of(zeros, shape, 4), o = tensor_of(o_data, shape, 4), lse = tensor_of(lse_data, shape, 3);
  recent_args arguments = recent_defaults();
  attn_error error;
  arguments.q = arguments.k = arguments.v = &q;
  arguments.o = &o;
  arguments.lse = &lse;
  if (recent(&arguments, NULL, &error) != ATTN_OK) {
    fprintf(stderr, "ahead: %s\n", error.message);
    return EXIT_FAILURE;
  }
  printf("the last query sees %.0f keys\n", exp(lse_data[length - 1]));
  return EXIT_SUCCESS;
}
