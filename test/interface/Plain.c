/* The C interface from C99: opens, lists, compiles, runs, compares with a loop, and makes the mistakes a program makes.
   usage: plain SPEC.attn */
#include "attn/attn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { heads = 2, length = 37, width = 16, window = 9, elements = heads * length * width };
static float q_data[elements], k_data[elements], v_data[elements], o_data[elements];
static int failures;

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                           \
      ++failures;                                                                                                      \
    }                                                                                                                  \
  } while (0)

/* Whether a report has one diagnostic that contains a text. Destroys it. */
static int says(attn_report *report, const char *text) {
  int found = attn_report_count(report) == 1 && strstr(attn_report_get(report, 0)->message, text) != NULL;
  if (!found && attn_report_count(report) > 0)
    printf("the report says: %s\n", attn_report_get(report, 0)->message);
  attn_report_destroy(report);
  return found;
}

static void fill(float *values, unsigned state) {
  for (int n = 0; n < elements; n++) {
    state = state * 1664525u + 1013904223u;
    values[n] = (float)(state >> 8) / 8388608.0f - 1.0f;
  }
}

static double largest_error(void) {
  double worst = 0;
  for (int h = 0; h < heads; h++) {
    const float *q = q_data + h * length * width, *k = k_data + h * length * width;
    const float *v = v_data + h * length * width, *o = o_data + h * length * width;
    for (int i = 0; i < length; i++) {
      double expected[width] = {0}, denominator = 0;
      for (int j = i < window ? 0 : i - window + 1; j <= i; j++) {
        double score = 0;
        for (int d = 0; d < width; d++)
          score += (double)q[i * width + d] * k[j * width + d];
        denominator += exp(score / sqrt(width));
        for (int d = 0; d < width; d++)
          expected[d] += exp(score / sqrt(width)) * v[j * width + d];
      }
      for (int d = 0; d < width; d++)
        worst = fmax(worst, fabs(o[i * width + d] - expected[d] / denominator));
    }
  }
  return worst;
}

static void test_spec(const char *path, attn_spec **spec) {
  attn_report *report;
  const attn_signature *signature;
  CHECK(attn_spec_open(path, spec, &report) == ATTN_OK);
  CHECK(attn_report_count(report) == 0 && attn_report_get(report, 0) == NULL);
  attn_report_destroy(report);
  CHECK(attn_spec_count(*spec) == 3 && attn_spec_get(*spec, 3) == NULL);

  signature = attn_spec_get(*spec, 1);
  CHECK(strcmp(signature->name, "flagged") == 0);
  CHECK(signature->tensor_count == 6 && signature->scalar_count == 3);
  CHECK(attn_signature_tensor(signature, "q") == 0 && attn_signature_tensor(signature, "lse") == 5);
  CHECK(attn_signature_tensor(signature, "open") == -1 && attn_signature_scalar(signature, "open") == 1);
  CHECK(attn_signature_tensor(NULL, "q") == -1 && attn_signature_scalar(signature, NULL) == -1);
  CHECK(strcmp(signature->tensors[0].element, "f32") == 0 && signature->tensors[0].type.code == kDLFloat);
  CHECK(signature->tensors[0].type.bits == 32 && signature->tensors[0].type.lanes == 1);
  CHECK(signature->tensors[0].rank == 4 && strcmp(signature->tensors[0].dimensions[3], "D") == 0);
  CHECK(!signature->tensors[3].is_output && signature->tensors[4].is_output);
  CHECK(signature->scalars[0].kind == ATTN_KIND_FLOAT && signature->scalars[0].has_default);
  CHECK(strcmp(signature->scalars[0].default_text, "1 / sqrt(D)") == 0);
  CHECK(signature->scalars[1].kind == ATTN_KIND_BOOL && !signature->scalars[1].has_default);
  CHECK(signature->scalars[2].kind == ATTN_KIND_INT && strcmp(signature->scalars[2].default_text, "") == 0);
}

