#include "compiler/interface/Handles.h"
#include "compiler/interface/Report.h"

#include <fmt/format.h>

#include <new>

using namespace attn;
using namespace attn::interface;
using namespace attn::library;

static std::vector<KernelSignature> signaturesOf(const Spec &spec) {
  std::vector<KernelSignature> list;
  for (const sema::Attention &attention : spec.program().attentions)
    list.push_back(signatureOf(attention));
  return list;
}

static int32_t handOut(std::shared_ptr<const Spec> opened, attn_spec **spec, PendingReport &report) {
  report->add(opened->diagnostics());
  if (!opened->isGood())
    return ATTN_INVALID_SPEC;
  std::vector<KernelSignature> signatures = signaturesOf(*opened);
  *spec = new attn_spec{std::move(opened), SignatureList(std::move(signatures))};
  return ATTN_OK;
}

const char *attn_version(void) { return ATTN_VERSION; }

int32_t attn_spec_open(const char *path, attn_spec **spec, attn_report **wanted) {
  PendingReport report(wanted);
  if (spec)
    *spec = nullptr;
  if (!path || !spec)
    return report.fail(ATTN_INVALID_ARGUMENT, fmt::format("attn_spec_open: {} is null", path ? "spec" : "path"));
  Result<std::shared_ptr<const Spec>> opened = Spec::open(path);
  if (!opened)
    return report.fail(ATTN_UNAVAILABLE, opened.message());
  return handOut(*std::move(opened), spec, report);
}

int32_t attn_spec_parse(const char *name, const char *text, size_t bytes, attn_spec **spec, attn_report **wanted) {
  PendingReport report(wanted);
  if (spec)
    *spec = nullptr;
  if (!spec || (!text && bytes > 0))
    return report.fail(ATTN_INVALID_ARGUMENT, fmt::format("attn_spec_parse: {} is null", spec ? "text" : "spec"));
  // A larger text would only be refused; one byte past the limit is enough for that.
  size_t taken = std::min<size_t>(bytes, size_t(maximumSourceSize) + 1);
  return handOut(Spec::fromText(name ? name : "<spec>", std::string(text ? text : "", taken)), spec, report);
}

size_t attn_spec_count(const attn_spec *spec) { return spec ? spec->signatures.count() : 0; }

const attn_signature *attn_spec_get(const attn_spec *spec, size_t index) {
  return spec ? spec->signatures.get(index) : nullptr;
}

void attn_spec_destroy(attn_spec *spec) { delete spec; }

int32_t attn_compiler_create(attn_compiler **compiler) {
  if (!compiler)
    return ATTN_INVALID_ARGUMENT;
  *compiler = new (std::nothrow) attn_compiler;
  return *compiler ? ATTN_OK : ATTN_OUT_OF_MEMORY;
}

void attn_compiler_destroy(attn_compiler *compiler) { delete compiler; }

static int32_t readOptions(const attn_compile_options &options, CompileRequest &request, PendingReport &report) {
  if (!options.extents && options.extent_count > 0)
    return report.fail(ATTN_INVALID_ARGUMENT, "attn_compile: options.extents is null");
  for (size_t n = 0; n < options.extent_count; ++n) {
    const attn_extent &extent = options.extents[n];
    if (!extent.name)
      return report.fail(ATTN_INVALID_ARGUMENT, fmt::format("attn_compile: the name of options.extents[{}] is null", n));
    auto [known, isNew] = request.extents.insert({extent.name, extent.size});
    if (!isNew && known->second != extent.size)
      return report.fail(ATTN_INVALID_ARGUMENT, fmt::format("attn_compile: extent `{}` is given twice: {} and {}",
                                                            extent.name, known->second, extent.size));
  }
  request.optimiseHarder = options.optimise_harder != 0;
  return ATTN_OK;
}

int32_t attn_compile(attn_compiler *compiler, const attn_spec *spec, const char *name,
                     const attn_compile_options *options, attn_kernel **kernel, attn_report **wanted) {
  PendingReport report(wanted);
  if (kernel)
    *kernel = nullptr;
  if (!compiler || !spec || !kernel)
    return report.fail(ATTN_INVALID_ARGUMENT, fmt::format("attn_compile: {} is null",
                                                          !compiler ? "compiler" : !spec ? "spec" : "kernel"));
  CompileRequest request;
  if (options)
    if (int32_t status = readOptions(*options, request, report))
      return status;
  size_t index = 0;
  std::string problem;
  if (!spec->signatures.find(name, spec->spec->source().path(), index, problem))
    return report.fail(ATTN_UNAVAILABLE, problem);
  const sema::Attention &attention = spec->spec->program().attentions[index];
  if (Result<sema::Attention> special = specialise(attention, request.extents); !special)
    return report.fail(ATTN_UNAVAILABLE, special.message());
  CompileReport compiling;
  std::shared_ptr<const Kernel> made = compiler->compiler.load(spec->spec, attention.name, request, compiling);
  report->add(compiling.diagnostics);
  if (!compiling.failure.empty())
    report->addFailure(compiling.failure);
  if (!made)
    return compiling.isInternal ? ATTN_INTERNAL : ATTN_INVALID_SPEC;
  *kernel = new attn_kernel{std::move(made), nullptr, SignatureList({signatureOf(attention)}), nullptr};
  return ATTN_OK;
}
