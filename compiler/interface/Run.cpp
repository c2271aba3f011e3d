#include "compiler/interface/Handles.h"
#include "compiler/interface/Report.h"

#include <fmt/format.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

using namespace attn;
using namespace attn::interface;
using namespace attn::library;

int32_t attn_object_open(const char *path, attn_object **object, attn_report **wanted) {
  PendingReport report(wanted);
  if (object)
    *object = nullptr;
  if (!path || !object)
    return report.fail(ATTN_INVALID_ARGUMENT, fmt::format("attn_object_open: {} is null", path ? "object" : "path"));
  Result<std::shared_ptr<const LoadedObject>> loaded = LoadedObject::open(path);
  if (!loaded)
    return report.fail(ATTN_UNAVAILABLE, loaded.message());
  std::vector<KernelSignature> signatures = (*loaded)->kernels();
  *object = new attn_object{*std::move(loaded), path, SignatureList(std::move(signatures))};
  return ATTN_OK;
}

size_t attn_object_count(const attn_object *object) { return object ? object->signatures.count() : 0; }

const attn_signature *attn_object_get(const attn_object *object, size_t index) {
  return object ? object->signatures.get(index) : nullptr;
}

int32_t attn_object_kernel(const attn_object *object, const char *name, attn_kernel **kernel, attn_report **wanted) {
  PendingReport report(wanted);
  if (kernel)
    *kernel = nullptr;
  if (!object || !kernel)
    return report.fail(ATTN_INVALID_ARGUMENT, fmt::format("attn_object_kernel: {} is null", object ? "kernel" : "object"));
  size_t index = 0;
  std::string problem;
  if (!object->signatures.find(name, object->path, index, problem))
    return report.fail(ATTN_UNAVAILABLE, problem);
  *kernel = new attn_kernel{nullptr, object->object, SignatureList({object->object->kernels()[index]}),
                            object->object->entry(index)};
  return ATTN_OK;
}

void attn_object_destroy(attn_object *object) { delete object; }

const attn_signature *attn_kernel_signature(const attn_kernel *kernel) {
  return kernel ? kernel->signatures.get(0) : nullptr;
}

void attn_kernel_destroy(attn_kernel *kernel) { delete kernel; }

namespace {

/// What an omitted scalar is to a kernel (attn/kernel.h's generated companions define the same).
constexpr int64_t unsetInteger = INT64_MIN;
constexpr double unsetReal = -1.7976931348623157e308;

[[gnu::format(printf, 2, 3)]] int32_t refuse(attn_error *error, const char *format, ...) {
  if (error) {
    va_list arguments;
    va_start(arguments, format);
    error->status = ATTN_INVALID_ARGUMENT;
    std::vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
  }
  return ATTN_INVALID_ARGUMENT;
}

const char *kindText(int32_t kind) {
  return kind == ATTN_KIND_INT ? "an int" : kind == ATTN_KIND_FLOAT ? "a float" : "a bool";
}

/// The 8 bytes a kernel takes for a scalar.
int32_t wordOf(const attn_signature &signature, size_t index, const attn_scalar &given, uint64_t &word,
               attn_error *error) {
  const attn_scalar_signature &wanted = signature.scalars[index];
  bool isReal = wanted.kind == ATTN_KIND_FLOAT;
  int64_t integer = unsetInteger;
  double real = unsetReal;
  if (given.kind < ATTN_KIND_DEFAULT || given.kind > ATTN_KIND_BOOL)
    return refuse(error, "%s: scalar `%s` has the kind %d, which is none", signature.name, wanted.name, int(given.kind));
  if (given.kind != ATTN_KIND_DEFAULT) {
    bool widens = isReal && given.kind == ATTN_KIND_INT;
    if (given.kind != wanted.kind && !widens)
      return refuse(error, "%s: scalar `%s` is %s, got %s", signature.name, wanted.name, kindText(wanted.kind),
                    kindText(given.kind));
    integer = given.integer;
    real = widens ? double(given.integer) : given.real;
    if (wanted.kind == ATTN_KIND_BOOL && integer != 0 && integer != 1)
      return refuse(error, "%s: scalar `%s` is a bool, 0 or 1, got %lld", signature.name, wanted.name,
                    static_cast<long long>(integer));
    if (isReal ? real == unsetReal : integer == unsetInteger)
      return refuse(error, "%s: scalar `%s` can't be its type's smallest value, which stands for the default",
                    signature.name, wanted.name);
  }
  std::memcpy(&word, isReal ? static_cast<const void *>(&real) : &integer, sizeof(word));
  return ATTN_OK;
}

/// Memory as a kernel would get it.
void *allocate(const attn_context *context, size_t bytes) {
  constexpr size_t alignment = 64;
  if (context && context->allocate)
    return context->allocate(context->allocator, bytes, alignment);
  return std::malloc(bytes);
}

void release(const attn_context *context, void *memory, size_t bytes) {
  if (context && context->allocate) {
    if (context->release)
      context->release(context->allocator, memory, bytes);
  } else {
    std::free(memory);
  }
}

} // namespace

int32_t attn_kernel_run(const attn_kernel *kernel, const DLTensor *const *tensors, size_t tensor_count,
                        const attn_scalar *scalars, size_t scalar_count, const attn_context *context, attn_error *error) {
  if (!kernel)
    return refuse(error, "%s: kernel is null", "attn_kernel_run");
  const attn_signature &signature = *kernel->signatures.get(0);
  bool allDefaults = !scalars && scalar_count == 0;
  if (tensor_count != signature.tensor_count || (scalar_count != signature.scalar_count && !allDefaults))
    return refuse(error, "%s: takes %zu tensors and %zu scalars, got %zu and %zu", signature.name, signature.tensor_count,
                  signature.scalar_count, tensor_count, scalar_count);
  if ((!tensors && tensor_count > 0) || (!scalars && scalar_count > 0))
    return refuse(error, "%s: the array of %s is null", signature.name, tensors ? "scalars" : "tensors");

  uint64_t few[64];
  size_t count = tensor_count + signature.scalar_count + 1;
  uint64_t *words = few;
  if (count > std::size(few))
    words = static_cast<uint64_t *>(allocate(context, count * sizeof(uint64_t)));
  if (!words) {
    refuse(error, "%s: out of memory for %zu bytes of arguments", signature.name, count * sizeof(uint64_t));
    if (error)
      error->status = ATTN_OUT_OF_MEMORY;
    return ATTN_OUT_OF_MEMORY;
  }
  int32_t status = ATTN_OK;
  for (size_t n = 0; n < tensor_count; ++n)
    words[n] = uint64_t(reinterpret_cast<uintptr_t>(tensors[n]));
  for (size_t n = 0; n < signature.scalar_count && status == ATTN_OK; ++n)
    status = wordOf(signature, n, scalars ? scalars[n] : attn_default(), words[tensor_count + n], error);
  words[count - 1] = 0;
  if (status == ATTN_OK)
    status = kernel->compiled ? kernel->compiled->call(words, context, error) : kernel->entry(words, context, error);
  if (words != few)
    release(context, words, count * sizeof(uint64_t));
  return status;
}