static void test_mistakes(attn_spec *good, attn_compiler *compiler) {
  static const char wrong[] = "attention a {\n  layout mha\n  mask = cuasal\n}\n";
  attn_spec *spec = good;
  attn_kernel *kernel = (attn_kernel *)&failures;
  attn_report *report;
  const attn_diagnostic *diagnostic;
  attn_extent unknown = {"X", 3}, twice[] = {{"D", 16}, {"D", 8}}, nameless = {NULL, 3};
  attn_compile_options options = {&unknown, 1, 0};

  CHECK(attn_spec_open("/nowhere/at.all", &spec, &report) == ATTN_UNAVAILABLE && spec == NULL);
  CHECK(says(report, "cannot read `/nowhere/at.all`: no such file"));
  CHECK(attn_spec_open(NULL, &spec, &report) == ATTN_INVALID_ARGUMENT && says(report, "path is null"));
  CHECK(attn_spec_open("x", NULL, &report) == ATTN_INVALID_ARGUMENT && says(report, "spec is null"));
  CHECK(attn_spec_open("/nowhere", &spec, NULL) == ATTN_UNAVAILABLE);
  CHECK(attn_spec_parse("n", NULL, 5, &spec, &report) == ATTN_INVALID_ARGUMENT && says(report, "text is null"));
  CHECK(attn_spec_parse(NULL, NULL, 0, &spec, NULL) == ATTN_OK && attn_spec_count(spec) == 0);
  CHECK(attn_compile(compiler, spec, NULL, NULL, &kernel, &report) == ATTN_UNAVAILABLE && kernel == NULL);
  CHECK(says(report, "`<spec>` has no attention"));
  attn_spec_destroy(spec);

  CHECK(attn_spec_parse("wrong.attn", wrong, sizeof wrong - 1, &spec, &report) == ATTN_INVALID_SPEC && spec == NULL);
  CHECK(attn_report_count(report) == 1);
  diagnostic = attn_report_get(report, 0);
  CHECK(diagnostic->severity == ATTN_ERROR && strcmp(diagnostic->kind, "unknown-name") == 0);
  CHECK(strcmp(diagnostic->place.file, "wrong.attn") == 0 && diagnostic->place.line == 3 && diagnostic->place.column == 10);
  CHECK(diagnostic->place.end_line == 3 && diagnostic->place.end_column == 16);
  CHECK(diagnostic->suggestion_count == 1 && strcmp(diagnostic->suggestions[0].replacement, "causal") == 0);
  CHECK(strstr(diagnostic->rendered, "^^^^^^") != NULL);
  attn_report_destroy(report);

  CHECK(attn_compile(NULL, good, NULL, NULL, &kernel, &report) == ATTN_INVALID_ARGUMENT && says(report, "compiler is null"));
  CHECK(attn_compile(compiler, NULL, NULL, NULL, &kernel, &report) == ATTN_INVALID_ARGUMENT && says(report, "spec is null"));
  CHECK(attn_compile(compiler, good, NULL, NULL, NULL, &report) == ATTN_INVALID_ARGUMENT && says(report, "kernel is null"));
  CHECK(attn_compile(compiler, good, NULL, NULL, &kernel, &report) == ATTN_UNAVAILABLE && says(report, "name one"));
  CHECK(attn_compile(compiler, good, "windwed", NULL, &kernel, &report) == ATTN_UNAVAILABLE &&
        says(report, "did you mean `windowed`?"));
  CHECK(attn_compile(compiler, good, "windowed", &options, &kernel, &report) == ATTN_UNAVAILABLE &&
        says(report, "has no extent `X`"));
  options.extents = twice, options.extent_count = 2;
  CHECK(attn_compile(compiler, good, "windowed", &options, &kernel, &report) == ATTN_INVALID_ARGUMENT &&
        says(report, "extent `D` is given twice: 16 and 8"));
  options.extents = &nameless, options.extent_count = 1;
  CHECK(attn_compile(compiler, good, "windowed", &options, &kernel, &report) == ATTN_INVALID_ARGUMENT &&
        says(report, "options.extents[0] is null"));
  options.extents = NULL;
  CHECK(attn_compile(compiler, good, "windowed", &options, &kernel, &report) == ATTN_INVALID_ARGUMENT &&
        says(report, "options.extents is null"));
  CHECK(attn_compiler_create(NULL) == ATTN_INVALID_ARGUMENT);

  CHECK(attn_report_count(NULL) == 0 && attn_report_get(NULL, 0) == NULL && attn_spec_count(NULL) == 0);
  CHECK(attn_spec_get(NULL, 0) == NULL && attn_object_count(NULL) == 0 && attn_object_get(NULL, 0) == NULL);
  CHECK(attn_kernel_signature(NULL) == NULL);
  attn_report_destroy(NULL), attn_spec_destroy(NULL), attn_compiler_destroy(NULL), attn_kernel_destroy(NULL);
  attn_object_destroy(NULL);
}

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

