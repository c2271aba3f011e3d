#include "compiler/library/Benchmark.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

using namespace attn;
using namespace attn::library;

static const OutputCheck *worstOf(const CheckResult &check) {
  const OutputCheck *worst = nullptr;
  for (const OutputCheck &output : check.outputs)
    if (!worst || output.error * worst->bound > worst->error * output.bound || (worst->agrees && !output.agrees))
      worst = &output;
  return worst;
}

std::string library::jsonText(const Measurement &it) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::json::OStream json(stream);
  const OutputCheck *worst = it.check ? worstOf(*it.check) : nullptr;
  json.object([&] {
    json.attribute("name", it.name);
    json.attributeObject("dims", [&] {
      for (const auto &[name, size] : it.dims)
        json.attribute(name, size);
    });
    json.attribute("threads", int64_t(it.threads));
    json.attribute("runs", int64_t(it.runs));
    json.attribute("median_ms", it.medianMs);
    json.attribute("min_ms", it.minMs);
    json.attribute("visible_gflops", it.gflops);
    json.attribute("peak_gflops", it.peakGflops);
    json.attribute("max_peak_gflops", it.maxPeakGflops);
    json.attribute("share_of_peak", it.shareOfPeak);
    json.attribute("read_gbs", it.readGbs);
    json.attribute("bandwidth_gbs", it.bandwidthGbs);
    json.attribute("share_of_bandwidth", it.bandwidthGbs > 0 ? it.readGbs / it.bandwidthGbs : 0);
    json.attribute("classification_ms", it.classificationMs);
    json.attribute("share_of_classification", it.shareOfClassification);
    json.attribute("allocated_bytes", int64_t(it.memory.allocated));
    json.attribute("stack_bytes", int64_t(it.memory.stack));
    if (it.narrow) {
      json.attribute("dot_gflops", it.narrow->dot);
      json.attribute("matrix_gflops", it.narrow->matrix);
    }
    if (it.scaling)
      json.attributeObject("scaling", [&] {
        json.attribute("kernel", it.scaling->kernel);
        json.attribute("fma", it.scaling->fma);
        json.attribute("share", it.scaling->share);
      });
    if (it.functions)
      json.attributeObject("functions", [&] {
        json.attribute("names", it.functions->names);
        json.attribute("rate", it.functions->rate);
        json.attribute("share", it.functions->share);
      });
    json.attributeObject("tiles", [&] {
      json.attribute("empty", it.mask.empty);
      json.attribute("full", it.mask.full);
      json.attribute("mixed", it.mask.mixed);
    });
    if (!it.check)
      return;
    // JSON has no infinity: an error without measure is null.
    if (worst && worst->error <= std::numeric_limits<double>::max())
      json.attribute("max_error", worst->error);
    else
      json.attribute("max_error", nullptr);
  });
  return text + "\n";
}

std::string library::plainText(const Measurement &it) {
  std::string dims;
  for (const auto &[name, size] : it.dims)
    dims += fmt::format(" {}={}", name, size);
  std::string text = fmt::format("{} {}, {} thread{}\n", it.name, dims, it.threads, it.threads == 1 ? "" : "s");
  text += fmt::format("  time    {:.3f} ms median, {:.3f} ms minimum of {} runs\n", it.medianMs, it.minMs, it.runs);
  text += fmt::format("  speed   {:.1f} GFLOP/s over visible pairs: {:.1f} % of the FMA peak measured beside it ({:.1f} GFLOP/s)\n",
                      it.gflops, 100 * it.shareOfPeak, it.peakGflops);
  if (it.narrow && it.narrow->dot > 0)
    text += fmt::format("  bf16    {:.1f} % of what the dot instruction reaches beside it ({:.1f} GFLOP/s)\n", 100 * it.gflops / it.narrow->dot,
                        it.narrow->dot);
  if (it.narrow && it.narrow->matrix > 0)
    text += fmt::format("  bf16    {:.1f} % of what the matrix unit reaches beside it ({:.1f} GFLOP/s)\n",
                        100 * it.gflops / it.narrow->matrix, it.narrow->matrix);
  text += fmt::format("  memory  {:.2f} GB/s of tensors, {:.0f} % of the read bandwidth ({:.1f} GB/s)\n", it.readGbs,
                      it.bandwidthGbs > 0 ? 100 * it.readGbs / it.bandwidthGbs : 0, it.bandwidthGbs);
  text += fmt::format("  scratch {:.1f} KiB allocated and {:.1f} KiB of stack for each thread\n",
                      double(it.memory.allocated) / 1024, double(it.memory.stack) / 1024);
  if (it.functions)
    text += fmt::format("  vectors {:.1f} % of the rate of {} over an array in the first level of cache, measured beside it ({:.2f} billion a second)\n",
                        100 * it.functions->share, it.functions->names, it.functions->rate / 1e9);
  if (it.scaling)
    text += fmt::format("  threads {:.2f} times as fast as one; the multiply-adds alone {:.2f} times: {:.1f} % of that\n",
                        it.scaling->kernel, it.scaling->fma, 100 * it.scaling->share);
  double tiles = std::max<double>(1, double(it.mask.empty + it.mask.full + it.mask.mixed));
  text += fmt::format("  tiles   {} empty (skipped), {} full, {} mixed of {} × {}: {:.0f} % skipped, {:.1f} % of the pairs visible\n",
                      it.mask.empty, it.mask.full, it.mask.mixed, it.mask.tileQueries, it.mask.tileKeys,
                      100 * double(it.mask.empty) / tiles,
                      it.mask.pairs > 0 ? 100 * it.mask.visible / it.mask.pairs : 0);
  text += fmt::format("  search  {:.3f} ms, {:.2f} % of the time, went into finding the visible tiles\n",
                      it.classificationMs, 100 * it.shareOfClassification);
  if (!it.check)
    return text;
  for (const OutputCheck &check : it.check->outputs)
    text += fmt::format("  error   {}: {:.2g}, bound {:.2g} ({} of {} rows checked){}\n", check.output, check.error,
                        check.bound, check.checkedRows, check.rows, check.agrees ? "" : ": too far off");
  return text;
}
