#include "compiler/library/Spec.h"

#include "compiler/codegen/ExportedName.h"
#include "compiler/library/Stopwatch.h"
#include "compiler/sema/Check.h"
#include "compiler/syntax/Parser.h"

#include <fmt/format.h>

using namespace attn;
using namespace attn::library;

Result<std::shared_ptr<const Spec>> Spec::open(const std::string &path, StageTimes *times) {
  std::shared_ptr<Spec> spec(new Spec);
  std::string reason;
  Stopwatch watch(times, "read");
  const SourceFile *file = spec->sources.open(path, reason);
  watch.stop();
  if (!file)
    return Failure{fmt::format("cannot read `{}`: {}", path, reason)};
  spec->check(*file, times);
  return std::shared_ptr<const Spec>(std::move(spec));
}

std::shared_ptr<const Spec> Spec::fromText(std::string name, std::string text, StageTimes *times) {
  std::shared_ptr<Spec> spec(new Spec);
  spec->check(*spec->sources.addText(std::move(name), std::move(text)), times);
  return spec;
}

void Spec::check(const SourceFile &file, StageTimes *times) {
  Stopwatch parsing(times, "parse");
  tree = syntax::parse(file, messages);
  parsing.stop();
  if (messages.hasErrors())
    return;
  Stopwatch checking(times, "check");
  checked = sema::check(tree, sources, messages);
}

const sema::Attention *Spec::find(std::string_view name) const {
  if (checked)
    for (const sema::Attention &attention : checked->attentions)
      if (attention.name == name)
        return &attention;
  return nullptr;
}

std::vector<std::string> Spec::names() const {
  std::vector<std::string> list;
  if (checked)
    for (const sema::Attention &attention : checked->attentions)
      list.push_back(attention.name);
  return list;
}

namespace {

std::string notAnExtent(const sema::Attention &attention, const std::string &name) {
  std::vector<std::string> names;
  for (const sema::Extent &extent : attention.extents)
    names.push_back(extent.name);
  std::string close = closestName(name, names);
  std::string list;
  for (const std::string &known : names)
    list += (list.empty() ? "" : ", ") + known;
  for (const sema::Scalar &scalar : attention.scalars)
    if (scalar.name == name)
      return fmt::format("`{}` is a scalar of `{}`, not an extent: each run gives it a value", name, attention.name);
  if (!close.empty())
    return fmt::format("`{}` has no extent `{}`; did you mean `{}`?", attention.name, name, close);
  return fmt::format("`{}` has no extent `{}`; it has {}", attention.name, name, list.empty() ? "none" : list);
}

std::string placeOf(SourceRange range) {
  if (!range)
    return "";
  LineColumn at = range.file->locate(range.begin);
  return fmt::format(" at {}:{}:{}", range.file->path(), at.line, at.column);
}

} // namespace

static std::optional<int64_t> fixedExtent(const sema::Attention &attention, sema::CoordinateId coordinate) {
  sema::ExtentId extent = attention.coordinates[coordinate].extent;
  return extent == sema::none ? std::nullopt : attention.extents[extent].fixed;
}

Result<sema::Attention> library::specialise(const sema::Attention &attention,
                                            const std::map<std::string, int64_t> &extents) {
  sema::Attention special = attention;
  for (const auto &[name, value] : extents) {
    sema::ExtentId id = special.findExtent(name);
    if (id == sema::none)
      return Failure{notAnExtent(attention, name)};
    sema::Extent &extent = special.extents[id];
    if (value < 0)
      return Failure{fmt::format("extent `{}` can't be {}: it is negative", name, value)};
    if (extent.fixed && *extent.fixed != value)
      return Failure{fmt::format("extent `{}` is fixed to {}{}; it can't be {}", name, *extent.fixed,
                                 placeOf(extent.range), value)};
    if (!extent.fixed && extent.binding == sema::ExtentBinding::Computed)
      return Failure{fmt::format("extent `{}` is computed{}: `{}`; set the extents it is computed from", name,
                                 placeOf(extent.range), sema::format(attention, extent.value))};
    extent.fixed = value;
  }
  std::optional<int64_t> heads = fixedExtent(special, sema::coordinateH), groups = fixedExtent(special, sema::coordinateG);
  if (heads && groups && (*groups == 0 ? *heads != 0 : *heads % *groups != 0))
    return Failure{fmt::format("H = {} query heads cannot share G = {} key/value heads: H must be a multiple of G", *heads, *groups)};
  return special;
}

std::vector<std::string> library::signature(const sema::Attention &attention) {
  std::vector<std::string> lines;
  for (const sema::Tensor &tensor : attention.tensors)
    lines.push_back(
        fmt::format("{}: {}", tensor.name, codegen::tensorType(attention, tensor.element, tensor.dimensions)));
  for (const sema::Output &output : attention.outputs)
    lines.push_back(
        fmt::format("out {}: {}", output.name, codegen::tensorType(attention, output.element, output.dimensions)));
  for (const sema::Scalar &scalar : attention.scalars) {
    const char *kind = scalar.kind == sema::ScalarKind::Int     ? "int"
                       : scalar.kind == sema::ScalarKind::Float ? "float"
                                                                : "bool";
    std::string line = fmt::format("{}: {}", scalar.name, kind);
    if (scalar.defaultValue != sema::none)
      line += " = " + sema::format(attention, scalar.defaultValue);
    lines.push_back(std::move(line));
  }
  return lines;
}