static void test_run(attn_kernel *kernel) {
  int64_t shape[4] = {1, heads, length, width}, narrow[4] = {1, heads, length, width / 2};
  DLTensor q = tensor_of(q_data, shape), k = tensor_of(k_data, shape), v = tensor_of(v_data, shape);
  DLTensor o = tensor_of(o_data, shape);
  const DLTensor *tensors[] = {&q, &k, &v, &o}, *lacking[] = {&q, NULL, &v, &o};
  attn_scalar w = attn_int(window), real = attn_float(9), strange = {77, 0, 0}, marker = attn_int(INT64_MIN);
  attn_scalar truth = attn_bool(1);
  attn_error error;

  CHECK(attn_kernel_run(kernel, tensors, 4, &w, 1, NULL, &error) == ATTN_OK);
  CHECK(largest_error() < 1e-5);
  CHECK(attn_kernel_run(kernel, tensors, 4, NULL, 0, NULL, NULL) == ATTN_OK);

#define REFUSED(call, text)                                                                                            \
  do {                                                                                                                 \
    memset(&error, 0, sizeof error);                                                                                   \
    CHECK((call) == ATTN_INVALID_ARGUMENT);                                                                            \
    CHECK(error.status == ATTN_INVALID_ARGUMENT);                                                                      \
    if (!strstr(error.message, text))                                                                                  \
      printf("%s:%d: says %s\n", __FILE__, __LINE__, error.message), ++failures;                                       \
  } while (0)
  REFUSED(attn_kernel_run(NULL, tensors, 4, &w, 1, NULL, &error), "kernel is null");
  REFUSED(attn_kernel_run(kernel, tensors, 3, &w, 1, NULL, &error), "takes 4 tensors and 1 scalars, got 3 and 1");
  REFUSED(attn_kernel_run(kernel, tensors, 4, &w, 2, NULL, &error), "got 4 and 2");
  REFUSED(attn_kernel_run(kernel, NULL, 4, &w, 1, NULL, &error), "the array of tensors is null");
  REFUSED(attn_kernel_run(kernel, tensors, 4, NULL, 1, NULL, &error), "the array of scalars is null");
  REFUSED(attn_kernel_run(kernel, tensors, 4, &real, 1, NULL, &error), "scalar `w` is an int, got a float");
  REFUSED(attn_kernel_run(kernel, tensors, 4, &truth, 1, NULL, &error), "scalar `w` is an int, got a bool");
  REFUSED(attn_kernel_run(kernel, tensors, 4, &strange, 1, NULL, &error), "kind 77");
  REFUSED(attn_kernel_run(kernel, tensors, 4, &marker, 1, NULL, &error), "stands for the default");
  REFUSED(attn_kernel_run(kernel, lacking, 4, &w, 1, NULL, &error), "k");
  v.shape = narrow;
  REFUSED(attn_kernel_run(kernel, tensors, 4, &w, 1, NULL, &error), "v");
  v.shape = shape, v.dtype.bits = 64;
  REFUSED(attn_kernel_run(kernel, tensors, 4, &w, 1, NULL, &error), "v");
  v.dtype.bits = 32, v.device.device_type = kDLCUDA;
  REFUSED(attn_kernel_run(kernel, tensors, 4, &w, 1, NULL, &error), "v");
  v.device.device_type = kDLCPU, o.data = q_data;
  REFUSED(attn_kernel_run(kernel, tensors, 4, &w, 1, NULL, &error), "o");
  CHECK(attn_kernel_run(kernel, lacking, 4, &w, 1, NULL, NULL) == ATTN_INVALID_ARGUMENT);
}

