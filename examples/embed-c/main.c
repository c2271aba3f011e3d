/* Runs the kernel of sliding-window.attn on memory of this program, compares it with a loop that follows the formula, and
   shows what a mistake in the arguments is answered with. */
#include "sliding_window.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { batch = 2, heads = 3, length = 150, width = 32, window = 40 };
enum { elements = batch * heads * length * width };

static float q_data[elements], k_data[elements], v_data[elements], o_data[elements];

static void fill(float *values, unsigned seed) {
  unsigned state = seed;
  for (int n = 0; n < elements; n++) {
    state = state * 1664525u + 1013904223u;
    values[n] = (float)(state >> 8) / 8388608.0f - 1.0f;
  }
}

/* A row-major [batch, heads, length, width] tensor over memory that stays the caller's. */
static DLTensor tensor_of(float *values, int64_t *shape) {
  DLTensor tensor = {0};
  tensor.data = values;
  tensor.device.device_type = kDLCPU;
  tensor.ndim = 4;
  tensor.dtype.code = kDLFloat;
  tensor.dtype.bits = 32;
  tensor.dtype.lanes = 1;
  tensor.shape = shape;
  return tensor;
}

static double largest_error(void) {
  double worst = 0;
  for (int bh = 0; bh < batch * heads; bh++) {
    const float *q = q_data + bh * length * width, *k = k_data + bh * length * width;
    const float *v = v_data + bh * length * width, *o = o_data + bh * length * width;
    for (int i = 0; i < length; i++) {
      double expected[width] = {0}, denominator = 0;
      for (int j = i < window ? 0 : i - window + 1; j <= i; j++) {
        double score = 0;
        for (int d = 0; d < width; d++)
          score += (double)q[i * width + d] * k[j * width + d];
        double weight = exp(score / sqrt(width));
        denominator += weight;
        for (int d = 0; d < width; d++)
          expected[d] += weight * v[j * width + d];
      }
      for (int d = 0; d < width; d++)
        worst = fmax(worst, fabs(o[i * width + d] - expected[d] / denominator));
    }
  }
  return worst;
}

int main(void) {
  int64_t shape[4] = {batch, heads, length, width};
  fill(q_data, 1);
  fill(k_data, 2);
  fill(v_data, 3);
  DLTensor q = tensor_of(q_data, shape), k = tensor_of(k_data, shape), v = tensor_of(v_data, shape);
  DLTensor o = tensor_of(o_data, shape);

  sliding_window_args arguments = sliding_window_defaults();
  arguments.q = &q;
  arguments.k = &k;
  arguments.v = &v;
  arguments.o = &o;
  arguments.w = window;
  attn_error error;
  if (sliding_window(&arguments, NULL, &error) != ATTN_OK) {
    fprintf(stderr, "embed: %s\n", error.message);
    return EXIT_FAILURE;
  }
  double worst = largest_error();
  printf("largest error against the loop: %.2g\n", worst);
  if (!(worst < 1e-5))
    return EXIT_FAILURE;

  int64_t wrong[4] = {batch, heads, length, width / 2};
  v.shape = wrong;
  if (sliding_window(&arguments, NULL, &error) != ATTN_INVALID_ARGUMENT) {
    fprintf(stderr, "embed: a tensor of the wrong shape was accepted\n");
    return EXIT_FAILURE;
  }
  printf("a wrong tensor is refused: %s\n", error.message);
  return EXIT_SUCCESS;
}