/* Two rows of two runs: the first saw keys in both, the second in one. */
static void test_merge(void) {
  float o1[4] = {1, 2, 3, 4}, o2[4] = {5, 6, -1, -1}, o[4] = {0}, lse1[2] = {0, 1}, lse2[2] = {0, -INFINITY}, lse[2];
  int64_t shape[] = {2, 2}, wrong[] = {2, 3};
  DLTensor a = {o1, {kDLCPU, 0}, 2, {kDLFloat, 32, 1}, shape, NULL, 0}, b = a, c = a, la = a, lb = a, lc = a;
  attn_error error;
  b.data = o2, c.data = o, la.data = lse1, lb.data = lse2, lc.data = lse, la.ndim = lb.ndim = lc.ndim = 1;
  CHECK(attn_merge(&a, &la, &b, &lb, &c, &lc, NULL, &error) == ATTN_OK);
  CHECK(o[0] == 3 && o[1] == 4 && o[2] == 3 && o[3] == 4);
  CHECK(fabs(lse[0] - log(2)) < 1e-6 && lse[1] == 1);
  CHECK(attn_merge(&a, &la, &b, &lb, &a, &la, NULL, NULL) == ATTN_OK);
  CHECK(o1[0] == 3 && o1[3] == 4 && lse1[1] == 1);
  b.shape = wrong;
  CHECK(attn_merge(&a, &la, &b, &lb, &c, NULL, NULL, &error) == ATTN_INVALID_ARGUMENT);
  CHECK(strstr(error.message, "got f32[2, 3]: extent E is 2 by o1") != NULL);
  CHECK(attn_merge(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) == ATTN_INVALID_ARGUMENT);
}

int main(int count, char **words) {
  attn_spec *spec;
  attn_compiler *compiler;
  attn_kernel *kernel, *again, *fixed;
  attn_extent extent = {"D", width};
  attn_compile_options options = {&extent, 1, 1};
  if (count != 2)
    return 2;
  CHECK(attn_version()[0] >= '0' && attn_version()[0] <= '9');
  fill(q_data, 1), fill(k_data, 2), fill(v_data, 3);
  test_spec(words[1], &spec);
  CHECK(attn_compiler_create(&compiler) == ATTN_OK);
  test_mistakes(spec, compiler);
  CHECK(attn_compile(compiler, spec, "windowed", NULL, &kernel, NULL) == ATTN_OK);
  CHECK(attn_compile(compiler, spec, "windowed", NULL, &again, NULL) == ATTN_OK);
  CHECK(attn_compile(compiler, spec, "windowed", &options, &fixed, NULL) == ATTN_OK);
  attn_spec_destroy(spec), attn_compiler_destroy(compiler), attn_kernel_destroy(again);
  CHECK(strcmp(attn_kernel_signature(kernel)->name, "windowed") == 0);
  test_run(kernel);
  test_run(fixed);
  test_merge();
  attn_kernel_destroy(kernel), attn_kernel_destroy(fixed);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
